package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.buffer.DeadLetter;
import io.sluice.buffer.ExcerptOutcome;
import io.sluice.buffer.ToldOutcomes;
import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.FaultyElasticsearch.Document;
import io.sluice.testing.FaultyElasticsearch.Fault;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** What the ledger is told of each document: by its place in its excerpt, whatever happened. */
class BulkSenderOutcomesTest {
    private static final int DOCUMENTS = 100;

    @TempDir Path folder;
    private final FaultyElasticsearch server = new FaultyElasticsearch();

    @AfterEach
    void stop() {
        server.close();
    }

    private Sending sending() {
        return new Sending(folder, Sending.config(server.url(), "outcomes"));
    }

    private static int seq(Document document) {
        return Integer.parseInt(document.id().substring(2));
    }

    private static List<Integer> numbers(IntPredicate of) {
        return IntStream.range(0, DOCUMENTS).filter(of).boxed().toList();
    }

    /**
     * @param most documents of a request that is not refused for its size
     */
    @ParameterizedTest
    @ValueSource(ints = {DOCUMENTS, 30, 7, 1})
    void everyDocumentKeepsItsPlaceThroughPartsRepairsAndRetries(int most) {
        // By the last digit: 1 is there already, 2 is busy once, 3 is hopeless, 5 needs a repair,
        // 7 needs one and is busy then.
        ConcurrentMap<Integer, Boolean> busyOnce = new ConcurrentHashMap<>();
        for (int n = 1; n < DOCUMENTS; n += 10) {
            server.taken().add("d-" + n);
        }
        Function<Document, Optional<Fault>> faults =
                document -> {
                    int n = seq(document);
                    boolean repaired = document.source().contains("\"original\"");
                    Fault busy = new Fault(429, FaultyElasticsearch.REJECTED);
                    Fault mapping = new Fault(400, FaultyElasticsearch.MAPPING_FAULT);
                    return switch (n % 10) {
                        case 2 -> once(busyOnce, n) ? Optional.of(busy) : Optional.empty();
                        case 3 -> Optional.of(mapping);
                        case 5 -> repaired ? Optional.empty() : Optional.of(mapping);
                        case 7 ->
                                !repaired
                                        ? Optional.of(mapping)
                                        : once(busyOnce, n) ? Optional.of(busy) : Optional.empty();
                        default -> Optional.empty();
                    };
                };
        server.behave(
                (_, documents, _) ->
                        documents.size() > most
                                ? new Reply.Refuse(413, "")
                                : new Reply.Mixed(faults));
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, DOCUMENTS));
            sending.awaitDelivered();
            assertThat(sending.outbox.outcomes).hasSize(1);
            ExcerptOutcome outcome = sending.outbox.outcomes.getFirst();
            assertThat(ToldOutcomes.alreadyThere(outcome)).isEqualTo(numbers(n -> n % 10 == 1));
            assertThat(ToldOutcomes.repaired(outcome))
                    .isEqualTo(numbers(n -> n % 10 == 5 || n % 10 == 7));
            assertThat(ToldOutcomes.deadLettered(outcome)).isEqualTo(numbers(n -> n % 10 == 3));
            assertThat(ToldOutcomes.lettersDropped(outcome)).isEmpty();
            assertThat(sending.outbox.postponed).isEmpty();
            assertThat(sending.letters.letters)
                    .extracting(DeadLetter::id)
                    .containsExactlyInAnyOrderElementsOf(
                            numbers(n -> n % 10 == 3).stream().map(n -> "d-" + n).toList());
            assertThat(sending.letters.letters)
                    .allSatisfy(
                            letter -> {
                                assertThat(letter.attempts()).isEqualTo(2);
                                assertThat(letter.document()).doesNotContain("original");
                            });
        }
    }

    private static boolean once(ConcurrentMap<Integer, Boolean> done, int n) {
        return done.putIfAbsent(n, true) == null;
    }

    @Test
    void whatWaitsWhileOthersGoOnIsToldByItsPlaceAndSettledInItsNewExcerpt() {
        AtomicBoolean blocked = new AtomicBoolean(true);
        server.behave(
                (_, _, _) ->
                        new Reply.Mixed(
                                document ->
                                        blocked.get() && List.of(4, 7).contains(seq(document))
                                                ? Optional.of(
                                                        new Fault(403, FaultyElasticsearch.BLOCKED))
                                                : Optional.empty()));
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 10));
            int next = 10;
            while (sending.outbox.postponed.isEmpty()) {
                int from = next++;
                sending.append(Sending.documents("d", from, from + 1));
                await().until(() -> server.taken().contains("d-" + from));
            }
            assertThat(sending.outbox.postponed.getFirst()).containsExactly(4, 7);
            blocked.set(false);
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(next);
            // Nothing is said of the ten and of the others but that they are done.
            assertThat(sending.outbox.outcomes)
                    .allSatisfy(
                            outcome -> {
                                assertThat(ToldOutcomes.alreadyThere(outcome)).isEmpty();
                                assertThat(ToldOutcomes.repaired(outcome)).isEmpty();
                                assertThat(ToldOutcomes.deadLettered(outcome)).isEmpty();
                            });
        }
    }

    @Test
    void whatWasSentBeforeAKillIsDeliveredAndWasThereAlready() {
        server.behave((_, _, _) -> new Reply.TakeAndHang());
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 10));
            await().until(() -> server.taken().size() == 10);
            assertThat(sending.outbox.outcomes).isEmpty();
        }
        server.behave((_, _, _) -> new Reply.Take());
        try (Sending again = sending().start()) {
            again.awaitDelivered();
            assertThat(again.outbox.outcomes).hasSize(1);
            assertThat(ToldOutcomes.alreadyThere(again.outbox.outcomes.getFirst()))
                    .isEqualTo(IntStream.range(0, 10).boxed().toList());
        }
    }

    @Test
    void noExcerptIsAcknowledgedBeforeItsDeadLettersAreOnTheDisk() {
        server.behave(
                (_, _, _) ->
                        Reply.items(
                                document -> seq(document) == 3,
                                400,
                                FaultyElasticsearch.MAPPING_FAULT));
        try (Sending sending = sending()) {
            sending.letters.refuseForces.set(Integer.MAX_VALUE);
            sending.start();
            sending.append(Sending.documents("d", 0, 10));
            await().until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.troubles().getFirst()).contains("cannot be kept");
            assertThat(sending.outbox.outcomes).isEmpty();
            sending.letters.refuseForces.set(1);
            sending.awaitDelivered();
            assertThat(sending.letters.refuseForces).hasValue(0);
            assertThat(ToldOutcomes.deadLettered(sending.outbox.outcomes.getFirst()))
                    .containsExactly(3);
        }
    }
}
