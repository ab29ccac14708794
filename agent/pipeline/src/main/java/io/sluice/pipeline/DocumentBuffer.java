package io.sluice.pipeline;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Bytes being written: a growable array that is filled, handed on and filled again. Its owner reads
 * {@code bytes[0, length)} and empties it with {@code length = 0}.
 *
 * <p>The fields are open because the encoder's loops work on the array itself. One thread only.
 */
final class DocumentBuffer {
    private static final int SMALLEST = 256;

    /** An array that grew beyond this is let go by {@link #cleared}. */
    private static final int KEPT_BYTES = 1024 * 1024;

    byte[] bytes;

    /** How many bytes of {@link #bytes} are written. */
    int length;

    DocumentBuffer(int capacity) {
        bytes = new byte[Math.max(SMALLEST, capacity)];
    }

    /** Itself, empty; or a new one, if it has grown so large that it is not to be kept. */
    DocumentBuffer cleared() {
        length = 0;
        return bytes.length > KEPT_BYTES ? new DocumentBuffer(0) : this;
    }

    /** Makes room for so many bytes behind {@link #length}; may replace {@link #bytes}. */
    void ensure(int more) {
        if (bytes.length - length < more) {
            grow(more);
        }
    }

    private void grow(int more) {
        int needed = Math.addExact(length, more);
        int half = bytes.length >> 1;
        int roomy =
                bytes.length > Integer.MAX_VALUE - 8 - half
                        ? Integer.MAX_VALUE - 8
                        : bytes.length + half;
        bytes = Arrays.copyOf(bytes, Math.max(needed, roomy));
    }

    void append(byte single) {
        ensure(1);
        bytes[length++] = single;
    }

    void append(byte[] source) {
        append(source, 0, source.length);
    }

    void append(byte[] source, int from, int to) {
        int count = to - from;
        ensure(count);
        System.arraycopy(source, from, bytes, length, count);
        length += count;
    }

    /** In decimal digits, with a minus sign where it is negative. */
    void appendDecimal(long value) {
        ensure(20);
        if (value < 0) {
            if (value == Long.MIN_VALUE) {
                append("-9223372036854775808".getBytes(StandardCharsets.US_ASCII));
                return;
            }
            bytes[length++] = '-';
            value = -value;
        }
        int digits = digits(value);
        int at = length + digits;
        length = at;
        do {
            long tenth = value / 10;
            bytes[--at] = (byte) ('0' + (value - tenth * 10));
            value = tenth;
        } while (value != 0);
    }

    private static int digits(long value) {
        int digits = 1;
        for (long bound = 10; digits < 19 && value >= bound; bound *= 10) {
            digits++;
        }
        return digits;
    }

    /**
     * A string as JSON has it, in quotes and in valid UTF-8. Not for the way of every line: it
     * allocates.
     */
    void appendJsonString(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        append((byte) '"');
        JsonText.appendEscaped(utf8, 0, utf8.length, this);
        append((byte) '"');
    }

    /** A copy of what is written. */
    byte[] toByteArray() {
        return Arrays.copyOf(bytes, length);
    }
}
