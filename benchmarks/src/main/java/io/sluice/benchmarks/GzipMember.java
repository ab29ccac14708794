package io.sluice.benchmarks;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Where in a body of one gzip member (RFC 1952) the deflate stream is.
 *
 * @param from its first byte
 * @param to behind its last byte
 * @param uncompressedBytes modulo 2^32, as the trailer says
 */
record GzipMember(long from, long to, long uncompressedBytes) {
    private static final int HEADER_BYTES = 10;
    private static final int TRAILER_BYTES = 8;
    private static final int MAGIC = 0x1f8b;
    private static final int DEFLATE = 8;
    private static final int HAS_CHECKSUM = 1 << 1;
    private static final int HAS_EXTRA = 1 << 2;
    private static final int HAS_NAME = 1 << 3;
    private static final int HAS_COMMENT = 1 << 4;
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * Reads header and trailer.
     *
     * @throws IOException if it is no gzip
     */
    static GzipMember of(MemorySegment body, long length) throws IOException {
        if (length < HEADER_BYTES + TRAILER_BYTES
                || (at(body, 0) << 8 | at(body, 1)) != MAGIC
                || at(body, 2) != DEFLATE) {
            throw new IOException("a body of " + length + " bytes is no gzip");
        }
        int flags = at(body, 3);
        long from = HEADER_BYTES;
        if ((flags & HAS_EXTRA) != 0) {
            from += 2 + (at(body, from) | at(body, from + 1) << 8);
        }
        if ((flags & HAS_NAME) != 0) {
            from = behindZero(body, from);
        }
        if ((flags & HAS_COMMENT) != 0) {
            from = behindZero(body, from);
        }
        if ((flags & HAS_CHECKSUM) != 0) {
            from += 2;
        }
        long to = length - TRAILER_BYTES;
        return new GzipMember(from, to, Integer.toUnsignedLong(body.get(INT, length - 4)));
    }

    /**
     * Compares what came out with what the trailer says.
     *
     * @throws IOException if it is another length: the body is cut, or has several members
     */
    void check(long bytes) throws IOException {
        if ((bytes & 0xFFFF_FFFFL) != uncompressedBytes) {
            throw new IOException(
                    "a gzip body holds "
                            + bytes
                            + " bytes and says "
                            + uncompressedBytes
                            + "; it is damaged, or has several members");
        }
    }

    private static int at(MemorySegment body, long index) {
        return body.get(ValueLayout.JAVA_BYTE, index) & 0xff;
    }

    private static long behindZero(MemorySegment body, long from) {
        long at = from;
        while (at(body, at) != 0) {
            at++;
        }
        return at + 1;
    }
}
