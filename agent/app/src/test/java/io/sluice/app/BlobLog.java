package io.sluice.app;

import io.sluice.testing.CriLogs;

import java.util.Base64;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A container that logs what hardly compresses: its batches are large in the buffer, so that an
 * append takes a while and segments fill.
 */
final class BlobLog implements Runnable {
    private static final int LINE_BYTES = 9_000;
    private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final CriLogs.Container container;
    private final long rotateBytes;
    private final Random random;
    private volatile int written;
    private volatile boolean stopped;

    BlobLog(CriLogs logs, long rotateBytes, long seed) {
        this.container = logs.container("load-1", "blobs", "uid-blobs", "app");
        this.rotateBytes = rotateBytes;
        this.random = new Random(seed);
    }

    @Override
    public void run() {
        while (!stopped) {
            byte[] bytes = new byte[LINE_BYTES];
            random.nextBytes(bytes);
            if (container.activeBytes() >= rotateBytes) {
                container.rotate();
            }
            int seq = written + 1;
            container.write("seq=" + seq + " " + Base64.getEncoder().encodeToString(bytes));
            written = seq;
            LockSupport.parkNanos(INTERVAL_NANOS);
        }
        container.close();
    }

    /** Its pod's name. */
    String pod() {
        return container.pod();
    }

    /** How many lines are in its files, numbered from 1. */
    int written() {
        return written;
    }

    /** Ends {@link #run} soon, at the end of a line. */
    void stop() {
        stopped = true;
    }
}
