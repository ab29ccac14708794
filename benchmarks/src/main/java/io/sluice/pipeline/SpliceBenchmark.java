package io.sluice.pipeline;

import io.sluice.benchmarks.Step;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/** A pod's metadata into each document: {@link SourceFields}, encoded once, copied as bytes. */
public class SpliceBenchmark extends Step {
    private static final int RECORDS = 350;

    private final DocumentBuffer out = new DocumentBuffer(1024 * 1024);
    private SourceFields fields;

    /** JMH makes one. */
    public SpliceBenchmark() {}

    /** Encodes the metadata. */
    @Setup
    public void encode() {
        fields = SampleRecords.fields();
    }

    /** As many records as a chunk has; gigabytes are of metadata. */
    @Benchmark
    public int splice(Done done) {
        out.length = 0;
        for (int i = 0; i < RECORDS; i++) {
            out.append(fields.log);
            out.append(fields.event);
            out.append(fields.root);
        }
        done.add(RECORDS, out.length);
        return out.length;
    }
}
