package io.sluice.buffer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Optional;

/**
 * A dead letter as a line of JSON (RFC 8259, UTF-8). {@code action} and {@code document} are
 * strings: what Elasticsearch rejects need not be JSON.
 *
 * <pre>
 * {"id":"…","target":"…","source":"shop_cart-1_…/app","rawBytes":120,"action":"…","document":"…",
 *  "status":400,"errorType":"…","reason":"…","attempts":2,"time":"2026-11-24T10:00:00Z"}
 * </pre>
 */
final class DeadLetterLine {
    private static final String START = "{\"id\":";

    /** An {@code _id} has at most 512 bytes, a name 255; escapes make some of it longer. */
    static final int MAX_KEY_BYTES = 8_192;

    private DeadLetterLine() {}

    /** The line, with its newline. */
    static byte[] of(DeadLetter letter) {
        StringBuilder json = new StringBuilder(letter.document().length() + 512);
        string(json.append(START), letter.id());
        string(json.append(",\"target\":"), letter.target());
        string(json.append(",\"source\":"), letter.source());
        json.append(",\"rawBytes\":").append(letter.rawBytes());
        string(json.append(",\"action\":"), letter.action());
        string(json.append(",\"document\":"), letter.document());
        json.append(",\"status\":").append(letter.status());
        string(json.append(",\"errorType\":"), letter.errorType());
        string(json.append(",\"reason\":"), letter.reason());
        json.append(",\"attempts\":").append(letter.attempts());
        string(json.append(",\"time\":"), Instant.ofEpochMilli(letter.epochMillis()).toString());
        return json.append("}\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void string(StringBuilder json, String value) {
        json.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c == '\n') {
                json.append("\\n");
            } else if (c < ' ') {
                json.append("\\u%04x".formatted((int) c));
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < value.length()
                    && Character.isLowSurrogate(value.charAt(i + 1))) {
                json.append(c).append(value.charAt(++i));
            } else {
                // Half a pair has no UTF-8.
                json.append(Character.isSurrogate(c) ? '\ufffd' : c);
            }
        }
        json.append('"');
    }

    /** Whether a line can be one of ours, by its start. */
    static boolean isLetter(byte[] head, int length) {
        return length >= START.length()
                && new String(head, 0, START.length(), StandardCharsets.US_ASCII).equals(START);
    }

    /** Whose letter it is, as the line says. */
    record Origin(String source, long rawBytes) {}

    /**
     * Reads back whose letter a line is.
     *
     * @param head as for {@link #key}
     */
    static Optional<Origin> origin(byte[] head, int length) {
        String line = new String(head, 0, Math.min(length, MAX_KEY_BYTES), StandardCharsets.UTF_8);
        int from = behind(line, textEnd(line, START.length()), ",\"target\":");
        from = behind(line, textEnd(line, from), ",\"source\":");
        int to = textEnd(line, from);
        int digits = behind(line, to, ",\"rawBytes\":");
        int end = digits;
        while (end >= 0 && end < line.length() && Character.isDigit(line.charAt(end))) {
            end++;
        }
        if (end <= digits || end - digits > 18) {
            return Optional.empty();
        }
        return Optional.of(
                new Origin(
                        plain(line.substring(from + 1, to - 1)),
                        Long.parseLong(line, digits, end, 10)));
    }

    /** Behind {@code part}, if it stands there; else -1. */
    private static int behind(String line, int at, String part) {
        return at >= 0 && line.startsWith(part, at) ? at + part.length() : -1;
    }

    /** Behind the closing quote of the text that begins there; -1 if there is none. */
    private static int textEnd(String line, int from) {
        if (from < 0 || from >= line.length() || line.charAt(from) != '"') {
            return -1;
        }
        for (int i = from + 1; i < line.length(); i++) {
            if (line.charAt(i) == '\\') {
                i++;
            } else if (line.charAt(i) == '"') {
                return i + 1;
            }
        }
        return -1;
    }

    /** What stood between the quotes before {@link #string} wrote it. */
    private static String plain(String json) {
        StringBuilder plain = new StringBuilder(json.length());
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (c != '\\' || i + 1 == json.length()) {
                plain.append(c);
            } else if (json.charAt(++i) == 'n') {
                plain.append('\n');
            } else if (json.charAt(i) == 'u') {
                plain.append((char) Integer.parseInt(json.substring(i + 1, i + 5), 16));
                i += 4;
            } else {
                plain.append(json.charAt(i));
            }
        }
        return plain.toString();
    }

    /**
     * 64 bits of SHA-256 over id and target as they stand in the line: the same for the same
     * letter, read back or new.
     *
     * @param head the line's first bytes: all of it, or at least {@link #MAX_KEY_BYTES}
     */
    static long key(byte[] head, int length) {
        int end = Math.min(length, MAX_KEY_BYTES);
        // {"id":"…","target":"…": eight quotes, those after a backslash not counted.
        int quotes = 0;
        for (int i = 0; i < end; i++) {
            if (head[i] == '\\') {
                i++;
            } else if (head[i] == '"' && ++quotes == 8) {
                end = i;
            }
        }
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(head, 0, end);
            return ByteBuffer.wrap(digest.digest()).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
