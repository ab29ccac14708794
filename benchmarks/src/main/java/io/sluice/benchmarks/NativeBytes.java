package io.sluice.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Native memory of a fixed size that is given back when it is closed, not some time later. */
final class NativeBytes implements AutoCloseable {
    private final Arena arena = Arena.ofShared();

    /** All of it. */
    final MemorySegment memory;

    /** The same, for channels. */
    final ByteBuffer buffer;

    NativeBytes(long bytes) {
        memory = arena.allocate(bytes);
        buffer = memory.asByteBuffer();
    }

    @Override
    public void close() {
        arena.close();
    }
}
