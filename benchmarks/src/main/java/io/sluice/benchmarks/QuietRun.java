package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** Some files with some lines in them, delivered long ago: what an agent takes to do nothing. */
final class QuietRun {
    private static final int LINES_EACH = 10;
    private static final Duration POLL = Duration.ofMillis(10);

    private final Workbench bench;

    QuietRun(Workbench bench) {
        this.bench = bench;
    }

    /**
     * Measures one agent.
     *
     * @param files how many
     * @param perPod how many of them are of one pod
     * @throws IllegalStateException if the agent ended
     */
    Figures run(Shipper shipper, int files, int perPod) throws IOException, InterruptedException {
        Path folder = bench.freshFolder();
        Path state = bench.freshFolder();
        BenchmarkOptions options = bench.options();
        try (LogFiles logs = LogFiles.reproducible(folder, Workload.PLAIN, files, perPod)) {
            logs.fillEach(LINES_EACH);
            try (DiscardingBulk endpoint =
                            DiscardingBulk.listen(0, DiscardingBulk.Acknowledged.NOBODY);
                    PodApi api = PodApi.start(logs);
                    RunningShipper running =
                            RunningShipper.start(
                                    shipper, new Stage(state, logs, endpoint.url(), api.url()))) {
                boolean _ = Arrival.await(bench, running, endpoint, logs.totalLines(), POLL);
                Thread.sleep(options.settle());
                double cpu = running.cpuSeconds();
                long waits = ProcessUsage.waits(running.pid());
                long start = System.nanoTime();
                Thread.sleep(options.seconds());
                double seconds = (System.nanoTime() - start) / 1e9;
                cpu = running.cpuSeconds() - cpu;
                waits = ProcessUsage.waits(running.pid()) - waits;
                ProcessUsage usage = running.usage();
                EndpointStats stats = endpoint.stats();
                Figures figures =
                        new Figures()
                                .put(Figure.CORE_PERCENT, 100 * cpu / seconds)
                                .put(Figure.WAITS, waits / seconds)
                                .put(Figure.RSS, usage.residentBytes() / 1e6)
                                .put(Figure.ANONYMOUS_RSS, usage.anonymousBytes() / 1e6)
                                .put(Figure.PEAK_RSS, usage.peakBytes() / 1e6)
                                .put(endpoint.verify(logs.lines()));
                if (stats.documents() > 0) {
                    figures.put(
                                    Figure.FIRST_DOCUMENT,
                                    (stats.firstEpochMicros() - running.startEpochMicros()) / 1e6)
                            .put(
                                    Figure.ALL_DELIVERED,
                                    (stats.lastEpochMicros() - running.startEpochMicros()) / 1e6);
                }
                return figures;
            }
        } finally {
            Workbench.remove(state);
            Workbench.remove(folder);
        }
    }
}
