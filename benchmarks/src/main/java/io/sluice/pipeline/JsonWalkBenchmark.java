package io.sluice.pipeline;

import io.sluice.benchmarks.Step;
import io.sluice.benchmarks.Workload;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

import java.util.List;

/** The members of each body: {@link JsonWalker}, strict. */
public class JsonWalkBenchmark extends Step {
    private final JsonWalker walker = new JsonWalker(SampleRecords.config().maxFields());
    private List<LogRecord> records;
    private long bytes;

    /** JMH makes one. */
    public JsonWalkBenchmark() {}

    /** Makes the records. */
    @Setup
    public void fill() {
        records = SampleRecords.of(Workload.JSON, CHUNK_BYTES);
        bytes = records.stream().mapToLong(record -> record.bodyTo).sum();
    }

    /** Every body of a chunk; gigabytes are of the bodies. */
    @Benchmark
    public int walk(Done done) {
        int members = 0;
        for (LogRecord record : records) {
            if (!walker.walk(record.bytes, record.bodyFrom, record.bodyTo)) {
                throw new IllegalStateException("a body is no JSON");
            }
            members += walker.members();
        }
        done.add(records.size(), bytes);
        return members;
    }
}
