package io.sluice.sidecar;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One of the two streams that the container runtime reads. Who has it {@link #open} has it alone,
 * and gives it back at the end of a line: lines never mix.
 *
 * <p>Writes block as long as nobody reads. That is the back-pressure of every source; nothing is
 * held here but the stage.
 *
 * <p>Any thread, one at a time between {@link #open} and {@link #close}.
 */
final class Outlet {
    /** What is written in one go: a block of lines, and what is put around each of them. */
    private static final int STAGE_BYTES = 2 * LineShaper.BLOCK_BYTES;

    /** A stream that somebody has set to non-blocking is tried again after so long. */
    private static final long RETRY_NANOS = 1_000_000;

    private final String name;
    private final FileChannel channel;
    private final ReentrantLock lock = new ReentrantLock();
    private final ByteBuffer stage = ByteBuffer.allocateDirect(STAGE_BYTES);

    /** Why it takes no more; null while it does. Written under the lock, read by any. */
    private volatile IOException broken;

    /** When the running write has begun, 0 for none. Written under the lock, read by any. */
    private volatile long writingSinceNanos;

    Outlet(String name, FileDescriptor descriptor) {
        this(name, new FileOutputStream(descriptor).getChannel());
    }

    /**
     * @param name for messages
     */
    Outlet(String name, FileChannel channel) {
        this.name = name;
        this.channel = channel;
    }

    String name() {
        return name;
    }

    /** For how long the reader has taken nothing although there is something; nanoseconds. */
    long blockedNanos() {
        long since = writingSinceNanos;
        return since == 0 ? 0 : System.nanoTime() - since;
    }

    boolean isBroken() {
        return broken != null;
    }

    /** EPIPE: nobody has the other end any more. */
    boolean isReaderGone() {
        IOException why = broken;
        return why != null && String.valueOf(why.getMessage()).contains("Broken pipe");
    }

    void open() {
        lock.lock();
    }

    void put(byte value) throws IOException {
        if (!stage.hasRemaining()) {
            flush();
        }
        stage.put(value);
    }

    void put(byte[] bytes) throws IOException {
        put(bytes, 0, bytes.length);
    }

    void put(byte[] bytes, int from, int length) throws IOException {
        int at = from;
        int left = length;
        while (left > 0) {
            if (!stage.hasRemaining()) {
                flush();
            }
            int part = Math.min(left, stage.remaining());
            stage.put(bytes, at, part);
            at += part;
            left -= part;
        }
    }

    /**
     * Writes what was put and lets others write.
     *
     * @throws IOException if the stream takes no more
     */
    void close() throws IOException {
        try {
            flush();
        } finally {
            lock.unlock();
        }
    }

    private void flush() throws IOException {
        stage.flip();
        try {
            if (broken != null) {
                throw new IOException(name + " takes no more", broken);
            }
            if (stage.hasRemaining()) {
                writeStage();
            }
        } catch (IOException e) {
            if (broken == null) {
                broken = e;
            }
            throw e;
        } finally {
            stage.clear();
        }
    }

    private void writeStage() throws IOException {
        writingSinceNanos = System.nanoTime() | 1;
        try {
            while (stage.hasRemaining()) {
                if (channel.write(stage) == 0) {
                    LockSupport.parkNanos(RETRY_NANOS);
                }
            }
        } finally {
            writingSinceNanos = 0;
        }
    }
}
