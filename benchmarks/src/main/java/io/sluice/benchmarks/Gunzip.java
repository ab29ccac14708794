package io.sluice.benchmarks;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Unpacks gzip bodies. For one thread; memory is used again from body to body. */
sealed interface Gunzip extends AutoCloseable permits IsalGunzip, ZlibGunzip {
    /** Unpacks into pieces of this size: they stay in the processor's cache. */
    int PIECE_BYTES = 128 * 1024;

    /** The fastest one there is here. */
    static Gunzip open() {
        return IsalGunzip.isInstalled() ? new IsalGunzip() : new ZlibGunzip();
    }

    /** What runs, for the report. */
    String name();

    /**
     * Unpacks one body.
     *
     * @param body native memory
     * @return how many bytes came out
     * @throws IOException if it is no gzip, or damaged
     */
    long read(MemorySegment body, long length, Pieces pieces) throws IOException;

    @Override
    void close();
}
