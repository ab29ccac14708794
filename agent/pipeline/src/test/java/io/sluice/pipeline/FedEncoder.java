package io.sluice.pipeline;

import io.sluice.tail.Chunk;
import io.sluice.tail.Generation;
import io.sluice.tail.LogSource;
import io.sluice.tail.Loss;
import io.sluice.tail.SourceOrigin;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** One encoder driven by the test's own thread, with a clock that stands still until it is set. */
final class FedEncoder {
    static final SourceOrigin.Container CONTAINER =
            new SourceOrigin.Container("shop", "cart-1", "uid-1", "app");
    static final SourceOrigin FILE = new SourceOrigin.File(Path.of("/var/log/syslog"));

    final AppendedBatches appended = new AppendedBatches();
    final AtomicLong nanos = new AtomicLong(1_000_000_000_000L);
    final PipelineStats stats = new PipelineStats(() -> 0, () -> 0);
    final Encoder encoder;
    private final int chunkBytes;
    private long sequence;

    /** What the next chunk says is lost. */
    private List<Loss> losses = List.of();

    FedEncoder(PipelineConfig config) {
        this(config, PodDirectory.NONE);
    }

    FedEncoder(PipelineConfig config, PodDirectory pods) {
        this(config, pods, Optional.empty());
    }

    /**
     * @param sink instead of {@link #appended}
     */
    FedEncoder(PipelineConfig config, PodDirectory pods, Optional<BatchSink> sink) {
        this.chunkBytes = config.chunkBytes();
        this.encoder =
                new Encoder(
                        config,
                        0,
                        pods,
                        sink.orElse(appended),
                        Gzip.of(config.compression()),
                        stats,
                        nanos::get,
                        Clock.fixed(Instant.parse("2026-11-24T08:00:00.125Z"), ZoneOffset.UTC));
    }

    static PipelineConfig config() {
        return config(2 * 1024 * 1024, 1024 * 1024, 16 * 1024 * 1024);
    }

    static PipelineConfig config(int maxBatchBytes, int maxRecordBytes, long openRecordBytes) {
        return config(maxBatchBytes, 4 * 1024 * 1024, maxRecordBytes, openRecordBytes);
    }

    static PipelineConfig config(
            int maxBatchBytes, int maxCompressedBytes, int maxRecordBytes, long openRecordBytes) {
        return new PipelineConfig(
                1,
                4,
                128 * 1024,
                Duration.ofMillis(200),
                maxBatchBytes,
                maxCompressedBytes,
                PipelineConfig.Compression.AUTO,
                maxRecordBytes,
                openRecordBytes,
                1_000,
                PipelineConfig.BodyFormat.AUTO,
                "app",
                "",
                "",
                "kubernetes.container_logs",
                "default");
    }

    static LogSource container(String key) {
        return new LogSource(key, CONTAINER);
    }

    static LogSource file(String key) {
        return new LogSource(key, FILE);
    }

    static Generation generation(long fingerprint, int restart, Generation.Start start) {
        return new Generation(fingerprint, restart, "c0ffee", "/logs/0.log", start, 0, 0);
    }

    void advance(Duration duration) {
        nanos.addAndGet(duration.toNanos());
    }

    /** The next chunk passes over this. */
    void lose(Loss... lost) {
        losses = List.of(lost);
    }

    /** A chunk with others behind it. */
    void feed(LogSource source, Generation generation, long offset, String text, Chunk.End end) {
        feed(source, generation, offset, text.getBytes(StandardCharsets.UTF_8), end, false);
    }

    void feed(
            LogSource source,
            Generation generation,
            long offset,
            byte[] bytes,
            Chunk.End end,
            boolean drained) {
        Chunk chunk = new Chunk(Math.max(chunkBytes, bytes.length));
        System.arraycopy(bytes, 0, chunk.bytes, 0, bytes.length);
        chunk.length = bytes.length;
        chunk.source = source;
        chunk.generation = generation;
        chunk.offset = offset;
        chunk.end = end;
        chunk.losses = losses;
        losses = List.of();
        try {
            encoder.onEvent(chunk, sequence++, drained);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A chunk of another encoder's source. */
    void feedOthers(boolean drained) {
        try {
            encoder.onEvent(new Chunk(1_024), sequence++, drained);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The whole ring is empty, and a deadline has come. */
    void timeout() {
        try {
            encoder.onTimeout(sequence);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Flushes what is in the open batch. */
    void shutDown() {
        encoder.onShutdown();
    }
}
