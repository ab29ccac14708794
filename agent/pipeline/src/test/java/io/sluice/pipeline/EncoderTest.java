package io.sluice.pipeline;

import static io.sluice.pipeline.FedEncoder.config;
import static io.sluice.pipeline.FedEncoder.container;
import static io.sluice.pipeline.FedEncoder.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sluice.pipeline.AppendedBatches.Document;
import io.sluice.pipeline.PipelineStats.BatchClose;
import io.sluice.tail.Chunk;
import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.LogSource;
import io.sluice.tail.Loss;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** When batches close, what they hold, what they say. */
class EncoderTest {
    private static final int MIB = 1024 * 1024;
    private static final String OUT = "2026-11-23T10:34:26.9Z stdout ";

    private FedEncoder fed = new FedEncoder(config());
    private final LogSource source = container("shop_cart-1_uid-1/app");
    private final Generation first = generation(1, 0, Start.FIRST);
    private long offset;

    @Test
    void aLoneLineLeavesAtOnce() {
        line("alone", true);

        assertThat(fed.appended.messages()).containsExactly("alone");
        assertThat(fed.encoder.nextDeadlineNanos()).isEqualTo(Encoder.NEVER);
    }

    @Test
    void aLineSoonAfterABatchWaitsUntilTheLingerIsOver() {
        line("first", true);
        fed.advance(Duration.ofMillis(50));
        line("second", true);
        line("third", true);
        assertThat(fed.appended.batches).hasSize(1);
        assertThat(fed.encoder.nextDeadlineNanos())
                .isEqualTo(fed.nanos.get() + Duration.ofMillis(150).toNanos());

        fed.advance(Duration.ofMillis(149));
        fed.timeout();
        assertThat(fed.appended.batches).hasSize(1);
        fed.advance(Duration.ofMillis(1));
        fed.timeout();

        assertThat(fed.appended.batches).hasSize(2);
        assertThat(fed.appended.messages()).containsExactly("first", "second", "third");
        assertThat(fed.stats.batches(BatchClose.LINGER)).isEqualTo(2);
    }

    @Test
    void aSteadyFlowMakesFiveBatchesASecond() {
        for (int i = 0; i < 1_000; i++) {
            line("steady", true);
            fed.advance(Duration.ofMillis(10));
        }

        assertThat(fed.appended.batches).hasSizeBetween(48, 51);
    }

    @Test
    void theDeadlineIsKeptWhileOnlyOthersChunksCome() {
        line("mine", false);
        for (int i = 0; i < 199; i++) {
            fed.advance(Duration.ofMillis(1));
            fed.feedOthers(false);
        }
        assertThat(fed.appended.batches).isEmpty();
        fed.advance(Duration.ofMillis(1));
        fed.feedOthers(false);

        assertThat(fed.appended.messages()).containsExactly("mine");
    }

    @Test
    void aBatchClosesWhenItsNdjsonIsLargeEnough() {
        fed = new FedEncoder(config(10_000, MIB, MIB));
        for (int i = 0; i < 1_000; i++) {
            line("line " + i, false);
        }
        fed.shutDown();

        assertThat(fed.appended.documents()).hasSize(1_000);
        assertThat(fed.appended.batches).hasSizeGreaterThan(10);
        assertThat(fed.appended.batches.subList(0, fed.appended.batches.size() - 1))
                .allSatisfy(
                        batch -> assertThat(batch.uncompressedBytes()).isBetween(10_000, 11_000));
        assertThat(fed.stats.batches(BatchClose.SIZE)).isEqualTo(fed.appended.batches.size() - 1);
    }

    @Test
    void aBatchNeverExceedsItsCompressedBound() {
        fed = new FedEncoder(config(64 * MIB, MIB, 128 * 1024, 4 * MIB));
        Random random = new Random(1);
        for (int i = 0; i < 400; i++) {
            line(incompressible(random, 1 + random.nextInt(60_000)), false);
        }
        fed.shutDown();

        assertThat(fed.appended.documents()).hasSize(400);
        assertThat(fed.appended.documents()).extracting(Document::flags).containsOnly("");
        assertThat(fed.appended.batches)
                .allSatisfy(batch -> assertThat(batch.compressedBytes()).isLessThan(MIB));
        assertThat(fed.stats.batches(BatchClose.COMPRESSED_SIZE)).isGreaterThan(3);
    }

    @Test
    void aHugeDocumentThatCompressesWellIsNotCut() {
        fed = new FedEncoder(config(2 * MIB, MIB, 16 * MIB, 64 * MIB));
        line("before", false);
        line("x".repeat(10 * MIB), false);
        line("behind", false);
        fed.shutDown();

        assertThat(fed.appended.documents())
                .extracting(document -> document.message().length())
                .containsExactly(6, 10 * MIB, 6);
        assertThat(fed.appended.documents()).extracting(Document::flags).containsOnly("");
    }

    @Test
    void aHugeDocumentThatNoBatchCanHoldIsCutAndKeepsItsIdentity() {
        fed = new FedEncoder(config(2 * MIB, MIB, 16 * MIB, 64 * MIB));
        String before = incompressible(new Random(2), 300_000);
        line(before, false);
        String huge = incompressible(new Random(1), 10 * MIB);
        long hugeAt = offset;
        line(huge, false);
        line("behind", false);
        fed.shutDown();

        List<Document> documents = fed.appended.documents();
        assertThat(documents).hasSize(3);
        assertThat(documents.get(0).message()).isEqualTo(before);
        assertThat(documents.get(1).flags()).isEqualTo("truncated");
        assertThat(huge).startsWith(documents.get(1).message());
        assertThat(documents.get(1).message().length()).isGreaterThan(500_000);
        assertThat(documents.get(1).offset()).isEqualTo(hugeAt);
        assertThat(fed.appended.batches)
                .allSatisfy(batch -> assertThat(batch.compressedBytes()).isLessThan(MIB));
        assertThat(fed.stats.truncatedRecords()).isEqualTo(1);
    }

    @Test
    void positionsThatMovedWithoutDocumentsAreAppendedOnceASecond() {
        String skipped = OUT + "F old\n";
        Generation resumed = new Generation(1, 0, "", "/0.log", Start.FIRST, 1_000, 1_000);
        for (int i = 0; i < 20; i++) {
            fed.feed(
                    source,
                    resumed,
                    offset,
                    skipped.getBytes(StandardCharsets.UTF_8),
                    End.OPEN,
                    true);
            offset += skipped.length();
            fed.advance(Duration.ofMillis(100));
            fed.timeout();
        }

        // The position did not move from where the buffer has it, 1000, after it was said once.
        assertThat(fed.appended.batches).hasSize(1);
        assertThat(fed.appended.position(source.key()))
                .contains(
                        new SourcePosition(
                                new StreamPosition(1, 0, 1_000), new StreamPosition(1, 0, 1_000)));
        assertThat(fed.stats.batches(BatchClose.PROGRESS)).isEqualTo(1);
        assertThat(fed.appended.documents()).isEmpty();
    }

    @Test
    void anOpenRecordLetsTheOtherStreamsPositionMoveOnceASecond() {
        String piece = OUT + "P piece\n";
        for (int i = 0; i < 30; i++) {
            fed.feed(source, first, offset, piece.getBytes(StandardCharsets.UTF_8), End.OPEN, true);
            offset += piece.length();
            fed.advance(Duration.ofMillis(100));
            fed.timeout();
        }

        assertThat(fed.appended.batches).hasSizeBetween(2, 3);
        assertThat(fed.appended.positions().get(source.key()).stdout().offset()).isZero();
    }

    @Test
    void theCountsOfAllBatchesAreTheBytesAndRecordsRead() {
        fed = new FedEncoder(config(3_000, MIB, MIB));
        for (int i = 0; i < 500; i++) {
            line("line " + i, i % 7 == 0);
        }
        fed.shutDown();

        List<Batch.Counts> counts =
                fed.appended.batches.stream()
                        .flatMap(batch -> batch.progress().stream())
                        .map(Batch.SourceProgress::counts)
                        .toList();
        assertThat(counts.stream().mapToLong(Batch.Counts::readBytes).sum()).isEqualTo(offset);
        assertThat(counts.stream().mapToLong(Batch.Counts::readRecords).sum()).isEqualTo(500);
        assertThat(fed.appended.batches)
                .allSatisfy(
                        batch ->
                                assertThat(batch.progress().getFirst().counts().readRecords())
                                        .isEqualTo(batch.documents().size()));
    }

    @Test
    void metadataIsAskedForOncePerChunkAndFollowsThePod() {
        List<String> asked = new ArrayList<>();
        List<Pod> known = new ArrayList<>();
        fed =
                new FedEncoder(
                        config(),
                        origin -> {
                            asked.add(origin.pod());
                            return known.isEmpty()
                                    ? Optional.empty()
                                    : Optional.of(known.getLast());
                        });
        line("unknown\n" + OUT + "F unknown too", false);
        known.add(pod("v1"));
        line("known", false);
        known.add(pod("v2"));
        line("changed", false);
        fed.shutDown();

        assertThat(asked).hasSize(3);
        assertThat(fed.appended.documents())
                .extracting(document -> document.fields().get("kubernetes.labels.version"))
                .containsExactly(null, null, "v1", "v2");
    }

    @Test
    void anInterruptedAppendDropsTheBatchAndNothingIsAppendedAfterwards() {
        List<Batch> taken = new ArrayList<>();
        BatchSink full =
                batch -> {
                    taken.add(batch);
                    throw new InterruptedException("the agent stops");
                };
        fed = new FedEncoder(config(), PodDirectory.NONE, Optional.of(full));
        Chunk chunk = new Chunk(1_024);
        byte[] text =
                (OUT + "F lost to memory, not to the file\n").getBytes(StandardCharsets.UTF_8);
        System.arraycopy(text, 0, chunk.bytes, 0, text.length);
        chunk.length = text.length;
        chunk.source = source;
        chunk.generation = first;
        chunk.end = End.OPEN;
        assertThatExceptionOfType(InterruptedException.class)
                .isThrownBy(() -> fed.encoder.onEvent(chunk, 0, true));

        line("next", true);
        fed.shutDown();

        assertThat(taken).hasSize(1);
        assertThat(fed.stats.documents()).isZero();
    }

    @Test
    void timeSpentWaitingForTheSinkDoesNotAgeOpenRecords() {
        FedEncoder[] holder = new FedEncoder[1];
        List<Integer> documents = new ArrayList<>();
        BatchSink slow =
                batch -> {
                    documents.add(
                            batch.bodies().isEmpty() ? 0 : batch.bodies().getFirst().documents());
                    holder[0].advance(Duration.ofMinutes(1));
                };
        fed = new FedEncoder(config(), PodDirectory.NONE, Optional.of(slow));
        holder[0] = fed;
        LogSource other = container("other");
        String piece = OUT + "P half, \n";
        fed.feed(other, first, 0, piece, End.OPEN);
        line("blocks for a minute", true);
        fed.timeout();
        fed.feed(other, first, piece.length(), OUT + "F whole\n", End.OPEN);
        fed.shutDown();

        assertThat(documents).containsExactly(1, 1);
        assertThat(fed.stats.partialRecords()).isZero();
        assertThat(Duration.ofNanos(fed.stats.blockedNanos())).isEqualTo(Duration.ofMinutes(2));
    }

    @Test
    void aLossIsInTheBatchWhosePositionPassesOverIt() {
        String line = OUT + "F line\n";
        Generation next = generation(2, 0, Start.BREAKS);
        // Full at every line: the positions before and behind the gap are in batches of their own.
        fed = new FedEncoder(config(1_024, MIB, MIB));
        fed.feed(source, first, 0, OUT + "P " + "x".repeat(1_000) + "\n", End.OPEN);
        fed.lose(
                new Loss(Loss.Cause.ROTATED_UNREAD, 500, false),
                new Loss(Loss.Cause.ROTATED_UNREAD, 70, true),
                new Loss(Loss.Cause.TRUNCATED, 3, false));
        fed.feed(source, next, 1_000, line.repeat(10), End.OPEN);
        fed.shutDown();

        assertThat(fed.appended.batches).hasSizeGreaterThan(2);
        for (AppendedBatches.Appended batch : fed.appended.batches) {
            Batch.SourceProgress progress = batch.progress().getFirst();
            boolean isFirstBehind =
                    batch.documents().getFirst().message().startsWith("x")
                            && progress.position().orElseThrow().stdout().fingerprint() == 2;
            assertThat(progress.counts().losses())
                    .isEqualTo(
                            isFirstBehind
                                    ? List.of(
                                            new Loss(Loss.Cause.ROTATED_UNREAD, 570, true),
                                            new Loss(Loss.Cause.TRUNCATED, 3, false))
                                    : List.of());
        }
        assertThat(fed.appended.batches.stream().flatMap(batch -> batch.progress().stream()))
                .filteredOn(progress -> !progress.counts().losses().isEmpty())
                .hasSize(1);
    }

    @Test
    void aLossAtTheEndOfASourceGoesWithItsEnd() {
        line("last", true);
        fed.lose(new Loss(Loss.Cause.DELETED_UNREAD, 42, true));
        fed.feed(source, first, offset, "", End.SOURCE);
        fed.shutDown();

        assertThat(source.isForgotten()).isTrue();
        Batch.SourceProgress end = fed.appended.batches.getLast().progress().getFirst();
        assertThat(end.position()).isEmpty();
        assertThat(end.counts().losses())
                .containsExactly(new Loss(Loss.Cause.DELETED_UNREAD, 42, true));
    }

    @Test
    void documentsOfVeryManySourcesCloseABatchBeforeItsHeaderIsTooLarge() {
        int maxCompressedBytes = MIB;
        fed = new FedEncoder(config(2 * MIB, maxCompressedBytes, MIB, MIB));
        int sources = 1_000;
        for (int i = 0; i < sources; i++) {
            fed.feed(container("shop_cart-" + i + "_uid/app"), first, 0, OUT + "F x\n", End.OPEN);
        }
        fed.shutDown();

        assertThat(fed.appended.documents()).hasSize(sources);
        assertThat(fed.appended.batches)
                .allSatisfy(
                        batch ->
                                assertThat(
                                                batch.progress().stream()
                                                        .mapToInt(
                                                                progress ->
                                                                        Runs.mostSourceBytes(
                                                                                        progress
                                                                                                .source())
                                                                                + Runs
                                                                                        .MOST_RUN_BYTES)
                                                        .sum())
                                        .isLessThan(maxCompressedBytes / 7));
    }

    private void line(String text, boolean drained) {
        byte[] bytes = (OUT + "F " + text + "\n").getBytes(StandardCharsets.UTF_8);
        fed.feed(source, first, offset, bytes, End.OPEN, drained);
        offset += bytes.length;
    }

    private static String incompressible(Random random, int length) {
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            text.append((char) ('#' + random.nextInt(57)));
        }
        return text.toString();
    }

    private static Pod pod(String version) {
        return new Pod(
                "shop",
                "cart-1",
                "uid-1",
                "10.0.0.1",
                "node-1",
                Map.of("version", version),
                Map.of(),
                List.of(),
                Map.of());
    }
}
