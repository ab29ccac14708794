package io.sluice.pipeline;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Text as the inside of a JSON string, RFC 8259 section 7, from one to the other, and the search
 * for the bytes that need care there.
 *
 * <p>Eight bytes at a time: most text has nothing to escape.
 */
final class JsonText {
    /** Little-endian, so that the lowest byte of a word is the first of the text. */
    static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;
    private static final long QUOTES = '"' * ONES;
    private static final long BACKSLASHES = '\\' * ONES;
    private static final long SPACES = ' ' * ONES;

    /** Room for one word that is stored beyond what counts, and one escaped byte. */
    private static final int SLACK = 16;

    /** Length of an escape like {@code \\u0041}. */
    static final int UNIT_BYTES = 6;

    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private JsonText() {}

    /**
     * The high bit of the first byte that is a quote, a backslash, a control byte or no ASCII; 0 if
     * there is none among the eight. Bits above that first one mean nothing: a borrow may have set
     * them.
     */
    static long special(long word) {
        long quote = word ^ QUOTES;
        long backslash = word ^ BACKSLASHES;
        // A byte of 0x80 or more is special by itself, so the usual "and not" can be left out.
        return ((quote - ONES) | (backslash - ONES) | (word - SPACES) | word) & HIGH_BITS;
    }

    /**
     * Appends text without quotes around it: quotes, backslashes and control bytes escaped, what is
     * no UTF-8 replaced by U+FFFD.
     *
     * @return {@link LogRecord#INVALID_UTF8} if something was replaced, otherwise 0
     */
    static int appendEscaped(byte[] bytes, int from, int to, DocumentBuffer out) {
        int at = from;
        int flags = 0;
        while (true) {
            out.ensure(to - at + SLACK);
            at = appendClean(bytes, at, to, out);
            if (at == to) {
                return flags;
            }
            byte special = bytes[at];
            if (special >= 0) {
                appendEscape(special, out);
                at++;
                continue;
            }
            int sequence = Utf8.sequence(bytes, at, to);
            if (sequence < 0) {
                flags = LogRecord.INVALID_UTF8;
                out.append(Utf8.REPLACEMENT);
                at -= sequence;
            } else {
                out.append(bytes, at, at + sequence);
                at += sequence;
            }
        }
    }

    /** Copies up to the first special byte, and returns where that is. */
    private static int appendClean(byte[] bytes, int from, int to, DocumentBuffer out) {
        byte[] target = out.bytes;
        int at = from;
        int length = out.length;
        // Stored before it is known to be clean: what is not is overwritten by what comes next.
        for (; at <= to - Long.BYTES; at += Long.BYTES, length += Long.BYTES) {
            long word = (long) LONGS.get(bytes, at);
            LONGS.set(target, length, word);
            long special = special(word);
            if (special != 0) {
                int clean = Long.numberOfTrailingZeros(special) >>> 3;
                out.length = length + clean;
                return at + clean;
            }
        }
        while (at < to && isClean(bytes[at])) {
            target[length++] = bytes[at++];
        }
        out.length = length;
        return at;
    }

    /**
     * Appends what the inside of a JSON string means. Its escapes must be well-formed; half of a
     * surrogate pair becomes U+FFFD; bytes that are no UTF-8 stay.
     */
    static void appendUnescaped(byte[] bytes, int from, int to, DocumentBuffer out) {
        // No escape is shorter than what it means.
        out.ensure(to - from + SLACK);
        int at = from;
        while (true) {
            at = appendToBackslash(bytes, at, to, out);
            if (at == to) {
                return;
            }
            at = appendMeaning(bytes, at, to, out);
        }
    }

    private static int appendToBackslash(byte[] bytes, int from, int to, DocumentBuffer out) {
        byte[] target = out.bytes;
        int at = from;
        int length = out.length;
        for (; at <= to - Long.BYTES; at += Long.BYTES, length += Long.BYTES) {
            long word = (long) LONGS.get(bytes, at);
            LONGS.set(target, length, word);
            long backslash = word ^ BACKSLASHES;
            long found = (backslash - ONES) & ~backslash & HIGH_BITS;
            if (found != 0) {
                int before = Long.numberOfTrailingZeros(found) >>> 3;
                out.length = length + before;
                return at + before;
            }
        }
        while (at < to && bytes[at] != '\\') {
            target[length++] = bytes[at++];
        }
        out.length = length;
        return at;
    }

    /** Appends what one escape means, and returns where it ends. */
    private static int appendMeaning(byte[] bytes, int backslash, int to, DocumentBuffer out) {
        byte letter = bytes[backslash + 1];
        if (letter == 'u') {
            int unit = escapedUnit(bytes, backslash, to);
            int behind = backslash + UNIT_BYTES;
            if (!Character.isSurrogate((char) unit)) {
                appendUtf8(unit, out);
                return behind;
            }
            int low = escapedUnit(bytes, behind, to);
            if (!isPair(unit, low)) {
                out.append(Utf8.REPLACEMENT);
                return behind;
            }
            appendUtf8(Character.toCodePoint((char) unit, (char) low), out);
            return behind + UNIT_BYTES;
        }
        out.append(
                switch (letter) {
                    case 'b' -> (byte) '\b';
                    case 'f' -> (byte) '\f';
                    case 'n' -> (byte) '\n';
                    case 'r' -> (byte) '\r';
                    case 't' -> (byte) '\t';
                    default -> letter;
                });
        return backslash + 2;
    }

    private static void appendUtf8(int character, DocumentBuffer out) {
        if (character < 0x80) {
            out.append((byte) character);
        } else if (character < 0x800) {
            out.append((byte) (0xC0 | (character >> 6)));
            out.append((byte) (0x80 | (character & 0x3F)));
        } else {
            if (character < 0x1_0000) {
                out.append((byte) (0xE0 | (character >> 12)));
            } else {
                out.append((byte) (0xF0 | (character >> 18)));
                out.append((byte) (0x80 | ((character >> 12) & 0x3F)));
            }
            out.append((byte) (0x80 | ((character >> 6) & 0x3F)));
            out.append((byte) (0x80 | (character & 0x3F)));
        }
    }

    /** The UTF-16 unit of an escape like {@code \\u0041} that begins here, or -1 if none does. */
    static int escapedUnit(byte[] bytes, int at, int to) {
        if (to - at < UNIT_BYTES || bytes[at] != '\\' || bytes[at + 1] != 'u') {
            return -1;
        }
        int unit = 0;
        for (int i = at + 2; i < at + UNIT_BYTES; i++) {
            int digit = bytes[i] < 0 ? -1 : Character.digit(bytes[i], 16);
            if (digit < 0) {
                return -1;
            }
            unit = (unit << 4) | digit;
        }
        return unit;
    }

    /** Two units that make one character; -1 is no unit. */
    static boolean isPair(int high, int low) {
        return low >= 0
                && Character.isHighSurrogate((char) high)
                && Character.isLowSurrogate((char) low);
    }

    /**
     * Appends a JSON text that is well-formed except that its strings may have bytes that are no
     * UTF-8 and halves of surrogate pairs: U+FFFD for each. Line breaks, which can only be between
     * its tokens, become spaces.
     */
    static void appendRepaired(byte[] json, int from, int to, DocumentBuffer out) {
        int at = from;
        while (at < to) {
            byte character = json[at];
            if (character == '\\') {
                at = appendEscapeRepaired(json, at, to, out);
            } else if (character == '\n' || character == '\r') {
                out.append((byte) ' ');
                at++;
            } else if (character >= 0) {
                out.append(character);
                at++;
            } else {
                int sequence = Utf8.sequence(json, at, to);
                if (sequence < 0) {
                    out.append(Utf8.REPLACEMENT);
                    at -= sequence;
                } else {
                    out.append(json, at, at + sequence);
                    at += sequence;
                }
            }
        }
    }

    private static int appendEscapeRepaired(byte[] json, int at, int to, DocumentBuffer out) {
        int unit = escapedUnit(json, at, to);
        int behind = at + (unit < 0 ? 2 : UNIT_BYTES);
        if (unit >= 0 && Character.isSurrogate((char) unit)) {
            if (!isPair(unit, escapedUnit(json, behind, to))) {
                out.append(Utf8.REPLACEMENT);
                return behind;
            }
            behind += UNIT_BYTES;
        }
        out.append(json, at, behind);
        return behind;
    }

    private static boolean isClean(byte character) {
        return character >= ' ' && character != '"' && character != '\\';
    }

    private static void appendEscape(byte character, DocumentBuffer out) {
        byte[] target = out.bytes;
        target[out.length++] = '\\';
        switch (character) {
            case '"', '\\' -> target[out.length++] = character;
            case '\n' -> target[out.length++] = 'n';
            case '\r' -> target[out.length++] = 'r';
            case '\t' -> target[out.length++] = 't';
            case '\b' -> target[out.length++] = 'b';
            case '\f' -> target[out.length++] = 'f';
            default -> {
                target[out.length++] = 'u';
                target[out.length++] = '0';
                target[out.length++] = '0';
                target[out.length++] = HEX[character >> 4];
                target[out.length++] = HEX[character & 0xF];
            }
        }
    }
}
