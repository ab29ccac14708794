package io.sluice.sidecar;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Why the sidecar is to end: it was asked to, a file is there, or a process has gone. */
final class Ending {
    private final Optional<Path> untilFile;
    private final Optional<Long> untilExitOf;

    /** When that process has begun, in the kernel's ticks; its number may be used again. */
    private final String begun;

    private final Semaphore news = new Semaphore(0);

    /** Written by the signal's thread, read by main. */
    private volatile String asked = "";

    Ending(Optional<Path> untilFile, Optional<Long> untilExitOf) {
        this.untilFile = untilFile;
        this.untilExitOf = untilExitOf;
        this.begun = untilExitOf.map(pid -> stat(pid).begun).orElse("");
    }

    /**
     * @param state one letter, as in proc_pid_stat(5); empty where there is no such process
     */
    private record Stat(String state, String begun) {}

    /** Asks for the end. Any thread. */
    void ask(String reason) {
        if (asked.isEmpty()) {
            asked = reason;
        }
        wake();
    }

    /** Waits until somebody has asked or wakes, or for so long; or less. */
    void await(Duration time) {
        try {
            if (news.tryAcquire(time.toNanos(), TimeUnit.NANOSECONDS)) {
                news.drainPermits();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
    }

    /** Wakes the one who waits. Any thread. */
    void wake() {
        news.release();
    }

    /** Looks whether it is time. The main thread. */
    Optional<String> reason() {
        String now = asked;
        if (!now.isEmpty()) {
            return Optional.of(now);
        }
        if (untilFile.isPresent() && Files.exists(untilFile.get())) {
            return Optional.of(untilFile.get() + " is there");
        }
        if (untilExitOf.isPresent() && hasExited(untilExitOf.get())) {
            return Optional.of(
                    "process "
                            + untilExitOf.get()
                            + (begun.isEmpty() ? " is not there" : " has ended"));
        }
        return Optional.empty();
    }

    private boolean hasExited(long pid) {
        Stat now = stat(pid);
        boolean dead = now.state.isEmpty() || now.state.equals("Z") || now.state.equals("X");
        return dead || !now.begun.equals(begun);
    }

    /** See proc_pid_stat(5): behind the name, which may hold anything, fields 3 and 22. */
    private static Stat stat(long pid) {
        try {
            byte[] bytes = Files.readAllBytes(Path.of("/proc/" + pid + "/stat"));
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
            return new Stat(fields[0], fields[19]);
        } catch (NoSuchFileException _) {
            return new Stat("", "");
        } catch (IOException _) {
            // It ended while it was looked at (ESRCH).
            return new Stat("", "");
        }
    }
}
