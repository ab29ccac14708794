package io.sluice.pipeline;

import io.sluice.benchmarks.SampleLog;
import io.sluice.benchmarks.Step;
import io.sluice.benchmarks.Workload;
import io.sluice.tail.Chunk;
import io.sluice.tail.Generation;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

import java.time.Clock;

/**
 * From a chunk to records: newlines, CRI headers, and partials joined by {@link RecordJoiner}. The
 * mixed workload is the one that has partials.
 */
public class JoinBenchmark extends Step implements RecordJoiner.Records {
    /** Room for the largest of the mixed workload's lines. */
    private static final int LARGE_CHUNK_BYTES = 1024 * 1024;

    /** What the lines are. */
    @Param({"JSON", "MIXED"})
    public Workload workload;

    private Chunk chunk;
    private SourceState state;
    private RecordJoiner joiner;
    private int records;
    private long bodyBytes;

    /** JMH makes one. */
    public JoinBenchmark() {}

    /** Makes chunk and joiner. */
    @Setup
    public void fill() throws InterruptedException {
        PipelineConfig config = SampleRecords.config();
        state = new SourceState(SampleRecords.source(), PodDirectory.NONE);
        chunk =
                SampleRecords.chunk(
                        SampleLog.chunks(workload, 1, LARGE_CHUNK_BYTES).getFirst(), state.source);
        joiner =
                new RecordJoiner(
                        config.maxRecordBytes(),
                        new HeldMemory(config.openRecordBytes()),
                        Clock.systemUTC(),
                        this);
        joiner.enter(state, SampleRecords.GENERATION, 0);
    }

    /** The chunk, as if it were the next one of its source. */
    @Benchmark
    public long join(Done done) throws InterruptedException {
        records = 0;
        chunk.offset = state.consumedTo;
        joiner.take(state, chunk, 0);
        done.add(records, chunk.length);
        return bodyBytes;
    }

    @Override
    public void accept(
            SourceState source, Generation generation, LogRecord record, SourceFields fields) {
        records++;
        bodyBytes += record.bodyTo - record.bodyFrom;
    }

    @Override
    public void moved(SourceState source) {}
}
