package io.sluice.pipeline;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Text as the inside of a JSON string, RFC 8259 section 7, and the search for the bytes that need
 * care there.
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
