package io.sluice.buffer;

import static java.lang.System.Logger.Level.INFO;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * One agent per state directory, by a lock of the operating system: it is gone with the process,
 * however that ends.
 */
final class DirectoryLock implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.buffer");

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int NOTE_BYTES = 256;

    private final FileChannel channel;

    private DirectoryLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Waits for the lock.
     *
     * @throws BufferException if another agent keeps it for longer than {@code wait}, or the
     *     directory cannot be written
     */
    static DirectoryLock acquire(Path directory, Duration wait) {
        Path file = directory.resolve("lock");
        FileChannel channel;
        try {
            channel =
                    FileChannel.open(
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new BufferException(
                    "buffer.path "
                            + directory
                            + " cannot be written ("
                            + e
                            + "); make it a directory that this user may write, or set another",
                    e);
        }
        boolean held = false;
        boolean said = false;
        try {
            long deadline = System.nanoTime() + wait.toNanos();
            while (!tryLock(channel)) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new BufferException(
                            "buffer.path "
                                    + directory
                                    + " is in use by another agent ("
                                    + note(channel)
                                    + ") after waiting "
                                    + wait.toSeconds()
                                    + " s; stop that one, or set another path");
                }
                if (!said) {
                    said = true;
                    LOG.log(
                            INFO,
                            "buffer.path {0} is in use by another agent ({1}); waiting up to {2} s"
                                    + " for its end",
                            directory,
                            note(channel),
                            wait.toSeconds());
                }
                TimeUnit.NANOSECONDS.sleep(Math.min(left, RETRY_NANOS));
            }
            held = true;
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(
                            ("pid " + ProcessHandle.current().pid())
                                    .getBytes(StandardCharsets.UTF_8)),
                    0);
            return new DirectoryLock(channel);
        } catch (IOException e) {
            held = false;
            throw new BufferException(
                    "buffer.path "
                            + directory
                            + " cannot be locked ("
                            + e
                            + "); set a path on a local file system",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BufferException(
                    "interrupted while waiting for the lock of buffer.path " + directory, e);
        } finally {
            if (!held) {
                closeQuietly(channel);
            }
        }
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException _) {
            // Another buffer of this JVM has it: no different from another process.
            return false;
        }
    }

    private static String note(FileChannel channel) {
        try {
            ByteBuffer note = ByteBuffer.allocate(NOTE_BYTES);
            channel.read(note, 0);
            return new String(note.array(), 0, note.position(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "unknown: " + e;
        }
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException _) {
            // The process gives the lock back in any case.
        }
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }
}
