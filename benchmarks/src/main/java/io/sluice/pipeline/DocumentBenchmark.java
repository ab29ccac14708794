package io.sluice.pipeline;

import io.sluice.benchmarks.Step;
import io.sluice.benchmarks.Workload;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

import java.util.List;

/** From records to documents: {@link DocumentWriter}, with action line, JSON body and metadata. */
public class DocumentBenchmark extends Step {
    /** What the lines are. */
    @Param({"JSON", "PLAIN", "MIXED"})
    public Workload workload;

    private final DocumentWriter writer = new DocumentWriter(SampleRecords.config());
    private final DocumentBuffer out = new DocumentBuffer(2 * CHUNK_BYTES);
    private final SourceFields fields = SampleRecords.fields();
    private List<LogRecord> records;
    private long bytes;

    /** JMH makes one. */
    public DocumentBenchmark() {}

    /** Makes the records. */
    @Setup
    public void fill() {
        records = SampleRecords.of(workload, CHUNK_BYTES);
        bytes = records.stream().mapToLong(record -> record.extent).sum();
    }

    /** Every record of a chunk; gigabytes are of the raw log. */
    @Benchmark
    public long encode(Done done) {
        long written = 0;
        for (LogRecord record : records) {
            out.length = 0;
            ActionLine.append(out, 0x5ca1ab1e, record.offset, record.extent);
            writer.write(record, fields, out);
            written += out.length;
        }
        done.add(records.size(), bytes);
        return written;
    }
}
