package io.sluice.buffer;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/**
 * Space on the disk, taken before it is mapped: a store into a mapped page that finds no space is a
 * SIGBUS or an {@link InternalError}, {@code posix_fallocate} returns a number.
 */
final class Disk {
    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int EINTR = 4;
    private static final int EFBIG = 27;
    private static final int ENOSPC = 28;
    private static final int EDQUOT = 122;
    private static final String NOTHING = "a down-call throws nothing of its own";

    private static final MethodHandle OPEN =
            handle(
                    "open",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle CLOSE =
            handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle FALLOCATE =
            handle(
                    "posix_fallocate",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG));

    /** What became of a request for space. */
    enum Allocation {
        DONE,
        /** No space, quota or file size left. */
        FULL
    }

    /**
     * Told of every file and directory that is on the disk now. Only tests listen: what was not
     * told is theirs to lose when they cut the power.
     */
    static volatile Consumer<Path> onForced = _ -> {};

    private Disk() {}

    /** Restricted: libc functions with the signatures of POSIX. */
    @SuppressWarnings("restricted")
    static MethodHandle handle(
            String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor, options);
    }

    /**
     * Makes {@code file} own the blocks of {@code [from, to)}, created and lengthened where needed;
     * new bytes are 0.
     *
     * @throws IOException for any fault but a full disk
     */
    static Allocation allocate(Path file, long from, long to) throws IOException {
        if (!Files.exists(file)) {
            Files.createFile(file);
        }
        int error = fallocate(file, from, to - from);
        return switch (error) {
            case 0 -> Allocation.DONE;
            case ENOSPC, EDQUOT, EFBIG -> Allocation.FULL;
            // The file system does not know how (EOPNOTSUPP, EINVAL, ENOSYS): write the zeros.
            default -> fill(file, to);
        };
    }

    private static int fallocate(Path file, long offset, long length) throws IOException {
        int descriptor = open(file);
        try {
            int error;
            do {
                error = (int) FALLOCATE.invokeExact(descriptor, offset, length);
            } while (error == EINTR);
            return error;
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        } finally {
            close(descriptor);
        }
    }

    /** Opens a file that is there for reading and writing; its descriptor is for {@link #close}. */
    static int open(Path file) throws IOException {
        int descriptor;
        try (Arena arena = Arena.ofConfined()) {
            descriptor =
                    (int) OPEN.invokeExact(arena.allocateFrom(file.toString()), O_RDWR | O_CLOEXEC);
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        }
        if (descriptor < 0) {
            throw new IOException(file + " cannot be opened for writing");
        }
        return descriptor;
    }

    static void close(int descriptor) {
        try {
            int _ = (int) CLOSE.invokeExact(descriptor);
        } catch (Throwable e) {
            throw new AssertionError(NOTHING, e);
        }
    }

    private static Allocation fill(Path file, long to) throws IOException {
        byte[] zeros = new byte[1 << 16];
        try (RandomAccessFile raf = new RandomAccessFile(file.toFile(), "rw")) {
            long at = raf.length();
            raf.seek(at);
            while (at < to) {
                int length = (int) Math.min(zeros.length, to - at);
                try {
                    raf.write(zeros, 0, length);
                } catch (IOException e) {
                    if (Files.getFileStore(file).getUsableSpace() < zeros.length) {
                        return Allocation.FULL;
                    }
                    throw e;
                }
                at += length;
            }
        }
        return Allocation.DONE;
    }

    /** Forces names made, moved or removed in a directory. */
    static void forceDirectory(Path directory) throws IOException {
        // Only a channel opens a directory, and a pending interrupt would close it.
        boolean interrupted = Thread.interrupted();
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
            onForced.accept(directory);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * Forces a file's bytes, also those that were stored through a mapping.
     *
     * @throws java.io.FileNotFoundException if it is not there; it is not made
     */
    static void force(Path file) throws IOException {
        // fsync(2) needs no right to write; opened for writing, a missing file would be made.
        try (RandomAccessFile raf = new RandomAccessFile(file.toFile(), "r")) {
            force(raf, file);
        }
    }

    /** As {@link #force(Path)}, of a file that is open. */
    static void force(RandomAccessFile open, Path file) throws IOException {
        open.getFD().sync();
        onForced.accept(file);
    }

    /** Gives back what lies behind {@code length}. */
    static void truncate(Path file, long length) throws IOException {
        try (RandomAccessFile raf = new RandomAccessFile(file.toFile(), "rw")) {
            if (raf.length() > length) {
                raf.setLength(length);
            }
        }
    }
}
