package io.sluice.buffer;

import io.sluice.benchmarks.Step;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Runs;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Batches into the buffer and out of it again: a real Chronicle Queue in the temporary folder, at
 * the defaults of the configuration. A body is as large as 2 MiB of documents make it.
 */
public class ExcerptBenchmark extends Step {
    private static final int EXCERPTS = 64;
    private static final int BODY_BYTES = 200 * 1024;
    private static final int DOCUMENTS = 2_000;
    private static final long RECORD_BYTES = 350;
    private static final int SOURCES = 8;

    private Path folder;
    private Buffer buffer;
    private Outbox outbox;
    private Batch batch;

    /** Read from the buffer; nothing is acknowledged while the clock runs. */
    private long last;

    /** JMH makes one. */
    public ExcerptBenchmark() {}

    /** Opens the buffer. */
    @Setup
    public void open() throws IOException {
        folder = Files.createTempDirectory("sluice-benchmark-");
        BufferConfig defaults = BufferConfig.of(folder, List.of("elasticsearch"));
        buffer =
                Buffer.open(
                        new BufferConfig(
                                folder,
                                defaults.maxSizeBytes(),
                                0,
                                defaults.whenFull(),
                                defaults.sync(),
                                defaults.segmentBytes(),
                                defaults.blockBytes(),
                                defaults.outputs(),
                                defaults.lockWait()));
        outbox = buffer.outbox(0);
        byte[] body = new byte[BODY_BYTES];
        new SplittableRandom(1).nextBytes(body);
        List<Batch.SourceProgress> progress = new ArrayList<>();
        Runs runs = new Runs();
        for (int i = 0; i < SOURCES; i++) {
            for (int document = 0; document < DOCUMENTS / SOURCES; document++) {
                runs.add(i, RECORD_BYTES);
            }
            StreamPosition position = new StreamPosition(i, 0, 1_000_000);
            progress.add(
                    new Batch.SourceProgress(
                            "bench_shop-" + i + "_00000000-0000-4000-8000-000000000000/app",
                            Optional.of(new SourcePosition(position, position)),
                            Batch.Counts.read(
                                    RECORD_BYTES * DOCUMENTS / SOURCES, DOCUMENTS / SOURCES)));
        }
        batch =
                new Batch(
                        List.of(
                                new Batch.Body(
                                        "logs-kubernetes.container_logs-default",
                                        DOCUMENTS,
                                        10 * BODY_BYTES,
                                        ByteBuffer.wrap(body),
                                        runs)),
                        progress);
    }

    /** What is appended and not read yet is read, and all of it acknowledged. */
    @TearDown(Level.Invocation)
    public void drain() {
        for (Optional<Excerpt> next = outbox.next(); next.isPresent(); next = outbox.next()) {
            last = next.get().index();
        }
        outbox.acknowledge(last, List.of());
    }

    /** Some excerpts; gigabytes are of their bodies. */
    @Benchmark
    public void append(Done done) throws InterruptedException {
        for (int i = 0; i < EXCERPTS; i++) {
            buffer.append(batch);
        }
        done.add(EXCERPTS, (long) EXCERPTS * BODY_BYTES);
    }

    /** The same, each read at once as delivery does: the difference is what reading takes. */
    @Benchmark
    public long appendAndRead(Done done) throws InterruptedException {
        long documents = 0;
        for (int i = 0; i < EXCERPTS; i++) {
            buffer.append(batch);
            Excerpt excerpt = outbox.next().orElseThrow();
            last = excerpt.index();
            documents += excerpt.documents();
        }
        done.add(EXCERPTS, (long) EXCERPTS * BODY_BYTES);
        return documents;
    }

    /** Closes the buffer and removes it. */
    @TearDown
    public void close() throws IOException {
        buffer.close();
        List<Path> deepestFirst;
        try (Stream<Path> paths = Files.walk(folder)) {
            deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.delete(path);
        }
    }
}
