package io.sluice.pipeline;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Gzip by the JDK's own zlib at level 1: on NDJSON the higher levels cost several times the
 * processor time for a few percent.
 *
 * <p>Header and trailer are our own (RFC 1952), so that one {@link Deflater} serves all batches;
 * {@link java.util.zip.GZIPOutputStream} would allocate another for each.
 */
final class DeflaterGzip implements Gzip {
    private static final byte[] HEADER = {
        0x1f, (byte) 0x8b, Deflater.DEFLATED, 0, 0, 0, 0, 0, 4 /* fastest */, (byte) 0xff
    };
    private static final int TRAILER_BYTES = 8;

    /**
     * What zlib may have taken in and not given out: one block of at most 32 Ki symbols and its
     * pending output. A block takes six bytes per symbol at worst.
     */
    private static final int INSIDE_BYTES = 256 * 1024;

    private static final int INITIAL_BYTES = 512 * 1024;

    /** Larger ones, left by an incompressible batch, are let go. */
    private static final int KEPT_BYTES = 2 * 1024 * 1024;

    private final Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
    private final CRC32 crc = new CRC32();
    private byte[] output = new byte[INITIAL_BYTES];
    private int length;
    private int uncompressedBytes;

    @Override
    public String name() {
        return "Deflater (JDK), level 1";
    }

    @Override
    public void write(byte[] bytes, int from, int to) {
        begin();
        crc.update(bytes, from, to - from);
        uncompressedBytes += to - from;
        deflater.setInput(bytes, from, to - from);
        while (!deflater.needsInput()) {
            deflate();
        }
    }

    private void begin() {
        if (length == 0) {
            System.arraycopy(HEADER, 0, output, 0, HEADER.length);
            length = HEADER.length;
        }
    }

    private void deflate() {
        if (output.length - length < 64 * 1024) {
            output = Arrays.copyOf(output, output.length * 2);
        }
        length += deflater.deflate(output, length, output.length - length, Deflater.NO_FLUSH);
    }

    @Override
    public long compressedBytesSoFar() {
        return length;
    }

    @Override
    public long compressedAtMost(long furtherBytes) {
        // Incompressible bytes are stored in blocks of at most 16 KiB with five bytes before each;
        // the share taken here is generous.
        return HEADER.length
                + (long) length
                + INSIDE_BYTES
                + furtherBytes
                + furtherBytes / 1_000
                + TRAILER_BYTES;
    }

    @Override
    public ByteBuffer finish() {
        begin();
        deflater.finish();
        while (!deflater.finished()) {
            deflate();
        }
        if (output.length - length < TRAILER_BYTES) {
            output = Arrays.copyOf(output, output.length + TRAILER_BYTES);
        }
        littleEndian((int) crc.getValue());
        littleEndian(uncompressedBytes);
        ByteBuffer body = ByteBuffer.wrap(output, 0, length);
        discard();
        return body;
    }

    private void littleEndian(int value) {
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            output[length++] = (byte) (value >>> shift);
        }
    }

    @Override
    public void discard() {
        deflater.reset();
        crc.reset();
        length = 0;
        uncompressedBytes = 0;
        if (output.length > KEPT_BYTES) {
            output = new byte[INITIAL_BYTES];
        }
    }

    @Override
    public void close() {
        deflater.end();
    }
}
