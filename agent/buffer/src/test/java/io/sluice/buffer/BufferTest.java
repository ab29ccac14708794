package io.sluice.buffer;

import static io.sluice.buffer.Batches.BLOCK;
import static io.sluice.buffer.Batches.batch;
import static io.sluice.buffer.Batches.body;
import static io.sluice.buffer.Batches.config;
import static io.sluice.buffer.Batches.drain;
import static io.sluice.buffer.Batches.nothing;
import static io.sluice.buffer.Batches.position;
import static io.sluice.buffer.Batches.progress;
import static io.sluice.buffer.Batches.tombstone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.pipeline.Batch;

import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

class BufferTest {
    @TempDir Path directory;

    @Test
    void whatIsAppendedIsHandedOutOnceAndInOrder() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            Outbox outbox = buffer.outbox(0);
            assertThat(outbox.isEmpty()).isTrue();
            buffer.append(batch(body("first"), progress("a", 10)));
            buffer.append(batch(body("second"), progress("a", 20)));

            List<Excerpt> excerpts = drain(outbox);

            assertThat(excerpts.stream().map(Batches::text)).containsExactly("first", "second");
            assertThat(excerpts.getFirst().target()).isEqualTo(Batches.TARGET);
            assertThat(excerpts.getFirst().documents()).isEqualTo(1);
            assertThat(excerpts.getFirst().uncompressedBytes()).isEqualTo(5);
            assertThat(excerpts.get(1).index()).isGreaterThan(excerpts.get(0).index());
            assertThat(outbox.next()).isEmpty();
            assertThat(outbox.isEmpty()).isFalse();
            outbox.acknowledge(excerpts.get(1).index(), List.of());
            assertThat(outbox.isEmpty()).isTrue();
            assertThat(buffer.positions()).containsEntry("a", position(20));
        }
    }

    @Test
    void aRestartSendsAgainWhatWasNotAcknowledgedAndKnowsThePositions() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < 10; i++) {
                buffer.append(batch(body("body " + i), progress("source " + i % 3, i)));
            }
            List<Excerpt> excerpts = drain(buffer.outbox(0));
            buffer.outbox(0).acknowledge(excerpts.get(3).index(), List.of());
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.positions())
                    .containsOnly(
                            Map.entry("source 0", position(9)),
                            Map.entry("source 1", position(7)),
                            Map.entry("source 2", position(8)));
            List<Excerpt> excerpts = drain(buffer.outbox(0));
            assertThat(excerpts.stream().map(Batches::text))
                    .containsExactly("body 4", "body 5", "body 6", "body 7", "body 8", "body 9");
            buffer.append(batch(body("new"), progress("source 0", 100)));
            assertThat(drain(buffer.outbox(0)).stream().map(Batches::text)).containsExactly("new");
        }
    }

    @Test
    void manyStartsWithoutAnAcknowledgementLoseNothing() throws Exception {
        for (int i = 0; i < 5; i++) {
            try (Buffer buffer = Buffer.open(config(directory))) {
                buffer.append(batch(body("body " + i), progress("source " + i, i)));
            }
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(drain(buffer.outbox(0)).stream().map(Batches::text))
                    .containsExactly("body 0", "body 1", "body 2", "body 3", "body 4");
            assertThat(buffer.positions()).hasSize(5);
        }
    }

    @Test
    void aForgottenSourceStaysForgotten() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(body("x"), progress("gone", 10), progress("stays", 20)));
            buffer.append(batch(nothing(), tombstone("gone")));
            assertThat(buffer.positions()).containsOnlyKeys("stays");
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.positions()).containsOnlyKeys("stays");
        }
    }

    @Test
    void positionsThatMoveWithoutDocumentsAreKeptAndNotHandedOut() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(new Batch(List.of(), List.of(progress("filtered", 77))));
            assertThat(buffer.outbox(0).next()).isEmpty();
            assertThat(buffer.outbox(0).isEmpty()).isTrue();
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.positions()).containsEntry("filtered", position(77));
        }
    }

    @Test
    void segmentsRollBySizeAndGoWhenAllOfThemIsAcknowledged() throws Exception {
        int count = 60;
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < count; i++) {
                buffer.append(batch(body(i, 40_000), progress("source " + i, i)));
            }
            long segments = buffer.stats().segments();
            assertThat(segments).isGreaterThan(3);
            assertThat(files("queue", ".cq4")).hasSize((int) segments);
            assertThat(buffer.stats().usedBytes()).isEqualTo(sizeOf(files("queue", ".cq4")));

            Outbox outbox = buffer.outbox(0);
            List<Excerpt> excerpts = drain(outbox);
            assertThat(excerpts).hasSize(count).allMatch(Batches::isWhole);
            outbox.acknowledge(excerpts.get(count / 2).index(), List.of());
            assertThat(buffer.stats().segments()).isLessThan(segments).isGreaterThan(1);
            outbox.acknowledge(excerpts.getLast().index(), List.of());
            assertThat(buffer.stats().segments()).isEqualTo(1);
            assertThat(files("queue", ".cq4")).hasSize(1);
            assertThat(buffer.stats().usedBytes()).isEqualTo(sizeOf(files("queue", ".cq4")));
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            // Only the last segment is left: its snapshot has the positions of those before.
            assertThat(buffer.positions()).hasSize(count);
            assertThat(buffer.outbox(0).next()).isEmpty();
        }
    }

    @Test
    void earlierSegmentsGoToo() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < 30; i++) {
                buffer.append(batch(body(i, 40_000), progress("a", i)));
            }
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            List<Excerpt> excerpts = drain(buffer.outbox(0));
            assertThat(excerpts).hasSize(30);
            buffer.outbox(0).acknowledge(excerpts.getLast().index(), List.of());
            assertThat(buffer.stats().segments()).as("its snapshot is the newest").isEqualTo(1);
            buffer.append(batch(body(30, 1_000), progress("a", 30)));
            buffer.outbox(0).acknowledge(drain(buffer.outbox(0)).getLast().index(), List.of());
            assertThat(files("earlier", ".cq4")).isEmpty();
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.positions()).containsOnly(Map.entry("a", position(30)));
            assertThat(buffer.outbox(0).isEmpty()).isTrue();
        }
    }

    @Test
    void outputsAcknowledgeEachAtItsOwnPace() throws Exception {
        BufferConfig two = config(directory, "elasticsearch", "archive");
        try (Buffer buffer = Buffer.open(two)) {
            for (int i = 0; i < 30; i++) {
                buffer.append(
                        batch(
                                List.of(body(i, 20_000), body(1_000 + i, 20_000)),
                                List.of(progress("a", i))));
            }
            buffer.append(batch(List.of(body(30, 100), body(1_030, 100)), List.of()));
            List<Excerpt> first = drain(buffer.outbox(0));
            assertThat(first.stream().map(Batches::number))
                    .containsExactlyElementsOf(LongStream.range(0, 31).boxed().toList());
            long segments = buffer.stats().segments();
            buffer.outbox(0).acknowledge(first.getLast().index(), List.of());
            assertThat(buffer.outbox(0).isEmpty()).isTrue();
            assertThat(buffer.stats().segments()).as("archive has not read").isEqualTo(segments);
            List<Excerpt> second = drain(buffer.outbox(1));
            assertThat(second).hasSize(31);
            buffer.outbox(1).acknowledge(second.get(9).index(), List.of());
        }
        // The other way round, and one more: bodies are found by the output's name.
        try (Buffer buffer = Buffer.open(config(directory, "archive", "new", "elasticsearch"))) {
            assertThat(drain(buffer.outbox(0)).stream().map(Batches::number).toList())
                    .startsWith(1_010L)
                    .endsWith(1_030L)
                    .hasSize(21);
            assertThat(buffer.outbox(1).next()).isEmpty();
            assertThat(buffer.outbox(2).next()).isEmpty();
        }
    }

    @Test
    void documentsThatMustWaitComeBackBehindTheOthersWithoutPositions() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            Outbox outbox = buffer.outbox(0);
            buffer.append(batch(body("stalls"), progress("a", 1)));
            buffer.append(batch(body("goes on"), progress("a", 2)));
            Excerpt stalls = outbox.next().orElseThrow();
            outbox.appendAgain(stalls.index(), new int[] {0}, new int[] {6}, body("stalls"));
            outbox.acknowledge(stalls.index(), List.of());
            assertThat(drain(outbox).stream().map(Batches::text))
                    .containsExactly("goes on", "stalls");
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(drain(buffer.outbox(0)).stream().map(Batches::text))
                    .containsExactly("goes on", "stalls");
            assertThat(buffer.positions()).containsEntry("a", position(2));
        }
    }

    @Test
    void morePositionsThanOneExcerptHoldsFollowInOthersAndInTheSnapshot() throws Exception {
        int count = 3_000;
        Map<String, Object> expected = new HashMap<>();
        List<Batch.SourceProgress> progress =
                IntStream.range(0, count)
                        .mapToObj(i -> progress("namespace_pod-" + i + "_uid/ünïcode", i))
                        .toList();
        progress.forEach(p -> expected.put(p.source(), p.position().orElseThrow()));
        try (Buffer buffer = Buffer.open(config(directory))) {
            buffer.append(batch(List.of(body(1, 30_000)), progress));
            assertThat(buffer.positions()).isEqualTo(expected);
        }
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.positions()).isEqualTo(expected);
            for (int i = 0; i < 30; i++) {
                buffer.append(batch(body(i, 40_000), progress("namespace_pod-0_uid/ünïcode", i)));
            }
            drain(buffer.outbox(0))
                    .forEach(e -> buffer.outbox(0).acknowledge(e.index(), List.of()));
            assertThat(files("earlier", ".cq4")).isEmpty();
        }
        expected.put("namespace_pod-0_uid/ünïcode", position(29));
        try (Buffer buffer = Buffer.open(config(directory))) {
            assertThat(buffer.positions()).isEqualTo(expected);
        }
    }

    @Test
    void deliverIsWokenByAnAppendAndByWake() throws Exception {
        try (Buffer buffer = Buffer.open(config(directory))) {
            Outbox outbox = buffer.outbox(0);
            CompletableFuture<Long> waited = CompletableFuture.supplyAsync(() -> waitIn(outbox));
            buffer.append(batch(body("x")));
            assertThat(waited.get(60, TimeUnit.SECONDS)).isLessThan(60_000L);
            drain(outbox);
            CompletableFuture<Long> again = CompletableFuture.supplyAsync(() -> waitIn(outbox));
            outbox.wake();
            assertThat(again.get(60, TimeUnit.SECONDS)).isLessThan(60_000L);
            long start = System.nanoTime();
            outbox.await(TimeUnit.MILLISECONDS.toNanos(20));
            assertThat(System.nanoTime() - start)
                    .isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(19));
        }
    }

    private static long waitIn(Outbox outbox) {
        try {
            long start = System.nanoTime();
            outbox.await(TimeUnit.HOURS.toNanos(1));
            return (System.nanoTime() - start) / 1_000_000;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void twoEncodersAppendWhileOneDelivers() throws Exception {
        int each = 400;
        BufferConfig config = config(directory);
        try (Buffer buffer = Buffer.open(config)) {
            List<CompletableFuture<Void>> encoders = new ArrayList<>();
            for (int e = 0; e < 2; e++) {
                long from = e * 1_000_000L;
                encoders.add(
                        CompletableFuture.runAsync(
                                () -> {
                                    for (int i = 0; i < each; i++) {
                                        append(
                                                buffer,
                                                batch(
                                                        body(from + i, 5_000),
                                                        progress("s" + from, i)));
                                    }
                                }));
            }
            Outbox outbox = buffer.outbox(0);
            List<Long> numbers = new ArrayList<>();
            while (numbers.size() < 2 * each) {
                outbox.await(TimeUnit.SECONDS.toNanos(1));
                for (Excerpt excerpt : drain(outbox)) {
                    assertThat(Batches.isWhole(excerpt)).isTrue();
                    numbers.add(Batches.number(excerpt));
                    outbox.acknowledge(excerpt.index(), List.of());
                }
            }
            for (CompletableFuture<Void> encoder : encoders) {
                encoder.get(60, TimeUnit.SECONDS);
            }
            assertThat(numbers.stream().filter(n -> n < 1_000_000))
                    .containsExactlyElementsOf(LongStream.range(0, each).boxed().toList());
            assertThat(numbers.stream().filter(n -> n >= 1_000_000)).hasSize(each);
            assertThat(outbox.isEmpty()).isTrue();
            assertThat(buffer.stats().segments()).isEqualTo(1);
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
    void aFullBufferBlocksUntilDeliverHasMadeRoom() throws Exception {
        BufferConfig small = limited(BufferConfig.WhenFull.BLOCK, 6L * BLOCK, 0);
        try (Buffer buffer = Buffer.open(small)) {
            CompletableFuture<Void> encoder =
                    CompletableFuture.runAsync(
                            () -> {
                                for (int i = 0; i < 100; i++) {
                                    append(buffer, batch(body(i, 40_000), progress("a", i)));
                                }
                            });
            await().until(() -> buffer.stats().full());
            assertThat(buffer.stats().usedBytes()).isLessThanOrEqualTo(6L * BLOCK);
            Outbox outbox = buffer.outbox(0);
            List<Long> numbers = new ArrayList<>();
            while (numbers.size() < 100) {
                outbox.await(TimeUnit.SECONDS.toNanos(1));
                for (Excerpt excerpt : drain(outbox)) {
                    numbers.add(Batches.number(excerpt));
                    outbox.acknowledge(excerpt.index(), List.of());
                }
            }
            encoder.get(60, TimeUnit.SECONDS);
            assertThat(numbers)
                    .containsExactlyElementsOf(LongStream.range(0, 100).boxed().toList());
            assertThat(buffer.stats().full()).isFalse();
            assertThat(buffer.stats().blockedNanos()).isPositive();
        }
    }

    @Test
    void anEncoderThatWaitsForRoomCanBeInterruptedAndItsBatchIsNotInTheBuffer() throws Exception {
        BufferConfig noSpace = limited(BufferConfig.WhenFull.BLOCK, 64L << 20, Long.MAX_VALUE / 2);
        try (Buffer buffer = Buffer.open(noSpace)) {
            CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
            Thread encoder =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        try {
                                            buffer.append(batch(body("x"), progress("a", 1)));
                                            interrupted.complete(false);
                                        } catch (InterruptedException _) {
                                            interrupted.complete(true);
                                        }
                                    });
            await().until(() -> buffer.stats().full());
            encoder.interrupt();
            assertThat(interrupted.get(60, TimeUnit.SECONDS)).isTrue();
            assertThat(buffer.positions()).isEmpty();
            assertThat(buffer.outbox(0).next()).isEmpty();
        }
    }

    @Test
    void minFreeIsKeptAndTheBufferGoesOnWhenTheDiskHasSpaceAgain() throws Exception {
        Path device = Files.createDirectories(directory.resolve("disk"));
        try (Tmpfs _ = Tmpfs.mount(device, 16)) {
            Path others = device.resolve("others");
            Disk.allocate(others, 0, 10 << 20);
            BufferConfig config =
                    with(
                            config(device.resolve("state")),
                            BufferConfig.WhenFull.BLOCK,
                            64L << 20,
                            8L << 20);
            try (Buffer buffer = Buffer.open(config)) {
                CompletableFuture<Void> encoder =
                        CompletableFuture.runAsync(
                                () -> append(buffer, batch(body(1, 1_000), progress("a", 1))));
                await().until(() -> buffer.stats().full());
                assertThat(encoder).isNotDone();
                Files.delete(others);
                encoder.get(60, TimeUnit.SECONDS);
                assertThat(drain(buffer.outbox(0))).hasSize(1);
            }
        }
    }

    @Test
    void aFullDiskBlocksAndNothingIsLost() throws Exception {
        Path device = Files.createDirectories(directory.resolve("disk"));
        try (Tmpfs _ = Tmpfs.mount(device, 3)) {
            BufferConfig config = config(device.resolve("state"));
            try (Buffer buffer = Buffer.open(config)) {
                CompletableFuture<Void> encoder =
                        CompletableFuture.runAsync(
                                () -> {
                                    for (int i = 0; i < 150; i++) {
                                        append(buffer, batch(body(i, 40_000), progress("a", i)));
                                    }
                                });
                await().until(() -> buffer.stats().full());
                Outbox outbox = buffer.outbox(0);
                List<Long> numbers = new ArrayList<>();
                while (numbers.size() < 150) {
                    outbox.await(TimeUnit.SECONDS.toNanos(1));
                    for (Excerpt excerpt : drain(outbox)) {
                        assertThat(Batches.isWhole(excerpt)).isTrue();
                        numbers.add(Batches.number(excerpt));
                        outbox.acknowledge(excerpt.index(), List.of());
                    }
                }
                encoder.get(60, TimeUnit.SECONDS);
                assertThat(numbers)
                        .containsExactlyElementsOf(LongStream.range(0, 150).boxed().toList());
            }
        }
    }

    @Test
    void aFullDiskDropsTheOldestAndCountsWhatIsMissing() throws Exception {
        Path device = Files.createDirectories(directory.resolve("disk"));
        try (Tmpfs _ = Tmpfs.mount(device, 3)) {
            BufferConfig config =
                    with(
                            config(device.resolve("state")),
                            BufferConfig.WhenFull.DROP_OLDEST,
                            64L << 20,
                            0);
            try (Buffer buffer = Buffer.open(config)) {
                for (int i = 0; i < 150; i++) {
                    buffer.append(batch(body(i, 40_000), progress("a", i)));
                }
                List<Excerpt> left = drain(buffer.outbox(0));
                assertThat(left).isNotEmpty().allMatch(Batches::isWhole);
                assertThat(Batches.number(left.getLast())).isEqualTo(149);
                long dropped = 150L - left.size();
                assertThat(dropped).isPositive();
                assertThat(buffer.stats().droppedDocuments()).isEqualTo(3 * dropped);
                assertThat(buffer.ledger().snapshot(0).entries())
                        .singleElement()
                        .satisfies(
                                entry -> {
                                    assertThat(entry.source()).isEqualTo("a");
                                    assertThat(entry.read().records()).isEqualTo(450);
                                    assertThat(entry.dropped().get(Drop.BUFFER_DROPPED))
                                            .isEqualTo(
                                                    new Amount(
                                                            3 * dropped * Batches.RECORD_BYTES,
                                                            3 * dropped));
                                    assertThat(entry.inFlight().records())
                                            .isEqualTo(3L * left.size());
                                });
            }
            try (Buffer buffer = Buffer.open(config)) {
                assertThat(buffer.positions()).containsEntry("a", position(149));
            }
        }
    }

    @Test
    void aSegmentWithARequestInFlightIsNotDropped() throws Exception {
        BufferConfig config = limited(BufferConfig.WhenFull.DROP_OLDEST, 8L * BLOCK, 0);
        try (Buffer buffer = Buffer.open(config)) {
            Outbox outbox = buffer.outbox(0);
            buffer.append(batch(body(0, 40_000), progress("a", 0)));
            Excerpt inFlight = outbox.next().orElseThrow();
            for (int i = 1; i < 200; i++) {
                buffer.append(batch(body(i, 40_000), progress("a", i)));
            }
            assertThat(buffer.stats().droppedSegments()).isPositive();
            List<Excerpt> left = drain(outbox);
            // The rest of the segment in flight is still there; the ones behind it are not.
            assertThat(Batches.number(left.getFirst())).isEqualTo(1);
            assertThat(Batches.number(left.getLast())).isEqualTo(199);
            outbox.acknowledge(inFlight.index(), List.of());
            outbox.acknowledge(left.getLast().index(), List.of());
            assertThat(outbox.isEmpty()).isTrue();
            assertThat(buffer.stats().droppedDocuments()).isEqualTo(3L * (199 - left.size()));
        }
    }

    @Test
    void aChronicleTailerReadsTheSameExcerpts() throws Exception {
        int count = 40;
        try (Buffer buffer = Buffer.open(config(directory))) {
            for (int i = 0; i < count; i++) {
                buffer.append(batch(body(i, 40_000), progress("a", i)));
            }
            List<Long> sequences = new ArrayList<>();
            try (ChronicleQueue queue =
                            SingleChronicleQueueBuilder.binary(directory.resolve("queue").toFile())
                                    .blockSize(BLOCK)
                                    .rollCycle(Chronicle.ROLL_CYCLE)
                                    .readOnly(true)
                                    .build();
                    ExcerptTailer tailer = queue.createTailer()) {
                while (true) {
                    try (DocumentContext document = tailer.readingDocument()) {
                        if (!document.isPresent()) {
                            break;
                        }
                        byte[] bytes = document.wire().bytes().toByteArray();
                        ByteBuffer buffered =
                                ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
                        int length =
                                ExcerptFormat.headerLength(buffered, 0, bytes.length).orElseThrow();
                        sequences.add(
                                ExcerptFormat.decode(buffered, 0, length).orElseThrow().sequence());
                    }
                }
            }
            long snapshots = buffer.stats().segments();
            assertThat(sequences)
                    .containsExactlyElementsOf(
                            LongStream.rangeClosed(1, count + snapshots).boxed().toList());
        }
    }

    @Test
    void aBodyThatIsTooLargeIsRefusedWithTheLimitInTheMessage() throws Exception {
        BufferConfig config = config(directory);
        try (Buffer buffer = Buffer.open(config)) {
            buffer.append(batch(body(1, config.maxBodyBytes())));
            assertThatThrownBy(() -> buffer.append(batch(body(1, config.maxBodyBytes() + 1))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(Integer.toString(config.maxBodyBytes()));
            assertThat(drain(buffer.outbox(0))).hasSize(1).allMatch(Batches::isWhole);
        }
    }

    @Test
    void alwaysForcesBeforeAppendReturns() throws Exception {
        BufferConfig base = config(directory);
        BufferConfig always =
                new BufferConfig(
                        base.directory(),
                        base.maxSizeBytes(),
                        base.minFreeBytes(),
                        base.whenFull(),
                        new BufferConfig.Sync.Always(),
                        base.segmentBytes(),
                        base.blockBytes(),
                        base.outputs(),
                        Duration.ZERO);
        try (Buffer buffer = Buffer.open(always)) {
            for (int i = 1; i <= 5; i++) {
                buffer.append(batch(body(i, 100)));
                assertThat(buffer.stats().forces()).isEqualTo(i);
            }
        }
    }

    @Test
    void everySecondIsForcedByTheDeliverThatWaits() throws Exception {
        BufferConfig base = config(directory);
        BufferConfig often =
                new BufferConfig(
                        base.directory(),
                        base.maxSizeBytes(),
                        base.minFreeBytes(),
                        base.whenFull(),
                        new BufferConfig.Sync.Every(Duration.ofMillis(50)),
                        base.segmentBytes(),
                        base.blockBytes(),
                        base.outputs(),
                        Duration.ZERO);
        try (Buffer buffer = Buffer.open(often)) {
            buffer.append(batch(body(1, 100)));
            drain(buffer.outbox(0));
            buffer.outbox(0).await(TimeUnit.MILLISECONDS.toNanos(300));
            long forces = buffer.stats().forces();
            assertThat(forces).isPositive();
            buffer.outbox(0).await(TimeUnit.MILLISECONDS.toNanos(150));
            assertThat(buffer.stats().forces()).as("nothing new").isEqualTo(forces);
        }
    }

    private BufferConfig limited(BufferConfig.WhenFull whenFull, long maxSize, long minFree) {
        return with(config(directory), whenFull, maxSize, minFree);
    }

    private static BufferConfig with(
            BufferConfig base, BufferConfig.WhenFull whenFull, long maxSize, long minFree) {
        return new BufferConfig(
                base.directory(),
                maxSize,
                minFree,
                whenFull,
                base.sync(),
                base.segmentBytes(),
                base.blockBytes(),
                base.outputs(),
                base.lockWait());
    }

    private List<Path> files(String folder, String suffix) throws Exception {
        try (Stream<Path> files = Files.list(directory.resolve(folder))) {
            return files.filter(f -> f.toString().endsWith(suffix)).toList();
        }
    }

    private static long sizeOf(List<Path> files) throws Exception {
        long size = 0;
        for (Path file : files) {
            size += Files.size(file);
        }
        return size;
    }
}
