package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.buffer.Amount;
import io.sluice.buffer.LedgerEntry;
import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.FaultyElasticsearch.Behaviour;
import io.sluice.testing.FaultyElasticsearch.Document;
import io.sluice.testing.FaultyElasticsearch.Fault;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/** Whatever a server does, nothing is lost, nothing is stored twice, and the books balance. */
class BulkSenderBooksTest {
    private static final int EXCERPTS = 12;
    private static final int DOCUMENTS_EACH = 60;

    /** Where the server hangs or is late. */
    private static final int ANSWER_TIMEOUT_MILLIS = 1_500;

    /** Where each request is to be answered, also by a machine that stands still for a while. */
    private static final int PATIENT_MILLIS = 60_000;

    @TempDir Path folder;
    private final FaultyElasticsearch server = new FaultyElasticsearch();

    @AfterEach
    void stop() {
        server.close();
    }

    /** What goes wrong for a while. */
    private static final Map<String, Behaviour> WRONGS = wrongs();

    private static Map<String, Behaviour> wrongs() {
        Map<String, Behaviour> wrongs = new TreeMap<>();
        wrongs.put(
                "mixed items",
                items(
                        document ->
                                switch (seq(document) % 7) {
                                    case 1 -> fault(429, FaultyElasticsearch.REJECTED);
                                    case 3 -> fault(503, error("unavailable_shards_exception"));
                                    case 5 -> fault(403, FaultyElasticsearch.BLOCKED);
                                    default -> Optional.empty();
                                }));
        wrongs.put("a storm of 429, items", items(429, FaultyElasticsearch.REJECTED));
        wrongs.put("a storm of 429, requests", refuse(429, "es_rejected_execution_exception"));
        wrongs.put("500", refuse(500, "null_pointer_exception"));
        wrongs.put("502 of a proxy", always(new Reply.Refuse(502, "<html>bad gateway</html>")));
        wrongs.put("503", refuse(503, "master_not_discovered_exception"));
        wrongs.put("401", refuse(401, "security_exception"));
        wrongs.put("403", refuse(403, "security_exception"));
        wrongs.put("403, items", items(403, error("security_exception")));
        wrongs.put("403 of a cluster block", refuse(403, "cluster_block_exception"));
        wrongs.put("404 of a proxy", always(new Reply.Refuse(404, "not here")));
        wrongs.put("a blocked index", items(403, FaultyElasticsearch.BLOCKED));
        wrongs.put("a full disk", items(429, FaultyElasticsearch.BLOCKED));
        wrongs.put("a closed index", items(400, error("index_closed_exception")));
        wrongs.put("a missing index", items(404, error("index_not_found_exception")));
        wrongs.put("a fault nobody knows", items(400, error("never_heard_of_exception")));
        wrongs.put("slow answers", always(new Reply.TakeAfter(Duration.ofMillis(100))));
        wrongs.put(
                "answers that come too late",
                sometimes(new Reply.TakeAfter(Duration.ofMillis(2 * ANSWER_TIMEOUT_MILLIS))));
        wrongs.put("hanging before it took", sometimes(new Reply.Hang()));
        wrongs.put("hanging after it took", sometimes(new Reply.TakeAndHang()));
        wrongs.put("answers that end too early", always(new Reply.TakeAndTruncate()));
        wrongs.put("answers cut in the middle", always(new Reply.TakeAndCutAnswer()));
        wrongs.put("answers without an item", always(new Reply.TakeAndForgetAnItem()));
        wrongs.put("answers of a log-in page", always(new Reply.Refuse(200, "<html>who?</html>")));
        wrongs.put("a reset after it took", always(new Reply.TakeAndReset()));
        wrongs.put("a close after it took", always(new Reply.TakeAndCut()));
        wrongs.put("a close before it took", always(new Reply.Cut()));
        return wrongs;
    }

    private static Stream<String> names() {
        return WRONGS.keySet().stream();
    }

    private static Behaviour always(Reply reply) {
        return (_, _, _) -> reply;
    }

    private static Behaviour sometimes(Reply reply) {
        return (request, _, _) -> request % 9 == 0 ? reply : new Reply.Take();
    }

    private static Behaviour refuse(int status, String type) {
        return always(new Reply.Refuse(status, "{\"error\":" + error(type) + ",\"status\":0}"));
    }

    private static Behaviour items(int status, String error) {
        return items(_ -> fault(status, error));
    }

    private static Behaviour items(Function<Document, Optional<Fault>> faults) {
        return always(new Reply.Mixed(faults));
    }

    private static int seq(Document document) {
        return Integer.parseInt(document.id().substring(document.id().indexOf('-') + 1));
    }

    private static Optional<Fault> fault(int status, String error) {
        return Optional.of(new Fault(status, error));
    }

    private static String error(String type) {
        return "{\"type\":\"" + type + "\",\"reason\":\"so\"}";
    }

    @ParameterizedTest
    @MethodSource("names")
    void nothingIsLostNothingDoubledByOneFault(String name) {
        Behaviour wrong = WRONGS.get(name);
        // Two of three requests go wrong, so that back-off stays short; then all is well.
        server.behave(
                (request, documents, bytes) ->
                        request % 3 == 2 || request > 40
                                ? new Reply.Take()
                                : wrong.to(request, documents, bytes));
        deliverAll(0);
        assertThat(server.bulks()).isGreaterThanOrEqualTo(EXCERPTS);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void nothingIsLostNothingDoubledByAllOfThemTogether(long seed) {
        Random random = new Random(seed);
        List<Behaviour> all = List.copyOf(WRONGS.values());
        server.behave(
                (request, documents, bytes) -> {
                    synchronized (random) {
                        return request > 80 || random.nextInt(3) == 0
                                ? new Reply.Take()
                                : all.get(random.nextInt(all.size())).to(request, documents, bytes);
                    }
                });
        deliverAll(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 25})
    void nothingIsLostNothingDoubledByAServerThatTakesSoManyDocumentsAtMost(int most) {
        server.behave(
                (_, documents, _) ->
                        documents.size() > most ? new Reply.Refuse(413, "") : new Reply.Take());
        deliverAll(0, PATIENT_MILLIS);
        assertThat(server.alreadyThere()).isZero();
    }

    @Test
    void nothingIsLostNothingDoubledByAProxyThatCutsLargeUploads() {
        server.cutUploadsOver(100_000);
        try (Sending sending = sending(PATIENT_MILLIS).start()) {
            for (int i = 0; i < EXCERPTS; i++) {
                sending.appendOfTwo(
                        Sending.largeDocuments(
                                "d", i * DOCUMENTS_EACH, (i + 1) * DOCUMENTS_EACH, 8_000));
            }
            sending.awaitDelivered();
            assertBooksBalance(sending, 0);
            assertThat(server.alreadyThere()).isZero();
            // Half a mebibyte did not pass, nor did a quarter; the rest was cut before it was sent.
            assertThat(sending.sender.stats().learnedLimitBytes()).isBetween(64_000L, 131_072L);
            assertThat(sending.sender.stats().failures(DeliveryStats.Failure.BROKEN))
                    .isLessThan(24);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatCannotBeTakenIsADeadLetterOnceAndTheRestIsDelivered(boolean cuts) {
        // Every tenth cannot be taken in any form, every other tenth can when it is repaired.
        Function<Document, Optional<Fault>> faults =
                document -> {
                    int last = seq(document) % 10;
                    boolean repaired = document.source().contains("\"original\"");
                    return last == 3 || (last == 7 && !repaired)
                            ? fault(400, FaultyElasticsearch.MAPPING_FAULT)
                            : Optional.empty();
                };
        server.behave(
                (request, _, _) ->
                        cuts && request % 4 == 1
                                ? new Reply.MixedAndCut(faults)
                                : new Reply.Mixed(faults));
        deliverAll(EXCERPTS * DOCUMENTS_EACH / 10);
    }

    private Sending sending(int answerTimeoutMillis) {
        return new Sending(
                folder,
                Sending.config(server.url(), "books"),
                "logs-books-default",
                answerTimeoutMillis);
    }

    private static void append(Sending sending) {
        for (int i = 0; i < EXCERPTS; i++) {
            sending.appendOfTwo(
                    Sending.documents("d", i * DOCUMENTS_EACH, (i + 1) * DOCUMENTS_EACH));
        }
    }

    private void deliverAll(int deadLetters) {
        deliverAll(deadLetters, ANSWER_TIMEOUT_MILLIS);
    }

    private void deliverAll(int deadLetters, int answerTimeoutMillis) {
        try (Sending sending = sending(answerTimeoutMillis).start()) {
            append(sending);
            sending.awaitDelivered();
            assertBooksBalance(sending, deadLetters);
            assertThat(sending.sender.troubles()).isEmpty();
        }
        // A next start finds nothing left to do.
        int bulks = server.bulks();
        try (Sending again = sending(answerTimeoutMillis).start()) {
            again.awaitDelivered();
        }
        assertThat(server.bulks()).isEqualTo(bulks);
    }

    private void assertBooksBalance(Sending sending, int deadLetters) {
        int appended = EXCERPTS * DOCUMENTS_EACH;
        DeliveryStats stats = sending.sender.stats();
        assertThat(server.taken()).hasSize(appended - deadLetters);
        assertThat(server.documents()).hasSize(appended - deadLetters);
        assertThat(stats.deliveredDocuments()).isEqualTo(appended - deadLetters);
        assertThat(stats.deadLetteredDocuments()).isEqualTo(deadLetters);
        assertThat(sending.letters.letters).hasSize(deadLetters);
        assertThat(stats.alreadyThereDocuments()).isLessThanOrEqualTo(server.alreadyThere());
        assertThat(stats.inFlight()).isZero();
        assertThat(stats.held()).isZero();
        assertThat(stats.heldBytes()).isZero();
        assertThat(stats.waitingDocumentsNow()).isZero();
        assertThat(sending.buffer.outbox(0).isEmpty()).isTrue();
        assertBooksBalance(sending, Sending.SOURCE, appended / 3);
        assertBooksBalance(sending, Sending.OTHER_SOURCE, appended - appended / 3);
        assertThat(server.documents())
                .extracting(Document::id)
                .containsExactlyInAnyOrderElementsOf(List.copyOf(server.taken()));
    }

    /** The same in the ledger, of one source. */
    private static void assertBooksBalance(Sending sending, String source, int appended) {
        LedgerEntry books = sending.books(source);
        long letters =
                sending.letters.letters.stream()
                        .filter(letter -> letter.source().equals(source))
                        .count();
        assertThat(books.read()).isEqualTo(records(appended));
        assertThat(books.deadLettered()).isEqualTo(records(letters));
        assertThat(books.delivered()).isEqualTo(records(appended - letters));
        assertThat(books.allDropped().isNone()).isTrue();
        assertThat(books.inFlight().isNone()).isTrue();
    }

    private static Amount records(long records) {
        return new Amount(Sending.RAW_BYTES * records, records);
    }
}
