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
        StreamPosition at = new StreamPosition(42, 1, offset);
        return new SourcePosition(at, at);
    }

    static SourceProgress progress(String source, long offset) {
        return new SourceProgress(
                source,
                Optional.of(position(offset)),
                new Counts(100, 10, 10, 1, 0, 0, 0, List.of()));
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

    static Batch batch(Body body, SourceProgress... progress) {
        return new Batch(List.of(body), List.of(progress));
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
