package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.buffer.LedgerEntry;
import io.sluice.elasticsearch.DeliveryStats.Failure;
import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Options;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** What goes wrong at a real Elasticsearch: nothing is lost, nothing is there twice. */
class BulkSenderClusterTest {
    private static final Duration LONG = Duration.ofSeconds(90);
    private static final int EACH = 50;

    private static ElasticsearchFixture server;

    @TempDir Path folder;

    /** One of its own: it is stopped and started. */
    @BeforeAll
    static void startServer() {
        server = ElasticsearchFixture.start(Options.with(Security.OFF));
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    private static ElasticsearchConfig config(String dataset) {
        return Sending.config(server.url(), dataset);
    }

    private Sending sending(String index) {
        return new Sending(folder, config(index), index, 60_000);
    }

    /** The books of one sender whose documents all have ids of their own. */
    private static void assertBooksBalance(
            Sending sending, String index, int appended, int deadLetters) {
        assertThat(server.count(index)).isEqualTo(appended - deadLetters);
        DeliveryStats stats = sending.sender.stats();
        assertThat(stats.deliveredDocuments()).isEqualTo(appended - deadLetters);
        assertThat(stats.deadLetteredDocuments()).isEqualTo(deadLetters);
        assertThat(stats.waitingDocumentsNow()).isZero();
        assertThat(sending.letters.letters).hasSize(deadLetters);
        assertThat(sending.buffer.outbox(0).isEmpty()).isTrue();
        assertThat(sending.sender.troubles()).isEmpty();
        LedgerEntry books = sending.books(Sending.SOURCE);
        assertThat(books.read().records()).isEqualTo(appended);
        assertThat(books.delivered().records()).isEqualTo(appended - deadLetters);
        assertThat(books.deadLettered().records()).isEqualTo(deadLetters);
        assertThat(books.inFlight().isNone()).isTrue();
    }

    private static String settings(String name, String value) {
        return "{\"index.blocks." + name + "\":" + value + "}";
    }

    /** {@code read_only_allow_delete} is what the flood stage of a disk that fills up sets. */
    @ParameterizedTest
    @ValueSource(strings = {"write", "read_only", "read_only_allow_delete"})
    void anIndexThatIsReadOnlyIsWaitedForLoudlyAndGoesOnWhenItIsNot(String block) {
        String index = block.replace('_', '-') + "-index";
        server.requestOk("PUT", "/" + index, "");
        try (Sending sending = sending(index).start()) {
            sending.append(Sending.documents("d", 0, EACH));
            sending.awaitDelivered();
            server.requestOk("PUT", "/" + index + "/_settings", settings(block, "true"));
            sending.append(Sending.documents("d", EACH, 2 * EACH));
            await().atMost(LONG).until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.troubles().getFirst())
                    .contains(index)
                    .contains("cluster_block_exception");
            assertThat(sending.sender.stats().waitingDocumentsNow()).isEqualTo(EACH);
            assertThat(sending.books(Sending.SOURCE).inFlight().records()).isEqualTo(EACH);
            assertThat(sending.letters.letters).isEmpty();
            server.requestOk("PUT", "/" + index + "/_settings", settings(block, "null"));
            sending.awaitDelivered();
            assertBooksBalance(sending, index, 2 * EACH, 0);
            assertThat(sending.sender.stats().alreadyThereDocuments()).isZero();
        }
    }

    @Test
    void anIndexThatIsClosedForAWhileGetsEverything() {
        String index = "closing-index";
        server.requestOk("PUT", "/" + index, "");
        try (Sending sending = sending(index).start()) {
            sending.append(Sending.documents("d", 0, EACH));
            sending.awaitDelivered();
            server.requestOk("POST", "/" + index + "/_close", "");
            sending.append(Sending.documents("d", EACH, 2 * EACH));
            await().atMost(LONG).until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.troubles().getFirst()).contains("index_closed_exception");
            server.requestOk("POST", "/" + index + "/_open", "");
            sending.awaitDelivered();
            assertBooksBalance(sending, index, 2 * EACH, 0);
        }
    }

    @Test
    void aFieldThatIsMappedOtherwiseIsRepairedAndTheOthersAreNotTouched() {
        String index = "conflict-index";
        server.requestOk(
                "PUT",
                "/" + index,
                "{\"mappings\":{\"properties\":{\"app\":{\"properties\":{\"n\":{\"type\":\"long\"},"
                        + "\"user\":{\"properties\":{\"id\":{\"type\":\"long\"}}}}}}}}");
        try (Sending sending = sending(index).start()) {
            String begin = "{\"@timestamp\":\"2026-11-24T10:00:00Z\",\"message\":\"m\",\"app\":";
            List<BulkBody.Item> items = new ArrayList<>(Sending.documents("d", 0, EACH));
            items.add(10, Sending.item("text", begin + "{\"n\":\"many\"}}"));
            items.add(20, Sending.item("object", begin + "{\"n\":{\"deep\":1}}}"));
            items.add(30, Sending.item("value", begin + "{\"user\":\"anna\"}}"));
            sending.append(items);
            sending.awaitDelivered();
            assertBooksBalance(sending, index, EACH + 3, 0);
            assertThat(sending.sender.stats().repairedDocuments()).isEqualTo(3);
            for (String id : List.of("text", "object", "value")) {
                assertThat(server.requestOk("GET", "/" + index + "/_doc/" + id, ""))
                        .contains("document_parsing_exception")
                        .contains("\"original\":\"{\\\"app\\\":");
            }
            assertThat(server.count(index, "{\"exists\":{\"field\":\"error.type\"}}")).isEqualTo(3);
        }
    }

    @Test
    void aDocumentBeyondTheLimitOfFieldsIsRepairedOrADeadLetterAndTheOthersAreNotTouched() {
        String index = "fields-index";
        server.requestOk(
                "PUT",
                "/" + index,
                """
                {"settings":{"index.mapping.total_fields.limit":13},
                 "mappings":{"properties":{
                  "@timestamp":{"type":"date"},"message":{"type":"text"},"seq":{"type":"long"},
                  "log":{"properties":{"offset":{"type":"long"}}},
                  "event":{"properties":{"dataset":{"type":"keyword"},
                    "original":{"type":"keyword","index":false,"doc_values":false}}},
                  "error":{"properties":{"type":{"type":"keyword"},
                    "message":{"type":"text"}}}}}}
                """);
        try (Sending sending = sending(index).start()) {
            StringBuilder many = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                many.append(",\"field").append(i).append("\":").append(i);
            }
            List<BulkBody.Item> items = new ArrayList<>(Sending.documents("d", 0, EACH));
            items.add(7, Sending.item("many", "{\"message\":\"m\"" + many + "}"));
            // Who wrote it may not be changed by a repair, so that there is nothing to leave out.
            items.add(
                    8,
                    Sending.item(
                            "hopeless",
                            "{\"message\":\"m\",\"kubernetes\":{\"labels\":{"
                                    + many.substring(1)
                                    + "}}}"));
            sending.append(items);
            sending.awaitDelivered();
            assertBooksBalance(sending, index, EACH + 2, 1);
            assertThat(server.requestOk("GET", "/" + index + "/_doc/many", ""))
                    .contains("\"message\":\"m\"")
                    .containsIgnoringCase("limit of total fields [13]")
                    .contains("field19");
            assertThat(sending.letters.letters.getFirst().id()).isEqualTo("hopeless");
            assertThat(sending.letters.letters.getFirst().reason())
                    .containsIgnoringCase("limit of total fields");
        }
    }

    @Test
    void aNodeThatIsStoppedAndStartedUnderLoadHasEverythingOnce() throws Exception {
        String stream = "logs-stopped-default";
        try (Sending sending = new Sending(folder, config("stopped")).start()) {
            AtomicBoolean enough = new AtomicBoolean();
            int[] appended = {0};
            Thread load =
                    new Thread(
                            () -> {
                                while (!enough.get()) {
                                    int from = appended[0];
                                    sending.append(Sending.documents("d", from, from + EACH));
                                    appended[0] = from + EACH;
                                    awaitRoom(sending);
                                }
                            },
                            "load");
            load.start();
            for (int i = 0; i < 2; i++) {
                awaitMore(sending, 20 * EACH);
                long failures = sending.sender.stats().failures(Failure.UNREACHABLE);
                server.stopServer();
                await().atMost(LONG)
                        .until(
                                () ->
                                        sending.sender.stats().failures(Failure.UNREACHABLE)
                                                > failures);
                server.startServer();
            }
            awaitMore(sending, 20 * EACH);
            enough.set(true);
            load.join();
            sending.awaitDelivered();
            assertBooksBalance(sending, stream, appended[0], 0);
            // As many as there are, from the first to the last; an id is there once in an index.
            assertThat(
                            server.search(
                                    stream,
                                    "{\"size\":0,\"aggs\":{\"all\":{\"stats\":{\"field\":"
                                            + "\"seq\"}}}}"))
                    .contains(
                            "\"count\":%d,\"min\":0.0,\"max\":%d.0"
                                    .formatted(appended[0], appended[0] - 1));
        }
    }

    /** The load stays ahead of delivery, and goes on while there is nobody to deliver to. */
    private static void awaitRoom(Sending sending) {
        await().atMost(LONG)
                .pollInterval(Duration.ofMillis(10))
                .until(
                        () ->
                                sending.sender.stats().held() < 16
                                        || sending.buffer.stats().usedBytes() < 1 << 20);
    }

    private static void awaitMore(Sending sending, int documents) {
        long before = sending.sender.stats().deliveredDocuments();
        await().atMost(LONG)
                .until(() -> sending.sender.stats().deliveredDocuments() >= before + documents);
    }

    @Test
    void aClusterThatComesBackWithoutTheTemplateGetsItBeforeItsDocuments() {
        String path = new IndexTemplate("renewed").path();
        try (Sending sending = new Sending(folder, config("renewed")).start()) {
            await().atMost(LONG).until(() -> server.request("GET", path, "").ok());
            // As if it were another cluster.
            server.requestOk("DELETE", path, "");
            server.stopServer();
            sending.append(Sending.documents("d", 0, EACH));
            await().atMost(LONG).until(() -> !sending.sender.troubles().isEmpty());
            long awayNanos = System.nanoTime();
            await().atMost(LONG)
                    .until(
                            () ->
                                    System.nanoTime() - awayNanos
                                            > BulkSender.LONG_OUTAGE_NANOS + 1_000_000_000L);
            server.startServer();
            sending.awaitDelivered();
            assertThat(server.requestOk("GET", path, "")).contains("\"priority\":250");
            assertThat(server.requestOk("GET", "/logs-renewed-default/_mapping", ""))
                    .contains("date_nanos")
                    .contains(".ds-logs-renewed-default");
            assertBooksBalance(sending, "logs-renewed-default", EACH, 0);
        }
    }

    @Test
    void aMissingIngestPipelineIsWaitedForLoudly() {
        ElasticsearchConfig piped =
                new ElasticsearchConfig(
                        List.of(server.url()),
                        new Auth.None(),
                        Tls.PLATFORM,
                        Map.of(),
                        "nowhere",
                        "piped",
                        "default",
                        ElasticsearchConfig.SetupTemplate.PUT);
        try (Sending sending = new Sending(folder, piped).start()) {
            sending.append(Sending.documents("d", 0, EACH));
            await().atMost(LONG).until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.troubles().getFirst())
                    .contains("pipeline with id [nowhere] does not exist");
            assertThat(sending.letters.letters).isEmpty();
        }
        // Nothing was given up: without the setting the next start delivers it.
        try (Sending again = new Sending(folder, config("piped")).start()) {
            again.awaitDelivered();
            assertBooksBalance(again, "logs-piped-default", EACH, 0);
        }
    }
}
