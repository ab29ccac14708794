package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * From the append of a line to its file until the kernel has the answer to its bulk request: lone
 * lines, half a second to a second apart, then a steady flow.
 *
 * <p>Before what is measured the flow runs for a while, because nobody waits for an agent's first
 * line.
 */
final class LatencyRun {
    private static final int SOURCES = 10;
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(500);
    private static final Duration POLL = Duration.ofMillis(5);
    private static final long SEED = 1;

    private final Workbench bench;

    /** What the lines of one phase took. The file's writer begins them, connections end them. */
    private static final class Phase {
        private final long firstNumber;
        private final int sources;
        private final AtomicLongArray sentNanos;
        private final AtomicLongArray tookNanos;

        /**
         * @param firstNumber of each source in this phase
         * @param each how many of each source at most
         */
        Phase(long firstNumber, int sources, int each) {
            this.firstNumber = firstNumber;
            this.sources = sources;
            this.sentNanos = new AtomicLongArray(sources * each);
            this.tookNanos = new AtomicLongArray(sources * each);
        }

        private int index(int source, long number) {
            return Math.toIntExact((number - firstNumber) * sources + source);
        }

        void sends(int source, long number) {
            sentNanos.set(index(source, number), System.nanoTime());
        }

        void acknowledged(int source, long number) {
            long now = System.nanoTime();
            long index = (number - firstNumber) * sources + source;
            if (number >= firstNumber && index < sentNanos.length()) {
                // A line that comes twice was acknowledged the first time.
                tookNanos.compareAndSet((int) index, 0, now - sentNanos.get((int) index));
            }
        }

        double[] sortedMillis() {
            double[] millis = new double[tookNanos.length()];
            int count = 0;
            for (int i = 0; i < millis.length; i++) {
                if (tookNanos.get(i) != 0) {
                    millis[count++] = tookNanos.get(i) / 1e6;
                }
            }
            double[] sorted = Arrays.copyOf(millis, count);
            Arrays.sort(sorted);
            return sorted;
        }
    }

    /** Which phase acknowledged lines are of; written by the writer of the files. */
    private volatile Phase phase;

    LatencyRun(Workbench bench) {
        this.bench = bench;
    }

    /**
     * Measures one agent.
     *
     * @throws IllegalStateException if the agent ended
     */
    Figures run(Shipper shipper) throws IOException, InterruptedException {
        Path folder = bench.freshFolder();
        Path state = bench.freshFolder();
        try (LogFiles logs = LogFiles.live(folder, Workload.JSON, SOURCES, 1)) {
            logs.fillEach(1);
            phase = new Phase(0, SOURCES, 1);
            try (DiscardingBulk endpoint = DiscardingBulk.listen(0, this::acknowledged);
                    PodApi api = PodApi.start(logs);
                    RunningShipper running =
                            RunningShipper.start(
                                    shipper, new Stage(state, logs, endpoint.url(), api.url()))) {
                return measure(logs, endpoint, running);
            }
        } finally {
            Workbench.remove(state);
            Workbench.remove(folder);
        }
    }

    private void acknowledged(int source, long number) {
        phase.acknowledged(source, number);
    }

    private Figures measure(LogFiles logs, DiscardingBulk endpoint, RunningShipper running)
            throws IOException, InterruptedException {
        BenchmarkOptions options = bench.options();
        awaitAll(logs, endpoint, running);
        flow(logs, options.warmUp());
        awaitAll(logs, endpoint, running);
        double[] lone = lone(logs, options.loneLines(), endpoint, running);
        double cpu = running.cpuSeconds();
        long start = System.nanoTime();
        Phase flow = flow(logs, options.seconds());
        cpu = running.cpuSeconds() - cpu;
        double seconds = (System.nanoTime() - start) / 1e9;
        awaitAll(logs, endpoint, running);
        double[] steady = flow.sortedMillis();
        return new Figures()
                .put(Figure.LONE_P50, percentile(lone, 50))
                .put(Figure.LONE_P99, percentile(lone, 99))
                .put(Figure.LONE_WORST, percentile(lone, 100))
                .put(Figure.STEADY_P50, percentile(steady, 50))
                .put(Figure.STEADY_P99, percentile(steady, 99))
                .put(Figure.STEADY_WORST, percentile(steady, 100))
                .put(Figure.FLOW_CPU, 100 * cpu / seconds)
                .put(endpoint.verify(logs.lines()));
    }

    private void awaitAll(LogFiles logs, DiscardingBulk endpoint, RunningShipper running)
            throws IOException, InterruptedException {
        boolean _ = Arrival.await(bench, running, endpoint, logs.totalLines(), POLL);
    }

    /** Whole rounds over the sources, so that all of them stand at the same number. */
    private Phase begin(LogFiles logs, int lines) {
        int each = (lines + SOURCES - 1) / SOURCES;
        Phase begun = new Phase(logs.lines(0), SOURCES, each);
        phase = begun;
        return begun;
    }

    private void append(LogFiles logs, Phase to, int source) throws IOException {
        to.sends(source, logs.lines(source));
        logs.append(source, 1);
    }

    private double[] lone(LogFiles logs, int lines, DiscardingBulk endpoint, RunningShipper running)
            throws IOException, InterruptedException {
        SplittableRandom random = new SplittableRandom(SEED);
        Phase lone = begin(logs, lines);
        int rounds = lone.sentNanos.length() / SOURCES;
        for (int i = 0; i < rounds * SOURCES; i++) {
            // Not in step with anybody's timer.
            Thread.sleep(SHORTEST_PAUSE.plusNanos(random.nextLong(SHORTEST_PAUSE.toNanos())));
            append(logs, lone, i % SOURCES);
        }
        awaitAll(logs, endpoint, running);
        return lone.sortedMillis();
    }

    private Phase flow(LogFiles logs, Duration duration) throws IOException {
        int rate = bench.options().rate();
        int lines = Math.toIntExact(Math.max(1, duration.toMillis() * rate / 1_000));
        Phase flow = begin(logs, lines);
        int rounded = flow.sentNanos.length();
        long start = System.nanoTime();
        for (int i = 0; i < rounded; i++) {
            long due = start + i * 1_000_000_000L / rate;
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            append(logs, flow, i % SOURCES);
        }
        return flow;
    }

    private static double percentile(double[] sorted, int percent) {
        return sorted.length == 0
                ? Double.NaN
                : sorted[Math.max(0, (int) Math.ceil(sorted.length * percent / 100.0) - 1)];
    }
}
