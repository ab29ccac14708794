package io.sluice.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/**
 * One step of the hot path by itself, in the package of the room it is of. An operation is as much
 * as the agent does in one go, a chunk mostly; {@link Done} says what is in it. {@link HotPath}
 * runs them all.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "-XX:+UseSerialGC",
            "-Xmx512m",
            "--enable-native-access=ALL-UNNAMED",
            // What Chronicle Queue reaches into.
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dslf4j.internal.verbosity=ERROR"
        })
public abstract class Step {
    /** A chunk as the agent's defaults make it. */
    protected static final int CHUNK_BYTES = 128 * 1024;

    /** JMH makes one. */
    protected Step() {}

    /** What JMH divides by the time. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Done {
        /** Lines, or what the step is about: records, excerpts, items. */
        public double units;

        /** 10^9 bytes that were gone through. */
        public double gigabytes;

        /** JMH sets the fields to zero itself. */
        public Done() {}

        /** Adds what one operation did. */
        public void add(long moreUnits, long bytes) {
            units += moreUnits;
            gigabytes += bytes / 1e9;
        }
    }
}
