package io.sluice.benchmarks;

import java.lang.foreign.MemorySegment;

/** Takes the NDJSON of one body, piece by piece. */
@FunctionalInterface
interface Pieces {
    /**
     * The next piece.
     *
     * @param bytes native memory, valid during the call
     * @param length how much of it is meant, from its beginning
     */
    void take(MemorySegment bytes, int length);
}
