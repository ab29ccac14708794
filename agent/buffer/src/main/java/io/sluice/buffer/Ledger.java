package io.sluice.buffer;

import io.sluice.buffer.AckedFile.Saved;
import io.sluice.buffer.AckedFile.SavedSource;
import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.buffer.LedgerEntry.State;
import io.sluice.pipeline.Batch.Counts;
import io.sluice.pipeline.Batch.SourceProgress;

import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What became of every record and byte, per source: see {@link LedgerEntry} for what balances.
 *
 * <p>Where it stands on the disk: what was read of a source is in its excerpts, as a sum, beside
 * the position, so the two are believed together or not at all; what became of it is in the {@link
 * AckedFile}, beside the acknowledged index. What is in flight is the difference. After a start it
 * is compared with what the excerpts on the disk still hold: what is missing there was lost, and
 * what is there though it was counted as done (a power cut can take positions back) is done again.
 *
 * <p>Damage and power cuts choose how much of the excerpts a start believes, but never less than to
 * the end of a snapshot that is on the disk. What it has to know of a source is what had been read
 * <em>there</em>:
 *
 * <ul>
 *   <li>of one that was live then, the excerpts say it: every snapshot has all of those;
 *   <li>of one that had ended then, its last end before. Its excerpt may be gone with its segment,
 *       so the {@link AckedFile} has every end of a source that is not older than the oldest
 *       segment, and the last one that is;
 *   <li>of one whose first excerpt is not believed, nothing: it begins anew. So does one that came
 *       back after it was added up with others.
 * </ul>
 *
 * <p>Sources that ended are kept until there are {@value #KEPT_ENDED} of them; the ones that ended
 * first are then added up, one line for each namespace, and one for all namespaces beyond {@value
 * #KEPT_FOLDED}.
 *
 * <p>Any thread may call {@link #snapshot}; the buffer calls the rest. One lock, taken last of all.
 */
public final class Ledger {
    private static final System.Logger LOG = System.getLogger("io.sluice.buffer");

    /** Sources that ended and have a line of their own, at most. */
    static final int KEPT_ENDED = 1_000;

    /** Namespaces with a line of their own, at most; what is beyond is one line together. */
    static final int KEPT_FOLDED = 1_000;

    /**
     * Ends of one source that are kept beside its last one, at most. Of more, all but the oldest
     * are those that are in an excerpt still, unless it is damaged or was dropped.
     */
    static final int KEPT_ENDS = 16;

    private static final String ALL_OTHERS = "*/*";

    private static final String FOLDED_SUFFIX = "/*";

    private static final class Entry {
        final String key;
        State state;

        /** Sequence of the first excerpt that is counted here. */
        final long first;

        ReadTotals totals = ReadTotals.NONE;

        /** Sequence of the excerpt that says it has ended, once it has. */
        long endedAt;

        /** Ends after which it came back, the oldest first. */
        final List<Ended> earlierEnds = new ArrayList<>();

        final List<Outcomes> outcomes = new ArrayList<>();
        long takenBytes;
        long toSkipBytes;

        Entry(String key, State state, long first, int outputs) {
            this.key = key;
            this.state = state;
            this.first = first;
            for (int i = 0; i < outputs; i++) {
                outcomes.add(new Outcomes());
            }
        }

        Amount inFlight(int output) {
            return totals.read().minus(totals.filtered()).minus(outcomes.get(output).all());
        }

        void comeBack() {
            keepEnds(List.of(new Ended(totals, endedAt)));
            state = State.LIVE;
        }

        void keepEnds(List<Ended> later) {
            earlierEnds.addAll(later);
            while (earlierEnds.size() > KEPT_ENDS) {
                earlierEnds.remove(1);
            }
        }

        /** Oldest first. */
        List<Ended> ends() {
            List<Ended> ends = new ArrayList<>(earlierEnds);
            if (state == State.ENDED) {
                ends.add(new Ended(totals, endedAt));
            }
            return ends;
        }
    }

    /**
     * What the excerpts on the disk say of a source that is not forgotten, or was so only after the
     * ledger was last saved.
     *
     * @param first of the excerpts that say something of it and are newer than that, the first
     * @param sequence of the last excerpt that says something of it
     * @param ends newer than that, the oldest first
     */
    record Seen(ReadTotals totals, boolean live, long first, long sequence, List<Ended> ends) {

        /** The same of a source that turns out to have ended. */
        Seen end() {
            return new Seen(totals, false, first, sequence, ends);
        }
    }

    /**
     * What a source had read when it ended.
     *
     * @param sequence of the excerpt that says so
     */
    record Ended(ReadTotals totals, long sequence) {}

    /** One source's part in an excerpt that is being appended. */
    record Step(SourceProgress progress, ReadTotals totals) {}

    private final int outputs;
    private final Map<String, Entry> entries = new HashMap<>();

    /** Ended sources in the order of their ends. */
    private final List<Entry> ended = new ArrayList<>();

    private long appendedTo;
    private long lettersDroppedTo;

    Ledger(int outputs) {
        this.outputs = outputs;
    }

    // --- after a start ---

    /**
     * The ledger as the disk has it.
     *
     * @param acknowledged one for each output
     * @param saved what the acknowledged file said
     * @param recovered what the excerpts say
     * @param inFlight for each output, what they still hold
     */
    static Ledger recover(
            List<Acknowledged> acknowledged,
            Optional<Saved> saved,
            Recovery.Recovered recovered,
            List<InFlight> inFlight) {
        Ledger ledger = new Ledger(acknowledged.size());
        saved.ifPresent(
                file -> {
                    ledger.appendedTo = file.appendedTo();
                    ledger.lettersDroppedTo = file.lettersDroppedTo();
                });
        Map<String, Seen> left = new HashMap<>(recovered.seen());
        for (SavedSource source : saved.map(Saved::sources).orElse(List.of())) {
            if (source.state() == State.FOLDED || source.first() < recovered.believedTo()) {
                Optional<Seen> seen = Optional.ofNullable(left.remove(source.key()));
                Entry entry = ledger.restore(source, seen, recovered.believedTo());
                ledger.restoreOutcomes(entry, source, saved, acknowledged);
            }
        }
        List<Entry> unknown = new ArrayList<>();
        left.forEach(
                (key, seen) -> {
                    if (!seen.live() && seen.sequence() <= ledger.appendedTo) {
                        return; // It was there when the file was saved: it is folded.
                    }
                    Entry entry = ledger.add(key, seen.first(), seen.ends(), Optional.of(seen));
                    if (saved.isEmpty() || seen.sequence() <= ledger.appendedTo) {
                        unknown.add(entry);
                    }
                });
        ledger.appendedTo = Math.max(ledger.appendedTo, recovered.lastSequence());
        ledger.ended.sort((a, b) -> Long.compare(a.endedAt, b.endedAt));
        for (int output = 0; output < acknowledged.size(); output++) {
            int outputId = acknowledged.get(output).outputId;
            boolean isNew =
                    saved.map(Saved::outputs).orElse(List.of()).stream()
                            .noneMatch(known -> known.outputId == outputId);
            ledger.balance(output, inFlight.get(output).sources(), isNew ? ledger.all() : unknown);
        }
        for (Entry entry : ledger.entries.values()) {
            entry.toSkipBytes = entry.totals.aheadBytes();
        }
        return ledger;
    }

    private List<Entry> all() {
        return List.copyOf(entries.values());
    }

    private Entry restore(SavedSource source, Optional<Seen> seen, long believedTo) {
        if (source.state() == State.FOLDED) {
            Entry line = new Entry(source.key(), State.FOLDED, 0, outputs);
            line.totals = source.foldedTotals();
            entries.put(line.key, line);
            return line;
        }
        List<Ended> ends = new ArrayList<>(source.ends());
        ends.removeIf(end -> end.sequence >= believedTo);
        seen.ifPresent(excerpts -> ends.addAll(excerpts.ends()));
        boolean unseen = seen.map(s -> !s.live() && s.sequence < source.first()).orElse(true);
        if (ends.isEmpty() && unseen) {
            // It has ended, and what said so cannot be read.
            ends.add(new Ended(ReadTotals.NONE.withRead(mostDone(source)), believedTo - 1));
        }
        return add(source.key(), source.first(), ends, seen);
    }

    private static Amount mostDone(SavedSource source) {
        Amount most = Amount.NONE;
        for (Outcomes outcomes : source.outcomes()) {
            if (outcomes.all().records() > most.records()) {
                most = outcomes.all();
            }
        }
        return most;
    }

    /**
     * A source as the disk has it.
     *
     * @param known its ends, the oldest first
     * @param seen if that is no position, the newer of this and the last end counts
     */
    private Entry add(String key, long first, List<Ended> known, Optional<Seen> seen) {
        List<Ended> ends = new ArrayList<>(known);
        Entry entry = new Entry(key, State.LIVE, first, outputs);
        if (seen.isPresent() && seen.get().live()) {
            entry.totals = seen.get().totals();
        } else {
            long lastKnown = ends.isEmpty() ? first - 1 : ends.getLast().sequence;
            seen.filter(excerpts -> excerpts.sequence > lastKnown)
                    .ifPresent(excerpts -> ends.add(new Ended(excerpts.totals, excerpts.sequence)));
            Ended last = ends.removeLast();
            entry.state = State.ENDED;
            entry.totals = last.totals.ahead(0);
            entry.endedAt = last.sequence;
            ended.add(entry);
        }
        entry.keepEnds(ends);
        entries.put(key, entry);
        return entry;
    }

    private void restoreOutcomes(
            Entry entry,
            SavedSource source,
            Optional<Saved> saved,
            List<Acknowledged> acknowledged) {
        List<Acknowledged> known = saved.orElseThrow().outputs();
        for (int i = 0; i < known.size(); i++) {
            for (int output = 0; output < acknowledged.size(); output++) {
                if (acknowledged.get(output).outputId == known.get(i).outputId) {
                    entry.outcomes.get(output).plus(source.outcomes().get(i));
                }
            }
        }
    }

    /**
     * Makes what is in flight what the excerpts still hold.
     *
     * @param unknown whose outcomes nobody has kept: what is not on the disk was delivered
     */
    private void balance(int output, Map<String, Amount> onDisk, List<Entry> unknown) {
        for (Entry entry : unknown) {
            Amount expected = onDisk.getOrDefault(entry.key, Amount.NONE);
            Outcomes outcomes = entry.outcomes.get(output);
            outcomes.delivered = outcomes.delivered.plus(more(entry.inFlight(output), expected));
        }
        Amount again = Amount.NONE;
        for (Map.Entry<String, Amount> one : onDisk.entrySet()) {
            if (!entries.containsKey(one.getKey())) {
                Ended atMost = new Ended(ReadTotals.NONE, appendedTo);
                add(one.getKey(), 0, List.of(atMost), Optional.empty());
            }
        }
        for (Entry entry : entries.values()) {
            Amount expected = onDisk.getOrDefault(entry.key, Amount.NONE);
            Amount excess = more(expected, entry.inFlight(output));
            if (!excess.isNone()) {
                entry.outcomes.get(output).takeBack(excess);
                again = again.plus(excess);
                Amount missing = more(expected, entry.inFlight(output));
                entry.totals = entry.totals.withRead(missing);
            }
        }
        if (!again.isNone()) {
            LOG.log(
                    Level.INFO,
                    "ledger: {0} records are done once more, because the buffer''s end is older"
                            + " than what was acknowledged of it",
                    again.records());
        }
        loseWhatIsMissing(output, onDisk);
    }

    /**
     * What is in flight and in no excerpt any more was lost.
     *
     * @param onDisk what the excerpts hold, and those in memory
     */
    synchronized void loseWhatIsMissing(int output, Map<String, Amount> onDisk) {
        Amount lost = Amount.NONE;
        for (Entry entry : entries.values()) {
            Amount expected = onDisk.getOrDefault(entry.key, Amount.NONE);
            Amount missing = more(entry.inFlight(output), expected);
            if (!missing.isNone()) {
                entry.outcomes.get(output).drop(Drop.BUFFER_DAMAGED, missing);
                lost = lost.plus(missing);
                LOG.log(
                        Level.ERROR,
                        "{0}: {1} records ({2} bytes) were in excerpts of the buffer that cannot"
                                + " be read any more; they are lost",
                        entry.key,
                        missing.records(),
                        missing.bytes());
            }
        }
    }

    /** By how much the one exceeds the other. */
    private static Amount more(Amount a, Amount b) {
        return new Amount(
                Math.max(0, a.bytes() - b.bytes()), Math.max(0, a.records() - b.records()));
    }

    // --- appending; under the buffer's append lock ---

    /** What a source's totals will be when the batch with this progress is appended. */
    synchronized Step next(SourceProgress progress) {
        Entry entry = entries.get(progress.source());
        ReadTotals before = entry == null ? ReadTotals.NONE : entry.totals;
        Counts counts = progress.counts();
        long toSkip = entry == null ? 0 : Math.max(0, entry.toSkipBytes - counts.skippedBytes());
        long ahead = progress.position().isPresent() ? toSkip + counts.aheadBytes() : 0;
        return new Step(progress, before.plus(counts, ahead));
    }

    /** The totals of a source in its last excerpt. */
    synchronized ReadTotals totals(String source) {
        Entry entry = entries.get(source);
        return entry == null ? ReadTotals.NONE : entry.totals;
    }

    /** An excerpt was appended, and nobody has seen it yet. */
    synchronized void appended(long sequence, List<Step> steps) {
        appendedTo = sequence;
        for (Step step : steps) {
            SourceProgress progress = step.progress;
            Entry entry =
                    entries.computeIfAbsent(
                            progress.source(),
                            key -> new Entry(key, State.LIVE, sequence, outputs));
            if (entry.state == State.ENDED) {
                // Even if it ends once more with this excerpt, which may not be believed.
                ended.remove(entry);
                entry.comeBack();
            }
            Counts counts = progress.counts();
            entry.totals = step.totals;
            entry.takenBytes += counts.readBytes() + counts.skippedBytes();
            entry.toSkipBytes = Math.max(0, entry.toSkipBytes - counts.skippedBytes());
            if (progress.position().isEmpty()) {
                end(entry, sequence);
            }
        }
    }

    private void end(Entry entry, long sequence) {
        entry.state = State.ENDED;
        entry.endedAt = sequence;
        ended.add(entry);
        entry.takenBytes = 0;
        entry.toSkipBytes = 0;
    }

    // --- outcomes; under the buffer's lock of segments ---

    /** An excerpt is done. */
    synchronized void done(int output, HandedOut excerpt, Optional<ExcerptOutcome> outcome) {
        if (!excerpt.counted) {
            return;
        }
        ExcerptRuns runs = excerpt.runs;
        for (int run = 0; run < runs.count(); run++) {
            Outcomes outcomes = outcomes(output, runs, run);
            outcomes.delivered = outcomes.delivered.plus(runs.amount(run));
        }
        // Of which there is more to say, once each.
        BitSet otherwise = new BitSet();
        excerpt.postponed.forEach(
                runs,
                otherwise,
                (amount, run) -> {
                    Outcomes outcomes = outcomes(output, runs, run);
                    outcomes.delivered = outcomes.delivered.minus(amount);
                });
        if (outcome.isEmpty()) {
            return;
        }
        ExcerptOutcome said = outcome.get();
        said.deadLettered()
                .forEach(
                        runs,
                        otherwise,
                        (amount, run) -> {
                            Outcomes outcomes = outcomes(output, runs, run);
                            outcomes.delivered = outcomes.delivered.minus(amount);
                            outcomes.deadLetter(amount);
                        });
        said.lettersDropped()
                .forEach(
                        runs,
                        otherwise,
                        (amount, run) -> {
                            Outcomes outcomes = outcomes(output, runs, run);
                            outcomes.delivered = outcomes.delivered.minus(amount);
                            outcomes.drop(Drop.DEAD_LETTERS_DROPPED, amount);
                        });
        otherwise.flip(0, runs.documents());
        otherwise.stream()
                .filter(said.alreadyThere()::get)
                .forEach(
                        document ->
                                outcomes(output, runs, runs.run(document)).alreadyThereRecords++);
        otherwise.stream()
                .filter(said.repaired()::get)
                .forEach(document -> outcomes(output, runs, runs.run(document)).repairedRecords++);
    }

    /** What an excerpt holds is lost. */
    synchronized void drop(int output, ExcerptRuns runs, Drop cause) {
        for (int run = 0; run < runs.count(); run++) {
            outcomes(output, runs, run).drop(cause, runs.amount(run));
        }
    }

    /** Of a run's source, which is not folded while something of it is in flight. */
    private Outcomes outcomes(int output, ExcerptRuns runs, int run) {
        return entries.computeIfAbsent(
                        runs.sourceOf(run), key -> new Entry(key, State.LIVE, appendedTo, outputs))
                .outcomes
                .get(output);
    }

    /**
     * Files of dead letters made room for newer ones.
     *
     * @param upTo number of the newest of them
     * @param letters by source
     */
    synchronized void dropLetters(int output, long upTo, Map<String, Amount> letters) {
        if (upTo <= lettersDroppedTo) {
            return; // The disk did not take it the last time.
        }
        lettersDroppedTo = upTo;
        letters.forEach((source, amount) -> dropLetters(output, source, amount));
    }

    /**
     * A letter can be gone before its excerpt is acknowledged: so many may be owed as are in
     * flight. What is beyond is of a source that was folded before it came back.
     */
    private void dropLetters(int output, String source, Amount amount) {
        Amount left = amount;
        Entry own = entries.get(source);
        if (own != null) {
            left = own.outcomes.get(output).dropLetters(left, own.inFlight(output));
        }
        Entry line = entries.get(foldedKey(source));
        if (line != null) {
            Amount _ = line.outcomes.get(output).dropLetters(left, left);
        }
    }

    /** Sequence of the last excerpt that was appended, as far as is known. */
    synchronized long appendedTo() {
        return appendedTo;
    }

    synchronized long lettersDroppedTo() {
        return lettersDroppedTo;
    }

    // --- on the disk ---

    /**
     * Adds up the sources that ended first, if more than so many have ended.
     *
     * @param doneTo every output has acknowledged every excerpt up to this
     * @param forcedTo every excerpt up to this is on the disk: a source that came back with a power
     *     cut could not be told from one that is folded
     */
    synchronized void fold(int kept, long doneTo, long forcedTo) {
        int surplus = ended.size() - kept;
        for (int i = 0; i < ended.size() && surplus > 0; ) {
            Entry entry = ended.get(i);
            if (entry.endedAt <= Math.min(doneTo, forcedTo) && isDone(entry)) {
                fold(entry);
                ended.remove(i);
                surplus--;
            } else {
                i++;
            }
        }
    }

    private boolean isDone(Entry entry) {
        for (int output = 0; output < outputs; output++) {
            if (!entry.inFlight(output).isNone()) {
                return false;
            }
        }
        return true;
    }

    private void fold(Entry entry) {
        Entry line =
                entries.computeIfAbsent(
                        foldedKey(entry.key), key -> new Entry(key, State.FOLDED, 0, outputs));
        line.totals = line.totals.plus(entry.totals.ahead(0));
        for (int output = 0; output < outputs; output++) {
            line.outcomes.get(output).plus(entry.outcomes.get(output));
        }
        entries.remove(entry.key);
    }

    /**
     * The line that a source is folded into: that of its namespace ({@link
     * io.sluice.tail.LogSource#key}), or of all plain files.
     */
    private String foldedKey(String source) {
        String key = namespace(source) + FOLDED_SUFFIX;
        long lines = entries.values().stream().filter(e -> e.state == State.FOLDED).count();
        return entries.containsKey(key) || lines < KEPT_FOLDED ? key : ALL_OTHERS;
    }

    /**
     * The namespace of a source's key, or of a folded line's; empty for plain files, {@code *} for
     * the line of several namespaces.
     *
     * @param source {@link LedgerEntry#source}
     */
    public static String namespace(String source) {
        if (source.endsWith(FOLDED_SUFFIX)) {
            return source.substring(0, source.length() - FOLDED_SUFFIX.length());
        }
        int end = source.indexOf('_');
        return source.startsWith("/") || end < 0 ? "" : source.substring(0, end);
    }

    /**
     * Forgets the ends that no start will ask for.
     *
     * @param oldest sequence of the first excerpt on the disk
     */
    synchronized void forgetEnds(long oldest) {
        for (Entry entry : entries.values()) {
            List<Ended> ends = entry.earlierEnds;
            while (ends.size() > 1 && ends.get(1).sequence < oldest) {
                ends.removeFirst();
            }
            if (entry.state == State.ENDED && entry.endedAt < oldest) {
                ends.clear();
            }
        }
    }

    /** As {@link AckedFile} has it, from the last appended excerpt on. */
    synchronized void put(ByteBuffer out) {
        Varints.put(out, appendedTo);
        Varints.put(out, lettersDroppedTo);
        Varints.put(out, entries.size());
        for (Entry entry : entries.values()) {
            ExcerptFormat.putText(out, entry.key);
            out.put((byte) entry.state.code());
            Varints.put(out, entry.first);
            if (entry.state == State.FOLDED) {
                entry.totals.put(out);
            }
            List<Ended> ends = entry.ends();
            Varints.put(out, ends.size());
            for (Ended end : ends) {
                Varints.put(out, end.sequence);
                end.totals.put(out);
            }
            for (Outcomes outcomes : entry.outcomes) {
                outcomes.put(out);
            }
        }
    }

    // --- for any thread ---

    /**
     * Everything at one instant, for one output.
     *
     * @param output its place in {@link BufferConfig#outputs}
     */
    public LedgerSnapshot snapshot(int output) {
        Map<String, LedgerEntry> copies = new TreeMap<>();
        synchronized (this) {
            for (Entry entry : entries.values()) {
                Outcomes outcomes = entry.outcomes.get(output);
                copies.put(
                        entry.key,
                        new LedgerEntry(
                                entry.key,
                                entry.state,
                                entry.totals.read(),
                                entry.totals.filtered(),
                                entry.totals.truncatedRecords(),
                                outcomes.delivered,
                                outcomes.alreadyThereRecords,
                                outcomes.repairedRecords,
                                outcomes.deadLettered,
                                outcomes.dropped(),
                                entry.totals.losses(),
                                entry.takenBytes,
                                entry.toSkipBytes));
            }
        }
        LedgerEntry total = LedgerEntry.none("", State.LIVE);
        for (LedgerEntry entry : copies.values()) {
            total = total.plus(entry);
        }
        return new LedgerSnapshot(List.copyOf(copies.values()), total);
    }
}
