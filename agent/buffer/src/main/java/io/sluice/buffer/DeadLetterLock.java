package io.sluice.buffer;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Held by whoever changes files of dead letters: the agent while it appends, a command while it
 * replaces a file by one with fewer letters. Both take milliseconds. Who only reads needs none.
 *
 * <p>A lock of the operating system on {@code <state>/dead-letters.lock}, a file that is never
 * replaced or deleted: it is gone with its process, however that ends.
 */
final class DeadLetterLock implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final RandomAccessFile file;

    private DeadLetterLock(RandomAccessFile file) {
        this.file = file;
    }

    /**
     * Waits for the lock, but not for ever: a stopped command must not stop delivery.
     *
     * @throws IOException if another process keeps it, or the state directory cannot be written
     */
    static DeadLetterLock acquire(Path stateDirectory) throws IOException {
        return acquire(stateDirectory, PATIENCE);
    }

    static DeadLetterLock acquire(Path stateDirectory, Duration patience) throws IOException {
        Path path = stateDirectory.resolve("dead-letters.lock");
        RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
        // An interrupt is for whoever waits longer than this; it would end every park at once.
        boolean interrupted = Thread.interrupted();
        boolean held = false;
        try {
            long deadline = System.nanoTime() + patience.toNanos();
            while (!tryLock(file)) {
                if (deadline - System.nanoTime() <= 0) {
                    throw new IOException(
                            "another process has held "
                                    + path
                                    + " for "
                                    + patience.toSeconds()
                                    + " s; see which one with fuser or lsof, and end it");
                }
                interrupted |= Thread.interrupted();
                LockSupport.parkNanos(RETRY_NANOS);
            }
            held = true;
            return new DeadLetterLock(file);
        } finally {
            if (!held) {
                file.close();
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static boolean tryLock(RandomAccessFile file) throws IOException {
        try {
            FileLock lock = file.getChannel().tryLock();
            return lock != null;
        } catch (OverlappingFileLockException _) {
            // Somebody else of this JVM has it.
            return false;
        }
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException _) {
            // The process gives the lock back in any case.
        }
    }
}
