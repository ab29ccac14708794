package io.sluice.pipeline;

import io.sluice.benchmarks.SampleLog;
import io.sluice.benchmarks.Step;
import io.sluice.benchmarks.Workload;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Where lines end: {@link LineFramer} over one chunk. */
public class NewlineBenchmark extends Step {
    /** What the lines are. */
    @Param({"JSON", "PLAIN"})
    public Workload workload;

    private byte[] chunk;

    /** JMH makes one. */
    public NewlineBenchmark() {}

    /** Makes the chunk. */
    @Setup
    public void fill() {
        chunk = SampleLog.chunks(workload, 1, CHUNK_BYTES).getFirst();
    }

    /** Every newline of the chunk. */
    @Benchmark
    public int newline(Done done) {
        int lines = 0;
        int at = 0;
        for (int found = LineFramer.newline(chunk, at, chunk.length);
                found >= 0;
                found = LineFramer.newline(chunk, at, chunk.length)) {
            at = found + 1;
            lines++;
        }
        done.add(lines, chunk.length);
        return at;
    }
}
