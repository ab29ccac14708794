package io.sluice.benchmarks;

import io.sluice.pipeline.Pipeline;
import io.sluice.pipeline.PipelineConfig;
import io.sluice.pipeline.Pod;
import io.sluice.tail.Chunk;
import io.sluice.tail.Generation;
import io.sluice.tail.LogSource;
import io.sluice.tail.SourceOrigin;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * The pipeline with one encoder, from chunks in memory to gzip bodies that nobody keeps: framing,
 * CRI, JSON, metadata, ids, compression. The other thread copies the chunks into the ring and
 * sleeps while it is full, so that what is measured is the encoder's core.
 *
 * <p>{@code gigabytes} of the result is GB of raw log in a second of that core.
 */
public class EncodeBenchmark extends Step {
    private static final int CHUNKS = 64;
    private static final int SOURCES = 8;
    private static final int MAX_EXCERPT_BYTES = 4 * 1024 * 1024;
    private static final long RING_FULL_NANOS = 100_000;

    /** What the lines are. */
    @Param({"JSON", "PLAIN", "MIXED"})
    public Workload workload;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final List<byte[]> chunks = new ArrayList<>();
    private final List<Integer> lines = new ArrayList<>();
    private final List<LogSource> sources = new ArrayList<>();
    private final long[] offsets = new long[SOURCES];
    private Generation generation;
    private Pipeline pipeline;
    private long cpuNanosBefore;
    private long bytesBefore;

    /** JMH makes one. */
    public EncodeBenchmark() {}

    /** Makes the chunks, and starts the pipeline. */
    @Setup
    public void start() {
        PipelineConfig config = PipelineConfig.defaults(1, MAX_EXCERPT_BYTES);
        chunks.addAll(SampleLog.chunks(workload, CHUNKS, config.chunkBytes()));
        chunks.forEach(chunk -> lines.add(SampleLog.lines(chunk)));
        for (int i = 0; i < SOURCES; i++) {
            String pod = "shop-" + i;
            String uid = "00000000-0000-4000-8000-00000000000" + i;
            sources.add(
                    new LogSource(
                            "bench_" + pod + "_" + uid + "/app",
                            new SourceOrigin.Container("bench", pod, uid, "app")));
        }
        generation =
                new Generation(
                        0x5ca1ab1e,
                        0,
                        "4a1b",
                        "/var/log/containers/shop_bench_app-4a1b.log",
                        Generation.Start.FIRST,
                        0,
                        0);
        Optional<Pod> pod = Optional.of(pod());
        pipeline = new Pipeline(config, origin -> pod, batch -> {}, failure::set);
        pipeline.start();
    }

    private static Pod pod() {
        return new Pod(
                "bench",
                "shop-0",
                "00000000-0000-4000-8000-000000000000",
                "10.1.2.3",
                "node-1",
                Map.of("app.kubernetes.io/name", "shop", "app.kubernetes.io/version", "1.4.2"),
                Map.of(),
                List.of(
                        new Pod.Owner("deployment", "shop"),
                        new Pod.Owner("replicaset", "shop-7d")),
                Map.of("app", new Pod.Container("registry.example/shop:1.4.2", "containerd")));
    }

    /** All chunks once, until the encoder is through with them. */
    @Benchmark
    public void encode(Done done) {
        for (int i = 0; i < chunks.size(); i++) {
            byte[] bytes = chunks.get(i);
            int source = i % SOURCES;
            while (!pipeline.offer(chunk -> fill(chunk, bytes, source))) {
                check();
                LockSupport.parkNanos(RING_FULL_NANOS);
            }
            offsets[source] += bytes.length;
            done.add(lines.get(i), bytes.length);
        }
        while (pipeline.stats().ringUsed() > 0) {
            check();
            LockSupport.parkNanos(RING_FULL_NANOS);
        }
    }

    private void fill(Chunk chunk, byte[] bytes, int source) {
        System.arraycopy(bytes, 0, chunk.bytes, 0, bytes.length);
        chunk.length = bytes.length;
        chunk.source = sources.get(source);
        chunk.generation = generation;
        chunk.offset = offsets[source];
        chunk.end = Chunk.End.OPEN;
    }

    private void check() {
        if (failure.get() != null) {
            throw new IllegalStateException("the encoder has stopped", failure.get());
        }
    }

    /** Begins to count the encoder's CPU. */
    @Setup(Level.Iteration)
    public void beginIteration() {
        cpuNanosBefore = encoderCpuNanos();
        bytesBefore = pipeline.stats().bytesIn();
    }

    /** Says what the encoder's thread took: unlike the speed, it stands on a busy machine. */
    @TearDown(Level.Iteration)
    public void endIteration() {
        double cpuSeconds = (encoderCpuNanos() - cpuNanosBefore) / 1e9;
        double gigabytes = (pipeline.stats().bytesIn() - bytesBefore) / 1e9;
        System.out.printf(Locale.ROOT, "%.2f CPU-s per GB, ", cpuSeconds / gigabytes);
    }

    private static long encoderCpuNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long nanos = 0;
        for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
            if (thread != null && thread.getThreadName().startsWith("encode-")) {
                nanos += threads.getThreadCpuTime(thread.getThreadId());
            }
        }
        return nanos;
    }

    /** Ends the encoder's thread. */
    @TearDown
    public void close() {
        pipeline.close();
        check();
    }
}
