package io.sluice.buffer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.buffer.BufferConfig.WhenFull;
import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.buffer.LedgerModel.Document;
import io.sluice.buffer.LedgerModel.Fate;
import io.sluice.buffer.LedgerModel.Place;
import io.sluice.buffer.LedgerModel.Written;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Runs;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Random lives of a buffer: batches of several sources, every outcome, kills at any moment, power
 * cuts that take the end of the last segment, damaged bytes, a full buffer that drops. After every
 * step the ledger says what a small model says, and its books balance.
 *
 * <p>{@code -Dsluice.seed=} repeats one life, {@code -Dsluice.lives=} runs so many.
 */
class LedgerSimulationTest {
    private static final int LIVES =
            Integer.getInteger("sluice.lives", Boolean.getBoolean("sluice.soak") ? 5_000 : 48);

    private static final int MOST_HELD = 6;

    /** Of a buffer that drops. */
    private static final long MAX_SIZE_BYTES = 8L * Batches.BLOCK;

    @TempDir Path folder;

    private Random random;
    private long seed;
    private WhenFull whenFull;
    private LedgerModel model;
    private Path directory;
    private Buffer buffer;
    private Outbox outbox;
    private final List<Excerpt> held = new ArrayList<>();
    private long letterFile;

    /** Not the real time: a life with the same seed is the same life. */
    private final AtomicLong nanos = new AtomicLong();

    private int directories;
    private boolean damagesBytes;

    @Test
    void theBooksBalanceAfterEveryStep() throws Exception {
        Long repeated = Long.getLong("sluice.seed");
        long first = repeated == null ? System.nanoTime() : repeated;
        int lives = repeated == null ? LIVES : 1;
        System.out.printf("ledger: %d lives, seeds from %d%n", lives, first);
        for (int i = 0; i < lives; i++) {
            live(first + i);
        }
    }

    private void live(long newSeed) throws Exception {
        seed = newSeed;
        random = new Random(seed);
        whenFull = random.nextInt(3) == 0 ? WhenFull.DROP_OLDEST : WhenFull.BLOCK;
        damagesBytes = random.nextInt(3) == 0;
        model = new LedgerModel(seed);
        letterFile = 0;
        directory = folder.resolve("state-" + directories++);
        try {
            open();
            int steps = 40 + random.nextInt(120);
            for (int i = 0; i < steps; i++) {
                step();
            }
            drain();
        } catch (Exception | AssertionError e) {
            throw new AssertionError("repeat with -Dsluice.seed=" + seed, e);
        } finally {
            if (buffer != null) {
                buffer.close();
            }
            removeAll();
        }
    }

    /** Thousands of lives would fill the disk. */
    private void removeAll() throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                if (!path.equals(folder)) {
                    Files.delete(path);
                }
            }
        }
    }

    private void open() throws IOException {
        BufferConfig base = Batches.config(directory);
        buffer =
                Buffer.open(
                        new BufferConfig(
                                directory,
                                whenFull == WhenFull.BLOCK ? 1L << 30 : MAX_SIZE_BYTES,
                                0,
                                whenFull,
                                base.sync(),
                                base.segmentBytes(),
                                base.blockBytes(),
                                base.outputs(),
                                base.lockWait()),
                        Clock.systemUTC(),
                        nanos::get);
        outbox = buffer.outbox(0);
        held.clear();
    }

    private void step() throws Exception {
        nanos.addAndGet(random.nextInt(60_000_000));
        int dice = random.nextInt(100);
        if (dice < 45) {
            append();
        } else if (dice < 65) {
            take();
        } else if (dice < 72) {
            postpone();
        } else if (dice < 86) {
            acknowledge();
        } else if (dice < 88) {
            dropLetters();
        } else if (dice < 90) {
            fold();
        } else if (dice < 93) {
            close();
        } else if (dice < 97) {
            kill(false);
        } else {
            kill(true);
        }
        compare();
    }

    private long acknowledged() {
        buffer.lockSegments();
        try {
            return ((BufferOutbox) outbox).acknowledged().index;
        } finally {
            buffer.unlockSegments();
        }
    }

    // --- what the encoders do ---

    private void append() throws Exception {
        List<Batch.SourceProgress> progress = new ArrayList<>();
        List<Document> documents = new ArrayList<>();
        Map<String, Place> places = new TreeMap<>();
        Runs runs = new Runs();
        int sources = 1 + random.nextInt(4);
        for (int i = 0; i < sources; i++) {
            String source = LedgerModel.anySource(random);
            if (places.containsKey(source)) {
                continue;
            }
            long from = model.position(source);
            long to = from + random.nextInt(30);
            boolean ends = random.nextInt(25) == 0;
            places.put(source, new Place(to, ends));
            progress.add(
                    new Batch.SourceProgress(
                            source,
                            ends ? Optional.empty() : Optional.of(at(to)),
                            model.counts(source, from, to)));
            List<Document> some = model.documents(source, from, to);
            documents.addAll(some);
        }
        // Chunks of several sources come mixed.
        List<Document> mixed = new ArrayList<>();
        while (!documents.isEmpty()) {
            int most = 1 + random.nextInt(5);
            String source = documents.get(random.nextInt(documents.size())).source();
            for (int i = 0; i < most; i++) {
                documents.stream()
                        .filter(document -> document.source().equals(source))
                        .findFirst()
                        .ifPresent(
                                document -> {
                                    documents.remove(document);
                                    mixed.add(document);
                                });
            }
        }
        List<String> keys = progress.stream().map(Batch.SourceProgress::source).toList();
        mixed.forEach(document -> runs.add(keys.indexOf(document.source()), document.bytes()));
        if (whenFull == WhenFull.DROP_OLDEST
                && staysBytes() + 3L * Batches.BLOCK > MAX_SIZE_BYTES) {
            // The encoder might wait for deliver, and here they are one thread.
            acknowledge(held.size());
        }
        long droppedBefore = buffer.stats().droppedSegments();
        List<Batch.Body> bodies =
                mixed.isEmpty()
                        ? List.of()
                        : List.of(
                                new Batch.Body(
                                        Batches.TARGET,
                                        mixed.size(),
                                        1_000,
                                        ByteBuffer.wrap(
                                                Batches.content(
                                                        random.nextLong(),
                                                        100 + random.nextInt(45_000))),
                                        runs));
        buffer.append(new Batch(bodies, progress));
        long sequence = buffer.ledger().appendedTo();
        model.add(new Written(sequence, places, mixed));
        if (buffer.stats().droppedSegments() > droppedBefore) {
            model.dropped(survivors(directory));
        }
    }

    /** What may not be dropped: segments with requests in flight, and the newest. */
    private long staysBytes() {
        long bytes = 0;
        buffer.lockSegments();
        try {
            Segment segment = buffer.segmentAfter(-1);
            while (segment != null) {
                Segment next = buffer.segmentAfter(segment.cycle);
                if (next == null || ((BufferOutbox) outbox).hasInFlight(segment)) {
                    bytes += segment.allocatedBytes;
                }
                segment = next;
            }
        } finally {
            buffer.unlockSegments();
        }
        return bytes;
    }

    private static SourcePosition at(long line) {
        StreamPosition position = new StreamPosition(1, 0, line);
        return new SourcePosition(position, position);
    }

    // --- what deliver does ---

    private void take() {
        while (held.size() < MOST_HELD && random.nextInt(4) != 0) {
            Optional<Excerpt> next = outbox.next();
            if (next.isEmpty()) {
                return;
            }
            assertThat(next.get().runs().documents()).isEqualTo(next.get().documents());
            held.add(next.get());
        }
    }

    private void postpone() {
        if (held.isEmpty()) {
            return;
        }
        Excerpt excerpt = held.get(random.nextInt(held.size()));
        Written written = model.written(excerpt.index());
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < excerpt.documents(); i++) {
            if (!written.again.containsKey(i) && random.nextInt(3) == 0) {
                numbers.add(i);
            }
        }
        if (numbers.isEmpty()) {
            return;
        }
        outbox.appendAgain(
                excerpt.index(),
                numbers.stream().mapToInt(i -> i).toArray(),
                numbers.stream().mapToInt(i -> (int) written.documents.get(i).bytes()).toArray(),
                new Batch.Body(
                        excerpt.target(),
                        numbers.size(),
                        100,
                        ByteBuffer.wrap(Batches.content(1, 100)),
                        new Runs()));
        model.add(written.again(buffer.ledger().appendedTo(), numbers));
    }

    private void acknowledge() {
        if (!held.isEmpty()) {
            acknowledge(1 + random.nextInt(held.size()));
        }
    }

    private void acknowledge(int count) {
        List<ExcerptOutcome> outcomes = new ArrayList<>();
        long last = 0;
        for (int i = 0; i < count; i++) {
            Excerpt excerpt = held.removeFirst();
            last = excerpt.index();
            Written written = model.written(last);
            ExcerptOutcome outcome = new ExcerptOutcome(last);
            boolean plain = random.nextInt(3) == 0;
            for (int number = 0; number < excerpt.documents(); number++) {
                int idBytes = (int) written.documents.get(number).bytes();
                Fate fate =
                        written.again.containsKey(number)
                                ? Fate.AGAIN
                                : plain ? Fate.DELIVERED : Fate.any(random);
                switch (fate) {
                    case ALREADY_THERE -> outcome.alreadyThere(number);
                    case REPAIRED -> outcome.repaired(number);
                    case DEAD_LETTERED -> outcome.deadLettered(number, idBytes);
                    case LETTER_DROPPED -> {
                        // It was repaired first, and still refused.
                        outcome.repaired(number);
                        outcome.letterDropped(number, idBytes);
                    }
                    case DELIVERED, AGAIN -> {}
                }
                written.fates.put(number, fate);
            }
            if (!plain) {
                outcomes.add(outcome);
            }
        }
        outbox.acknowledge(last, outcomes);
        model.acknowledged(last);
    }

    private void dropLetters() {
        String source = LedgerModel.anySource(random);
        Amount letters = model.dropLetters(source, random);
        if (!letters.isNone()) {
            assertThat(buffer.dropLetters(0, ++letterFile, Map.of(source, letters))).isTrue();
        }
    }

    /** Adds up sources that have ended, even if there are only a few. */
    private void fold() {
        assertThat(buffer.writeAcked(true, random.nextInt(3))).isTrue();
        model.folded(
                buffer.ledger().snapshot(0).entries().stream()
                        .map(LedgerEntry::source)
                        .collect(Collectors.toSet()));
    }

    // --- what happens to an agent ---

    private void close() throws IOException {
        long index = acknowledged();
        buffer.close();
        model.restarted(index, Long.MAX_VALUE, survivors(directory));
        open();
    }

    /** Goes on with a copy of the directory as it stands now, or as a power cut leaves it. */
    private void kill(boolean powerCut) throws IOException {
        Path copy = folder.resolve("state-" + directories++);
        copy(directory, copy);
        buffer.close();
        if (powerCut) {
            cutTheEnd(copy);
        }
        if (damagesBytes && random.nextBoolean()) {
            damageSomeByte(copy);
        }
        directory = copy;
        Path look = folder.resolve("look-" + directories++);
        copy(directory, look);
        List<Acknowledged> acknowledged =
                List.of(Acknowledged.nothing(ExcerptFormat.outputId("elasticsearch")));
        Ranges unbelieved = new Ranges();
        long savedTo = 0;
        try (AckedFile file = new AckedFile(look.resolve("acked"))) {
            if (file.saved().isPresent()) {
                acknowledged = file.saved().get().outputs();
                unbelieved = file.saved().get().unbelieved();
                savedTo = file.saved().get().appendedTo();
            }
        }
        long index = acknowledged.getFirst().index;
        Recovery.Recovered recovered =
                new Recovery(
                                look.resolve("queue"),
                                Files.createDirectories(look.resolve("earlier")),
                                look.resolve("quarantine"),
                                acknowledged,
                                unbelieved,
                                savedTo,
                                new BufferStats(() -> 0, () -> 0, List::of))
                        .run();
        model.restarted(index, recovered.believedTo(), survivors(directory));
        open();
        assertThat(buffer.positions())
                .as("seed %d", seed)
                .isEqualTo(model.positions(LedgerSimulationTest::at));
        model.passed(this::isSettled);
        if (model.takesBack()) {
            assertThat(model.takeBackAs(buffer.ledger().snapshot(0))).as("seed %d", seed).isEmpty();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : paths.toList()) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target);
                }
            }
        }
    }

    /** Pages at the end of the last segment were not written. */
    private void cutTheEnd(Path state) throws IOException {
        List<Path> queue = segments(state.resolve("queue"));
        if (queue.isEmpty()) {
            return;
        }
        Path last = queue.getLast();
        List<long[]> places = places(last);
        if (places.isEmpty()) {
            return;
        }
        // Not more than the last second of it, and never the snapshot: that was forced.
        int cut = Math.max(1, places.size() - random.nextInt(5));
        while (cut < places.size() && places.get(cut)[0] <= model.foldedTo()) {
            cut++; // That was forced, too, or it would not be folded.
        }
        long from =
                cut < places.size()
                        ? places.get(cut)[1]
                        : places.getLast()[1] + places.getLast()[2];
        try (RandomAccessFile file = new RandomAccessFile(last.toFile(), "rw")) {
            // The word before the first that is cut goes, too; behind the last there is none, and
            // what stands there is the end of its body.
            long at = from - (cut < places.size() ? 4 : 0) + random.nextInt(64);
            file.seek(at);
            file.write(new byte[(int) (file.length() - at)]);
        }
    }

    private void damageSomeByte(Path state) throws IOException {
        List<Path> files = new ArrayList<>(segments(state.resolve("earlier")));
        files.addAll(segments(state.resolve("queue")));
        if (files.isEmpty()) {
            return;
        }
        Path file = files.get(random.nextInt(files.size()));
        List<long[]> places = places(file);
        if (places.size() < 2) {
            return;
        }
        long[] place = places.get(1 + random.nextInt(places.size() - 1));
        Written written = model.written(place[0]);
        if (written == null
                || written.bodyDamaged
                || written.sequence <= model.foldedTo()
                || written.places.values().stream().anyMatch(Place::ended)) {
            // What a source had read when it ended is nowhere else, until the file of
            // acknowledgements knows it; and when it is folded, nothing else tells that it ended.
            return;
        }
        boolean inHeader = random.nextBoolean() || written.documents.isEmpty();
        written.bodyDamaged |= !inHeader;
        long at = place[1] + (inHeader ? random.nextInt(64) : place[2] - 1);
        try (RandomAccessFile raf = new RandomAccessFile(file.toFile(), "rw")) {
            raf.seek(at);
            int before = raf.read();
            raf.seek(at);
            raf.write(before ^ 0x10);
        }
    }

    private static List<Path> segments(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".cq4")).sorted().toList();
        }
    }

    /** Sequence, offset and length of every excerpt that can be read. */
    private static List<long[]> places(Path segment) throws IOException {
        List<long[]> places = new ArrayList<>();
        ByteBuffer bytes =
                ByteBuffer.wrap(Files.readAllBytes(segment))
                        .order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at + ExcerptFormat.FIXED_BYTES <= bytes.capacity(); at += 4) {
            if (bytes.getInt(at) == ExcerptFormat.MAGIC) {
                int from = at;
                ExcerptFormat.headerLength(bytes, at, bytes.capacity() - at)
                        .flatMap(length -> ExcerptFormat.decode(bytes, from, length))
                        .ifPresent(
                                header ->
                                        places.add(
                                                new long[] {
                                                    header.sequence(), from, header.totalBytes()
                                                }));
            }
        }
        return places;
    }

    private static Set<Long> survivors(Path state) throws IOException {
        Set<Long> survivors = new HashSet<>();
        for (String name : List.of("earlier", "queue")) {
            for (Path segment : segments(state.resolve(name))) {
                places(segment).forEach(place -> survivors.add(place[0]));
            }
        }
        return survivors;
    }

    // --- what must be so ---

    private void drain() throws Exception {
        while (true) {
            Optional<Excerpt> next = outbox.next();
            if (next.isPresent()) {
                held.add(next.get());
            } else if (held.isEmpty()) {
                break;
            } else {
                acknowledge(held.size());
            }
        }
        // What could not be read is known now.
        outbox.acknowledge(0, List.of());
        compare();
        assertThat(buffer.ledger().snapshot(0).total().inFlight()).isEqualTo(Amount.NONE);
    }

    private void compare() {
        model.acknowledged(acknowledged());
        model.passed(this::isSettled);
        LedgerSnapshot snapshot = buffer.ledger().snapshot(0);
        Map<String, LedgerEntry> expected = model.entries();
        Map<String, LedgerEntry> left = new TreeMap<>();
        Map<String, LedgerEntry> folded = new TreeMap<>();
        expected.forEach(
                (source, entry) ->
                        left.merge(
                                Ledger.namespace(source),
                                LedgerEntry.none("", LedgerEntry.State.LIVE).plus(entry),
                                LedgerEntry::plus));
        for (LedgerEntry entry : snapshot.entries()) {
            assertBalance(entry);
            if (entry.state() != LedgerEntry.State.FOLDED && !model.isFolded(entry.source())) {
                assertSame(
                        entry,
                        expected.getOrDefault(
                                entry.source(), LedgerEntry.none(entry.source(), entry.state())));
            }
            folded.merge(
                    Ledger.namespace(entry.source()),
                    LedgerEntry.none("", LedgerEntry.State.LIVE).plus(entry),
                    LedgerEntry::plus);
        }
        assertThat(folded.keySet()).isEqualTo(left.keySet());
        folded.forEach((namespace, sum) -> assertSame(sum, left.get(namespace)));
        assertBalance(snapshot.total());
    }

    private boolean isSettled(long sequence) {
        buffer.lockSegments();
        try {
            return ((BufferOutbox) outbox).acknowledged().settled.contains(sequence);
        } finally {
            buffer.unlockSegments();
        }
    }

    private void assertBalance(LedgerEntry entry) {
        Amount sum =
                entry.delivered()
                        .plus(entry.filtered())
                        .plus(entry.deadLettered())
                        .plus(entry.allDropped())
                        .plus(entry.inFlight());
        assertThat(sum).as("seed %d, %s", seed, entry).isEqualTo(entry.read());
        assertThat(entry.inFlight().bytes()).as("seed %d, %s", seed, entry).isNotNegative();
        assertThat(entry.inFlight().records()).as("seed %d, %s", seed, entry).isNotNegative();
    }

    private void assertSame(LedgerEntry entry, LedgerEntry expected) {
        assertThat(figures(entry)).as("seed %d, %s", seed, entry).isEqualTo(figures(expected));
    }

    private static Map<String, Object> figures(LedgerEntry entry) {
        Map<String, Object> figures = new TreeMap<>();
        figures.put("read", entry.read());
        figures.put("filtered", entry.filtered());
        figures.put("delivered", entry.delivered());
        figures.put("alreadyThere", entry.alreadyThereRecords());
        figures.put("repaired", entry.repairedRecords());
        figures.put("deadLettered", entry.deadLettered());
        for (Drop cause : Drop.values()) {
            figures.put(cause.name(), entry.dropped().getOrDefault(cause, Amount.NONE));
        }
        figures.put("losses", entry.losses());
        figures.put("inFlight", entry.inFlight());
        return figures;
    }
}
