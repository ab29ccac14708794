package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;

/**
 * What one run of {@link AgentBenchmark} came to. A gigabyte is 10^9 bytes of log files.
 *
 * @param rawBytes of the log files
 * @param lines in them
 * @param documents that arrived
 * @param batches bulk requests
 * @param cpuSeconds of the agent, its start included
 * @param wallSeconds from the agent's start until the last document had arrived
 * @param steadyCpuSeconds the same behind the first half of the documents
 * @param steadyWallSeconds the same behind the first half of the documents
 * @param steadyBytes how much log that was
 * @param peakBytes largest resident set of the agent
 */
record BenchmarkResult(
        Workload workload,
        int containers,
        String agent,
        long rawBytes,
        long lines,
        long documents,
        long batches,
        double cpuSeconds,
        double wallSeconds,
        double steadyCpuSeconds,
        double steadyWallSeconds,
        long steadyBytes,
        long peakBytes,
        Host host) {

    /** Negative where documents came twice. */
    long lostDocuments() {
        return lines - documents;
    }

    double cpuSecondsPerGigabyte() {
        return cpuSeconds / (rawBytes / 1e9);
    }

    double steadyCpuSecondsPerGigabyte() {
        return steadyCpuSeconds / (steadyBytes / 1e9);
    }

    double megabytesPerSecond() {
        return rawBytes / 1e6 / wallSeconds;
    }

    double steadyMegabytesPerSecond() {
        return steadyBytes / 1e6 / steadyWallSeconds;
    }

    /** Writes {@code <date>-<workload>.md} and {@code .json}, over those of an earlier run. */
    void write(Path folder) throws IOException {
        String name =
                LocalDate.now(ZoneOffset.UTC) + "-" + workload.name().toLowerCase(Locale.ROOT);
        Files.createDirectories(folder);
        Files.writeString(folder.resolve(name + ".md"), markdown());
        Files.writeString(folder.resolve(name + ".json"), json());
    }

    String markdown() {
        return String.format(
                Locale.ROOT,
                """
                # Agent, %s, %.0f MB in %d containers

                | | whole run | second half |
                | --- | --- | --- |
                | CPU-s per GB | %.2f | %.2f |
                | MB/s of raw log | %.1f | %.1f |
                | CPU-s | %.2f | %.2f |
                | seconds | %.2f | %.2f |

                Peak RSS %.1f MB; %d lines, %d documents in %d batches; lost: %d.

                Host: %d processors (%s), %s, %s.

                Agent: `%s`
                """,
                workload.name().toLowerCase(Locale.ROOT),
                rawBytes / 1e6,
                containers,
                cpuSecondsPerGigabyte(),
                steadyCpuSecondsPerGigabyte(),
                megabytesPerSecond(),
                steadyMegabytesPerSecond(),
                cpuSeconds,
                steadyCpuSeconds,
                wallSeconds,
                steadyWallSeconds,
                peakBytes / 1e6,
                lines,
                documents,
                batches,
                lostDocuments(),
                host.processors(),
                host.cpu(),
                host.kernel(),
                host.java(),
                agent);
    }

    String json() {
        return String.format(
                Locale.ROOT,
                """
                {
                  "workload": "%s",
                  "containers": %d,
                  "agent": "%s",
                  "rawBytes": %d,
                  "lines": %d,
                  "documents": %d,
                  "lostDocuments": %d,
                  "batches": %d,
                  "cpuSecondsPerGigabyte": %.3f,
                  "steadyCpuSecondsPerGigabyte": %.3f,
                  "megabytesPerSecond": %.2f,
                  "steadyMegabytesPerSecond": %.2f,
                  "cpuSeconds": %.2f,
                  "wallSeconds": %.3f,
                  "peakRssBytes": %d,
                  "host": {"processors": %d, "cpu": "%s", "kernel": "%s", "java": "%s"}
                }
                """,
                workload.name().toLowerCase(Locale.ROOT),
                containers,
                escaped(agent),
                rawBytes,
                lines,
                documents,
                lostDocuments(),
                batches,
                cpuSecondsPerGigabyte(),
                steadyCpuSecondsPerGigabyte(),
                megabytesPerSecond(),
                steadyMegabytesPerSecond(),
                cpuSeconds,
                wallSeconds,
                peakBytes,
                host.processors(),
                escaped(host.cpu()),
                escaped(host.kernel()),
                escaped(host.java()));
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
