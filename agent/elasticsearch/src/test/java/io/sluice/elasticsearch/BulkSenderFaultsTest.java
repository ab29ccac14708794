package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.elasticsearch.DeliveryStats.Failure;
import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.FaultyElasticsearch.Document;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** What a real server cannot be asked to do wrong. */
class BulkSenderFaultsTest {
    @TempDir Path folder;
    private final FaultyElasticsearch server = new FaultyElasticsearch();

    @AfterEach
    void stop() {
        server.close();
    }

    private Sending sending() {
        return new Sending(folder, Sending.config(server.url(), "faulty"));
    }

    @Test
    void everythingArrivesOnceOverRefusalsCutsAndTruncatedAnswers() {
        server.behave(
                (request, _, _) ->
                        switch (request % 5) {
                            case 0 -> new Reply.Refuse(503, "busy");
                            case 1 -> new Reply.TakeAndCut();
                            case 2 -> new Reply.TakeAndTruncate();
                            case 3 -> new Reply.Refuse(429, "{}");
                            default -> new Reply.Take();
                        });
        try (Sending sending = sending().start()) {
            for (int i = 0; i < 10; i++) {
                sending.append(Sending.documents("d", i * 10, i * 10 + 10));
            }
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(100);
            assertThat(sending.sender.stats().deliveredDocuments()).isEqualTo(100);
            assertThat(sending.sender.stats().alreadyThereDocuments()).isPositive();
            assertThat(sending.sender.troubles()).isEmpty();
        }
    }

    @Test
    void onlyTheItemsTheServerIsTooBusyForAreSentAgain() {
        server.behave(
                (request, _, _) ->
                        request == 0
                                ? Reply.items(
                                        document -> document.source().contains("\"seq\":3}"),
                                        429,
                                        "{\"type\":\"es_rejected_execution_exception\",\"reason\":\"queue\"}")
                                : new Reply.Take());
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 10));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(10);
            assertThat(server.alreadyThere()).isZero();
            assertThat(sending.sender.stats().retriedDocuments()).isEqualTo(1);
        }
    }

    @Test
    void aFaultyDocumentIsRepairedAndTheOthersAreNotTouched() {
        server.behave(
                (_, _, _) ->
                        Reply.items(
                                document -> document.source().contains("\"seq\":3}"),
                                400,
                                FaultyElasticsearch.MAPPING_FAULT));
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 5));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(5);
            assertThat(server.documents())
                    .extracting(Document::source)
                    .filteredOn(document -> document.contains("original"))
                    .singleElement()
                    .asString()
                    .contains("\"message\":\"line 3\"")
                    .contains("\"original\":\"{\\\"seq\\\":3}\"")
                    .contains("\"dataset\":\"test\"")
                    .contains("failed to parse field [app.n]");
            assertThat(sending.letters.letters).isEmpty();
        }
    }

    @Test
    void aDocumentThatCannotBeRepairedIsKeptAsADeadLetterBeforeItsExcerptIsAcknowledged() {
        server.behave(
                (_, _, _) ->
                        Reply.items(
                                document -> document.source().contains("line 3"),
                                400,
                                FaultyElasticsearch.MAPPING_FAULT));
        try (Sending sending = sending()) {
            sending.letters.refuseForces.set(2);
            sending.start();
            sending.append(Sending.documents("d", 0, 5));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(4);
            assertThat(sending.letters.refuseForces).hasValue(0);
            assertThat(sending.letters.letters).hasSize(1);
            assertThat(sending.letters.letters.getFirst().id()).isEqualTo("d-3");
            assertThat(sending.letters.letters.getFirst().document()).contains("\"seq\":3}");
            assertThat(sending.letters.letters.getFirst().errorType())
                    .isEqualTo("document_parsing_exception");
        }
    }

    @Test
    void whatWeDoNotKnowWaitsLoudlyAndIsNeverDropped() {
        AtomicBoolean over = new AtomicBoolean();
        server.behave(
                (_, _, _) ->
                        !over.get()
                                ? Reply.items(
                                        document -> document.source().contains("line 1"),
                                        400,
                                        "{\"type\":\"brand_new_exception\",\"reason\":\"who"
                                                + " knows\"}")
                                : new Reply.Take());
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 2));
            await().until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.troubles().getFirst()).contains("brand_new_exception");
            await().until(() -> server.bulks() >= 3);
            over.set(true);
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(2);
            assertThat(sending.sender.troubles()).isEmpty();
            assertThat(sending.letters.letters).isEmpty();
        }
    }

    @Test
    void documentsThatWaitMakeWayForOthersAndArriveInTheEnd() {
        server.behave(
                (request, _, _) ->
                        request < 60
                                ? Reply.items(
                                        document -> document.source().contains("line 1\""),
                                        403,
                                        "{\"type\":\"cluster_block_exception\",\"reason\":\"index"
                                                + " [x] blocked\"}")
                                : new Reply.Take());
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 3));
            int next = 3;
            while (sending.sender.stats().postponedDocuments() == 0) {
                int from = next++;
                sending.append(Sending.documents("d", from, from + 1));
                await().until(() -> server.taken().contains("d-" + from));
            }
            while (server.bulks() < 60) {
                int from = next++;
                sending.append(Sending.documents("d", from, from + 1));
                await().until(() -> server.taken().contains("d-" + from));
            }
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(next);
        }
    }

    @Test
    void aRequestTooLargeIsHalvedUntilItFitsAndTheLimitIsLearned() {
        server.behave(
                (_, items, _) ->
                        items.size() > 10 ? new Reply.Refuse(413, "too large") : new Reply.Take());
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 100));
            sending.awaitDelivered();
            long refused = sending.sender.stats().failures(Failure.TOO_LARGE);
            sending.append(Sending.documents("d", 100, 200));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(200);
            assertThat(server.alreadyThere()).isZero();
            assertThat(sending.sender.stats().failures(Failure.TOO_LARGE)).isEqualTo(refused);
        }
    }

    @Test
    void aSingleDocumentTooLargeIsCutAndMarked() {
        server.behave(
                (_, items, _) ->
                        items.stream().mapToInt(item -> item.source().length()).sum() > 100_000
                                ? new Reply.Refuse(413, "too large")
                                : new Reply.Take());
        try (Sending sending = sending().start()) {
            String message = "x".repeat(200_000);
            sending.append(
                    List.of(
                            Sending.item(
                                    "large",
                                    "{\"@timestamp\":\"2026-11-24T10:00:00Z\",\"message\":\""
                                            + message
                                            + "\",\"log\":{\"offset\":0}}")));
            sending.awaitDelivered();
            assertThat(server.documents())
                    .extracting(Document::source)
                    .singleElement()
                    .asString()
                    .contains("truncated");
            assertThat(sending.letters.letters).isEmpty();
        }
    }

    @Test
    void aConnectionThatBreaksForTheSizeOfARequestGetsHalves() {
        server.behave((_, items, _) -> items.size() > 4 ? new Reply.Cut() : new Reply.Take());
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 8));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(8);
            assertThat(sending.sender.stats().splitRequests()).isEqualTo(1);
        }
    }

    @Test
    void severalRequestsAreUnderWayAtATime() throws Exception {
        CountDownLatch two = new CountDownLatch(2);
        server.behave(
                (_, _, _) -> {
                    two.countDown();
                    awaitLatch(two);
                    return new Reply.Take();
                });
        try (Sending sending = sending()) {
            for (int i = 0; i < 20; i++) {
                sending.append(Sending.documents("d", i, i + 1));
            }
            sending.start();
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(20);
            assertThat(server.mostConcurrent()).isBetween(2, 4);
        }
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("no second request came");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatWasNotAcknowledgedIsSentAgainByTheNextStart() {
        try (Sending sending = sending()) {
            server.behave((_, _, _) -> new Reply.TakeAndCut());
            sending.append(Sending.documents("d", 0, 10));
            sending.start();
            await().until(() -> server.taken().size() == 10);
        }
        server.behave((_, _, _) -> new Reply.Take());
        try (Sending again = sending().start()) {
            again.awaitDelivered();
            assertThat(server.taken()).hasSize(10);
            assertThat(again.sender.stats().alreadyThereDocuments()).isEqualTo(10);
        }
    }

    @Test
    void anotherHostIsTriedWhenOneIsDown() throws Exception {
        URI nobody;
        try (ServerSocket free = new ServerSocket(0)) {
            nobody = URI.create("http://127.0.0.1:" + free.getLocalPort());
        }
        ElasticsearchConfig config = ElasticsearchConfig.of(List.of(nobody, server.url()));
        try (Sending sending = new Sending(folder, config).start()) {
            sending.append(Sending.documents("d", 0, 10));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(10);
        }
    }

    @Test
    void aServerThatNeverAnswersIsGivenUpAndAskedAgain() {
        CountDownLatch end = new CountDownLatch(1);
        server.behave(
                (request, _, _) -> {
                    if (request == 0) {
                        try {
                            end.await(30, TimeUnit.SECONDS);
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                    return new Reply.Take();
                });
        try (Sending sending =
                new Sending(
                                folder,
                                Sending.config(server.url(), "faulty"),
                                "logs-faulty-default",
                                500)
                        .start()) {
            sending.append(Sending.documents("d", 0, 10));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(10);
        } finally {
            end.countDown();
        }
    }

    @Test
    void aServerThatComesBackIsNoticedWithinSecondsHoweverLongItWasAway() {
        server.stop();
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 10));
            // Twice as long after each failure would be 10 to 20 s by now; it is two at most.
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> sending.sender.stats().failures(Failure.UNREACHABLE) >= 10);
            long backNanos = System.nanoTime();
            server.start();
            sending.awaitDelivered();
            assertThat(Duration.ofNanos(System.nanoTime() - backNanos))
                    .isLessThan(Duration.ofSeconds(9));
            assertThat(server.taken()).hasSize(10);
            // The same while documents are being sent, and not only the template is asked for.
            server.stop();
            sending.append(Sending.documents("d", 10, 20));
            long failures = sending.sender.stats().failures(Failure.UNREACHABLE);
            await().atMost(Duration.ofSeconds(60))
                    .until(
                            () ->
                                    sending.sender.stats().failures(Failure.UNREACHABLE)
                                            >= failures + 10);
            backNanos = System.nanoTime();
            server.start();
            sending.awaitDelivered();
            assertThat(Duration.ofNanos(System.nanoTime() - backNanos))
                    .isLessThan(Duration.ofSeconds(9));
            assertThat(server.taken()).hasSize(20);
        }
    }

    @Test
    void headersPrefixPipelineAndAChangedKeyGoWithTheRequests() throws Exception {
        Path key = Files.writeString(folder.resolve("key"), "Zmlyc3Q=\n");
        ElasticsearchConfig config =
                new ElasticsearchConfig(
                        List.of(URI.create(server.url() + "/logs/")),
                        new Auth.ApiKey(new Secret.InFile(key)),
                        Tls.PLATFORM,
                        Map.of("X-Team", "blue"),
                        "clean",
                        "faulty",
                        "default",
                        ElasticsearchConfig.SetupTemplate.LEAVE);
        try (Sending sending = new Sending(folder.resolve("state"), config).start()) {
            sending.append(Sending.documents("d", 0, 1));
            sending.awaitDelivered();
            assertThat(server.lastHead())
                    .startsWith("POST /logs/logs-faulty-default/_bulk?")
                    .contains("pipeline=clean")
                    .contains("X-Team: blue")
                    .contains("Content-Encoding: gzip")
                    .contains("Authorization: ApiKey Zmlyc3Q=");
            Files.writeString(key, "c2Vjb25kIQ==");
            await().until(
                            () -> {
                                sending.append(Sending.documents("d" + System.nanoTime(), 1, 2));
                                sending.awaitDelivered();
                                return server.lastHead().contains("ApiKey c2Vjb25kIQ==");
                            });
        }
    }
}
