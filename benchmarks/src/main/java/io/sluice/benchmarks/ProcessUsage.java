package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a process has used since its start, as proc_pid_stat(5) and proc_pid_status(5) say.
 *
 * @param cpuSeconds user and system time of all its threads
 * @param peakBytes largest resident set so far ({@code VmHWM})
 */
record ProcessUsage(double cpuSeconds, long peakBytes) {
    /** Linux shows times in USER_HZ, which is 100 on every architecture a JVM runs on. */
    private static final double TICKS_PER_SECOND = 100;

    private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    /** Nothing for a process that has ended. */
    static ProcessUsage of(Process process) {
        Path folder = Path.of("/proc", Long.toString(process.pid()));
        try {
            String stat = Files.readString(folder.resolve("stat"));
            // The name in parentheses may hold spaces: fields are counted from behind it.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            double ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
            Matcher peak = PEAK.matcher(Files.readString(folder.resolve("status")));
            long peakBytes = peak.find() ? Long.parseLong(peak.group(1)) * 1024 : 0;
            return new ProcessUsage(ticks / TICKS_PER_SECOND, peakBytes);
        } catch (IOException _) {
            // Gone before the file was opened (ENOENT) or read (ESRCH).
            return new ProcessUsage(0, 0);
        }
    }
}
