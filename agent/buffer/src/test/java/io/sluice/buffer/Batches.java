package io.sluice.buffer;

import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Batch.Body;
import io.sluice.pipeline.Batch.Counts;
import io.sluice.pipeline.Batch.SourceProgress;
import io.sluice.pipeline.Runs;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Batches for tests. The buffer never looks into a body, so these need not be gzip. */
final class Batches {
    static final String TARGET = "logs-kubernetes.container_logs-default";
    static final int BLOCK = 256 * 1024;

    /** What every document's record has in its file. */
    static final long RECORD_BYTES = 100;

    private Batches() {}

    static BufferConfig config(Path directory, String... outputs) {
        return new BufferConfig(
                directory,
                64L << 20,
                0,
                BufferConfig.WhenFull.BLOCK,
                new BufferConfig.Sync.Every(Duration.ofSeconds(1)),
                2 * BLOCK,
                BLOCK,
                outputs.length == 0 ? List.of("elasticsearch") : List.of(outputs),
                Duration.ZERO);
    }

    static SourcePosition position(long offset) {
        StreamPosition at = new StreamPosition(42, 1, offset, 41);
        return new SourcePosition(at, at);
    }

    /** A source that has moved; what it has read is said by {@link #batch}. */
    static SourceProgress progress(String source, long offset) {
        return new SourceProgress(source, Optional.of(position(offset)), Counts.NONE);
    }

    static SourceProgress tombstone(String source) {
        return new SourceProgress(source, Optional.empty(), Counts.NONE);
    }

    static Body body(String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return new Body(TARGET, 1, bytes.length, ByteBuffer.wrap(bytes), new Runs());
    }

    /** A body of pseudo-random bytes that begins with its number. */
    static Body body(long number, int bytes) {
        return new Body(TARGET, 3, bytes * 4, ByteBuffer.wrap(content(number, bytes)), new Runs());
    }

    static byte[] content(long number, int bytes) {
        byte[] content = new byte[bytes];
        new Random(number).nextBytes(content);
        ByteBuffer.wrap(content).putLong(number);
        return content;
    }

    static Body nothing() {
        return new Body(TARGET, 0, 0, ByteBuffer.allocate(0), new Runs());
    }

    /** All documents are of the first source, of {@value #RECORD_BYTES} bytes each. */
    static Batch batch(Body body, SourceProgress... progress) {
        return batch(List.of(body), List.of(progress));
    }

    /** The same for several outputs, which all get as many documents. */
    static Batch batch(List<Body> bodies, List<SourceProgress> progress) {
        int documents = bodies.isEmpty() ? 0 : bodies.getFirst().documents();
        List<SourceProgress> counted =
                new ArrayList<>(progress.isEmpty() ? List.of(progress("nobody", 0)) : progress);
        SourceProgress first = counted.getFirst();
        counted.set(
                0,
                new SourceProgress(
                        first.source(),
                        first.position(),
                        Counts.read(RECORD_BYTES * documents, documents)));
        List<Body> attributed = new ArrayList<>();
        for (Body body : bodies) {
            attributed.add(
                    new Body(
                            body.target(),
                            body.documents(),
                            body.uncompressedBytes(),
                            body.gzip(),
                            Runs.ofOne(documents, RECORD_BYTES * documents)));
        }
        return new Batch(attributed, counted);
    }

    static String text(Excerpt excerpt) {
        return StandardCharsets.UTF_8.decode(excerpt.gzip().duplicate()).toString();
    }

    static long number(Excerpt excerpt) {
        return excerpt.gzip().getLong(0);
    }

    static boolean isWhole(Excerpt excerpt) {
        return Arrays.equals(
                excerpt.gzip().array(), content(number(excerpt), excerpt.gzip().remaining()));
    }

    /** All that can be had at once. */
    static List<Excerpt> drain(Outbox outbox) {
        List<Excerpt> all = new ArrayList<>();
        for (Optional<Excerpt> next = outbox.next(); next.isPresent(); next = outbox.next()) {
            all.add(next.get());
        }
        return all;
    }
}
