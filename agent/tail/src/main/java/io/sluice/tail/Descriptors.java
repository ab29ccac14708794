package io.sluice.tail;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Counts the log files that are held open, and tells whether one could not be because nothing can
 * be opened any more.
 */
final class Descriptors {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    /** It is always there and open to all. */
    private static final Path ANY = Path.of("/dev/null");

    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final Pattern OPEN_FILES = Pattern.compile("(?m)^Max open files\\s+(\\d+)\\s");

    /** Of the process's descriptors, so many are left to others: connections, the buffer, logs. */
    private static final int OTHERS_PART = 4;

    private static final int OTHERS_AT_MOST = 256;

    private final TailStats stats;
    private final long mostHeld;
    private long held;
    private boolean said;

    Descriptors(TailStats stats) {
        this(stats, openFilesLimit());
    }

    Descriptors(TailStats stats, long limit) {
        this.stats = stats;
        this.mostHeld = Math.max(1, limit - Math.min(limit / OTHERS_PART, OTHERS_AT_MOST));
    }

    /** The soft limit of this process, in descriptors; proc_pid_limits(5). */
    private static long openFilesLimit() {
        try {
            Matcher line = OPEN_FILES.matcher(Files.readString(LIMITS));
            return line.find() ? Long.parseLong(line.group(1)) : Long.MAX_VALUE;
        } catch (IOException _) {
            // Not Linux, or no /proc: the kernel will say it.
            return Long.MAX_VALUE;
        }
    }

    /** A log file is held open. */
    void taken() {
        held++;
    }

    /** A log file was closed. */
    void freed() {
        held--;
    }

    /** Whether another log file may be opened and held. */
    boolean isAnotherAllowed() {
        if (held < mostHeld) {
            return true;
        }
        note();
        return false;
    }

    /**
     * Whether the process (EMFILE) or the system (ENFILE) has no descriptors left. Java does not
     * tell the error's number, and its text depends on the locale: another file is tried.
     */
    boolean areExhausted(Exception failure) {
        Exception cause =
                failure instanceof DirectoryIteratorException wrapped
                        ? wrapped.getCause()
                        : failure;
        if (cause instanceof NoSuchFileException || cause instanceof AccessDeniedException) {
            return false;
        }
        if (!String.valueOf(cause.getMessage()).contains("Too many open files") && isOneLeft()) {
            return false;
        }
        note();
        return true;
    }

    private void note() {
        stats.descriptorFailures.increment();
        if (!said) {
            said = true;
            LOG.log(
                    WARNING,
                    "no file descriptors are left (EMFILE): {0} log files are open, others wait"
                            + " until one is free, and what is removed meanwhile is lost. Raise the"
                            + " agent''s limit of open files (nofile, LimitNOFILE), or fs.file-max",
                    held);
        }
    }

    private static boolean isOneLeft() {
        try (FileChannel channel = FileChannel.open(ANY, StandardOpenOption.READ)) {
            return channel.isOpen();
        } catch (IOException _) {
            return false;
        }
    }
}
