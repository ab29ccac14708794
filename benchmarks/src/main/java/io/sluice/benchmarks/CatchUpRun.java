package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.LockSupport;

/**
 * The endpoint goes away and comes back, while lines are written all the time: how fast what was
 * left behind is caught up with, and whether all of it comes, once.
 *
 * <p>The endpoint goes in an orderly way: whatever it took it has answered. So nothing is doubled
 * by what only an Elasticsearch that knows ids could tell.
 */
final class CatchUpRun {
    private static final int SOURCES = 8;
    private static final Duration POLL = Duration.ofMillis(10);

    /** Caught up: what was written so long ago has arrived. */
    private static final long BEHIND_NANOS = Duration.ofSeconds(1).toNanos();

    private static final long KEPT_BYTES = 8L << 30;

    private final Workbench bench;

    CatchUpRun(Workbench bench) {
        this.bench = bench;
    }

    /** Writes lines at a rate until it is stopped; a thread of its own. */
    private static final class Writer implements AutoCloseable {
        private static final long ROUND_NANOS = Duration.ofMillis(5).toNanos();

        private final LogFiles logs;
        private final int rate;
        private final Thread thread = Thread.ofPlatform().name("writer").unstarted(this::write);
        private volatile boolean stopped;

        /** What is in the files; written by this thread. */
        private volatile long lines;

        private volatile long bytes;
        private volatile IOException failure;

        Writer(LogFiles logs, int rate) {
            this.logs = logs;
            this.rate = rate;
            this.lines = logs.totalLines();
            this.bytes = logs.bytes();
        }

        static Writer start(LogFiles logs, int rate) {
            Writer writer = new Writer(logs, rate);
            writer.thread.start();
            return writer;
        }

        /** Writes nothing any more when this returns. */
        @Override
        public void close() throws IOException {
            stopped = true;
            try {
                thread.join();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
            if (failure != null) {
                throw failure;
            }
        }

        private void write() {
            long start = System.nanoTime();
            long first = lines;
            int source = 0;
            try {
                while (!stopped) {
                    long due = first + (System.nanoTime() - start) * rate / 1_000_000_000L;
                    int events = Math.toIntExact(due - logs.totalLines());
                    if (events > 0) {
                        logs.append(source, events);
                        source = (source + 1) % SOURCES;
                        bytes = logs.bytes();
                        lines = logs.totalLines();
                    }
                    LockSupport.parkNanos(ROUND_NANOS);
                }
            } catch (IOException e) {
                failure = e;
            }
        }
    }

    /** What was written until when. */
    private record Mark(long nanos, long lines) {}

    /**
     * Measures one agent.
     *
     * @throws IllegalStateException if the agent ended, or does not catch up
     */
    Figures run(Shipper shipper) throws IOException, InterruptedException {
        Path folder = bench.freshFolder();
        Path state = bench.freshFolder();
        try (LogFiles logs = LogFiles.live(folder, Workload.JSON, SOURCES, 1)) {
            logs.fillEach(1);
            Figures figures;
            try (PodApi api = PodApi.start(logs);
                    EndpointProcess endpoint =
                            EndpointProcess.start(state.resolve("bodies"), KEPT_BYTES)) {
                try (RunningShipper running =
                        RunningShipper.start(
                                shipper, new Stage(state, logs, endpoint.url(), api.url()))) {
                    figures = measure(logs, endpoint, running);
                }
                figures.put(endpoint.verify(logs.lines()));
            }
            return figures;
        } finally {
            Workbench.remove(state);
            Workbench.remove(folder);
        }
    }

    private Figures measure(LogFiles logs, EndpointProcess endpoint, RunningShipper running)
            throws IOException, InterruptedException {
        long patienceNanos = bench.options().patience().toNanos();
        long start = System.nanoTime();
        while (endpoint.stats().markers() == 0) {
            check(running, start, patienceNanos, "nothing arrived");
            Thread.sleep(POLL);
        }
        try (Writer writer = Writer.start(logs, bench.options().backlogRate())) {
            Thread.sleep(bench.options().warmUp());
            endpoint.down();
            Thread.sleep(bench.options().outage());
            return catchUp(writer, endpoint, running, patienceNanos);
        }
    }

    private Figures catchUp(
            Writer writer, EndpointProcess endpoint, RunningShipper running, long patienceNanos)
            throws IOException, InterruptedException {
        long outageRss = running.usage().residentBytes();
        long markersBefore = endpoint.stats().markers();
        long backlogLines = writer.lines - markersBefore;
        double bytesPerLine = (double) writer.bytes / writer.lines;
        double cpu = running.cpuSeconds();
        endpoint.up();
        long up = System.nanoTime();
        double firstAgain = Double.NaN;
        Deque<Mark> marks = new ArrayDeque<>();
        while (true) {
            check(running, up, patienceNanos, "it has not caught up");
            long markers = endpoint.stats().markers();
            long now = System.nanoTime();
            if (Double.isNaN(firstAgain) && markers > markersBefore) {
                firstAgain = (now - up) / 1e9;
            }
            marks.addLast(new Mark(now, writer.lines));
            while (marks.getFirst().nanos() < now - BEHIND_NANOS) {
                marks.removeFirst();
            }
            if (markers >= marks.getFirst().lines()) {
                break;
            }
            Thread.sleep(POLL);
        }
        double seconds = (System.nanoTime() - up) / 1e9;
        cpu = running.cpuSeconds() - cpu;
        double gigabytes = (endpoint.stats().markers() - markersBefore) * bytesPerLine / 1e9;
        writer.close();
        awaitRest(writer, endpoint, running);
        return new Figures()
                .put(Figure.BACKLOG, backlogLines * bytesPerLine / 1e6)
                .put(Figure.FIRST_AGAIN, firstAgain)
                .put(Figure.CATCH_UP_SECONDS, seconds)
                .put(Figure.CATCH_UP_SPEED, 1_000 * gigabytes / seconds)
                .put(Figure.CATCH_UP_CPU, cpu / gigabytes)
                .put(Figure.OUTAGE_RSS, outageRss / 1e6)
                .put(Figure.PEAK_RSS, running.usage().peakBytes() / 1e6);
    }

    /** Until all is there, or nothing comes any more. */
    private void awaitRest(Writer writer, EndpointProcess endpoint, RunningShipper running)
            throws IOException, InterruptedException {
        long newsNanos = System.nanoTime();
        long before = -1;
        long silence = bench.options().silence().toNanos();
        while (true) {
            long markers = endpoint.stats().markers();
            long now = System.nanoTime();
            if (markers != before) {
                before = markers;
                newsNanos = now;
            }
            boolean all = markers >= writer.lines;
            if (now - newsNanos > (all ? Math.min(silence, BEHIND_NANOS) : silence)) {
                return;
            }
            double _ = running.cpuSeconds();
            Thread.sleep(POLL);
        }
    }

    private static void check(
            RunningShipper running, long since, long patienceNanos, String otherwise)
            throws IOException {
        double _ = running.cpuSeconds();
        if (System.nanoTime() - since > patienceNanos) {
            throw running.failed(
                    otherwise + " within " + Duration.ofNanos(patienceNanos).toSeconds() + " s");
        }
    }
}
