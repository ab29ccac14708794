package io.sluice.buffer;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A file that is written at any place by pwrite(2): what a mapping of it shows at once, without a
 * page fault for each 4 KiB, and what cannot be written is an exception and no signal. No interrupt
 * closes it, as it would a {@link java.nio.channels.FileChannel}. One thread at a time.
 */
final class WritableFile implements AutoCloseable {
    private static final int EINTR = 4;

    /** What lies in the heap goes through native memory, so much at a time. */
    private static final int PIECE_BYTES = 64 * 1024;

    private static final StructLayout ERRNO = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO_VALUE =
            ERRNO.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    /** {@code ssize_t pwrite(int, const void *, size_t, off_t)}. */
    private static final MethodHandle PWRITE =
            Disk.handle(
                    "pwrite",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG),
                    Linker.Option.captureCallState("errno"));

    private final Path path;
    private final int descriptor;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment errno = arena.allocate(ERRNO);
    private final MemorySegment piece = arena.allocate(PIECE_BYTES);

    private WritableFile(Path path, int descriptor) {
        this.path = path;
        this.descriptor = descriptor;
    }

    /**
     * @param path a file that is there
     */
    static WritableFile open(Path path) throws IOException {
        // Before anything is made: who is refused tries again and again.
        int descriptor = Disk.open(path);
        return new WritableFile(path, descriptor);
    }

    /**
     * Writes what remains in a buffer, whose position does not move.
     *
     * @param at in the file
     * @throws IOException if not all of it could be written; some of it may be
     */
    void write(ByteBuffer from, long at) throws IOException {
        MemorySegment bytes = MemorySegment.ofBuffer(from);
        if (bytes.isNative()) {
            write(bytes, at);
            return;
        }
        for (long done = 0; done < bytes.byteSize(); done += PIECE_BYTES) {
            long length = Math.min(PIECE_BYTES, bytes.byteSize() - done);
            MemorySegment.copy(bytes, done, piece, 0, length);
            write(piece.asSlice(0, length), at + done);
        }
    }

    private void write(MemorySegment bytes, long at) throws IOException {
        long done = 0;
        while (done < bytes.byteSize()) {
            long written = pwrite(bytes.asSlice(done), at + done);
            if (written > 0) {
                done += written;
            } else if (written == 0 || (int) ERRNO_VALUE.get(errno, 0L) != EINTR) {
                throw new IOException(
                        path
                                + " cannot be written at "
                                + (at + done)
                                + " (errno "
                                + (int) ERRNO_VALUE.get(errno, 0L)
                                + "); look at its disk");
            }
        }
    }

    private long pwrite(MemorySegment bytes, long at) {
        try {
            return (long) PWRITE.invokeExact(errno, descriptor, bytes, bytes.byteSize(), at);
        } catch (Throwable e) {
            throw new AssertionError("a down-call throws nothing of its own", e);
        }
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            Disk.close(descriptor);
            arena.close();
        }
    }
}
