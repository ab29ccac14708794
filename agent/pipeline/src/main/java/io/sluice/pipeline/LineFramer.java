package io.sluice.pipeline;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Finds where lines end.
 *
 * <p>Eight bytes at a time: a log line is some hundred bytes long, so this is the loop that touches
 * every byte of every log once, before anything else does.
 */
final class LineFramer {
    private static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long NEWLINES = 0x0A0A_0A0A_0A0A_0A0AL;
    private static final long LOW_BITS = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;

    private LineFramer() {}

    /** Index of the first newline in {@code [from, to)}, or -1. */
    static int newline(byte[] bytes, int from, int to) {
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            // A byte that is a newline becomes zero; subtracting one from each byte then borrows
            // into its high bit. Bytes above the first hit may lie, the lowest never does.
            long differences = (long) LONGS.get(bytes, at) ^ NEWLINES;
            long hits = (differences - LOW_BITS) & ~differences & HIGH_BITS;
            if (hits != 0) {
                return at + (Long.numberOfTrailingZeros(hits) >>> 3);
            }
        }
        for (; at < to; at++) {
            if (bytes[at] == '\n') {
                return at;
            }
        }
        return -1;
    }
}
