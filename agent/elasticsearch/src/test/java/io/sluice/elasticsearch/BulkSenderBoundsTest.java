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

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What delivery may take while it cannot deliver: memory, requests, the processor. */
class BulkSenderBoundsTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir Path folder;
    private final FaultyElasticsearch server = new FaultyElasticsearch();

    @AfterEach
    void stop() {
        server.close();
    }

    private Sending sending() {
        return new Sending(folder, Sending.config(server.url(), "bounds"));
    }

    @Test
    void noMoreThanTheBoundIsHeldOfLargeExcerpts() {
        server.behave((_, _, _) -> new Reply.Hang());
        try (Sending sending = sending()) {
            for (int i = 0; i < 20; i++) {
                sending.append(Sending.largeDocuments("d", i * 80, (i + 1) * 80, 8_000));
            }
            sending.start();
            await().atMost(LONG).until(() -> server.bulks() >= 2);
            int largestBody = 900 * 1024;
            assertThat(sending.sender.stats().heldBytes())
                    .isPositive()
                    .isLessThan(Deliveries.MOST_HELD_BYTES + largestBody);
        }
    }

    @Test
    void excerptsOfABlockedIndexAreHeldUpToTheBoundAndOthersTakeTheirPlace() {
        server.behave(
                (_, _, _) ->
                        Reply.items(
                                document -> document.id().startsWith("b"),
                                403,
                                FaultyElasticsearch.BLOCKED));
        try (Sending sending = sending().start()) {
            for (int i = 0; i < 2 * Deliveries.MOST_HELD; i++) {
                sending.append(Sending.documents("b", i, i + 1));
            }
            for (int i = 0; i < 20; i++) {
                sending.append(Sending.documents("open", i, i + 1));
            }
            // They stand behind more excerpts that wait than may be held.
            await().atMost(LONG)
                    .until(
                            () -> {
                                assertThat(sending.sender.stats().held())
                                        .isLessThanOrEqualTo(Deliveries.MOST_HELD);
                                return server.taken().size() == 20;
                            });
            assertThat(sending.sender.stats().waitingDocumentsNow()).isPositive();
            server.behave((_, _, _) -> new Reply.Take());
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(2 * Deliveries.MOST_HELD + 20);
            assertThat(sending.sender.stats().waitingDocumentsNow()).isZero();
        }
    }

    @Test
    void anOutageWithABacklogCostsNoProcessorTime() {
        server.behave((_, _, _) -> new Reply.Take());
        server.stop();
        try (Sending sending = sending()) {
            for (int i = 0; i < 40; i++) {
                sending.append(Sending.documents("d", i, i + 1));
            }
            sending.start();
            DeliveryStats stats = sending.sender.stats();
            await().atMost(LONG).until(() -> stats.failures(Failure.UNREACHABLE) >= 3);
            long startNanos = System.nanoTime();
            long startCpuNanos = cpuNanosOfDeliver();
            // By then the back-off is over a second.
            await().atMost(LONG).until(() -> stats.failures(Failure.UNREACHABLE) >= 7);
            double share =
                    (cpuNanosOfDeliver() - startCpuNanos)
                            / (double) (System.nanoTime() - startNanos);
            assertThat(share).isLessThan(0.2);
            server.start();
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(40);
        }
    }

    private static long cpuNanosOfDeliver() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if ("deliver".equals(thread.getName())) {
                return threads.getThreadCpuTime(thread.threadId());
            }
        }
        throw new IllegalStateException("there is no thread deliver");
    }

    @Test
    void anEndpointThatTakesConnectionsAndBreaksThemDoesNotTakeBatchesToPieces() {
        server.behave((_, _, _) -> new Reply.Cut());
        try (Sending sending = sending()) {
            for (int i = 0; i < 20; i++) {
                sending.append(Sending.documents("d", i * 64, (i + 1) * 64));
            }
            sending.start();
            DeliveryStats stats = sending.sender.stats();
            await().atMost(LONG).until(() -> stats.failures(Failure.BROKEN) >= 9);
            // One chain of halves, not all of them.
            assertThat(stats.splitRequests()).isBetween(1L, 6L);
            assertThat(stats.learnedLimitBytes()).isZero();
            server.behave((_, _, _) -> new Reply.Take());
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(20 * 64);
            assertThat(server.bulks()).isLessThan(60);
        }
    }

    @Test
    void aServerThatRefusesEverythingForItsSizeIsWaitedForAndSmallDocumentsAreKept() {
        server.behave((_, _, _) -> new Reply.Refuse(413, ""));
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 2));
            await().atMost(LONG).until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.troubles().getFirst()).contains("413");
            assertThat(sending.letters.letters).isEmpty();
            server.behave((_, _, _) -> new Reply.Take());
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(2);
            assertThat(sending.letters.letters).isEmpty();
            assertThat(sending.sender.troubles()).isEmpty();
        }
    }

    @Test
    void aLargeDocumentThatIsTooLargeInAnyFormIsADeadLetter() {
        server.behave((_, _, _) -> new Reply.Refuse(413, ""));
        try (Sending sending = sending().start()) {
            sending.append(
                    List.of(
                            Sending.item(
                                    "large",
                                    "{\"message\":\"" + "x".repeat(200_000) + "\",\"log\":{}}")));
            sending.awaitDelivered();
            assertThat(sending.letters.letters).hasSize(1);
            assertThat(sending.letters.letters.getFirst().document()).hasSizeGreaterThan(200_000);
            assertThat(sending.letters.letters.getFirst().errorType())
                    .isEqualTo("content_too_long");
            assertThat(sending.sender.stats().deadLetteredDocuments()).isEqualTo(1);
        }
    }

    @Test
    void aSmallDocumentThatAloneIsRefusedForItsSizeIsGivenUpWhenOthersGoOn() {
        server.behave(
                (_, documents, _) ->
                        documents.stream().anyMatch(document -> document.id().equals("d-3"))
                                ? new Reply.Refuse(413, "")
                                : new Reply.Take());
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 8));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(7).doesNotContain("d-3");
            assertThat(sending.letters.letters).hasSize(1);
        }
    }

    @Test
    void anAnswerThatIsTooLongIsAskedForInHalves() {
        String longFault =
                "{\"type\":\"document_parsing_exception\",\"reason\":\""
                        + "y".repeat(4_000)
                        + "\"}";
        server.behave(
                (_, _, _) ->
                        Reply.items(
                                document -> !document.source().contains("\"original\""),
                                400,
                                longFault));
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 600));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(600);
            assertThat(server.documents())
                    .extracting(Document::source)
                    .allSatisfy(source -> assertThat(source).contains("\"original\""));
            assertThat(sending.sender.stats().splitRequests()).isPositive();
            assertThat(sending.letters.letters).isEmpty();
        }
    }

    @Test
    void whatIsPrintedAsTheBoundIsMoreThanWhatMayBeHeld() {
        int body = 900 * 1024;
        long batch = 8L << 20;
        assertThat(BulkSender.memoryBytes(body, batch))
                .isGreaterThan(2L * Deliveries.MOST_HELD_BYTES)
                .isGreaterThan((long) BulkSender.MOST_IN_FLIGHT * BulkClient.LARGEST_ANSWER_BYTES)
                .isLessThan(64L << 20);
    }
}
