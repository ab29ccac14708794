package io.sluice.app.metrics;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * What the kernel knows of this process (proc(5)); NaN where there is no {@code /proc}.
 *
 * <p>Not by java.lang.management: its beans alone would cost a small agent some megabytes.
 */
final class ProcessFigures {
    private final Path proc;

    /**
     * @param proc {@code /proc/self}
     */
    ProcessFigures(Path proc) {
        this.proc = proc;
    }

    /**
     * Memory in RAM, bytes: heap, code, buffers, stacks, and mapped pages of the buffer's files.
     */
    double residentBytes() {
        return kibibytes("VmRSS:") * 1024;
    }

    /** The part of it that the kernel cannot take back: without the buffer's mapped files. */
    double residentAnonymousBytes() {
        return kibibytes("RssAnon:") * 1024;
    }

    private double kibibytes(String field) {
        try {
            for (String line : Files.readAllLines(proc.resolve("status"))) {
                if (line.startsWith(field)) {
                    return Double.parseDouble(line.replaceAll("[^0-9]", ""));
                }
            }
            return Double.NaN;
        } catch (IOException | NumberFormatException unknown) {
            return Double.NaN;
        }
    }

    /** Open file descriptors. */
    double openDescriptors() {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(proc.resolve("fd"))) {
            int count = 0;
            for (Path descriptor : descriptors) {
                count += descriptor.getNameCount() > 0 ? 1 : 0;
            }
            // Without the one that lists them.
            return count - 1;
        } catch (IOException unknown) {
            return Double.NaN;
        }
    }

    /** Time on CPUs, of all threads, seconds. */
    double cpuSeconds() {
        return ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .map(ProcessFigures::seconds)
                .orElse(Double.NaN);
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    /** When it began, seconds since 1970. */
    double startSeconds() {
        return ProcessHandle.current()
                .info()
                .startInstant()
                .map(Instant::toEpochMilli)
                .map(millis -> millis / 1e3)
                .orElse(Double.NaN);
    }
}
