package io.sluice.buffer;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * Whole numbers in one to ten bytes, seven bits in each, the lowest first; the high bit says that
 * more follow (LEB128, as in <a href="https://protobuf.dev/programming-guides/encoding/">protocol
 * buffers</a>).
 */
final class Varints {
    /** No number takes more. */
    static final int MOST_BYTES = 10;

    /** No {@code int} from 0 takes more. */
    static final int MOST_INT_BYTES = 5;

    private Varints() {}

    static void put(ByteBuffer out, long value) {
        long left = value;
        while ((left & ~0x7FL) != 0) {
            out.put((byte) (left | 0x80));
            left >>>= 7;
        }
        out.put((byte) left);
    }

    /**
     * @throws BufferUnderflowException where no number ends before the limit
     */
    static long take(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number has more than 64 bits");
    }

    /**
     * @throws IllegalArgumentException if it is no {@code int} from 0
     */
    static int takeInt(ByteBuffer in) {
        long value = take(in);
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(value + " is where a small number has to be");
        }
        return (int) value;
    }
}
