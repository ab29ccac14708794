package io.sluice.pipeline;

/**
 * Bytes kept from one chunk to the next: an {@link OpenRecord}, or the beginning of a line that is
 * longer than a chunk. Filled and emptied through {@link HeldMemory}; empty, it holds no memory.
 */
class HeldBytes {
    static final byte[] NONE = {};

    byte[] bytes = NONE;
    int length;

    /** Something was left out behind {@link #length}, and so is everything from now on. */
    boolean cut;

    /** Where it stands in {@link HeldMemory}'s list, or -1. */
    int lentIndex = -1;
}
