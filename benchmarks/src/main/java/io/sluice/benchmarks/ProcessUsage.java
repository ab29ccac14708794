package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a process has used since its start, as proc_pid_stat(5) and proc_pid_status(5) say.
 *
 * @param cpuSeconds user and system time of all its threads
 * @param userSeconds the one, in hundredths
 * @param systemSeconds the other, in hundredths
 * @param residentBytes what of it is in memory now
 * @param anonymousBytes the part of it that is no file's
 * @param peakBytes largest resident set so far ({@code VmHWM})
 */
record ProcessUsage(
        double cpuSeconds,
        double userSeconds,
        double systemSeconds,
        long residentBytes,
        long anonymousBytes,
        long peakBytes) {
    /** Linux shows times in USER_HZ, which is 100 on every architecture a JVM runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private static final Pattern FIELD = Pattern.compile("(?m)^(\\w+):\\s+(\\d+)");

    /** Empty for a process that has ended. */
    static Optional<ProcessUsage> of(long pid) {
        Path folder = Path.of("/proc", Long.toString(pid));
        try {
            double cpuSeconds = ProcessClock.cpuSeconds(pid);
            String stat = Files.readString(folder.resolve("stat"));
            // The name in parentheses may hold spaces: fields are counted from behind it.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            String status = Files.readString(folder.resolve("status"));
            if (Double.isNaN(cpuSeconds) || fields[0].equals("Z")) {
                return Optional.empty();
            }
            return Optional.of(
                    new ProcessUsage(
                            cpuSeconds,
                            Long.parseLong(fields[11]) / TICKS_PER_SECOND,
                            Long.parseLong(fields[12]) / TICKS_PER_SECOND,
                            1024 * field(status, "VmRSS"),
                            1024 * field(status, "RssAnon"),
                            1024 * field(status, "VmHWM")));
        } catch (IOException _) {
            // Gone before the file was opened (ENOENT) or read (ESRCH).
            return Optional.empty();
        }
    }

    /** How often its present threads have waited for something, all together. */
    static long waits(long pid) throws IOException {
        long waits = 0;
        Path tasks = Path.of("/proc", Long.toString(pid), "task");
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
            for (Path thread : threads) {
                try {
                    waits +=
                            field(
                                    Files.readString(thread.resolve("status")),
                                    "voluntary_ctxt_switches");
                } catch (IOException _) {
                    // This thread has ended meanwhile.
                }
            }
        }
        return waits;
    }

    /** 0 where there is no such field: a process that is about to end has no memory. */
    private static long field(String status, String name) {
        Matcher fields = FIELD.matcher(status);
        while (fields.find()) {
            if (fields.group(1).equals(name)) {
                return Long.parseLong(fields.group(2));
            }
        }
        return 0;
    }
}
