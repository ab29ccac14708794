package io.sluice.sidecar;

import io.sluice.tail.ReadGate;
import io.sluice.tail.TailConfig;
import io.sluice.tail.Tailer;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * {@code sluice-sidecar FILE|GLOB...}: follows files and copies their whole lines to stdout, from
 * the first byte on, over rotation, truncation and removal.
 *
 * <p>It remembers nothing: after a restart it copies again what is still in the files. A line that
 * has no newline yet when it ends stays behind.
 *
 * <p>SIGTERM ends it when no line has come for a second, after ten seconds at the latest: where it
 * is a native sidecar container, the application has ended by then.
 */
public final class Sidecar {
    private static final String USAGE =
            "usage: sluice-sidecar FILE|GLOB..., absolute paths such as '/logs/*.log'";

    /** A file that is new is found within so long. */
    private static final Duration SCAN = Duration.ofMillis(500);

    /** Longer than {@link #SCAN}: what was written before the signal is found. */
    private static final Duration QUIET = Duration.ofSeconds(1);

    private static final Duration DRAIN_PATIENCE = Duration.ofSeconds(10);
    private static final Duration END_PATIENCE = Duration.ofSeconds(1);
    private static final long DRAIN_POLL_NANOS = Duration.ofMillis(20).toNanos();

    private final Tailer tailer;
    private final LineWriter writer;
    private volatile boolean failed;

    private Sidecar(List<Path> files) {
        TailConfig config =
                new TailConfig(
                        Optional.empty(),
                        files,
                        List.of(),
                        new TailConfig.From.Beginning(),
                        SCAN,
                        Duration.ofMinutes(1),
                        20,
                        8,
                        16,
                        true);
        // Not System.out: its buffer and its lock are of no use, and it swallows errors.
        this.writer = new LineWriter(new FileOutputStream(FileDescriptor.out), this::fail);
        this.tailer = new Tailer(config, Map.of(), ReadGate.OPEN, writer, System::nanoTime);
    }

    /**
     * Copies until SIGTERM.
     *
     * @param args absolute paths; the last name may be a glob. Exit 2 if they are not, 1 if stdout
     *     takes no more
     */
    public static void main(String[] args) {
        List<Path> files;
        try {
            files = files(args);
        } catch (IllegalArgumentException e) {
            System.err.println("sluice-sidecar: " + e.getMessage());
            System.exit(2);
            return;
        }
        Sidecar sidecar = new Sidecar(files);
        Thread tail = Thread.ofPlatform().name("tail").unstarted(sidecar.tailer);
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform().name("drain").unstarted(() -> sidecar.drain(tail)));
        tail.start();
        join(tail);
        // It ended by itself: stdout is closed, or the tail has failed and said why.
        System.exit(1);
    }

    private static List<Path> files(String[] args) {
        if (args.length == 0) {
            throw new IllegalArgumentException(USAGE);
        }
        List<Path> files = new ArrayList<>();
        for (String arg : args) {
            Path file = Path.of(arg);
            if (!file.isAbsolute() || file.getNameCount() == 0) {
                throw new IllegalArgumentException(
                        "'" + arg + "' is not the absolute path of a file; " + USAGE);
            }
            if (file.getParent().toString().chars().anyMatch(c -> "*?[{".indexOf(c) >= 0)) {
                throw new IllegalArgumentException(
                        "'" + arg + "' has a glob in a folder; only the last name may be one");
            }
            files.add(file);
        }
        return files;
    }

    private void fail() {
        failed = true;
        tailer.stop();
    }

    /** The shutdown hook. */
    private void drain(Thread tail) {
        long deadlineNanos = System.nanoTime() + DRAIN_PATIENCE.toNanos();
        // What was written before the signal may be unread by now: quiet counts from here, and a
        // machine that stands still does not make it longer, since the tail stands still as well.
        long quietNanos = 0;
        while (tail.isAlive()
                && quietNanos < QUIET.toNanos()
                && deadlineNanos - System.nanoTime() > 0) {
            long from = System.nanoTime();
            LockSupport.parkNanos(DRAIN_POLL_NANOS);
            long passedNanos = System.nanoTime() - from;
            quietNanos =
                    writer.isQuietFor(passedNanos)
                            ? quietNanos + Math.min(passedNanos, 2 * DRAIN_POLL_NANOS)
                            : 0;
        }
        boolean ended = !tail.isAlive();
        tailer.stop();
        try {
            // It does not end while it waits for a reader of stdout.
            if (tail.join(END_PATIENCE)) {
                tailer.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // The JVM would end with 143, which Kubernetes shows as an error.
        Runtime.getRuntime().halt(failed || ended ? 1 : 0);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
    }
}
