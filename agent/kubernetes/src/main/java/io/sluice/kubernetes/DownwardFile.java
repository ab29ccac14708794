package io.sluice.kubernetes;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/**
 * Labels or annotations as the downward API writes them into a volume: a line {@code key="value"}
 * for each ({@code FormatMap} in Kubernetes' pkg/fieldpath/fieldpath.go), the value quoted by Go's
 * {@code %q}: {@code \"}, {@code \\}, {@code \a \b \f \n \r \t \v}, and what cannot be printed as
 * <code>&#92;x7f</code>, <code>&#92;u00ad</code>, <code>&#92;U000e0001</code>. So a line break in a
 * value is none in the file.
 */
final class DownwardFile {
    /** All annotations of a pod may have 256 KiB together; most of it is one byte for each. */
    private static final int LONGEST_BYTES = 1 << 20;

    /** What may stand behind a backslash, and what it means, in the same order. */
    private static final String ESCAPES = "abfnrtv\\\"";

    private static final String MEANINGS = "\007\b\f\n\r\t\013\\\"";

    /** Stands for a byte that was no UTF-8; there it is written by itself, as hexadecimal. */
    private static final char NO_CHARACTER = '\uFFFD';

    private DownwardFile() {}

    /**
     * What is there now.
     *
     * @throws IOException if it cannot be read or is something else. The message goes on behind the
     *     path and "which", and repeats nothing of what is in the file: it may be any
     */
    static Map<String, String> read(Path path) throws IOException {
        byte[] bytes = bytes(path);
        if (bytes.length > LONGEST_BYTES) {
            throw new IOException("has more than " + LONGEST_BYTES + " bytes");
        }
        try {
            return parse(
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            throw new IOException("is not UTF-8", e);
        }
    }

    private static byte[] bytes(Path path) throws IOException {
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new IOException("is no file"); // A pipe would be waited for.
        }
        try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(LONGEST_BYTES + 1);
        } catch (IOException e) {
            throw new IOException("cannot be read (" + Reasons.of(e) + ")", e);
        }
    }

    private static Map<String, String> parse(String text) throws IOException {
        Map<String, String> pairs = new HashMap<>();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            int equals = line.indexOf('=');
            String key = line.substring(0, Math.max(0, equals));
            Optional<String> value = unquoted(line.substring(equals + 1));
            if (!key.isEmpty() && key.chars().noneMatch(c -> c <= ' ') && value.isPresent()) {
                pairs.put(key, value.get());
            } else if (!line.isEmpty()) {
                throw new IOException("is something else: its line " + number + " is no key=\"…\"");
            }
        }
        return pairs;
    }

    /** The text between quotes; empty if it is not quoted as Go does. */
    private static Optional<String> unquoted(String quoted) {
        int end = quoted.length() - 1;
        if (end < 1 || quoted.charAt(0) != '"' || quoted.charAt(end) != '"') {
            return Optional.empty();
        }
        StringBuilder text = new StringBuilder(end);
        int at = 1;
        while (at < end) {
            char c = quoted.charAt(at++);
            if (c != '\\') {
                if (c == '"') {
                    return Optional.empty();
                }
                text.append(c);
                continue;
            }
            char escape = quoted.charAt(at++); // There is one: the last quote at least.
            int digits = hexDigits(escape);
            int meaning = ESCAPES.indexOf(escape);
            if (at + digits > end) {
                return Optional.empty();
            }
            if (digits > 0) {
                int character = hex(quoted, at, at + digits);
                if (!Character.isValidCodePoint(character)) {
                    return Optional.empty();
                }
                text.appendCodePoint(escape == 'x' && character > 0x7f ? NO_CHARACTER : character);
                at += digits;
            } else if (meaning >= 0) {
                text.append(MEANINGS.charAt(meaning));
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(text.toString());
    }

    private static int hexDigits(char escape) {
        return switch (escape) {
            case 'x' -> 2;
            case 'u' -> 4;
            case 'U' -> 8;
            default -> 0;
        };
    }

    /** A number; no character's where that is none. */
    private static int hex(String text, int from, int to) {
        try {
            return HexFormat.fromHexDigits(text, from, to);
        } catch (NumberFormatException _) {
            return -1;
        }
    }
}
