package io.sluice.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.buffer.ExcerptFormat.BodyEntry;
import io.sluice.buffer.ExcerptFormat.Header;
import io.sluice.buffer.ExcerptFormat.Kind;
import io.sluice.buffer.ExcerptFormat.SourceEntry;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Batch.Counts;
import io.sluice.pipeline.Batch.SourceProgress;
import io.sluice.pipeline.Runs;
import io.sluice.tail.SourcePosition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The power is cut while a state directory is in use, and what the disk has then is any of what it
 * may have ({@link CutDisk}). Whatever that is:
 *
 * <ul>
 *   <li>the buffer opens, soon, and hands out only bodies that were appended, whole;
 *   <li>each line before a source's resumed position was delivered, or is handed out: what is in
 *       neither will be read again;
 *   <li>what was on the disk for sure is not lost: its excerpts are handed out, its positions are
 *       not behind, its dead letters are there;
 *   <li>the ledger has read each line before the resumed position once, and lost none.
 * </ul>
 *
 * <p>Then the buffer lives on, and the power is cut again. {@code -Dsluice.seed=} repeats one case,
 * {@code -Dsluice.cases=} runs so many.
 */
class PowerCutTest {
    private static final int CASES =
            Integer.getInteger("sluice.cases", Boolean.getBoolean("sluice.soak") ? 5_000 : 300);
    private static final int SOURCES = 4;
    private static final long LINE_BYTES = 10;
    private static final long SLOW_NANOS = Duration.ofSeconds(10).toNanos();

    @TempDir Path folder;

    @Test
    void whateverTheDiskHasLostNoLineIsMissing() throws Exception {
        Long repeated = Long.getLong("sluice.seed");
        long first = ThreadLocalRandom.current().nextInt(1_000_000) * 1_000L;
        int cuts = 0;
        for (long seed = first; seed < first + (repeated == null ? CASES : 1); seed++) {
            long used = repeated == null ? seed : repeated;
            Path root = Files.createDirectory(folder.resolve("case"));
            try (Case one = new Case(root, used)) {
                cuts += one.play();
            } catch (Exception | AssertionError e) {
                throw new AssertionError("repeat with -Dsluice.seed=" + used, e);
            }
            delete(root);
        }
        System.out.printf(
                "power cut: seeds from %d: %d cases, %d cuts%n",
                first, repeated == null ? CASES : 1, cuts);
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    /** Lines of one source, by number: from inclusive, to exclusive. */
    private record Lines(int source, int from, int to) {}

    /** A buffer's lives. */
    private static final class Case implements AutoCloseable {
        private final Path root;
        private final Random random;
        private final List<String> story = new ArrayList<>();

        /** What each body holds, by its number. */
        private final Map<Long, List<Lines>> bodies = new HashMap<>();

        private final List<BitSet> delivered = new ArrayList<>();
        private final int[] next = new int[SOURCES];
        private final Set<String> forcedLetters = new HashSet<>();
        private final BufferConfig.Sync sync;
        private long lastBody;
        private int letters;
        private int lives;
        private CutDisk disk;
        private Buffer buffer;
        private DeadLetterFiles deadLetters;

        /** Handed out and not acknowledged, in order. */
        private final Deque<Excerpt> held = new ArrayDeque<>();

        Case(Path root, long seed) {
            this.root = root;
            this.random = new Random(seed);
            // Neighbouring seeds give alike first numbers.
            random.nextLong();
            this.sync =
                    random.nextInt(3) == 0
                            ? new BufferConfig.Sync.Always()
                            : new BufferConfig.Sync.Every(
                                    Duration.ofMillis(random.nextBoolean() ? 1 : 3_600_000));
            for (int i = 0; i < SOURCES; i++) {
                delivered.add(new BitSet());
            }
        }

        /** How often the power was cut. */
        int play() throws Exception {
            Path directory = Files.createDirectory(root.resolve("0"));
            disk = new CutDisk(directory);
            open(directory);
            int cuts = 1 + random.nextInt(3);
            for (int cut = 0; cut < cuts; cut++) {
                int steps = random.nextInt(40);
                for (int i = 0; i < steps; i++) {
                    step();
                    disk.observe();
                }
                cutThePower();
            }
            return cuts;
        }

        private Path newDirectory() throws IOException {
            return Files.createDirectory(root.resolve(Integer.toString(++lives)));
        }

        private void open(Path directory) {
            BufferConfig base = Batches.config(directory);
            BufferConfig config =
                    new BufferConfig(
                            directory,
                            base.maxSizeBytes(),
                            0,
                            base.whenFull(),
                            sync,
                            base.segmentBytes(),
                            base.blockBytes(),
                            base.outputs(),
                            Duration.ZERO);
            listening(
                    () -> {
                        long start = System.nanoTime();
                        buffer = Buffer.open(config);
                        deadLetters = DeadLetterFiles.open(directory, 1 << 20);
                        assertThat(System.nanoTime() - start)
                                .as("nanoseconds that opening took")
                                .isLessThan(SLOW_NANOS);
                    });
        }

        private interface Step {
            void run() throws Exception;
        }

        /** What is forced meanwhile is sure. */
        private void listening(Step step) {
            Consumer<Path> before = Disk.onForced;
            Disk.onForced = disk::forced;
            try {
                step.run();
            } catch (Exception e) {
                throw new AssertionError(String.join("\n  ", story), e);
            } finally {
                Disk.onForced = before;
            }
        }

        private void step() {
            int dice = random.nextInt(100);
            listening(
                    () -> {
                        if (dice < 48) {
                            append();
                        } else if (dice < 55) {
                            appendPositions();
                        } else if (dice < 72) {
                            take();
                        } else if (dice < 84) {
                            acknowledge();
                        } else if (dice < 88) {
                            postpone();
                        } else if (dice < 91) {
                            bury();
                        } else if (dice < 94) {
                            restart();
                        } else {
                            beKilled();
                        }
                    });
        }

        private void append() throws InterruptedException {
            long number = ++lastBody;
            List<Lines> lines = new ArrayList<>();
            List<SourceProgress> progress = new ArrayList<>();
            for (int source = 0; source < SOURCES; source++) {
                if (random.nextInt(3) == 0) {
                    int from = next[source];
                    next[source] += 1 + random.nextInt(5);
                    lines.add(new Lines(source, from, next[source]));
                }
            }
            if (lines.isEmpty()) {
                int source = random.nextInt(SOURCES);
                lines.add(new Lines(source, next[source], ++next[source]));
            }
            bodies.put(number, lines);
            Runs runs = new Runs();
            for (Lines some : lines) {
                progress.add(progress(some, 0));
                for (int line = some.from; line < some.to; line++) {
                    runs.add(progress.size() - 1, LINE_BYTES);
                }
            }
            int bytes = 100 + random.nextInt(random.nextInt(4) == 0 ? 50_000 : 4_000);
            buffer.append(new Batch(List.of(body(number, bytes, runs)), progress));
            say("appended " + number + " with " + lines);
        }

        /** What a batch says of lines, of which some are filtered. */
        private static SourceProgress progress(Lines lines, int filtered) {
            int count = lines.to - lines.from;
            return new SourceProgress(
                    "source-" + lines.source,
                    Optional.of(Batches.position(lines.to)),
                    new Counts(
                            LINE_BYTES * count,
                            count,
                            LINE_BYTES * filtered,
                            filtered,
                            0,
                            0,
                            0,
                            List.of()));
        }

        private static Batch.Body body(long number, int bytes, Runs runs) {
            int documents = 0;
            for (int run = 0; run < runs.count(); run++) {
                documents += runs.documents(run);
            }
            return new Batch.Body(
                    Batches.TARGET,
                    documents,
                    bytes * 4,
                    ByteBuffer.wrap(Batches.content(number, bytes)),
                    runs);
        }

        /** Lines without documents: filtered. */
        private void appendPositions() throws InterruptedException {
            int source = random.nextInt(SOURCES);
            int from = next[source];
            next[source] += 1 + random.nextInt(5);
            delivered.get(source).set(from, next[source]);
            Lines lines = new Lines(source, from, next[source]);
            buffer.append(new Batch(List.of(), List.of(progress(lines, next[source] - from))));
            say("filtered " + lines);
        }

        private void take() throws InterruptedException {
            int most = 1 + random.nextInt(6);
            for (int i = 0; i < most; i++) {
                Optional<Excerpt> excerpt = buffer.outbox(0).next();
                if (excerpt.isEmpty()) {
                    break;
                }
                checkWhole(excerpt.get());
                held.add(excerpt.get());
            }
            // In passing it writes and forces.
            buffer.outbox(0).await(random.nextInt(2));
            say("took up to " + most);
        }

        private void acknowledge() {
            int count = random.nextInt(held.size() + 1);
            for (int i = 0; i < count; i++) {
                Excerpt excerpt = held.removeFirst();
                bodies.get(Batches.number(excerpt)).forEach(this::deliver);
                if (i == count - 1) {
                    buffer.outbox(0).acknowledge(excerpt.index(), List.of());
                    say("acknowledged " + excerpt.index());
                }
            }
        }

        private void deliver(Lines lines) {
            delivered.get(lines.source).set(lines.from, lines.to);
        }

        /** The first that is held has to wait: its documents go behind all others. */
        private void postpone() {
            Excerpt excerpt = held.pollFirst();
            if (excerpt != null) {
                int[] numbers = IntStream.range(0, excerpt.documents()).toArray();
                int[] idBytes = new int[numbers.length];
                Arrays.fill(idBytes, -1);
                Runs runs = Runs.ofOne(numbers.length, 0);
                buffer.outbox(0)
                        .appendAgain(
                                excerpt.index(),
                                numbers,
                                idBytes,
                                body(Batches.number(excerpt), excerpt.gzip().remaining(), runs));
                buffer.outbox(0).acknowledge(excerpt.index(), List.of());
                say("postponed " + Batches.number(excerpt) + " at " + excerpt.index());
            }
        }

        private void bury() {
            Set<String> written = new HashSet<>();
            int count = 1 + random.nextInt(3);
            for (int i = 0; i < count; i++) {
                String id = "letter-" + ++letters;
                written.add(id);
                deadLetters.write(
                        new DeadLetter(
                                id,
                                Batches.TARGET,
                                "{\"create\":{}}",
                                "x".repeat(random.nextInt(3_000)),
                                400,
                                "document_parsing_exception",
                                "no reason",
                                1,
                                0,
                                "source-0",
                                100));
            }
            if (random.nextInt(4) > 0) {
                deadLetters.force();
                forcedLetters.addAll(written);
                say("forced letters " + written);
            }
        }

        private void restart() {
            deadLetters.close();
            buffer.close();
            disk.observe();
            held.clear();
            open(currentDirectory());
            checkRecovered(allHandedOut(), Map.of(), Map.of());
            say("restarted");
        }

        private void beKilled() throws IOException {
            Buffer killed = buffer;
            DeadLetterFiles killedLetters = deadLetters;
            disk = disk.moveTo(newDirectory());
            held.clear();
            open(currentDirectory());
            checkRecovered(allHandedOut(), Map.of(), Map.of());
            say("killed");
            killedLetters.close();
            killed.close();
        }

        private Path currentDirectory() {
            return root.resolve(Integer.toString(lives));
        }

        private void cutThePower() throws Exception {
            disk.observe();
            Map<Path, byte[]> sure = disk.sure();
            Map<Long, List<Lines>> sureBodies = new HashMap<>();
            Map<String, SourcePosition> surePositions = new HashMap<>();
            readSure(sure, sureBodies, surePositions);
            Path directory = newDirectory();
            say("power cut: " + disk.cut(directory, random));
            deadLetters.close();
            buffer.close();
            held.clear();
            disk = new CutDisk(directory);
            open(directory);
            checkRecovered(allHandedOut(), sureBodies, surePositions);
            checkLetters(directory);
            for (int source = 0; source < SOURCES; source++) {
                next[source] = resumedAt(source);
            }
        }

        /** What surely is on the disk, read without any of the code under test but the format. */
        private void readSure(
                Map<Path, byte[]> sure,
                Map<Long, List<Lines>> sureBodies,
                Map<String, SourcePosition> surePositions)
                throws IOException {
            List<Path> segments = sure.keySet().stream().filter(PowerCutTest::isSegment).toList();
            Path file = root.resolve("sure.cq4");
            long expected = -1;
            for (Path segment : segments.stream().sorted(PowerCutTest::byCycle).toList()) {
                Files.write(file, sure.get(segment));
                try (SegmentReader reader = new SegmentReader(file)) {
                    long size = Files.size(file);
                    for (Optional<Header> header = reader.next(size, true);
                            header.isPresent();
                            header = reader.next(size, true)) {
                        boolean whole = true;
                        for (BodyEntry body : header.get().bodies()) {
                            Optional<byte[]> bytes = reader.body(body);
                            whole &= bytes.isPresent();
                            bytes.map(b -> ByteBuffer.wrap(b).getLong())
                                    .ifPresent(n -> sureBodies.put(n, bodies.get(n)));
                        }
                        boolean follows =
                                header.get().kind() == Kind.SNAPSHOT
                                        || header.get().sequence() == expected;
                        if (reader.skipped() || !whole || !follows) {
                            // Damaged by an earlier cut: until the next snapshot nothing is sure.
                            expected = -1;
                            continue;
                        }
                        if (header.get().kind() == Kind.SNAPSHOT) {
                            surePositions.clear();
                        }
                        expected = header.get().sequence() + 1;
                        for (SourceEntry source : header.get().sources()) {
                            source.position().ifPresent(p -> surePositions.put(source.key(), p));
                        }
                    }
                }
            }
        }

        private List<Excerpt> allHandedOut() {
            List<Excerpt> excerpts = Batches.drain(buffer.outbox(0));
            held.addAll(excerpts);
            return excerpts;
        }

        private void checkWhole(Excerpt excerpt) {
            assertThat(Batches.isWhole(excerpt) && bodies.containsKey(Batches.number(excerpt)))
                    .as("excerpt %d is whole\n  %s", excerpt.index(), String.join("\n  ", story))
                    .isTrue();
        }

        private int resumedAt(int source) {
            SourcePosition position = buffer.positions().get("source-" + source);
            return position == null ? 0 : (int) position.stdout().offset();
        }

        private void checkRecovered(
                List<Excerpt> handedOut,
                Map<Long, List<Lines>> sureBodies,
                Map<String, SourcePosition> surePositions) {
            List<BitSet> safe = new ArrayList<>();
            delivered.forEach(lines -> safe.add((BitSet) lines.clone()));
            Set<Long> numbers = new HashSet<>();
            for (Excerpt excerpt : handedOut) {
                checkWhole(excerpt);
                numbers.add(Batches.number(excerpt));
                for (Lines lines : bodies.get(Batches.number(excerpt))) {
                    safe.get(lines.source).set(lines.from, lines.to);
                }
            }
            String told = String.join("\n  ", story);
            for (int source = 0; source < SOURCES; source++) {
                assertThat(safe.get(source).nextClearBit(0))
                        .as("lines of source %d that are safe or read again\n  %s", source, told)
                        .isGreaterThanOrEqualTo(resumedAt(source));
                SourcePosition sure = surePositions.get("source-" + source);
                assertThat((long) resumedAt(source))
                        .as("position of source %d, of what was forced\n  %s", source, told)
                        .isGreaterThanOrEqualTo(sure == null ? 0 : sure.stdout().offset());
            }
            checkLedger(handedOut, told);
            sureBodies.forEach(
                    (number, lines) -> {
                        boolean done =
                                lines.stream()
                                        .allMatch(
                                                l ->
                                                        delivered.get(l.source).nextClearBit(l.from)
                                                                >= l.to);
                        assertThat(done || numbers.contains(number))
                                .as("body %d, which was forced, is there\n  %s", number, told)
                                .isTrue();
                    });
        }

        private void checkLedger(List<Excerpt> handedOut, String told) {
            for (LedgerEntry entry : buffer.ledger().snapshot(0).entries()) {
                int source = entry.source().charAt(entry.source().length() - 1) - '0';
                assertThat(entry.read().records())
                        .as("lines read of source %d\n  %s", source, told)
                        .isEqualTo(resumedAt(source));
                assertThat(entry.allDropped())
                        .as("lines lost of source %d\n  %s", source, told)
                        .isEqualTo(Amount.NONE);
                long held = 0;
                for (Excerpt excerpt : handedOut) {
                    for (int i = 0; i < excerpt.documents(); i++) {
                        held += excerpt.runs().source(i).equals(entry.source()) ? 1 : 0;
                    }
                }
                // What is sent although its positions are not believed is not counted.
                assertThat(entry.inFlight().records())
                        .as("lines in flight of source %d\n  %s", source, told)
                        .isBetween(0L, held);
                assertThat(entry.inFlight().bytes())
                        .isEqualTo(LINE_BYTES * entry.inFlight().records());
            }
        }

        private void checkLetters(Path directory) throws IOException {
            Set<String> found = new HashSet<>();
            Path folder = directory.resolve("dead-letters");
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    for (String line : Files.readAllLines(file)) {
                        assertThat(line).startsWith("{\"id\":\"letter-").endsWith("}");
                        found.add(line.substring(7, line.indexOf('"', 7)));
                    }
                }
            }
            assertThat(found)
                    .as("dead letters\n  %s", String.join("\n  ", story))
                    .containsAll(forcedLetters);
        }

        private void say(String what) {
            story.add(what);
        }

        @Override
        public void close() {
            if (deadLetters != null) {
                deadLetters.close();
            }
            if (buffer != null) {
                buffer.close();
            }
        }
    }

    private static boolean isSegment(Path path) {
        return Chronicle.cycleOf(path.getFileName().toString()).isPresent();
    }

    private static int byCycle(Path a, Path b) {
        return Integer.compare(cycle(a), cycle(b));
    }

    private static int cycle(Path path) {
        return Chronicle.cycleOf(path.getFileName().toString()).orElseThrow();
    }
}
