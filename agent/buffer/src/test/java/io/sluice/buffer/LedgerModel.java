package io.sluice.buffer;

import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.pipeline.Batch;
import io.sluice.tail.Loss;
import io.sluice.tail.SourcePosition;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.LongFunction;
import java.util.function.LongPredicate;

/**
 * What the ledger has to say, by the simplest means: every excerpt and the fate of every document
 * in it is remembered, and counted anew whenever somebody asks.
 *
 * <p>A source is an endless row of lines. What a line is (its size, whether it is filtered, lost
 * before it is read) follows from its number, so that it is the same when it is read again.
 */
final class LedgerModel {

    /** One record. */
    record Document(String source, long line, long bytes) {}

    /** What became of a document with its excerpt. */
    enum Fate {
        DELIVERED,
        ALREADY_THERE,
        REPAIRED,
        DEAD_LETTERED,
        LETTER_DROPPED,
        AGAIN;

        private static final List<Fate> FINAL =
                List.of(DELIVERED, ALREADY_THERE, REPAIRED, DEAD_LETTERED, LETTER_DROPPED);

        static Fate any(Random random) {
            return FINAL.get(random.nextInt(FINAL.size()));
        }
    }

    /**
     * How far an excerpt has brought a source.
     *
     * @param line the first that is in no excerpt
     */
    record Place(long line, boolean ended) {}

    /** One excerpt. */
    static final class Written {
        final long sequence;

        /** The excerpt these documents came from; 0 for new ones. */
        final long origin;

        /** The first excerpt that had them. */
        final long root;

        final List<Document> documents;
        final Map<String, Place> places;

        /** Positions and counts in it are believed. */
        boolean believed = true;

        boolean acknowledged;
        boolean dropped;

        /** Nobody can read it any more. */
        boolean lost;

        /** Its header can be read, and its body cannot: it is lost when it is due. */
        boolean bodyDamaged;

        final Map<Integer, Fate> fates = new HashMap<>();

        /** Where the documents are that were appended again. */
        final Map<Integer, Written> again = new HashMap<>();

        Written(long sequence, Map<String, Place> places, List<Document> documents) {
            this(sequence, 0, sequence, places, documents);
        }

        private Written(
                long sequence,
                long origin,
                long root,
                Map<String, Place> places,
                List<Document> documents) {
            this.sequence = sequence;
            this.origin = origin;
            this.root = root;
            this.places = places;
            this.documents = documents;
        }

        /** Some of its documents, appended again. */
        Written again(long sequence, List<Integer> numbers) {
            Written again =
                    new Written(
                            sequence,
                            this.sequence,
                            root,
                            Map.of(),
                            numbers.stream().map(documents::get).toList());
            again.believed = believed;
            numbers.forEach(number -> this.again.put(number, again));
            return again;
        }
    }

    private final long seed;
    private final Map<Long, Written> excerpts = new TreeMap<>();
    private final Set<String> folded = new HashSet<>();

    /** What the ledger took from its outcomes for excerpts that are not believed any more. */
    private final Map<String, LedgerEntry> takenBack = new HashMap<>();

    private boolean takesBack;

    LedgerModel(long seed) {
        this.seed = seed;
    }

    // --- lines ---

    static String anySource(Random random) {
        int number = random.nextInt(6);
        return "shop-" + number % 2 + "_cart-" + number + "_uid/app";
    }

    private SplittableRandom line(String source, long line) {
        return new SplittableRandom(seed ^ source.hashCode() * 31L ^ line * 0x9E3779B97F4A7C15L);
    }

    private static boolean isLost(SplittableRandom of) {
        return of.nextInt(40) == 0;
    }

    private static boolean isFiltered(SplittableRandom of) {
        return of.nextInt(10) == 0;
    }

    /** What lines {@code [from, to)} add to the counts. */
    Batch.Counts counts(String source, long from, long to) {
        long readBytes = 0;
        long readRecords = 0;
        long filteredBytes = 0;
        long filteredRecords = 0;
        List<Loss> losses = List.of();
        for (long i = from; i < to; i++) {
            SplittableRandom of = line(source, i);
            long bytes = 20L + of.nextInt(300);
            if (isLost(of)) {
                Loss.Cause cause = Loss.Cause.ofCode(of.nextInt(3));
                losses =
                        ReadTotals.plus(
                                losses, List.of(new Loss(cause, bytes, of.nextInt(5) == 0)));
                continue;
            }
            readBytes += bytes;
            readRecords++;
            if (isFiltered(of)) {
                filteredBytes += bytes;
                filteredRecords++;
            }
        }
        return new Batch.Counts(
                readBytes, readRecords, filteredBytes, filteredRecords, 0, 0, 0, losses);
    }

    /** What lines {@code [from, to)} make. */
    List<Document> documents(String source, long from, long to) {
        List<Document> documents = new ArrayList<>();
        for (long i = from; i < to; i++) {
            SplittableRandom of = line(source, i);
            long bytes = 20L + of.nextInt(300);
            if (!isLost(of) && !isFiltered(of)) {
                documents.add(new Document(source, i, bytes));
            }
        }
        return documents;
    }

    // --- what happens ---

    void add(Written written) {
        excerpts.put(written.sequence, written);
    }

    Written written(long sequence) {
        return excerpts.get(sequence);
    }

    void acknowledged(long index) {
        for (Written written : excerpts.values()) {
            written.acknowledged |= written.sequence <= index;
        }
    }

    /** The buffer was full: what is not acknowledged and not there any more was dropped. */
    void dropped(Set<Long> survivors) {
        for (Written written : excerpts.values()) {
            if (!written.acknowledged && !written.lost && !survivors.contains(written.sequence)) {
                written.dropped = true;
            }
        }
    }

    /**
     * The output has passed what it could not read.
     *
     * @param settled excerpts that are done, though not acknowledged
     */
    void passed(LongPredicate settled) {
        for (Written written : excerpts.values()) {
            written.lost |=
                    written.bodyDamaged
                            && !written.dropped
                            && (written.acknowledged || settled.test(written.sequence));
        }
    }

    /** Some dead letters of a source, to be dropped. */
    Amount dropLetters(String source, Random random) {
        Amount dropped = Amount.NONE;
        for (Written written : excerpts.values()) {
            for (int i = 0; i < written.documents.size(); i++) {
                Document document = written.documents.get(i);
                if (written.acknowledged
                        && written.believed
                        && !isGuessed(source)
                        && document.source().equals(source)
                        && written.fates.get(i) == Fate.DEAD_LETTERED
                        && random.nextBoolean()) {
                    written.fates.put(i, Fate.LETTER_DROPPED);
                    dropped = dropped.plus(new Amount(document.bytes(), 1));
                }
            }
        }
        return dropped;
    }

    /**
     * Whether the ledger may count fewer dead letters for it than there are, or cannot tell whose
     * they are: those of a source that is folded, or those that are in flight since it came back.
     */
    private boolean isGuessed(String source) {
        return (isFolded(source) && isInFlight(source))
                || takenBack.keySet().stream()
                        .anyMatch(
                                other ->
                                        other.equals(source)
                                                || (isFolded(other)
                                                        && isFolded(source)
                                                        && Ledger.namespace(other)
                                                                .equals(Ledger.namespace(source))));
    }

    private boolean isInFlight(String source) {
        return !entries()
                .getOrDefault(source, LedgerEntry.none(source, LedgerEntry.State.LIVE))
                .inFlight()
                .isNone();
    }

    /** These have no entry of their own any more. */
    void folded(Set<String> entries) {
        for (String source : sources()) {
            if (!entries.contains(source)) {
                folded.add(source);
            }
        }
    }

    boolean isFolded(String source) {
        return folded.contains(source);
    }

    /**
     * An agent has started on what the last one left.
     *
     * @param index acknowledged, as the disk says
     * @param believedTo the first excerpt that is not believed, nor are those behind it
     * @param survivors whose headers can be read
     */
    void restarted(long index, long believedTo, Set<Long> survivors) {
        takesBack = false;
        for (Written written : List.copyOf(excerpts.values())) {
            boolean done = written.sequence <= index || written.dropped || written.lost;
            takesBack |= done && written.believed && written.root >= believedTo;
            written.believed &= written.root < believedTo;
            if (written.sequence <= index || written.dropped) {
                // What happens to its bytes now does not matter any more.
                written.bodyDamaged = false;
                continue;
            }
            written.acknowledged = false;
            written.fates.clear();
            written.again.clear();
            written.lost = written.believed && !survivors.contains(written.sequence);
            if (written.origin > index) {
                // What it came from is sent again.
                excerpts.remove(written.sequence);
            }
        }
        // A source that begins anew has no outcomes to differ.
        takenBack.keySet().removeIf(source -> lastPlace(source).isEmpty());
    }

    /** The last excerpt that says of a source that is folded that it ended. */
    long foldedTo() {
        return excerpts.values().stream()
                .filter(
                        written ->
                                written.places.entrySet().stream()
                                        .anyMatch(
                                                place ->
                                                        place.getValue().ended()
                                                                && isFolded(place.getKey())))
                .mapToLong(written -> written.sequence)
                .max()
                .orElse(0);
    }

    // --- what must be so ---

    private List<String> sources() {
        return excerpts.values().stream()
                .flatMap(written -> written.places.keySet().stream())
                .distinct()
                .toList();
    }

    private Optional<Place> lastPlace(String source) {
        return excerpts.values().stream()
                .filter(written -> written.believed && written.places.containsKey(source))
                .max(Comparator.comparingLong(written -> written.sequence))
                .map(written -> written.places.get(source));
    }

    /** The first line of a source that is in no excerpt. */
    long position(String source) {
        return lastPlace(source).map(Place::line).orElse(0L);
    }

    Map<String, SourcePosition> positions(LongFunction<SourcePosition> at) {
        Map<String, SourcePosition> positions = new HashMap<>();
        for (String source : sources()) {
            lastPlace(source)
                    .filter(place -> !place.ended())
                    .ifPresent(place -> positions.put(source, at.apply(place.line())));
        }
        return positions;
    }

    /** The last start ceased to believe something that was done. */
    boolean takesBack() {
        return takesBack;
    }

    /**
     * The sums must be right; from what it took back is the ledger's choice.
     *
     * @return what differs
     */
    List<String> takeBackAs(LedgerSnapshot snapshot) {
        List<String> faults = new ArrayList<>();
        Map<String, LedgerEntry> expected = entries();
        for (LedgerEntry entry : snapshot.entries()) {
            LedgerEntry model = expected.get(entry.source());
            if (model == null || isFolded(entry.source())) {
                continue;
            }
            LedgerEntry difference = minus(entry, model);
            if (!difference.read().isNone() || !difference.inFlight().isNone()) {
                faults.add(entry + " is not " + model);
            }
            takenBack.merge(entry.source(), difference, LedgerEntry::plus);
        }
        takeBackOfFolded(snapshot, faults);
        return faults;
    }

    /**
     * Those have an entry only with others: what their namespace differs by is put to the first.
     */
    private void takeBackOfFolded(LedgerSnapshot snapshot, List<String> faults) {
        Map<String, LedgerEntry> expected = entries();
        Set<String> seen = new HashSet<>();
        for (String source : expected.keySet()) {
            String namespace = Ledger.namespace(source);
            if (!isFolded(source) || !seen.add(namespace)) {
                continue;
            }
            LedgerEntry difference =
                    minus(
                            sum(namespace, snapshot.entries()),
                            sum(namespace, List.copyOf(expected.values())));
            if (!difference.read().isNone() || !difference.inFlight().isNone()) {
                faults.add(namespace + " differs by " + difference);
            }
            takenBack.merge(source, difference, LedgerEntry::plus);
        }
    }

    private static LedgerEntry sum(String namespace, List<LedgerEntry> entries) {
        return entries.stream()
                .filter(entry -> Ledger.namespace(entry.source()).equals(namespace))
                .reduce(LedgerEntry.none("", LedgerEntry.State.LIVE), LedgerEntry::plus);
    }

    private static LedgerEntry minus(LedgerEntry a, LedgerEntry b) {
        Map<Drop, Amount> dropped = new EnumMap<>(Drop.class);
        for (Drop cause : Drop.values()) {
            dropped.put(
                    cause,
                    a.dropped()
                            .getOrDefault(cause, Amount.NONE)
                            .minus(b.dropped().getOrDefault(cause, Amount.NONE)));
        }
        return new LedgerEntry(
                a.source(),
                a.state(),
                a.read().minus(b.read()),
                a.filtered().minus(b.filtered()),
                0,
                a.delivered().minus(b.delivered()),
                a.alreadyThereRecords() - b.alreadyThereRecords(),
                a.repairedRecords() - b.repairedRecords(),
                a.deadLettered().minus(b.deadLettered()),
                dropped,
                List.of(),
                0,
                0);
    }

    Map<String, LedgerEntry> entries() {
        Map<String, LedgerEntry> entries = new TreeMap<>();
        for (String source : sources()) {
            if (lastPlace(source).isEmpty()) {
                continue;
            }
            Batch.Counts all = counts(source, 0, position(source));
            LedgerEntry entry = LedgerEntry.none(source, LedgerEntry.State.LIVE);
            entry =
                    new LedgerEntry(
                            source,
                            entry.state(),
                            new Amount(all.readBytes(), all.readRecords()),
                            new Amount(all.filteredBytes(), all.filteredRecords()),
                            0,
                            Amount.NONE,
                            0,
                            0,
                            Amount.NONE,
                            Map.of(),
                            all.losses(),
                            0,
                            0);
            entries.put(source, entry);
        }
        for (Written written : excerpts.values()) {
            if (written.believed && written.origin == 0) {
                for (int i = 0; i < written.documents.size(); i++) {
                    String source = written.documents.get(i).source();
                    entries.put(source, entries.get(source).plus(outcome(written, i)));
                }
            }
        }
        takenBack.forEach(
                (source, difference) ->
                        entries.computeIfPresent(source, (_, entry) -> entry.plus(difference)));
        return entries;
    }

    /** What became of one document, in the last excerpt that has it. */
    private static LedgerEntry outcome(Written written, int number) {
        Document document = written.documents.get(number);
        Amount one = new Amount(document.bytes(), 1);
        if (written.dropped) {
            return outcome(document, Amount.NONE, 0, 0, Amount.NONE, Drop.BUFFER_DROPPED, one);
        }
        if (written.lost) {
            return outcome(document, Amount.NONE, 0, 0, Amount.NONE, Drop.BUFFER_DAMAGED, one);
        }
        if (!written.acknowledged) {
            return LedgerEntry.none(document.source(), LedgerEntry.State.LIVE);
        }
        return switch (written.fates.get(number)) {
            case DELIVERED ->
                    outcome(document, one, 0, 0, Amount.NONE, Drop.BUFFER_DROPPED, Amount.NONE);
            case ALREADY_THERE ->
                    outcome(document, one, 1, 0, Amount.NONE, Drop.BUFFER_DROPPED, Amount.NONE);
            case REPAIRED ->
                    outcome(document, one, 0, 1, Amount.NONE, Drop.BUFFER_DROPPED, Amount.NONE);
            case DEAD_LETTERED ->
                    outcome(document, Amount.NONE, 0, 0, one, Drop.BUFFER_DROPPED, Amount.NONE);
            case LETTER_DROPPED ->
                    outcome(
                            document,
                            Amount.NONE,
                            0,
                            0,
                            Amount.NONE,
                            Drop.DEAD_LETTERS_DROPPED,
                            one);
            case AGAIN -> {
                Written again = written.again.get(number);
                yield outcome(again, again.documents.indexOf(document));
            }
        };
    }

    private static LedgerEntry outcome(
            Document document,
            Amount delivered,
            long alreadyThere,
            long repaired,
            Amount deadLettered,
            Drop cause,
            Amount dropped) {
        return new LedgerEntry(
                document.source(),
                LedgerEntry.State.LIVE,
                Amount.NONE,
                Amount.NONE,
                0,
                delivered,
                alreadyThere,
                repaired,
                deadLettered,
                Map.of(cause, dropped),
                List.of(),
                0,
                0);
    }
}
