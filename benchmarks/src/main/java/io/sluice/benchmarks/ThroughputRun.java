package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * Complete files, read as fast as an agent can.
 *
 * <p>The whole run counts from the agent's start, a JVM's start and compilation included; the
 * second half from when half of the lines had arrived. The clock stops with the last line; every
 * line is checked after that.
 */
final class ThroughputRun {
    private static final Duration POLL = Duration.ofMillis(10);

    /** All is there, and nothing more comes: then it is over. */
    private static final Duration CALM = Duration.ofMillis(500);

    private static final double GIGABYTE = 1e9;

    /** Bodies beyond are checked while the clock runs. */
    private static final long KEPT_BYTES = 8L << 30;

    private final Workbench bench;

    /** What is asked of an agent when all is measured. */
    interface AtEnd {
        void ask(RunningShipper running, Figures figures) throws IOException;
    }

    /** One moment of a run. */
    private record Moment(EndpointStats stats, double cpuSeconds) {
        static Moment now(EndpointProcess endpoint, RunningShipper running) throws IOException {
            return new Moment(endpoint.stats(), running.cpuSeconds());
        }
    }

    /**
     * What came of it.
     *
     * @param capacity of the endpoint, if it was asked for and the bodies were compressed
     */
    record Result(Figures figures, Optional<EndpointCapacity> capacity) {}

    ThroughputRun(Workbench bench) {
        this.bench = bench;
    }

    /**
     * Measures one agent.
     *
     * @param withCapacity whether the endpoint itself is measured as well, with what came
     * @throws IllegalStateException if the agent ended, or nothing came of it
     */
    Result run(Shipper shipper, LogFiles logs, AtEnd atEnd, boolean withCapacity)
            throws IOException {
        Path folder = bench.freshFolder();
        Path bodies = folder.resolve("bodies");
        logs.warm();
        try {
            Figures figures = new Figures();
            try (PodApi api = PodApi.start(logs);
                    EndpointProcess endpoint = EndpointProcess.start(bodies, KEPT_BYTES)) {
                double endpointCpu = endpoint.cpuSeconds();
                Stage stage = new Stage(folder, logs, endpoint.url(), api.url());
                try (RunningShipper running = RunningShipper.start(shipper, stage)) {
                    follow(running, endpoint, logs, figures);
                    endpointCpu = endpoint.cpuSeconds() - endpointCpu;
                    figures.put(Figure.ENDPOINT_CPU, endpointCpu / (logs.bytes() / GIGABYTE));
                    heap(running, figures);
                    atEnd.ask(running, figures);
                }
                figures.put(endpoint.verify(logs.lines()));
            }
            double bytesPerLine = (double) logs.bytes() / logs.totalLines();
            return new Result(
                    figures,
                    withCapacity
                            ? EndpointCapacity.measure(bodies, folder, bytesPerLine)
                            : Optional.empty());
        } finally {
            Workbench.remove(folder);
        }
    }

    private void follow(
            RunningShipper running, EndpointProcess endpoint, LogFiles logs, Figures figures)
            throws IOException {
        long lines = logs.totalLines();
        long firstGigabyteLines = (long) (lines * Math.min(1, GIGABYTE / logs.bytes()));
        Moment cold = null;
        Moment half = null;
        Moment last = Moment.now(endpoint, running);
        long start = System.nanoTime();
        long newsNanos = start;
        while (true) {
            Moment now = Moment.now(endpoint, running);
            long nanos = System.nanoTime();
            long markers = now.stats().markers();
            if (markers != last.stats().markers()) {
                last = now;
                newsNanos = nanos;
            }
            cold = cold == null && markers >= firstGigabyteLines ? now : cold;
            half = half == null && markers >= lines / 2 ? now : half;
            long silentNanos = nanos - newsNanos;
            boolean all = markers >= lines;
            if (all && silentNanos >= CALM.toNanos()) {
                break;
            }
            if (half != null && silentNanos >= bench.options().silence().toNanos()) {
                break;
            }
            if (nanos - start >= bench.options().patience().toNanos()) {
                throw running.failed(
                        "of "
                                + lines
                                + " lines not even half arrived within "
                                + bench.options().patience().toSeconds()
                                + " s, or they still arrive: "
                                + now.stats().line());
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        put(running, logs, cold == null ? last : cold, half, last, figures);
    }

    private static void put(
            RunningShipper running,
            LogFiles logs,
            Moment cold,
            Moment half,
            Moment last,
            Figures figures)
            throws IOException {
        double gigabytes = logs.bytes() / GIGABYTE;
        double coldGigabytes = Math.min(gigabytes, 1);
        long lines = logs.totalLines();
        ProcessUsage usage = running.usage();
        double wall = seconds(running.startEpochMicros(), last.stats().lastEpochMicros());
        double steadyWall = seconds(half.stats().lastEpochMicros(), last.stats().lastEpochMicros());
        double steadyGigabytes =
                gigabytes * (last.stats().markers() - half.stats().markers()) / lines;
        figures.put(Figure.MEGABYTES_PER_SECOND, 1_000 * gigabytes / wall)
                .put(Figure.STEADY_MEGABYTES_PER_SECOND, 1_000 * steadyGigabytes / steadyWall)
                .put(Figure.EVENTS_PER_SECOND, lines / wall)
                .put(Figure.COLD_CPU, cold.cpuSeconds() / coldGigabytes)
                .put(Figure.STEADY_CPU, (last.cpuSeconds() - half.cpuSeconds()) / steadyGigabytes)
                .put(Figure.USER_CPU, usage.userSeconds() / gigabytes)
                .put(Figure.SYSTEM_CPU, usage.systemSeconds() / gigabytes)
                .put(
                        Figure.FIRST_DOCUMENT,
                        seconds(running.startEpochMicros(), last.stats().firstEpochMicros()))
                .put(Figure.PEAK_RSS, usage.peakBytes() / 1e6)
                .put(Figure.RSS, usage.residentBytes() / 1e6)
                .put(Figure.ANONYMOUS_RSS, usage.anonymousBytes() / 1e6)
                .put(Figure.REQUESTS, last.stats().requests())
                .put(Figure.DOCUMENTS, last.stats().documents());
    }

    private static double seconds(long fromMicros, long toMicros) {
        return (toMicros - fromMicros) / 1e6;
    }

    private static void heap(RunningShipper running, Figures figures) throws IOException {
        if (running.shipper().isJvm()) {
            Jcmd.heap(running.pid())
                    .ifPresent(
                            heap ->
                                    figures.put(Figure.HEAP_USED, heap.usedBytes() / 1e6)
                                            .put(
                                                    Figure.HEAP_COMMITTED,
                                                    heap.committedBytes() / 1e6));
        }
    }
}
