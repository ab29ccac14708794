package io.sluice.buffer;

import static io.sluice.buffer.Batches.RECORD_BYTES;
import static io.sluice.buffer.Batches.batch;
import static io.sluice.buffer.Batches.body;
import static io.sluice.buffer.Batches.config;
import static io.sluice.buffer.Batches.drain;
import static io.sluice.buffer.Batches.nothing;
import static io.sluice.buffer.Batches.progress;
import static io.sluice.buffer.Batches.tombstone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.buffer.LedgerEntry.State;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Batch.Counts;
import io.sluice.pipeline.Runs;
import io.sluice.tail.Loss;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/** What became of every record; the simulation beside it has the crashes. */
class LedgerTest {
    private static final String CART = "shop_cart-1_uid-1/app";
    private static final Counts FILTERED = new Counts(5, 1, 5, 1, 0, 0, 0, List.of());

    @TempDir Path directory;

    @Test
    void everyOutcomeIsCountedForItsSourceAndKnownAfterARestart() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            Runs runs = new Runs();
            for (int i = 0; i < 6; i++) {
                runs.add(0, 10 + i);
            }
            runs.add(1, 1_000);
            buffer.append(
                    new Batch(
                            List.of(
                                    new Batch.Body(
                                            "t", 7, 100, ByteBuffer.wrap(new byte[50]), runs)),
                            List.of(
                                    moved(
                                            CART,
                                            new Counts(
                                                    80,
                                                    7,
                                                    5,
                                                    1,
                                                    2,
                                                    0,
                                                    0,
                                                    List.of(
                                                            new Loss(
                                                                    Loss.Cause.TRUNCATED,
                                                                    9,
                                                                    true)))),
                                    moved("/var/log/syslog", Counts.read(1_000, 1)))));
            assertThat(entry(buffer, CART).inFlight()).isEqualTo(new Amount(75, 6));
            Excerpt excerpt = buffer.outbox(0).next().orElseThrow();
            assertThat(excerpt.runs().source(5)).isEqualTo(CART);
            assertThat(excerpt.runs().source(6)).isEqualTo("/var/log/syslog");
            assertThat(excerpt.runs().rawBytes(6, 0)).isEqualTo(1_000);
            buffer.outbox(0)
                    .appendAgain(
                            excerpt.index(),
                            new int[] {0},
                            new int[] {10},
                            new Batch.Body("t", 1, 10, ByteBuffer.wrap(new byte[10]), new Runs()));
            ExcerptOutcome outcome = new ExcerptOutcome(excerpt.index());
            outcome.alreadyThere(1);
            outcome.repaired(2);
            outcome.deadLettered(3, 13);
            outcome.letterDropped(4, 14);
            buffer.outbox(0).acknowledge(excerpt.index(), List.of(outcome));
            assertCart(entry(buffer, CART));
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertCart(entry(buffer, CART));
            assertThat(entry(buffer, "/var/log/syslog").delivered())
                    .isEqualTo(new Amount(1_000, 1));
            Excerpt again = buffer.outbox(0).next().orElseThrow();
            buffer.outbox(0).acknowledge(again.index(), List.of());
            assertThat(entry(buffer, CART).delivered()).isEqualTo(new Amount(48, 4));
            assertThat(buffer.ledger().snapshot(0).total().inFlight()).isEqualTo(Amount.NONE);
        }
    }

    private static void assertCart(LedgerEntry cart) {
        assertThat(cart.state()).isEqualTo(State.LIVE);
        assertThat(cart.read()).isEqualTo(new Amount(80, 7));
        assertThat(cart.filtered()).isEqualTo(new Amount(5, 1));
        assertThat(cart.truncatedRecords()).isEqualTo(2);
        assertThat(cart.delivered()).isEqualTo(new Amount(38, 3));
        assertThat(cart.alreadyThereRecords()).isEqualTo(1);
        assertThat(cart.repairedRecords()).isEqualTo(1);
        assertThat(cart.deadLettered()).isEqualTo(new Amount(13, 1));
        assertThat(cart.dropped()).containsOnlyKeys(Drop.DEAD_LETTERS_DROPPED);
        assertThat(cart.allDropped()).isEqualTo(new Amount(14, 1));
        assertThat(cart.inFlight()).isEqualTo(new Amount(10, 1));
        assertThat(cart.losses()).containsExactly(new Loss(Loss.Cause.TRUNCATED, 9, true));
        assertThat(cart.lostUnreadBytes()).isEqualTo(9);
        assertThat(cart.lostAtLeast()).isTrue();
    }

    @Test
    void whatIsSkippedAfterARestartIsKnownBefore() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            // A record of one stream is open; 300 bytes of the other one are behind its beginning.
            buffer.append(
                    new Batch(
                            List.of(),
                            List.of(moved(CART, new Counts(0, 0, 0, 0, 0, 0, 300, List.of())))));
            assertThat(entry(buffer, CART).toSkipBytes()).isZero();
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(entry(buffer, CART).toSkipBytes()).isEqualTo(300);
            buffer.append(
                    new Batch(
                            List.of(),
                            List.of(moved(CART, new Counts(0, 0, 0, 0, 0, 200, 0, List.of())))));
            assertThat(entry(buffer, CART).toSkipBytes()).isEqualTo(100);
            assertThat(entry(buffer, CART).takenBytes()).isEqualTo(200);
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(entry(buffer, CART).toSkipBytes()).isEqualTo(100);
        }
    }

    @Test
    void aBatchWhoseBooksDoNotBalanceIsRefused() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            Batch good = batch(body("x"), progress(CART, 1));
            Batch.Body body = good.bodies().getFirst();
            Batch noRuns =
                    new Batch(
                            List.of(new Batch.Body(body.target(), 1, 1, body.gzip(), new Runs())),
                            good.progress());
            Batch notCounted = new Batch(good.bodies(), List.of(progress(CART, 1)));
            Batch notThere = new Batch(List.of(), good.progress());
            for (Batch batch : List.of(noRuns, notCounted, notThere)) {
                assertThatThrownBy(() -> buffer.append(batch))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("do not balance");
            }
            assertThat(buffer.outbox(0).isEmpty()).isTrue();
        }
    }

    @Test
    void sourcesWithDocumentsMustFitBesideThem() throws Exception {
        BufferConfig config = config(directory);
        List<Batch.SourceProgress> sources = new ArrayList<>();
        Runs runs = new Runs();
        for (int i = 0; i < 100; i++) {
            sources.add(moved("shop_cart-" + i + "_uid/app", Counts.read(10, 1)));
            runs.add(i, 10);
        }
        Batch batch =
                new Batch(
                        List.of(
                                new Batch.Body(
                                        "t",
                                        100,
                                        1,
                                        ByteBuffer.wrap(new byte[config.maxBodyBytes()]),
                                        runs)),
                        sources);
        try (Buffer buffer = Buffer.open(config)) {
            assertThatThrownBy(() -> buffer.append(batch))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(Integer.toString(config.maxExcerptBytes()));
        }
        // What the pipeline keeps to is enough.
        for (String key : List.of(CART, "/" + "ü".repeat(4_000))) {
            assertThat(ExcerptFormat.maxSourceBytes(key))
                    .isLessThanOrEqualTo(Runs.mostSourceBytes(key));
        }
        assertThat(config.maxExcerptBytes() - config.maxBodyBytes())
                .isGreaterThan(config.maxBodyBytes() / 8);
    }

    @Test
    void outputsHaveBooksOfTheirOwn() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory, "elasticsearch", "archive"))) {
            buffer.append(batch(List.of(body("a"), body("b")), List.of(progress(CART, 1))));
            buffer.outbox(1).acknowledge(buffer.outbox(1).next().orElseThrow().index(), List.of());
        }
        try (Buffer buffer = Buffer.open(config(directory, "new", "archive", "elasticsearch"))) {
            Ledger ledger = buffer.ledger();
            Amount one = new Amount(RECORD_BYTES, 1);
            assertThat(ledger.snapshot(2).total().inFlight()).isEqualTo(one);
            assertThat(ledger.snapshot(1).total().delivered()).isEqualTo(one);
            // Nothing was ever for this one, so nothing is to come.
            assertThat(ledger.snapshot(0).total().inFlight()).isEqualTo(Amount.NONE);
        }
    }

    @Test
    void theBooksBalanceWhileOthersAppendAndDeliver() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        try (Buffer buffer = Buffer.open(config(directory))) {
            CompletableFuture<Void> encoder =
                    CompletableFuture.runAsync(
                            () -> {
                                for (int i = 0; i < 500; i++) {
                                    append(buffer, batch(body(i, 2_000), progress(CART, i)));
                                }
                            });
            CompletableFuture<Long> looking =
                    CompletableFuture.supplyAsync(
                            () -> {
                                long looks = 0;
                                do {
                                    LedgerEntry total = buffer.ledger().snapshot(0).total();
                                    assertThat(total.inFlight().records()).isNotNegative();
                                    assertThat(total.inFlight().bytes())
                                            .isEqualTo(RECORD_BYTES * total.inFlight().records());
                                    looks++;
                                } while (!done.get());
                                return looks;
                            });
            long delivered = 0;
            while (delivered < 500) {
                buffer.outbox(0).await(TimeUnit.SECONDS.toNanos(1));
                for (Excerpt excerpt : drain(buffer.outbox(0))) {
                    buffer.outbox(0).acknowledge(excerpt.index(), List.of());
                    delivered++;
                }
            }
            encoder.get(60, TimeUnit.SECONDS);
            done.set(true);
            assertThat(looking.get(60, TimeUnit.SECONDS)).isPositive();
            assertThat(buffer.ledger().snapshot(0).total().delivered())
                    .isEqualTo(new Amount(1_500 * RECORD_BYTES, 1_500));
        }
    }

    private static void append(Buffer buffer, Batch batch) {
        try {
            buffer.append(batch);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void sourcesThatEndedLongAgoAreAddedUpByNamespace() throws Exception {
        int count = Ledger.KEPT_ENDED + 200;
        LedgerEntry before;
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < count; i++) {
                String source = (i % 2 == 0 ? "shop" : "bank") + "_job-" + i + "_uid/app";
                buffer.append(batch(body("x"), progress(source, 1)));
                buffer.append(batch(nothing(), tombstone(source)));
            }
            Outbox outbox = buffer.outbox(0);
            outbox.acknowledge(drain(outbox).getLast().index(), List.of());
            before = buffer.ledger().snapshot(0).total();
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            // On the disk, so that no power cut can bring back what is added up.
            String other = "shop_cart-2_uid/app";
            buffer.append(batch(body("y"), progress(other, 1)));
            Outbox outbox = buffer.outbox(0);
            outbox.acknowledge(drain(outbox).getLast().index(), List.of());
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(body("z"), progress("shop_cart-2_uid/app", 2)));
            Outbox outbox = buffer.outbox(0);
            outbox.acknowledge(drain(outbox).getLast().index(), List.of());
            awaitForced(buffer);
            assertThat(buffer.writeAcked(true, Ledger.KEPT_ENDED)).isTrue();
            LedgerSnapshot snapshot = buffer.ledger().snapshot(0);
            assertThat(snapshot.entries().size()).isEqualTo(Ledger.KEPT_ENDED + 3);
            assertThat(entry(buffer, "shop/*").delivered())
                    .isEqualTo(new Amount(100 * RECORD_BYTES, 100));
            assertThat(entry(buffer, "bank/*").state()).isEqualTo(State.FOLDED);
            assertThat(snapshot.entries().stream().map(LedgerEntry::source))
                    .doesNotContain("shop_job-0_uid/app")
                    .contains("shop_job-1198_uid/app");
            assertThat(snapshot.total().read().records()).isEqualTo(before.read().records() + 2);
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(entry(buffer, "shop/*").delivered().records()).isEqualTo(100);
            assertThat(buffer.ledger().snapshot(0).total().delivered().records())
                    .isEqualTo(count + 2);
            // A dead letter's source may be one of those.
            buffer.dropLetters(0, 1, Map.of("shop_job-0_uid/app", new Amount(0, 0)));
        }
    }

    @Test
    void anExcerptThatCannotBeFoundAnyMoreIsCountedForItsSources() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < 10; i++) {
                buffer.append(batch(body(i, 1_000), progress("shop_cart-" + i + "_uid/app", 1)));
            }
            damage(5, 20);
            List<Excerpt> left = drain(buffer.outbox(0));
            assertThat(left).hasSize(9);
            buffer.outbox(0).acknowledge(left.getLast().index(), List.of());
            assertThat(entry(buffer, "shop_cart-3_uid/app").dropped())
                    .containsOnlyKeys(Drop.BUFFER_DAMAGED);
            assertThat(buffer.ledger().snapshot(0).total().allDropped())
                    .isEqualTo(new Amount(3 * RECORD_BYTES, 3));
            assertThat(buffer.ledger().snapshot(0).total().inFlight()).isEqualTo(Amount.NONE);
        }
    }

    @Test
    void anExcerptWhoseBodyIsDamagedIsCountedForItsSourcesOnce() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            // Several segments: the positions behind the damage are in a snapshot.
            for (int i = 0; i < 30; i++) {
                buffer.append(batch(body(i, 40_000), progress("shop_cart-" + i + "_uid/app", 1)));
            }
            damage(5, 30_000);
            // The damage is met while the first excerpt is still in flight.
            assertThat(drain(buffer.outbox(0))).hasSize(29);
            assertThat(entry(buffer, "shop_cart-3_uid/app").allDropped().records()).isEqualTo(3);
            assertThat(buffer.writeAcked(true, Ledger.KEPT_ENDED)).isTrue();
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            List<Excerpt> left = drain(buffer.outbox(0));
            assertThat(left).hasSize(29);
            buffer.outbox(0).acknowledge(left.getLast().index(), List.of());
            LedgerEntry total = buffer.ledger().snapshot(0).total();
            assertThat(total.allDropped().records()).isEqualTo(3);
            assertThat(total.delivered().records()).isEqualTo(87);
        }
    }

    @Test
    void whatASourceHadReadWhenItEndedIsKnownThoughOnlyAnOlderSegmentOfItIsThere()
            throws Exception {
        Amount two = new Amount(2 * RECORD_BYTES, 2);
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(body("x"), progress(CART, 1)));
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(body("y"), progress(CART, 2)));
            buffer.append(batch(nothing(), tombstone(CART)));
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(body("z"), progress("/var/log/syslog", 1)));
        }
        // As if it was dropped while a request with the one before was under way.
        Files.delete(earlier().getLast());
        for (int start = 0; start < 2; start++) {
            try (Buffer buffer = Buffer.open(config(directory))) {
                assertThat(entry(buffer, CART).state()).isEqualTo(State.ENDED);
                assertThat(entry(buffer, CART).read()).isEqualTo(two);
                assertThat(entry(buffer, CART).inFlight()).isEqualTo(new Amount(RECORD_BYTES, 1));
            }
        }
    }

    @Test
    void theEndOfASourceIsKnownThoughOnlyItsExcerptsSaidThatItCameBack() throws Exception {
        Path acked = directory.resolve("acked");
        Path ended = directory.resolve("ended");
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(new Batch(List.of(), List.of(moved(CART, FILTERED))));
            buffer.append(batch(nothing(), tombstone(CART)));
        }
        Files.copy(acked, ended);
        long back;
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(new Batch(List.of(), List.of(moved(CART, FILTERED))));
            back = buffer.ledger().appendedTo();
        }
        Files.move(ended, acked, StandardCopyOption.REPLACE_EXISTING);
        Buffer.open(config(directory)).close();
        // Its first segment is done, and the excerpt with which it came back cannot be read.
        Files.delete(earlier().getFirst());
        moveBack(earlier().getFirst());
        damage(back, 20);
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(entry(buffer, CART).state()).isEqualTo(State.ENDED);
            assertThat(entry(buffer, CART).read()).isEqualTo(new Amount(5, 1));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void ofAllEndsOfASourceTheLastBeforeTheDamageCounts(int believed) throws Exception {
        for (int life = 0; life < believed; life++) {
            try (Buffer buffer = Buffer.open(config(directory))) {
                liveAndEnd(buffer, life);
            }
        }
        long damaged;
        try (Buffer buffer = Buffer.open(config(directory))) {
            damaged = liveAndEnd(buffer, believed);
            liveAndEnd(buffer, believed + 1);
            liveAndEnd(buffer, believed + 2);
        }
        for (Path segment : earlier()) {
            Files.delete(segment);
        }
        damage(damaged, 20);
        for (int start = 0; start < 2; start++) {
            try (Buffer buffer = Buffer.open(config(directory))) {
                assertThat(entry(buffer, CART).state()).isEqualTo(State.ENDED);
                assertThat(entry(buffer, CART).read())
                        .isEqualTo(new Amount(5L * believed, believed));
            }
        }
    }

    @Test
    void anEndInTheSegmentThatIsDamagedIsNewerThanTheOneBeforeIt() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            liveAndEnd(buffer, 0);
        }
        long damaged;
        try (Buffer buffer = Buffer.open(config(directory))) {
            liveAndEnd(buffer, 0);
            damaged = liveAndEnd(buffer, 1);
        }
        damage(damaged, 20);
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(entry(buffer, CART).state()).isEqualTo(State.ENDED);
            assertThat(entry(buffer, CART).read()).isEqualTo(new Amount(10, 2));
        }
    }

    /**
     * A source comes and ends, every other time in one excerpt.
     *
     * @return sequence of its first excerpt
     */
    private static long liveAndEnd(Buffer buffer, int life) throws InterruptedException {
        if (life % 2 == 1) {
            buffer.append(
                    new Batch(
                            List.of(),
                            List.of(new Batch.SourceProgress(CART, Optional.empty(), FILTERED))));
            return buffer.ledger().appendedTo();
        }
        buffer.append(new Batch(List.of(), List.of(moved(CART, FILTERED))));
        long first = buffer.ledger().appendedTo();
        buffer.append(batch(nothing(), tombstone(CART)));
        return first;
    }

    /** Segments of the processes before, the oldest first. */
    private List<Path> earlier() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("earlier"))) {
            return files.sorted().toList();
        }
    }

    /** To where a segment stood before the last start, and where {@link #damage} looks. */
    private void moveBack(Path segment) throws IOException {
        Files.move(segment, directory.resolve("queue").resolve(segment.getFileName()));
    }

    @Test
    void theEndOfASourceIsKnownThoughOnlyExcerptsThatAreGoneByNowHadIt() throws Exception {
        Path acked = directory.resolve("acked");
        Path empty = directory.resolve("empty");
        try (Buffer buffer = Buffer.open(config(directory))) {
            Files.copy(acked, empty);
            liveAndEnd(buffer, 0);
        }
        long back;
        try (Buffer buffer = Buffer.open(config(directory))) {
            back = liveAndEnd(buffer, 0);
            liveAndEnd(buffer, 0);
        }
        // Two kills at once: nothing of it has reached the file.
        Files.move(empty, acked, StandardCopyOption.REPLACE_EXISTING);
        Buffer.open(config(directory)).close();
        Files.delete(earlier().getFirst());
        moveBack(earlier().getFirst());
        damage(back, 20);
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(entry(buffer, CART).state()).isEqualTo(State.ENDED);
            assertThat(entry(buffer, CART).read()).isEqualTo(new Amount(5, 1));
        }
    }

    @Test
    void onlyEndsThatAStartMayAskForAreKept() throws Exception {
        int most = Ledger.KEPT_ENDS + 1;
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int life = 0; life < 2 * most; life++) {
                liveAndEnd(buffer, life);
            }
        }
        assertThat(savedEnds()).hasSize(most).startsWith(5L).endsWith(10L * most - 5, 10L * most);
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(body("x"), progress("/var/log/syslog", 1)));
            buffer.outbox(0).acknowledge(drain(buffer.outbox(0)).getLast().index(), List.of());
            assertThat(buffer.stats().segments()).as("the first is done").isEqualTo(1);
        }
        assertThat(savedEnds()).containsExactly(10L * most);
    }

    /** Bytes that had been read at each end that the file knows. */
    private List<Long> savedEnds() throws IOException {
        return AckedFile.look(directory.resolve("acked")).orElseThrow().sources().stream()
                .filter(source -> source.key().equals(CART))
                .flatMap(source -> source.ends().stream())
                .map(end -> end.totals().read().bytes())
                .toList();
    }

    @Test
    void aSourceThatIsAddedUpAndCameBackBehindDamageIsCountedOnce() throws Exception {
        long between;
        try (Buffer buffer = Buffer.open(config(directory))) {
            Outbox outbox = buffer.outbox(0);
            buffer.append(batch(body("x"), progress(CART, 1)));
            buffer.append(batch(nothing(), tombstone(CART)));
            outbox.acknowledge(outbox.next().orElseThrow().index(), List.of());
            assertThat(outbox.next()).isEmpty();
            awaitForced(buffer);
            assertThat(buffer.writeAcked(true, 0)).isTrue();
            buffer.append(batch(body("y"), progress("/var/log/syslog", 1)));
            between = buffer.ledger().appendedTo();
            buffer.append(batch(body("z"), progress(CART, 1)));
        }
        damage(between, 20);
        try (Buffer buffer = Buffer.open(config(directory))) {
            LedgerSnapshot snapshot = buffer.ledger().snapshot(0);
            assertThat(snapshot.entries())
                    .extracting(LedgerEntry::source)
                    .containsExactly("shop/*");
            assertThat(snapshot.total().read()).isEqualTo(new Amount(RECORD_BYTES, 1));
            assertThat(snapshot.total().delivered()).isEqualTo(new Amount(RECORD_BYTES, 1));
        }
    }

    @Test
    void whatIsReadAgainBecauseOfDamageIsCountedOnce() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < 6; i++) {
                buffer.append(batch(body("body " + i), progress(CART, i)));
            }
            damage(4, 20);
            List<Excerpt> all = drain(buffer.outbox(0));
            assertThat(all).hasSize(5);
            // All of it is acknowledged, also what is behind the damage.
            buffer.outbox(0).acknowledge(all.getLast().index(), List.of());
            assertThat(entry(buffer, CART).allDropped().records()).isEqualTo(1);
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.positions()).containsEntry(CART, Batches.position(1));
            assertThat(entry(buffer, CART).read().records()).isEqualTo(2);
            for (int i = 2; i < 6; i++) {
                buffer.append(batch(body("body " + i), progress(CART, i)));
            }
            List<Excerpt> again = drain(buffer.outbox(0));
            assertThat(again).hasSize(4);
            buffer.outbox(0).acknowledge(again.getLast().index(), List.of());
            LedgerEntry cart = entry(buffer, CART);
            assertThat(cart.read()).isEqualTo(new Amount(6 * RECORD_BYTES, 6));
            assertThat(cart.delivered().plus(cart.allDropped())).isEqualTo(cart.read());
        }
    }

    @Test
    void aTornSlotLeavesTheOneBeforeAndTheBooksBalance() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < 4; i++) {
                buffer.append(batch(body("body " + i), progress(CART, i)));
            }
            List<Excerpt> all = drain(buffer.outbox(0));
            buffer.outbox(0).acknowledge(all.get(1).index(), List.of());
            assertThat(buffer.writeAcked(true, 0)).isTrue();
            buffer.outbox(0).acknowledge(all.get(2).index(), List.of());
            // Closing writes the slot that is torn.
        }
        tearNewestSlot();
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(drain(buffer.outbox(0)).stream().map(Batches::text))
                    .containsExactly("body 2", "body 3");
            assertThat(entry(buffer, CART).delivered().records()).isEqualTo(2);
            assertThat(entry(buffer, CART).inFlight().records()).isEqualTo(2);
        }
    }

    @Test
    void whatWasForcedOfTheAcknowledgedFileStandsUntilSomethingElseIs() throws Exception {
        Path acked = directory.resolve("acked");
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < 6; i++) {
                buffer.append(batch(body("body " + i), progress(CART, i)));
            }
            List<Excerpt> all = drain(buffer.outbox(0));
            buffer.outbox(0).acknowledge(all.get(1).index(), List.of());
            assertThat(buffer.writeAcked(true, 0)).isTrue();
            byte[] forced = Files.readAllBytes(acked);
            for (int i = 2; i < 5; i++) {
                buffer.outbox(0).acknowledge(all.get(i).index(), List.of());
                assertThat(buffer.writeAcked(false, 0)).isTrue();
            }
            // A power cut may leave anything where something was written since it was forced.
            byte[] now = Files.readAllBytes(acked);
            for (int i = 0; i < now.length; i++) {
                if (now[i] != forced[i]) {
                    forced[i] = (byte) (now[i] ^ 0x55);
                }
            }
            Files.write(directory.resolve("cut"), forced);
        }
        Files.move(directory.resolve("cut"), acked, StandardCopyOption.REPLACE_EXISTING);
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(drain(buffer.outbox(0)).stream().map(Batches::text))
                    .containsExactly("body 2", "body 3", "body 4", "body 5");
            assertThat(entry(buffer, CART).delivered().records()).isEqualTo(2);
            assertThat(entry(buffer, CART).inFlight().records()).isEqualTo(4);
        }
    }

    @Test
    void withoutTheAcknowledgedFileAllIsSentAgainAndTheRestCountsAsDelivered() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < 40; i++) {
                buffer.append(batch(body(i, 40_000), progress(CART, i)));
            }
            List<Excerpt> all = drain(buffer.outbox(0));
            buffer.outbox(0).acknowledge(all.get(24).index(), List.of());
        }
        Files.delete(directory.resolve("acked"));
        try (Buffer buffer = Buffer.open(config(directory))) {
            List<Excerpt> again = drain(buffer.outbox(0));
            assertThat(again).hasSizeGreaterThan(14).hasSizeLessThan(40);
            LedgerEntry cart = entry(buffer, CART);
            assertThat(cart.read().records()).isEqualTo(120);
            assertThat(cart.inFlight().records()).isEqualTo(3L * again.size());
            assertThat(cart.delivered().records()).isEqualTo(120 - 3L * again.size());
        }
    }

    @Test
    void withoutTheAcknowledgedFileWhatWasAppendedAgainIsSentThoughItsFirstExcerptIsGone()
            throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            Outbox outbox = buffer.outbox(0);
            buffer.append(batch(body("waits"), progress(CART, 1)));
            Excerpt waits = outbox.next().orElseThrow();
            for (int i = 2; i < 40; i++) {
                buffer.append(batch(body(i, 40_000), progress(CART, i)));
            }
            Excerpt last = drain(outbox).getLast();
            outbox.appendAgain(waits.index(), new int[] {0}, new int[] {-1}, body("waits"));
            outbox.acknowledge(last.index(), List.of());
            assertThat(buffer.stats().segments()).as("its first segment is gone").isEqualTo(1);
        }
        Files.delete(directory.resolve("acked"));
        for (int start = 0; start < 2; start++) {
            try (Buffer buffer = Buffer.open(config(directory))) {
                List<Excerpt> again = drain(buffer.outbox(0));
                assertThat(again).extracting(Batches::text).contains("waits");
                LedgerEntry cart = entry(buffer, CART);
                assertThat(cart.inFlight().records())
                        .isEqualTo(again.stream().mapToInt(Excerpt::documents).sum());
                assertThat(cart.delivered().plus(cart.inFlight())).isEqualTo(cart.read());
            }
        }
    }

    @Test
    void withoutTheAcknowledgedFileWhatWasAppendedAgainIsSentOnceWithItsFirstExcerpt()
            throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            Outbox outbox = buffer.outbox(0);
            buffer.append(batch(body("waits"), progress(CART, 1)));
            buffer.append(batch(body("goes on"), progress(CART, 2)));
            Excerpt waits = outbox.next().orElseThrow();
            outbox.appendAgain(waits.index(), new int[] {0}, new int[] {-1}, body("waits"));
            outbox.acknowledge(waits.index(), List.of());
        }
        Files.delete(directory.resolve("acked"));
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(drain(buffer.outbox(0)))
                    .extracting(Batches::text)
                    .containsExactly("waits", "goes on");
            assertThat(entry(buffer, CART).inFlight().records()).isEqualTo(2);
        }
    }

    @Test
    void whatWasAppendedAgainIsCountedOnceThoughItsFirstExcerptIsDamaged() throws Exception {
        long damaged;
        int others = 1;
        try (Buffer buffer = Buffer.open(config(directory))) {
            Outbox outbox = buffer.outbox(0);
            buffer.append(batch(body("first"), progress(CART, 1)));
            buffer.append(batch(body("waits"), progress(CART, 2)));
            assertThat(outbox.next().map(Batches::text)).contains("first");
            damaged = outbox.next().orElseThrow().index();
            outbox.appendAgain(damaged, new int[] {0}, new int[] {-1}, body("waits"));
            // The snapshot of another segment stands on what is damaged.
            while (buffer.stats().segments() == 1) {
                buffer.append(batch(body(others, 40_000), progress(CART, 2 + others)));
                others++;
            }
        }
        damage(damaged, 20);
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.positions()).containsEntry(CART, Batches.position(1 + others));
            List<Excerpt> left = drain(buffer.outbox(0));
            assertThat(left).hasSize(others).extracting(Batches::text).doesNotContain("waits");
            buffer.outbox(0).acknowledge(left.getLast().index(), List.of());
            LedgerEntry cart = entry(buffer, CART);
            assertThat(cart.dropped())
                    .isEqualTo(Map.of(Drop.BUFFER_DAMAGED, new Amount(RECORD_BYTES, 1)));
            assertThat(cart.delivered().plus(cart.allDropped())).isEqualTo(cart.read());
        }
    }

    @Test
    void anotherFormatVersionGoesToQuarantine() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(body("new"), progress(CART, 1)));
        }
        Path segment = segment();
        ByteBuffer bytes =
                ByteBuffer.wrap(Files.readAllBytes(segment)).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at + 8 <= bytes.capacity(); at += 4) {
            if (bytes.getInt(at) == ExcerptFormat.MAGIC) {
                bytes.put(at + 4, (byte) 1);
            }
        }
        Files.write(segment, bytes.array());
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.stats().quarantinedSegments()).isEqualTo(1);
            assertThat(directory.resolve("quarantine").resolve(segment.getFileName())).exists();
            assertThat(buffer.positions()).isEmpty();
            assertThat(buffer.outbox(0).isEmpty()).isTrue();
            buffer.append(batch(body("again"), progress(CART, 1)));
            assertThat(drain(buffer.outbox(0)).stream().map(Batches::text))
                    .containsExactly("again");
        }
    }

    @Test
    void theAcknowledgedFileGrowsWithItsSources() throws Exception {
        int count = 1_500;
        String name = "n".repeat(300);
        long small;
        try (Buffer buffer = Buffer.open(config(directory))) {
            small = Files.size(directory.resolve("acked"));
            List<Batch.SourceProgress> sources = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                sources.add(moved("shop_" + name + i + "_uid/app", Counts.NONE));
            }
            buffer.append(new Batch(List.of(), sources));
            buffer.append(batch(body("x"), progress(CART, 1)));
            buffer.outbox(0).acknowledge(drain(buffer.outbox(0)).getLast().index(), List.of());
        }
        assertThat(Files.size(directory.resolve("acked"))).isEqualTo(2 * small);
        assertThat(directory.resolve("acked.new")).doesNotExist();
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.ledger().snapshot(0).entries()).hasSize(count + 1);
            assertThat(buffer.outbox(0).isEmpty()).isTrue();
            assertThat(entry(buffer, CART).delivered().records()).isEqualTo(1);
        }
    }

    @Test
    void onAFullDiskTheLedgerMakesItselfSmallSoThatSegmentsCanGo() throws Exception {
        Path device = Files.createDirectories(directory.resolve("disk"));
        String name = "n".repeat(380);
        try (Tmpfs _ = Tmpfs.mount(device, 8)) {
            Path state = device.resolve("state");
            try (Buffer buffer = Buffer.open(config(state))) {
                for (int i = 0; i < Ledger.KEPT_ENDED; i++) {
                    String source = "shop_" + name + i + "_uid/app";
                    buffer.append(batch(body("x"), progress(source, 1)));
                    buffer.append(batch(nothing(), tombstone(source)));
                }
                for (int i = 0; i < 20; i++) {
                    buffer.append(batch(body(i, 40_000), progress(CART, i)));
                }
                List<Excerpt> all = drain(buffer.outbox(0));
                awaitForced(buffer);
                fill(device.resolve("others"));
                long segments = buffer.stats().segments();
                buffer.outbox(0).acknowledge(all.getLast().index(), List.of());
                assertThat(buffer.stats().segments()).isLessThan(segments);
                assertThat(entry(buffer, "shop/*").delivered().records()).isPositive();
                Files.delete(device.resolve("others"));
            }
            try (Buffer buffer = Buffer.open(config(state))) {
                LedgerEntry total = buffer.ledger().snapshot(0).total();
                assertThat(total.delivered().records()).isEqualTo(Ledger.KEPT_ENDED + 60);
                assertThat(total.inFlight()).isEqualTo(Amount.NONE);
            }
        }
    }

    /** What has ended must be on the disk, or a power cut could bring it back. */
    private static void awaitForced(Buffer buffer) throws InterruptedException {
        // Whoever appended or read after a second may have forced it already.
        while (buffer.housekeep() != Long.MAX_VALUE) {
            buffer.outbox(0).await(TimeUnit.MILLISECONDS.toNanos(100));
        }
    }

    private static void fill(Path file) throws IOException {
        try (RandomAccessFile raf = new RandomAccessFile(file.toFile(), "rw")) {
            byte[] zeros = new byte[4096];
            while (true) {
                try {
                    raf.write(zeros);
                } catch (IOException _) {
                    return;
                }
            }
        }
    }

    @Test
    void lettersThatMakeRoomMoveFromDeadLetteredToDropped() throws Exception {
        int count = 500;
        try (Buffer buffer = Buffer.open(config(directory));
                DeadLetterFiles letters = DeadLetterFiles.open(buffer, 0, 1 << 20)) {
            for (int i = 0; i < count; i++) {
                String source = "shop_cart-" + i % 3 + "_uid/app";
                buffer.append(batch(body("x"), progress(source, i)));
                Excerpt excerpt = buffer.outbox(0).next().orElseThrow();
                ExcerptOutcome outcome = new ExcerptOutcome(excerpt.index());
                assertThat(letters.write(letter(i, source, 10_000))).isTrue();
                outcome.deadLettered(0, (int) RECORD_BYTES);
                letters.force();
                buffer.outbox(0).acknowledge(excerpt.index(), List.of(outcome));
                LedgerEntry total = buffer.ledger().snapshot(0).total();
                assertThat(total.deadLettered().records()).isEqualTo(letters.stats().letters());
                assertThat(total.allDropped().records()).isEqualTo(letters.stats().dropped());
            }
            assertThat(letters.stats().dropped()).isGreaterThan(300);
            assertThat(entry(buffer, "shop_cart-0_uid/app").dropped())
                    .containsOnlyKeys(Drop.DEAD_LETTERS_DROPPED);
        }
        // Killed after the ledger was written, before the file was deleted: as if it came back.
        Path oldest = letterFiles().getFirst();
        String name = oldest.getFileName().toString();
        int number = Integer.parseInt(name.substring(8, 18));
        Path counted = oldest.resolveSibling("letters-%010d.ndjson".formatted(number - 1));
        Files.copy(oldest, counted);
        try (Buffer buffer = Buffer.open(config(directory));
                DeadLetterFiles letters = DeadLetterFiles.open(buffer, 0, 1 << 20)) {
            assertThat(counted).doesNotExist();
            LedgerEntry total = buffer.ledger().snapshot(0).total();
            assertThat(total.deadLettered().records()).isEqualTo(letters.stats().letters());
            assertThat(total.deadLettered().records() + total.allDropped().records())
                    .isEqualTo(count);
        }
        // Somebody has dealt with all of them: what comes now must not look like those of then.
        for (Path file : letterFiles()) {
            Files.delete(file);
        }
        try (Buffer buffer = Buffer.open(config(directory));
                DeadLetterFiles letters = DeadLetterFiles.open(buffer, 0, 1 << 20)) {
            letters.write(letter(1_000, CART, 10));
            letters.force();
        }
        try (Buffer buffer = Buffer.open(config(directory));
                DeadLetterFiles letters = DeadLetterFiles.open(buffer, 0, 1 << 20)) {
            assertThat(letters.stats().letters()).isEqualTo(1);
        }
    }

    @Test
    void aLetterThatIsGoneBeforeItsExcerptIsAcknowledgedIsCountedThen() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(body("x"), progress(CART, 1)));
            Excerpt excerpt = buffer.outbox(0).next().orElseThrow();
            Amount one = new Amount(RECORD_BYTES, 1);
            buffer.dropLetters(0, 1, Map.of(CART, one));
            assertThat(entry(buffer, CART).inFlight()).isEqualTo(one);
            ExcerptOutcome outcome = new ExcerptOutcome(excerpt.index());
            outcome.deadLettered(0, 0);
            buffer.outbox(0).acknowledge(excerpt.index(), List.of(outcome));
            assertThat(entry(buffer, CART).deadLettered()).isEqualTo(Amount.NONE);
            assertThat(entry(buffer, CART).dropped()).containsEntry(Drop.DEAD_LETTERS_DROPPED, one);
        }
    }

    @Test
    void lettersOfASourceThatCameBackAfterItWasFoldedAreCountedWhereTheyAre() throws Exception {
        Amount one = new Amount(RECORD_BYTES, 1);
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(body("x"), progress(CART, 1)));
            buffer.append(batch(nothing(), tombstone(CART)));
            Excerpt excerpt = buffer.outbox(0).next().orElseThrow();
            ExcerptOutcome outcome = new ExcerptOutcome(excerpt.index());
            outcome.deadLettered(0, (int) RECORD_BYTES);
            buffer.outbox(0).acknowledge(excerpt.index(), List.of(outcome));
            assertThat(buffer.outbox(0).next()).isEmpty();
            awaitForced(buffer);
            assertThat(buffer.writeAcked(true, 0)).isTrue();
            assertThat(entry(buffer, "shop/*").deadLettered()).isEqualTo(one);
            buffer.append(batch(body("y"), progress(CART, 1)));
            excerpt = buffer.outbox(0).next().orElseThrow();
            buffer.outbox(0).acknowledge(excerpt.index(), List.of());
            buffer.dropLetters(0, 1, Map.of(CART, one));
            assertThat(entry(buffer, "shop/*").deadLettered()).isEqualTo(Amount.NONE);
            assertThat(entry(buffer, "shop/*").dropped())
                    .containsEntry(Drop.DEAD_LETTERS_DROPPED, one);
            assertThat(entry(buffer, CART).delivered()).isEqualTo(one);
        }
    }

    private static DeadLetter letter(int number, String source, int bytes) {
        return new DeadLetter(
                "id-" + number,
                "t",
                "{}",
                "x".repeat(bytes),
                400,
                "type",
                "reason",
                1,
                0,
                source,
                RECORD_BYTES);
    }

    private List<Path> letterFiles() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("dead-letters"))) {
            return files.sorted().toList();
        }
    }

    // --- what is there ---

    private static Batch.SourceProgress moved(String source, Counts counts) {
        return new Batch.SourceProgress(source, Optional.of(Batches.position(1)), counts);
    }

    private static LedgerEntry entry(Buffer buffer, String source) {
        return buffer.ledger().snapshot(0).entries().stream()
                .filter(entry -> entry.source().equals(source))
                .findFirst()
                .orElseThrow();
    }

    private Path segment() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("queue"))) {
            return files.filter(file -> file.toString().endsWith(".cq4"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Changes one byte of an excerpt. */
    private void damage(long sequence, int at) throws IOException {
        Path segment = segment();
        ByteBuffer bytes =
                ByteBuffer.wrap(Files.readAllBytes(segment)).order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from + 64 <= bytes.capacity(); from += 4) {
            if (bytes.getInt(from) == ExcerptFormat.MAGIC && bytes.getLong(from + 16) == sequence) {
                try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
                    file.seek(from + at);
                    file.write(bytes.get(from + at) ^ 0x10);
                }
                return;
            }
        }
        throw new AssertionError("no excerpt " + sequence);
    }

    private void tearNewestSlot() throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("acked").toFile(), "rw")) {
            long half = file.length() / 2;
            ByteBuffer slots = ByteBuffer.allocate(2 * 16).order(ByteOrder.LITTLE_ENDIAN);
            file.readFully(slots.array(), 0, 16);
            file.seek(half);
            file.readFully(slots.array(), 16, 16);
            long newest = slots.getLong(8) > slots.getLong(24) ? 0 : half;
            file.seek(newest + 30);
            file.write(new byte[10]);
        }
    }
}
