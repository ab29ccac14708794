package io.sluice.buffer;

import io.sluice.buffer.ExcerptFormat.BodyEntry;
import io.sluice.buffer.ExcerptFormat.Header;
import io.sluice.buffer.ExcerptFormat.Kind;
import io.sluice.buffer.ExcerptFormat.SourceEntry;
import io.sluice.buffer.Ledger.Ended;
import io.sluice.buffer.Ledger.Seen;
import io.sluice.tail.SourcePosition;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What earlier processes left: moves their segments out of Chronicle's folder, finds the positions,
 * and never fails because of what is in a file.
 *
 * <p>Positions: the newest whole snapshot, then forward as long as excerpts follow each other by
 * their sequence and every checksum is right. Behind the first that is missing or damaged,
 * positions are not believed: bytes before them may be in no excerpt. What was appended after is
 * sent all the same, and the ledger takes no notice of it: its lines are read again. The totals of
 * a source are believed with its positions.
 */
final class Recovery {
    private static final System.Logger LOG = System.getLogger("io.sluice.buffer");

    private final Path queue;
    private final Path earlier;
    private final Path quarantine;
    private final BufferStats stats;
    private final List<Acknowledged> acknowledged;
    private final Ranges unbelieved;
    private final long savedTo;
    private final List<InFlight> inFlight;

    private final List<Segment> segments = new ArrayList<>();
    private final Map<String, SourcePosition> positions = new HashMap<>();
    private final Map<String, Seen> seen = new HashMap<>();

    private long believedTo = Long.MAX_VALUE;
    private long lastSequence;
    private int lastCycle;

    /**
     * @param segments of earlier processes, oldest first
     * @param seen what they say of each source that is not forgotten, or was so in one of them
     * @param believedTo the first sequence from which on nothing is believed, or nothing is there
     * @param inFlight for each output, what they still hold
     * @param lastSequence no readable excerpt has a higher one
     * @param lastCycle no file has a higher one
     */
    record Recovered(
            List<Segment> segments,
            Map<String, SourcePosition> positions,
            Map<String, Seen> seen,
            long believedTo,
            List<InFlight> inFlight,
            long lastSequence,
            int lastCycle) {}

    /**
     * @param queue where Chronicle writes; empty afterwards
     * @param earlier where segments of earlier processes are kept
     * @param quarantine where unreadable files go; made when needed
     * @param acknowledged one for each output; what must not be sent is added
     * @param unbelieved what earlier starts did not believe; what this one does not is added
     * @param savedTo the last excerpt that was appended when the ledger was saved; 0 if it was not
     */
    Recovery(
            Path queue,
            Path earlier,
            Path quarantine,
            List<Acknowledged> acknowledged,
            Ranges unbelieved,
            long savedTo,
            BufferStats stats) {
        this.queue = queue;
        this.earlier = earlier;
        this.quarantine = quarantine;
        this.acknowledged = acknowledged;
        this.unbelieved = unbelieved;
        this.savedTo = savedTo;
        this.inFlight =
                acknowledged.stream().map(output -> new InFlight(output, unbelieved)).toList();
        this.stats = stats;
    }

    /**
     * @throws IOException if files cannot be listed or moved
     */
    Recovered run() throws IOException {
        moveAside();
        for (Path file : sorted(earlier)) {
            OptionalInt cycle = Chronicle.cycleOf(file.getFileName().toString());
            if (cycle.isEmpty()) {
                quarantine(file, "its name is no segment's");
            } else {
                lastCycle = Math.max(lastCycle, cycle.getAsInt());
                examine(file, cycle.getAsInt());
            }
        }
        for (int i = 0; i < segments.size(); i++) {
            Segment segment = segments.get(i);
            boolean last = i + 1 == segments.size();
            segment.lastSequence =
                    last ? segment.firstSequence : segments.get(i + 1).firstSequence - 1;
            segment.sealed = true;
        }
        readAll();
        if (!segments.isEmpty()) {
            segments.getLast().lastSequence = lastSequence;
            if (believedTo <= lastSequence) {
                unbelieved.add(believedTo, lastSequence);
            }
        }
        return new Recovered(
                segments,
                positions,
                seen,
                Math.min(believedTo, lastSequence + 1),
                inFlight,
                lastSequence,
                lastCycle);
    }

    /**
     * Chronicle is to find an empty folder; its table (locks, listings) is of no use to us.
     *
     * <p>What a killed process has left may be in memory only. The next snapshot stands on it and
     * is forced soon: a power cut must not take what it stands on.
     */
    private void moveAside() throws IOException {
        boolean moved = false;
        for (Path file : sorted(queue)) {
            if (Chronicle.cycleOf(file.getFileName().toString()).isPresent()) {
                Disk.force(file);
                Files.move(
                        file, earlier.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
                moved = true;
            } else {
                Files.delete(file);
            }
        }
        if (moved) {
            Disk.forceDirectory(earlier);
            Disk.forceDirectory(queue);
        }
    }

    /** Keeps a segment that holds an excerpt, removes an empty one, quarantines the rest. */
    private void examine(Path file, int cycle) throws IOException {
        int otherVersion;
        try (SegmentReader reader = new SegmentReader(file)) {
            long size = Files.size(file);
            Optional<Header> first = reader.next(size, true);
            if (first.isPresent()) {
                Segment segment = new Segment(cycle, file, first.get().sequence());
                segment.end = size;
                segment.allocatedBytes = size;
                segment.snapshot = readSnapshot(reader, first, size).isPresent();
                segments.add(segment);
                return;
            }
            if (reader.isAllZero() || (reader.beginsLikeASegment() && !reader.broken())) {
                LOG.log(
                        Level.DEBUG,
                        "buffer segment {0} holds no excerpt: the agent ended while it was made;"
                                + " removed",
                        file);
                Files.delete(file);
                return;
            }
            otherVersion = reader.otherVersion();
        } catch (IOException e) {
            quarantine(file, e.toString());
            return;
        }
        quarantine(
                file,
                otherVersion < 0
                        ? "no excerpt in it can be read"
                        : "its excerpts have the format version "
                                + otherVersion
                                + ", this agent reads "
                                + ExcerptFormat.VERSION
                                + ": only the agent that wrote it can deliver it");
    }

    private void readAll() {
        int base = segments.size() - 1;
        while (base >= 0 && !segments.get(base).snapshot) {
            base--;
        }
        if (base < 0) {
            believedTo = 0;
            if (!segments.isEmpty()) {
                LOG.log(
                        Level.WARNING,
                        "buffer: no snapshot of the positions is whole; files are read again from"
                                + " their beginning, what was delivered is recognised by its id");
            }
        }
        for (int i = 0; i < segments.size(); i++) {
            Segment segment = segments.get(i);
            try (SegmentReader reader = new SegmentReader(segment.file)) {
                if (base < 0 || i < base) {
                    readBeforeTheSnapshot(reader, segment);
                } else {
                    readFromTheSnapshot(reader, segment, i == base);
                }
            } catch (IOException e) {
                // Read by examine() a moment ago: the disk is failing. The rest is not believed.
                if (i >= base) {
                    believedTo = Math.min(believedTo, lastSequence + 1);
                }
                LOG.log(
                        Level.ERROR,
                        "buffer segment {0} cannot be read to its end ({1}); check the disk",
                        segment.file,
                        e);
            }
        }
    }

    /** What is here was read for good, if there is a snapshot at all: it may not be done. */
    private void readBeforeTheSnapshot(SegmentReader reader, Segment segment) throws IOException {
        Optional<Header> header = reader.next(segment.end, true);
        for (; header.isPresent(); header = reader.next(segment.end, true)) {
            Header excerpt = header.get();
            lastSequence = Math.max(lastSequence, excerpt.sequence());
            if (believedTo > 0 && !unbelieved.contains(excerpt.sequence())) {
                see(excerpt);
            }
            hold(excerpt);
        }
    }

    /** From the newest snapshot on: positions move as long as everything is there and whole. */
    private void readFromTheSnapshot(SegmentReader reader, Segment segment, boolean isBase)
            throws IOException {
        Optional<Header> header = reader.next(segment.end, true);
        if (isBase) {
            lastSequence = Math.max(lastSequence, header.orElseThrow().sequence() - 1);
            endAllButThoseWithPositions();
        }
        for (; header.isPresent(); header = reader.next(segment.end, true)) {
            Header excerpt = header.get();
            boolean believed = excerpt.sequence() < believedTo;
            if (believed
                    && (excerpt.sequence() != lastSequence + 1
                            || unbelieved.contains(excerpt.sequence())
                            || !whole(reader, excerpt))) {
                believed = false;
                believedTo = lastSequence + 1;
                LOG.log(
                        Level.WARNING,
                        "buffer segment {0} is damaged before excerpt {1}; positions go back to"
                                + " what came before, later excerpts are sent all the same",
                        segment.file,
                        Long.toString(excerpt.sequence() + 1));
            }
            if (believed) {
                if (excerpt.kind() != Kind.SNAPSHOT) {
                    apply(excerpt.sources());
                }
                see(excerpt);
            }
            hold(excerpt);
            lastSequence = Math.max(lastSequence, excerpt.sequence());
        }
    }

    /**
     * Of a source that has no position in the snapshot the end may have been in a damaged or
     * dropped part.
     */
    private void endAllButThoseWithPositions() {
        seen.replaceAll(
                (key, source) ->
                        source.live() && !positions.containsKey(key) ? source.end() : source);
    }

    private void see(Header excerpt) {
        for (SourceEntry source : excerpt.sources()) {
            source.totals().ifPresent(totals -> see(source, totals, excerpt.sequence()));
        }
    }

    private void see(SourceEntry source, ReadTotals totals, long sequence) {
        Seen before = seen.get(source.key());
        boolean knownSince = before != null && before.first() > savedTo;
        long first = knownSince ? before.first() : sequence;
        List<Ended> ends = before == null ? new ArrayList<>() : before.ends();
        if (source.forgotten() && sequence > savedTo) {
            ends.add(new Ended(totals, sequence));
        }
        seen.put(source.key(), new Seen(totals, !source.forgotten(), first, sequence, ends));
    }

    /** What is not acknowledged is in flight, unless it is in another excerpt, too. */
    private void hold(Header excerpt) {
        for (int output = 0; output < acknowledged.size(); output++) {
            Acknowledged known = acknowledged.get(output);
            long sequence = excerpt.sequence();
            if (sequence <= known.index) {
                continue;
            }
            if (excerpt.kind() == Kind.AGAIN && excerpt.origin() > known.index) {
                if (excerpt.origin() >= segments.getFirst().firstSequence) {
                    // The excerpt these documents came from is sent again, and they with it.
                    known.settled.add(sequence);
                    continue;
                }
                // It was acknowledged and is gone, and the file that said so is lost.
                known.orphans.add(sequence);
            }
            if (excerpt.rootSequence() < believedTo) {
                inFlight.get(output).see(excerpt);
            }
        }
    }

    /**
     * Reads on to the end of the snapshot that begins a segment.
     *
     * @return its last excerpt, or empty when it is not whole
     */
    private Optional<Header> readSnapshot(SegmentReader reader, Optional<Header> first, long end)
            throws IOException {
        Map<String, SourcePosition> snapshot = new HashMap<>();
        Optional<Header> header = first;
        long expected = first.map(Header::sequence).orElse(0L);
        while (header.isPresent()
                && !reader.skipped()
                && header.get().kind() == Kind.SNAPSHOT
                && header.get().sequence() == expected) {
            header.get()
                    .sources()
                    .forEach(s -> s.position().ifPresent(p -> snapshot.put(s.key(), p)));
            if (!header.get().more()) {
                positions.clear();
                positions.putAll(snapshot);
                return header;
            }
            expected++;
            header = reader.next(end, true);
        }
        return Optional.empty();
    }

    private static boolean whole(SegmentReader reader, Header header) throws IOException {
        if (reader.skipped()) {
            return false;
        }
        for (BodyEntry body : header.bodies()) {
            if (reader.body(body).isEmpty()) {
                return false;
            }
        }
        return true;
    }

    private void apply(List<SourceEntry> sources) {
        for (SourceEntry source : sources) {
            source.position().ifPresent(position -> positions.put(source.key(), position));
            if (source.forgotten()) {
                positions.remove(source.key());
            }
        }
    }

    private void quarantine(Path file, String reason) throws IOException {
        Files.createDirectories(quarantine);
        Path to = quarantine.resolve(file.getFileName());
        Files.move(file, to, StandardCopyOption.REPLACE_EXISTING);
        stats.quarantinedSegments.increment();
        LOG.log(
                Level.ERROR,
                "buffer segment {0} cannot be read ({1}); moved to {2}: what was not delivered of"
                        + " it is lost, remove the file when you have seen it",
                file,
                reason,
                to);
    }

    private static List<Path> sorted(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted(Comparator.comparingInt(Recovery::order)).toList();
        }
    }

    private static int order(Path file) {
        return Chronicle.cycleOf(file.getFileName().toString()).orElse(-1);
    }
}
