package io.sluice.benchmarks;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Looks at eight bytes at a time: what the endpoint does with every byte of every document. */
final class EightBytes {
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long LOW_BITS = 0x7F7F_7F7F_7F7F_7F7FL;

    private EightBytes() {}

    static long at(MemorySegment bytes, int index) {
        return bytes.get(LONG, index);
    }

    /** A word of this byte alone, for {@link #hits}. */
    static long all(byte wanted) {
        return (wanted & 0xffL) * ONES;
    }

    /** The high bit of each byte that is the wanted one. Exact, so that the bits may be counted. */
    static long hits(long word, long wanted) {
        long difference = word ^ wanted;
        return ~(((difference & LOW_BITS) + LOW_BITS) | difference | LOW_BITS);
    }
}
