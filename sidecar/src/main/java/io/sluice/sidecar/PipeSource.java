package io.sluice.sidecar;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A named pipe (fifo(7)), on a thread of its own.
 *
 * <p>The reading end stays open when the writers have gone: a writer never finds nobody, and what
 * it leaves in the pipe is not lost. A full pipe makes the writers wait.
 */
final class PipeSource implements Source {
    /** Without writers the kernel does not wait for one: so often it is looked for. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final long RECORD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path path;
    private final LineShaper shaper;
    private final Duration patience;
    private final byte[] bytes = new byte[LineShaper.BLOCK_BYTES];
    private volatile boolean finishing;

    /** What blocks in a read, until {@link #finish} closes it. Guarded by this. */
    private FileChannel channel;

    /** Keeps the pipe when {@link #channel} is closed, for what is left in it. */
    private FileInputStream rest;

    private Object key;

    PipeSource(Path path, LineShaper shaper, Duration patience) {
        this.path = path;
        this.shaper = shaper;
        this.patience = patience;
    }

    @Override
    public String name() {
        return path.toString();
    }

    @Override
    public void open() throws UnusableException {
        if (Files.isRegularFile(path) || Files.isDirectory(path)) {
            throw new UnusableException(
                    "--pipe " + path + " is no named pipe; make one with mkfifo, or use --file");
        }
    }

    @Override
    public void run() throws IOException {
        while (awaitPath() && openPipe()) {
            copy();
            closePipe();
        }
        shaper.endRecord();
    }

    /**
     * @return false if the end came first
     */
    private boolean awaitPath() {
        long begunNanos = System.nanoTime();
        boolean said = false;
        while (!finishing && !Files.exists(path)) {
            if (!said && System.nanoTime() - begunNanos > patience.toNanos()) {
                said = true;
                Console.say(
                        "--pipe "
                                + path
                                + " is not there after "
                                + patience.toSeconds()
                                + " s; it is waited for. Is its volume mounted here?");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return !finishing;
    }

    private synchronized boolean openPipe() throws IOException {
        if (finishing) {
            return false;
        }
        // To open a pipe for reading waits for a writer: this is one.
        try (RandomAccessFile _ = new RandomAccessFile(path.toFile(), "rw")) {
            rest = new FileInputStream(path.toFile());
            channel = FileChannel.open(path, StandardOpenOption.READ);
            key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        } catch (IOException e) {
            throw new IOException(
                    "--pipe "
                            + path
                            + " cannot be opened ("
                            + e.getMessage()
                            + "); this user must be allowed to read and write it",
                    e);
        }
        return true;
    }

    /** Until the end, or until another pipe has taken this one's name. */
    private void copy() throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (true) {
            buffer.clear();
            int length;
            try {
                length = channel.read(buffer);
            } catch (ClosedChannelException _) {
                copyRest();
                return;
            }
            if (length > 0) {
                shaper.take(bytes, 0, length);
                continue;
            }
            // All writers have gone: the last of them has ended its line.
            shaper.endLine();
            if (isAnother()) {
                return;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    private void copyRest() throws IOException {
        while (rest.available() > 0) {
            int length = rest.read(bytes, 0, Math.min(bytes.length, rest.available()));
            shaper.take(bytes, 0, length);
        }
        shaper.endLine();
    }

    private boolean isAnother() {
        try {
            Object now = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
            return !Objects.equals(now, key);
        } catch (IOException _) {
            return true;
        }
    }

    private synchronized void closePipe() throws IOException {
        channel.close();
        rest.close();
    }

    @Override
    public void finish() {
        finishing = true;
        close();
    }

    @Override
    public void tend() throws IOException {
        shaper.endRecordOlderThan(RECORD_NANOS);
    }

    @Override
    public synchronized void close() {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            Console.say(path + " cannot be closed: " + e.getMessage());
        }
    }
}
