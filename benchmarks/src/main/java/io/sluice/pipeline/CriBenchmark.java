package io.sluice.pipeline;

import io.sluice.benchmarks.SampleLog;
import io.sluice.benchmarks.Step;
import io.sluice.benchmarks.Workload;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

import java.util.List;

/** Time, stream and tags before each line: {@link CriLine}. */
public class CriBenchmark extends Step {
    /** What the lines are. */
    @Param({"JSON", "MIXED"})
    public Workload workload;

    private final CriLine cri = new CriLine();
    private byte[] chunk;
    private int[] ends;

    /** JMH makes one. */
    public CriBenchmark() {}

    /** Makes the chunk, and finds its lines. */
    @Setup
    public void fill() {
        chunk = SampleLog.chunks(workload, 1, CHUNK_BYTES).getFirst();
        List<byte[]> lines = SampleLog.split(chunk);
        ends = new int[lines.size()];
        int at = -1;
        for (int i = 0; i < ends.length; i++) {
            at += lines.get(i).length + 1;
            ends[i] = at;
        }
    }

    /** The header of every line of the chunk. */
    @Benchmark
    public int header(Done done) {
        int contents = 0;
        int from = 0;
        for (int end : ends) {
            if (!cri.parse(chunk, from, end)) {
                throw new IllegalStateException("a line has no CRI header");
            }
            contents += cri.contentFrom;
            from = end + 1;
        }
        done.add(ends.length, chunk.length);
        return contents;
    }
}
