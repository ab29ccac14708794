package io.sluice.elasticsearch;

import static org.awaitility.Awaitility.await;

import io.sluice.buffer.Buffer;
import io.sluice.buffer.BufferConfig;
import io.sluice.buffer.LedgerEntry;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Runs;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;

import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** A sender on a real buffer in a folder of its own. */
final class Sending implements AutoCloseable {
    /** Where documents come from. */
    static final String SOURCE = "shop_cart-1_uid-1/app";

    static final String OTHER_SOURCE = "shop_till-1_uid-2/app";

    /** What each document's record had in its file; the ids do not tell. */
    static final long RAW_BYTES = 100;

    final Buffer buffer;
    final RecordingOutbox outbox;
    final BulkSender sender;
    final KeptLetters letters = new KeptLetters();
    final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final AtomicLong appended = new AtomicLong();
    private final String target;

    Sending(Path folder, ElasticsearchConfig config) {
        this(folder, config, "logs-" + config.dataset() + "-" + config.namespace(), 60_000);
    }

    Sending(Path folder, ElasticsearchConfig config, String target, int answerTimeoutMillis) {
        this(
                folder,
                config,
                target,
                new BulkClient(
                        config, BulkSender.MOST_IN_FLIGHT, answerTimeoutMillis, System::nanoTime));
    }

    Sending(Path folder, ElasticsearchConfig config, BulkClient client) {
        this(folder, config, "logs-" + config.dataset() + "-" + config.namespace(), client);
    }

    private Sending(Path folder, ElasticsearchConfig config, String target, BulkClient client) {
        this.target = target;
        BufferConfig defaults = BufferConfig.of(folder, List.of("elasticsearch"));
        this.buffer =
                Buffer.open(
                        new BufferConfig(
                                folder,
                                256L << 20,
                                0,
                                defaults.whenFull(),
                                defaults.sync(),
                                16L << 20,
                                defaults.blockBytes(),
                                defaults.outputs(),
                                Duration.ofSeconds(5)));
        this.outbox = new RecordingOutbox(buffer.outbox(0));
        this.sender = new BulkSender(config, outbox, letters, System::nanoTime, client);
    }

    /** Config of a server without security, no template put, for one dataset. */
    static ElasticsearchConfig config(URI host, String dataset) {
        return new ElasticsearchConfig(
                List.of(host),
                new Auth.None(),
                Tls.PLATFORM,
                Map.of(),
                "",
                dataset,
                "default",
                ElasticsearchConfig.SetupTemplate.PUT);
    }

    Sending start() {
        sender.start(failure::set);
        return this;
    }

    /** Documents {@code {"@timestamp":…,"message":…,"seq":n}} with the ids {@code prefix-n}. */
    static List<BulkBody.Item> documents(String prefix, int from, int to) {
        List<BulkBody.Item> items = new ArrayList<>();
        for (int n = from; n < to; n++) {
            items.add(
                    item(
                            prefix + "-" + n,
                            "{\"@timestamp\":\"2026-11-24T10:00:00.000000001Z\",\"message\":\"line "
                                    + n
                                    + "\",\"log\":{\"offset\":"
                                    + n
                                    + "},\"event\":{\"dataset\":\"test\"},\"seq\":"
                                    + n
                                    + "}"));
        }
        return items;
    }

    /** As {@link #documents}, each with so many bytes that compress badly. */
    static List<BulkBody.Item> largeDocuments(String prefix, int from, int to, int bytes) {
        Random random = new Random(from);
        byte[] noise = new byte[bytes * 3 / 4];
        List<BulkBody.Item> items = new ArrayList<>();
        for (int n = from; n < to; n++) {
            random.nextBytes(noise);
            items.add(
                    item(
                            prefix + "-" + n,
                            "{\"message\":\""
                                    + Base64.getEncoder().encodeToString(noise)
                                    + "\",\"seq\":"
                                    + n
                                    + "}"));
        }
        return items;
    }

    static BulkBody.Item item(String id, String document) {
        return new BulkBody.Item(
                ("{\"create\":{\"_id\":\"" + id + "\"}}").getBytes(StandardCharsets.UTF_8),
                document.getBytes(StandardCharsets.UTF_8));
    }

    /** Appends one excerpt of {@link #SOURCE}. */
    void append(List<BulkBody.Item> items) {
        append(items, items.size());
    }

    /** Appends one excerpt; what is behind the first third is of {@link #OTHER_SOURCE}. */
    void appendOfTwo(List<BulkBody.Item> items) {
        append(items, items.size() / 3);
    }

    private void append(List<BulkBody.Item> items, int ofTheFirst) {
        BulkBody body = new BulkBody(items);
        ByteBuffer gzip = body.encode();
        Runs runs = new Runs();
        for (int i = 0; i < items.size(); i++) {
            runs.add(i < ofTheFirst ? 0 : 1, RAW_BYTES);
        }
        List<Batch.SourceProgress> progress = new ArrayList<>();
        progress.add(read(SOURCE, ofTheFirst));
        if (ofTheFirst < items.size()) {
            progress.add(read(OTHER_SOURCE, items.size() - ofTheFirst));
        }
        try {
            buffer.append(
                    new Batch(
                            List.of(
                                    new Batch.Body(
                                            target,
                                            items.size(),
                                            body.uncompressedBytes(),
                                            gzip,
                                            runs)),
                            progress));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private Batch.SourceProgress read(String source, int documents) {
        StreamPosition at = new StreamPosition(1, 0, appended.addAndGet(RAW_BYTES * documents));
        return new Batch.SourceProgress(
                source,
                Optional.of(new SourcePosition(at, at)),
                Batch.Counts.read(RAW_BYTES * documents, documents));
    }

    /** What the ledger says of a source. */
    LedgerEntry books(String source) {
        return buffer.ledger().snapshot(0).entries().stream()
                .filter(entry -> entry.source().equals(source))
                .findFirst()
                .orElseThrow();
    }

    /**
     * Waits until all that was appended is done; longer than for one answer, which may never come.
     */
    void awaitDelivered() {
        await().atMost(Duration.ofSeconds(150))
                .until(() -> failure.get() != null || sender.drain(Duration.ofMillis(200)));
        Optional.ofNullable(failure.get())
                .ifPresent(
                        thrown -> {
                            throw new AssertionError("deliver ended", thrown);
                        });
    }

    @Override
    public void close() {
        sender.close();
        buffer.close();
    }
}
