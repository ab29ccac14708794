package io.sluice.pipeline;

import io.sluice.benchmarks.Step;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * A chunk's way through the ring: claimed, published, and taken by an encoder that finds nothing in
 * it to do. Both threads take part.
 */
public class RingBenchmark extends Step {
    private static final int CHUNKS = 1_000;
    private static final long RING_FULL_NANOS = 1_000;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private Pipeline pipeline;

    /** JMH makes one. */
    public RingBenchmark() {}

    /** Starts the encoder. */
    @Setup
    public void start() {
        pipeline =
                new Pipeline(SampleRecords.config(), PodDirectory.NONE, batch -> {}, failure::set);
        pipeline.start();
    }

    /** Some chunks that belong to nobody, until the encoder is through with them. */
    @Benchmark
    public void handOver(Done done) {
        for (int i = 0; i < CHUNKS; i++) {
            while (!pipeline.offer(chunk -> chunk.length = 0)) {
                check();
                LockSupport.parkNanos(RING_FULL_NANOS);
            }
        }
        while (pipeline.stats().ringUsed() > 0) {
            check();
            Thread.onSpinWait();
        }
        done.add(CHUNKS, 0);
    }

    private void check() {
        if (failure.get() != null) {
            throw new IllegalStateException("the encoder has stopped", failure.get());
        }
    }

    /** Ends the encoder. */
    @TearDown
    public void close() {
        pipeline.close();
        check();
    }
}
