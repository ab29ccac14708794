package io.sluice.app.simulation;

import static io.sluice.buffer.Amount.NONE;

import static org.assertj.core.api.Assertions.assertThat;

import static java.util.stream.Collectors.toMap;

import io.sluice.buffer.Amount;
import io.sluice.buffer.Buffer;
import io.sluice.buffer.BufferConfig;
import io.sluice.buffer.Excerpt;
import io.sluice.buffer.LedgerEntry;
import io.sluice.buffer.Outbox;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.BatchSink;
import io.sluice.pipeline.Pipeline;
import io.sluice.pipeline.PipelineConfig;
import io.sluice.pipeline.PodDirectory;
import io.sluice.tail.ReadGate;
import io.sluice.tail.TailConfig;
import io.sluice.tail.Tailer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** One life of the agent without the network: tail, pipeline and buffer, wired as the agent is. */
final class SimulatedAgent implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Path state;
    private final Buffer buffer;
    private final Door door;
    private final Pipeline pipeline;
    private final Tailer tailer;
    private final Thread tail;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /** Handed out and not acknowledged. */
    private final Deque<Sent> held = new ArrayDeque<>();

    private boolean ended;

    /**
     * An excerpt that was sent.
     *
     * @param amounts what is in it, by source
     */
    private record Sent(long index, Map<String, Amount> amounts) {}

    /** Between pipeline and buffer; shut, nothing is appended any more, and nothing half. */
    private static final class Door implements BatchSink {
        private final Buffer buffer;
        private boolean shut;

        Door(Buffer buffer) {
            this.buffer = buffer;
        }

        @Override
        public synchronized void append(Batch batch) throws InterruptedException {
            if (shut) {
                throw new InterruptedException("killed");
            }
            buffer.append(batch);
        }

        synchronized void shut() {
            shut = true;
        }
    }

    SimulatedAgent(Path state, TailConfig tail, int encoders, int chunkBytes, Clock clock) {
        this.state = state;
        BufferConfig usual = BufferConfig.of(state, List.of("elasticsearch"));
        BufferConfig config =
                new BufferConfig(
                        state,
                        usual.maxSizeBytes(),
                        0,
                        usual.whenFull(),
                        usual.sync(),
                        16 << 20,
                        8 << 20,
                        usual.outputs(),
                        Duration.ZERO);
        this.buffer = Buffer.open(config, clock);
        this.door = new Door(buffer);
        this.pipeline =
                new Pipeline(
                        pipeline(encoders, chunkBytes, config.maxBodyBytes()),
                        PodDirectory.NONE,
                        door,
                        e -> failure.compareAndSet(null, e));
        this.tailer =
                new Tailer(tail, buffer.positions(), ReadGate.OPEN, pipeline, System::nanoTime);
        this.tail = new Thread(tailer, "tail");
        this.tail.setUncaughtExceptionHandler((_, e) -> failure.compareAndSet(null, e));
        pipeline.start();
        this.tail.start();
    }

    private static PipelineConfig pipeline(int encoders, int chunkBytes, int maxBodyBytes) {
        PipelineConfig usual = PipelineConfig.defaults(encoders, maxBodyBytes);
        return new PipelineConfig(
                encoders,
                8,
                chunkBytes,
                Duration.ofMillis(20),
                usual.maxBatchBytes(),
                usual.maxCompressedBytes(),
                usual.compression(),
                usual.maxRecordBytes(),
                usual.openRecordBytes(),
                usual.maxFields(),
                usual.parse(),
                usual.target(),
                usual.cluster(),
                usual.nodeName(),
                usual.dataset(),
                usual.namespace());
    }

    /** Sends at most so many excerpts. */
    void deliver(Books books, int most) {
        Outbox outbox = buffer.outbox(0);
        for (int i = 0; i < most; i++) {
            Optional<Excerpt> excerpt = outbox.next();
            if (excerpt.isEmpty()) {
                return;
            }
            Excerpt sent = excerpt.get();
            held.add(new Sent(sent.index(), books.deliver(ndjson(sent), sent.runs()::source)));
        }
    }

    /** Of what was sent, so many are answered for. */
    void acknowledge(int count) {
        Sent last = null;
        for (int i = 0; i < count && !held.isEmpty(); i++) {
            last = held.removeFirst();
        }
        if (last != null) {
            buffer.outbox(0).acknowledge(last.index(), List.of());
        }
    }

    private static String ndjson(Excerpt excerpt) {
        byte[] gzip = new byte[excerpt.gzip().remaining()];
        excerpt.gzip().duplicate().get(gzip);
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Why it could not go on. */
    Optional<Throwable> failure() {
        return Optional.ofNullable(failure.get());
    }

    /** Ends as it does after SIGTERM. */
    void stop(Books books) throws InterruptedException {
        ended = true;
        tailer.stop();
        tail.join();
        pipeline.close(PATIENCE);
        deliver(books, Integer.MAX_VALUE);
        balance(books);
        tailer.close();
        buffer.close();
    }

    /**
     * Nothing is appended any more, and all that was is sent. What the ledger has read is what came
     * out, each record once, and what of it is in flight is what was not answered for.
     */
    private void balance(Books books) {
        Map<String, LedgerEntry> entries =
                buffer.ledger().snapshot(0).entries().stream()
                        .collect(toMap(LedgerEntry::source, entry -> entry));
        Map<String, Amount> unanswered = new TreeMap<>();
        for (Sent sent : held) {
            sent.amounts.forEach(
                    (source, amount) -> unanswered.merge(source, amount, Amount::plus));
        }
        assertThat(entries.keySet()).containsAll(books.sources());
        entries.forEach(
                (source, entry) -> {
                    assertThat(entry.read())
                            .as("read of %s", source)
                            .isEqualTo(books.delivered(source));
                    assertThat(entry.inFlight())
                            .as("in flight of %s", source)
                            .isEqualTo(unanswered.getOrDefault(source, Amount.NONE));
                    assertThat(entry.allDropped()).as("dropped of %s", source).isEqualTo(NONE);
                });
    }

    /** What the ledger says of a source. */
    Optional<LedgerEntry> ledger(String source) {
        return buffer.ledger().snapshot(0).entries().stream()
                .filter(entry -> entry.source().equals(source))
                .findFirst();
    }

    /**
     * Ends as after SIGKILL: what is in the buffer is there, all else is gone.
     *
     * @param next where the state directory is found by the next life
     */
    void kill(Books books, Path next) throws IOException {
        ended = true;
        door.shut();
        // Nothing is half written or deleted: one thread delivers, and that is this one.
        copy(state, next);
        deliver(books, Integer.MAX_VALUE);
        balance(books);
        close();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target);
                }
            }
        }
    }

    @Override
    public void close() {
        door.shut();
        tailer.stop();
        try {
            tail.join();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts a test", e);
        }
        pipeline.close(PATIENCE);
        tailer.close();
        buffer.close();
    }

    boolean hasEnded() {
        return ended;
    }
}
