package io.sluice.pipeline;

import java.nio.ByteBuffer;

/**
 * Compresses one batch after the other. Belongs to one encoder; its memory is used again and again.
 */
sealed interface Gzip extends AutoCloseable permits DeflaterGzip, IsalGzip {

    /** What was chosen; {@link PipelineConfig} has made sure that it is there. */
    static Gzip of(PipelineConfig.Compression compression) {
        return switch (compression) {
            case AUTO -> IsalGzip.open().orElseGet(DeflaterGzip::new);
            case IGZIP -> IsalGzip.open().orElseThrow();
            case DEFLATER -> new DeflaterGzip();
        };
    }

    /** What runs, for the block printed at start. */
    String name();

    /** Adds {@code [from, to)} to the body that is open. */
    void write(byte[] bytes, int from, int to);

    /** Size of the open body as far as it has left the compressor, the header included. */
    long compressedBytesSoFar();

    /**
     * Upper bound of the finished body if {@code furtherBytes} were written now, of whatever
     * content.
     */
    long compressedAtMost(long furtherBytes);

    /**
     * Ends the body.
     *
     * @return the whole gzip stream between position and limit; valid until the next {@link #write}
     */
    ByteBuffer finish();

    /** Forgets the open body, if there is one. */
    void discard();

    /** Releases native memory. */
    @Override
    void close();
}
