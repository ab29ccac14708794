package io.sluice.tail;

/** Where the tail's chunks go: the pipeline's ring, or the sidecar's writer. */
public interface ChunkSink {

    /**
     * Lets {@code filler} fill the next free chunk and passes it on.
     *
     * <p>Called by the tail thread only; never blocks.
     *
     * @return false, without calling {@code filler}, when there is no free chunk: the back-pressure
     *     that leaves bytes in their files
     */
    boolean offer(ChunkFiller filler);

    /**
     * Fills one chunk: sets every field, and at most {@code chunk.bytes.length} bytes. Must not
     * throw.
     */
    @FunctionalInterface
    interface ChunkFiller {
        void fill(Chunk chunk);
    }
}
