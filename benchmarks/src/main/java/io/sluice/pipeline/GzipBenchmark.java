package io.sluice.pipeline;

import io.sluice.benchmarks.Step;
import io.sluice.benchmarks.Workload;
import io.sluice.pipeline.PipelineConfig.Compression;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * From documents to gzip bodies: the JDK's Deflater, and ISA-L's igzip where {@code libisal2} is
 * installed. What is packed is NDJSON of the JSON workload, in the pieces the encoder makes.
 */
public class GzipBenchmark extends Step {
    private static final int BATCH_BYTES = 2 * 1024 * 1024;

    /** What compresses. */
    @Param({"DEFLATER", "IGZIP"})
    public Compression compression;

    /** Whether the documents carry a pod's; it costs little, as each is as the one before. */
    @Param({"true", "false"})
    public boolean metadata;

    private Gzip gzip;
    private byte[] batch;
    private int documents;

    /** JMH makes one. */
    public GzipBenchmark() {}

    /** Whether both can be measured here. */
    public static boolean hasIgzip() {
        return IsalGzip.isInstalled();
    }

    /** Makes a batch's documents. */
    @Setup
    public void fill() {
        gzip = Gzip.of(compression);
        DocumentWriter writer = new DocumentWriter(SampleRecords.config());
        SourceFields fields = metadata ? SampleRecords.fields() : SampleRecords.fieldsOfFile();
        DocumentBuffer out = new DocumentBuffer(BATCH_BYTES);
        for (LogRecord record : SampleRecords.of(Workload.JSON, BATCH_BYTES)) {
            if (out.length >= BATCH_BYTES) {
                break;
            }
            ActionLine.append(out, 0x5ca1ab1e, record.offset, record.extent);
            writer.write(record, fields, out);
            out.append((byte) '\n');
            documents++;
        }
        batch = out.toByteArray();
    }

    /** One batch; gigabytes are of NDJSON. */
    @Benchmark
    public int compress(Done done) {
        for (int from = 0; from < batch.length; from += BatchEncoder.PIECE_BYTES) {
            gzip.write(batch, from, Math.min(from + BatchEncoder.PIECE_BYTES, batch.length));
        }
        done.add(documents, batch.length);
        return gzip.finish().remaining();
    }

    /** Gives native memory back. */
    @TearDown
    public void close() {
        gzip.close();
    }
}
