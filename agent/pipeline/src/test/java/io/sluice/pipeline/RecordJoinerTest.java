package io.sluice.pipeline;

import static io.sluice.pipeline.FedEncoder.config;
import static io.sluice.pipeline.FedEncoder.container;
import static io.sluice.pipeline.FedEncoder.file;
import static io.sluice.pipeline.FedEncoder.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.sluice.pipeline.AppendedBatches.Document;
import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.LogSource;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Lines in, documents out, through one encoder. */
class RecordJoinerTest {
    private static final String OUT = "2026-11-23T10:34:26.9Z stdout ";
    private static final String ERR = "2026-11-23T10:34:26.9Z stderr ";

    private FedEncoder fed = new FedEncoder(config());
    private final LogSource source = container("shop_cart-1_uid-1/app");
    private final Generation first = generation(1, 0, Start.FIRST);
    private final Generation rotated = generation(2, 0, Start.CONTINUES);
    private final Generation restarted = generation(3, 1, Start.BREAKS);

    @Test
    void podmansLinesAreReadAsConmonWroteThem() {
        feed(
                """
                2026-11-23T10:31:14.933279614+00:00 stdout F hello
                2026-11-23T10:31:14.933522348+00:00 stderr F err
                """);

        assertThat(documents()).extracting(Document::message).containsExactly("hello", "err");
        assertThat(documents()).extracting(Document::stream).containsExactly("stdout", "stderr");
        assertThat(documents().getFirst().fields())
                .containsEntry("@timestamp", "2026-11-23T10:31:14.933279614+00:00")
                .containsEntry("log.offset", "0")
                .containsEntry("kubernetes.namespace", "shop")
                .doesNotContainKey("log.flags");
    }

    @Test
    void conmonsPiecesWithAnEmptyEndAreOneRecord() {
        String piece = "y".repeat(8192);
        feed(
                (OUT + "P " + piece + "\n").repeat(4)
                        + (OUT + "P " + "z".repeat(7232) + "\n")
                        + (OUT + "F \n"));

        assertThat(documents())
                .extracting(Document::message)
                .containsExactly(piece.repeat(4) + "z".repeat(7232));
    }

    @Test
    void containerdsPiecesAreOneRecordWithTheTimeOfTheFirst() {
        feed(
                """
                2026-11-23T10:34:26.906140354Z stdout P one,
                2026-11-23T10:34:26.906193514Z stdout P two,
                2026-11-23T10:34:26.906248386Z stdout F three
                2026-11-23T10:34:27.00663531Z stdout F tick 1
                """);

        assertThat(documents())
                .extracting(Document::message)
                .containsExactly("one,two,three", "tick 1");
        assertThat(documents().getFirst().fields())
                .containsEntry("@timestamp", "2026-11-23T10:34:26.906140354Z");
    }

    @Test
    void emptyLinesAreRecordsToo() {
        feed(OUT + "F \n" + OUT + "F\n");

        assertThat(documents()).extracting(Document::message).containsExactly("", "");
    }

    @Test
    void theStreamsAreJoinedApart() {
        feed(OUT + "P a1\n" + ERR + "P b1\n" + OUT + "P a2\n" + ERR + "F b2\n" + OUT + "F a3\n");

        assertThat(documents()).extracting(Document::message).containsExactly("b1b2", "a1a2a3");
        assertThat(documents()).extracting(Document::stream).containsExactly("stderr", "stdout");
    }

    @Test
    void aPartialContinuedAfterARotationIsOneRecordOfTheOldGeneration() {
        String old = OUT + "F before\n" + OUT + "P first half, ";
        fed.feed(source, first, 0, old + "\n", End.GENERATION);
        fed.feed(source, rotated, 0, OUT + "F second half\n", End.OPEN);

        Document joined = documents().getLast();
        assertThat(joined.message()).isEqualTo("first half, second half");
        long offset = (OUT + "F before\n").length();
        long extent = (OUT + "P first half, \n" + OUT + "F second half\n").length();
        assertThat(joined.id()).isEqualTo(id(1, offset, extent));
    }

    @Test
    void whatIsOpenAtARestartEndsThereAndIsMarked() {
        fed.feed(source, first, 0, OUT + "P out\n" + ERR + "P err\n", End.GENERATION);
        fed.feed(source, restarted, 0, OUT + "F new life\n", End.OPEN);

        assertThat(documents())
                .extracting(Document::message, Document::flags)
                .containsExactly(
                        tuple("out", "partial"), tuple("err", "partial"), tuple("new life", ""));
        assertThat(documents().getFirst().id()).isEqualTo(id(1, 0, (OUT + "P out\n").length()));
    }

    @Test
    void whatARestartEndedIsBehindThePositionAtOnce() {
        String open = OUT + "P out\n";
        fed.feed(source, first, 0, open, End.GENERATION);
        fed.advance(Duration.ofSeconds(2));
        fed.timeout();
        fed.feed(source, restarted, 0, OUT + "F not yet a li", End.OPEN);
        fed.shutDown();

        assertThat(fed.appended.messages()).containsExactly("out");
        assertThat(fed.appended.position(source.key()))
                .contains(
                        new SourcePosition(
                                new StreamPosition(3, 1, 0), new StreamPosition(3, 1, 0)));
    }

    @Test
    void theEndOfTheSourceEndsWhatIsOpenAndForgetsThePosition() {
        fed.feed(source, first, 0, OUT + "P dangling\n", End.SOURCE);

        assertThat(documents())
                .extracting(Document::message, Document::flags)
                .containsExactly(tuple("dangling", "partial"));
        assertThat(fed.appended.batches.getLast().progress())
                .singleElement()
                .satisfies(progress -> assertThat(progress.position()).isEmpty());
        assertThat(source.encoderState()).isNull();
    }

    @Test
    void aDanglingPartialWaitsFiveSecondsForItsNextPiece() {
        feed(OUT + "P noeol\n");
        fed.advance(Duration.ofSeconds(4));
        fed.timeout();
        fed.advance(Duration.ofMillis(999));
        fed.timeout();
        assertThat(fed.appended.documents()).isEmpty();
        assertThat(fed.encoder.nextDeadlineNanos()).isEqualTo(fed.nanos.get() + 1_000_000);

        fed.advance(Duration.ofMillis(1));
        fed.timeout();

        assertThat(fed.appended.documents())
                .extracting(Document::message, Document::flags)
                .containsExactly(tuple("noeol", "partial"));
        assertThat(fed.stats.partialRecords()).isEqualTo(1);
    }

    @Test
    void aPartialWhoseRestWaitsBehindTheChunksOfOthersIsNotTorn() {
        String piece = OUT + "P first, \n";
        source.chunkPublished();
        source.chunkPublished();
        feed(piece);
        fed.advance(Duration.ofSeconds(6));
        fed.feedOthers(true);
        assertThat(fed.appended.documents()).isEmpty();

        fed.feed(source, first, piece.length(), OUT + "F second\n", End.OPEN);

        assertThat(documents()).extracting(Document::message).containsExactly("first, second");
    }

    /** Whoever was stopped for a while has not heard the writer; it need not have been silent. */
    @ParameterizedTest
    @ValueSource(ints = {5, 60})
    void aPartialIsNotTornWhenTheAgentWasStoppedMeanwhile(int seconds) {
        String piece = OUT + "P first, \n";
        feed(piece);
        fed.advance(Duration.ofSeconds(seconds));
        fed.timeout();
        // Stopped once more, in the second that was to be listened in.
        fed.advance(Duration.ofSeconds(seconds));
        fed.timeout();
        assertThat(fed.appended.documents()).isEmpty();
        assertThat(fed.encoder.nextDeadlineNanos())
                .isEqualTo(fed.nanos.get() + Duration.ofSeconds(1).toNanos());

        fed.feed(source, first, piece.length(), OUT + "F second\n", End.OPEN);

        assertThat(documents()).extracting(Document::message).containsExactly("first, second");
    }

    @Test
    void aFurtherPieceBeginsTheWaitAnew() {
        feed(OUT + "P one,\n");
        fed.advance(Duration.ofSeconds(4));
        fed.feed(source, first, (OUT + "P one,\n").length(), OUT + "P two,\n", End.OPEN);
        fed.advance(Duration.ofSeconds(4));
        fed.timeout();
        fed.feed(source, first, 2L * (OUT + "P one,\n").length(), OUT + "F three\n", End.OPEN);

        assertThat(documents()).extracting(Document::message).containsExactly("one,two,three");
    }

    @Test
    void aLineWithoutNewlineAtTheEndOfItsGenerationIsWhole() {
        fed.feed(source, first, 0, OUT + "F no newline", End.GENERATION);

        assertThat(documents())
                .extracting(Document::message, Document::flags)
                .containsExactly(tuple("no newline", ""));
        assertThat(documents().getFirst().id())
                .isEqualTo(id(1, 0, (OUT + "F no newline").length()));
    }

    @Test
    void aLineLongerThanSeveralChunksIsOneRecord() {
        String body = "x".repeat(300);
        String line = OUT + "F " + body + "\n";
        for (int at = 0; at < line.length(); at += 7) {
            String cut = line.substring(at, Math.min(line.length(), at + 7));
            fed.feed(source, first, at, cut, End.OPEN);
        }

        assertThat(documents())
                .extracting(Document::message, Document::flags)
                .containsExactly(tuple(body, ""));
        assertThat(documents().getFirst().id()).isEqualTo(id(1, 0, line.length()));
    }

    @Test
    void aLineOf20MiBIsCutMarkedAndKeepsItsIdentity() {
        byte[] header = (OUT + "F ").getBytes(StandardCharsets.UTF_8);
        byte[] line = new byte[20 * 1024 * 1024];
        Arrays.fill(line, (byte) 'x');
        System.arraycopy(header, 0, line, 0, header.length);
        line[line.length - 1] = '\n';
        for (int at = 0; at < line.length; at += 128 * 1024) {
            byte[] cut = Arrays.copyOfRange(line, at, Math.min(line.length, at + 128 * 1024));
            fed.feed(source, first, at, cut, End.OPEN, false);
        }
        fed.feed(source, first, line.length, OUT + "F next\n", End.OPEN);

        assertThat(documents())
                .extracting(document -> document.message().length(), Document::flags)
                .containsExactly(tuple(1024 * 1024, "truncated"), tuple(4, ""));
        assertThat(documents().getFirst().id()).isEqualTo(id(1, 0, line.length));
        assertThat(fed.stats.truncatedRecords()).isEqualTo(1);
        assertThat(fed.encoder.openRecordBytes()).isZero();
    }

    @Test
    void piecesBeyondTheLargestRecordAreDroppedButCount() {
        fed = new FedEncoder(config(1024 * 1024, 1_024, 1024 * 1024));
        String piece = OUT + "P " + "é".repeat(150) + "\n";
        String end = OUT + "F end\n";
        feed(piece.repeat(10) + end);

        // 1,024 bytes are 512 characters of two bytes.
        assertThat(documents())
                .extracting(Document::message, Document::flags)
                .containsExactly(tuple("é".repeat(512), "truncated"));
        assertThat(documents().getFirst().id())
                .isEqualTo(id(1, 0, bytes(piece).length * 10L + end.length()));
    }

    @Test
    void aCutNeverSplitsACharacter() {
        fed = new FedEncoder(config(1024 * 1024, 1_024, 1024 * 1024));
        feed(OUT + "F " + "x" + "€".repeat(500) + "\n" + OUT + "F " + "🙂".repeat(300) + "\n");

        assertThat(documents())
                .extracting(Document::message)
                .containsExactly("x" + "€".repeat(341), "🙂".repeat(256));
    }

    @Test
    void aContainersLineThatIsNotCriIsTextAndMarked() {
        feed("what is this\n" + OUT + "F cri again\n" + "\n");

        assertThat(documents())
                .extracting(Document::message, Document::flags)
                .containsExactly(
                        tuple("what is this", "not_cri"),
                        tuple("cri again", ""),
                        tuple("", "not_cri"));
        assertThat(documents().getFirst().fields())
                .containsEntry("@timestamp", "2026-11-24T08:00:00.125Z")
                .containsEntry("stream", "stdout");
        assertThat(fed.stats.notCriRecords()).isEqualTo(2);
    }

    @Test
    void damageBetweenPiecesEndsTheRecordBeforeIt() {
        feed(OUT + "P half\n" + "\0\0\0\n" + OUT + "F other half\n");

        assertThat(documents())
                .extracting(Document::message, Document::flags)
                .containsExactly(
                        tuple("half", "partial"),
                        tuple("\0\0\0", "not_cri"),
                        tuple("other half", ""));
    }

    @Test
    void aPlainFilesLinesAreAlwaysText() {
        LogSource plain = file("/var/log/syslog");
        fed.feed(plain, first, 0, OUT + "F not cri here\nwindows\r\n\r\n\n", End.OPEN);

        assertThat(documents())
                .extracting(Document::message, Document::flags)
                .containsExactly(
                        tuple(OUT + "F not cri here", ""),
                        tuple("windows", ""),
                        tuple("", ""),
                        tuple("", ""));
    }

    @Test
    void linesThatAreInAnExcerptAlreadyAreSkipped() {
        String lines = OUT + "F one\n" + ERR + "F two\n" + OUT + "F three\n" + ERR + "F four\n";
        long threeAt = lines.indexOf(OUT + "F three");
        long fourAt = lines.lastIndexOf(ERR);
        Generation resumed = new Generation(1, 0, "", "/0.log", Start.FIRST, threeAt, fourAt);
        fed.feed(source, resumed, 0, lines, End.OPEN);

        assertThat(documents()).extracting(Document::message).containsExactly("three", "four");
        assertThat(fed.stats.records()).isEqualTo(2);
    }

    @Test
    void thePositionOfAStreamStaysAtItsOpenRecord() {
        String before = OUT + "F done\n";
        String open = OUT + "P open\n";
        String lines = before + open + ERR + "F err\n";
        feed(lines);
        fed.shutDown();

        assertThat(fed.appended.messages()).containsExactly("done", "err");
        assertThat(fed.appended.position(source.key()))
                .contains(
                        new SourcePosition(
                                new StreamPosition(1, 0, before.length()),
                                new StreamPosition(1, 0, lines.length())));
    }

    @Test
    void aPositionSaysWhatWasReadBeforeItsGeneration() {
        String open = OUT + "P open\n";
        String lines = ERR + "F err\n";
        Generation older = new Generation(5, 0, "", "/logs/0.log", Start.FIRST, 0, 0, 4);
        Generation younger = new Generation(6, 0, "", "/logs/0.log", Start.CONTINUES, 0, 0, 5);
        fed.feed(source, older, 0, open, End.GENERATION);
        fed.feed(source, younger, 0, lines, End.OPEN);
        fed.shutDown();

        assertThat(fed.appended.position(source.key()))
                .contains(
                        new SourcePosition(
                                new StreamPosition(5, 0, 0, 4),
                                new StreamPosition(6, 0, lines.length(), 5)));
    }

    @Test
    void aStreamThatIsFurtherInALaterGenerationNeverGoesBack() {
        // Before the agent's restart stdout was read up to the second generation, stderr was not.
        StreamPosition ahead = new StreamPosition(2, 0, 30);
        LogSource resumed =
                new LogSource(
                        source.key(),
                        FedEncoder.CONTAINER,
                        Optional.of(new SourcePosition(ahead, new StreamPosition(1, 0, 0))));
        Generation old = new Generation(1, 0, "", "/0.log", Start.FIRST, Long.MAX_VALUE, 0);
        Generation next = new Generation(2, 0, "", "/0.log", Start.CONTINUES, 30, 0);
        String lines = OUT + "F old\n" + ERR + "F late\n";
        fed.feed(resumed, old, 0, lines, End.GENERATION);
        fed.advance(Duration.ofSeconds(2));
        fed.timeout();
        assertThat(fed.appended.messages()).containsExactly("late");
        assertThat(fed.appended.position(source.key()))
                .contains(new SourcePosition(ahead, new StreamPosition(1, 0, lines.length())));

        fed.feed(resumed, next, 0, ERR + "F x\n", End.OPEN);
        fed.shutDown();

        long end = (ERR + "F x\n").length();
        assertThat(fed.appended.position(source.key()))
                .contains(
                        new SourcePosition(
                                new StreamPosition(2, 0, Math.max(30, end)),
                                new StreamPosition(2, 0, end)));
        assertThat(
                        fed.appended.batches.stream()
                                .flatMap(batch -> batch.progress().stream())
                                .mapToLong(progress -> progress.counts().readRecords())
                                .sum())
                .isEqualTo(2);
    }

    @Test
    void openRecordsOfManySourcesStayWithinTheirMemory() {
        long bound = 1024 * 1024;
        fed = new FedEncoder(config(1024 * 1024, 1024 * 1024, bound));
        String piece = OUT + "P " + "x".repeat(16_384) + "\n";
        List<LogSource> sources =
                List.of(container("a"), container("b"), container("c"), container("d"));
        for (int i = 0; i < 50; i++) {
            for (LogSource each : sources) {
                fed.feed(each, first, (long) i * piece.length(), piece, End.OPEN);
                assertThat(fed.encoder.openRecordBytes()).isLessThanOrEqualTo(bound);
            }
        }
        for (LogSource each : sources) {
            fed.feed(each, first, 50L * piece.length(), OUT + "F \n", End.OPEN);
        }

        assertThat(documents()).hasSize(4);
        assertThat(documents()).extracting(Document::flags).contains("truncated");
        long extent = 50L * piece.length() + (OUT + "F \n").length();
        assertThat(documents()).extracting(Document::id).containsOnly(id(1, 0, extent));
        assertThat(fed.encoder.openRecordBytes()).isZero();
    }

    @Test
    void malformedInputNeverThrowsAndEveryByteIsInSomeRecord() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] line = bytes(OUT + "P some text\n" + ERR + "F {\"log\":\"x\\n\"}\n\n");
        for (int run = 0; run < 200; run++) {
            fed = new FedEncoder(config(4_096, 1_024, 1024 * 1024));
            LogSource broken = container("broken" + run);
            long offset = 0;
            for (int chunk = 0; chunk < 20; chunk++) {
                byte[] bytes = new byte[random.nextInt(400)];
                for (int at = 0; at < bytes.length; at++) {
                    bytes[at] = line[(int) ((offset + at) % line.length)];
                    if (random.nextInt(30) == 0) {
                        bytes[at] = (byte) random.nextInt(256);
                    }
                }
                End end = random.nextInt(10) == 0 ? End.GENERATION : End.OPEN;
                fed.feed(broken, first, offset, bytes, end, random.nextBoolean());
                offset += bytes.length;
            }
            fed.feed(broken, first, offset, new byte[0], End.SOURCE, false);
            fed.shutDown();
            long readBytes =
                    fed.appended.batches.stream()
                            .flatMap(batch -> batch.progress().stream())
                            .mapToLong(progress -> progress.counts().readBytes())
                            .sum();
            assertThat(readBytes).as("seed %d, run %d", seed, run).isEqualTo(offset);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String id(long fingerprint, long offset, long extent) {
        DocumentBuffer id = new DocumentBuffer(32);
        DocumentId.append(id, fingerprint, offset, extent);
        return new String(id.toByteArray(), StandardCharsets.US_ASCII);
    }

    private void feed(String text) {
        fed.feed(source, first, 0, text, End.OPEN);
    }

    /** All documents so far; ends the encoder's batch. */
    private List<Document> documents() {
        fed.shutDown();
        return fed.appended.documents();
    }
}
