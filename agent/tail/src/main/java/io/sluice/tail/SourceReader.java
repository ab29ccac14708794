package io.sluice.tail;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * One source's files, oldest first, read as one stream. Tail thread only.
 *
 * <p>A file is known by its descriptor, then by device and inode, in the end by its fingerprint: so
 * a rename, a compression and the reuse of an inode change nothing. What is found after a file is
 * held is younger than it.
 */
final class SourceReader implements ChunkSink.ChunkFiller {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    /**
     * A runtime writes to the old file for a moment after the new one is there: each stream has a
     * writer of its own.
     */
    private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /**
     * Without a successor that is written to, a file that lost its name must be quiet for so long.
     */
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** No files in two looks so far apart: the source has ended. */
    private static final long GONE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int FINISHED_KEPT = 64;

    /** The kubelet changes names every ten seconds at most; a look takes far less. */
    private static final int MOST_LOOKS = 5;

    /**
     * Where files of a source lie.
     *
     * @param restart of the container, where the file names do not say it
     * @param activeName the file that is written to; empty in the kubelet's layout, where it is
     *     {@code <restart>.log}
     */
    record Place(Path directory, int restart, Optional<String> activeName) {
        Optional<LogFileName> name(String fileName) {
            return activeName.isPresent()
                    ? LogFileName.sibling(restart, activeName.get(), fileName)
                    : LogFileName.kubelet(fileName);
        }
    }

    /**
     * The kubelet's link to a container's file.
     *
     * @param containerId as in the link's name
     */
    record Link(Path path, String containerId) {}

    /** What a turn of reading came to. */
    enum Turn {
        /** All that is there was read. */
        IDLE,
        /** There is more, and others are next. */
        MORE,
        /** The ring has no free chunk. */
        RING_FULL
    }

    private record Found(Path path, LogFileName name, Object key, BasicFileAttributes attributes) {}

    /** What a file was when it was done with: under the same inode, another may be otherwise. */
    private record Done(String name, long sizeOnDisk) {
        static Done of(Found entry) {
            return new Done(entry.path().getFileName().toString(), entry.attributes().size());
        }
    }

    final LogSource source;
    final long discoveredNanos;
    private final TailConfig config;
    private final TailStats stats;
    private final Set<Place> places = new HashSet<>();
    private final Map<Integer, Link> links = new HashMap<>();

    /** Files that are not read to their end yet, in order. */
    private final ArrayDeque<LogFile> files = new ArrayDeque<>();

    /** Files in the places that are done with, by device and inode. */
    private final Map<Object, Done> done = new HashMap<>();

    /** Fingerprints of files that are done with, the oldest first. */
    private final List<Long> finished = new ArrayList<>();

    private Optional<SourcePosition> resume;
    private boolean scanned;

    /** A file was renamed or removed while it was looked for. */
    private boolean vanished;

    /** Found at the agent's start, where {@link TailConfig.From} counts. */
    private final boolean atStart;

    private Generation last;
    private boolean gateOpen;
    private boolean breaks;
    private long firstEmptyNanos = -1;
    private boolean gone;
    private boolean ended;
    private String complaint = "";

    /** Of the last turn: when to look again without any event; {@link Long#MAX_VALUE} for never. */
    private long nextLookNanos = Long.MAX_VALUE;

    private long lastActiveNanos;

    // Kept for the tailer.
    boolean queued;
    boolean dirty;
    final Set<Integer> watches = new HashSet<>();

    // What fill() is to do.
    private LogFile filling;
    private Chunk.End fillingEnd = Chunk.End.OPEN;
    private boolean failed;
    private int filledBytes;

    SourceReader(
            LogSource source,
            TailConfig config,
            TailStats stats,
            Optional<SourcePosition> resume,
            boolean atStart,
            long nowNanos) {
        this.source = source;
        this.config = config;
        this.stats = stats;
        this.resume = resume;
        this.atStart = atStart;
        this.discoveredNanos = nowNanos;
        this.lastActiveNanos = nowNanos;
    }

    /**
     * Adds a place to look for files, and the link that led there.
     *
     * @return true if it is new
     */
    boolean add(Place place, Optional<Link> link, int restart) {
        link.ifPresent(known -> links.put(restart, known));
        return places.add(place);
    }

    Set<Place> places() {
        return places;
    }

    boolean hasEnded() {
        return ended;
    }

    boolean wasActiveSince(long nanos) {
        return lastActiveNanos - nanos >= 0;
    }

    long nextLookNanos() {
        return nextLookNanos;
    }

    int openFiles() {
        return files.size();
    }

    long backlogBytes() {
        long bytes = 0;
        for (LogFile file : files) {
            if (!file.isCompressed()) {
                bytes += Math.max(0, file.sizeBytes - file.offset);
            }
        }
        return bytes;
    }

    /** Looks at the directory: what is new is opened, what was renamed or removed is noted. */
    void scan(long nowNanos) {
        for (int looks = 0; looks < MOST_LOOKS; looks++) {
            if (look(nowNanos)) {
                return;
            }
        }
        dirty = true;
    }

    /**
     * @return false where names moved meanwhile: a file may have been missed, and what is found
     *     later counts as younger than all that is held
     */
    private boolean look(long nowNanos) {
        List<Found> found = new ArrayList<>();
        boolean complete = true;
        vanished = false;
        for (Place place : places) {
            complete &= list(place, found);
        }
        if (!complete && found.isEmpty()) {
            return true;
        }
        boolean anyFresh = found.stream().anyMatch(this::isFresh);
        if (vanished || (anyFresh && !isSameAgain(found))) {
            return false;
        }
        found.sort(Comparator.comparing(Found::name));
        List<Found> fresh = new ArrayList<>();
        Set<LogFile> seen = new HashSet<>();
        for (Found entry : found) {
            Optional<LogFile> held = held(entry.key());
            if (held.isPresent()) {
                seen.add(held.get());
                rename(held.get(), entry, nowNanos);
            } else if (!isDone(entry)) {
                fresh.add(entry);
            }
        }
        if (complete) {
            Set<Object> keys = new HashSet<>();
            found.forEach(entry -> keys.add(entry.key()));
            done.keySet().retainAll(keys);
            for (LogFile file : files) {
                if (!file.unlinked && !seen.contains(file)) {
                    file.unlinked = true;
                    file.changedNanos = nowNanos;
                }
            }
        }
        if (!open(fresh, nowNanos)) {
            return false;
        }
        if (!scanned) {
            scanned = true;
            begin(nowNanos);
        }
        noteAbsence(complete && found.isEmpty(), nowNanos);
        return true;
    }

    private boolean isFresh(Found entry) {
        return held(entry.key()).isEmpty() && !Done.of(entry).equals(done.get(entry.key()));
    }

    /**
     * A directory is not listed in one go: while a file is renamed, a listing may show both of its
     * names or none.
     */
    private boolean isSameAgain(List<Found> found) {
        List<Found> again = new ArrayList<>();
        for (Place place : places) {
            list(place, again);
        }
        return !vanished && names(again).equals(names(found));
    }

    private static Map<Path, Object> names(List<Found> found) {
        Map<Path, Object> names = new HashMap<>();
        found.forEach(entry -> names.put(entry.path(), entry.key()));
        return names;
    }

    private boolean list(Place place, List<Found> into) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(place.directory())) {
            for (Path path : entries) {
                Optional<LogFileName> name = place.name(path.getFileName().toString());
                if (name.isEmpty()) {
                    continue;
                }
                try {
                    BasicFileAttributes attributes =
                            Files.readAttributes(path, BasicFileAttributes.class);
                    if (attributes.isRegularFile()) {
                        Object key = LogFile.keyOf(attributes);
                        into.add(new Found(path, name.get(), key, attributes));
                    }
                } catch (NoSuchFileException _) {
                    // Renamed or removed since it was listed, unless it is a link to nothing.
                    vanished |= !Files.isSymbolicLink(path);
                }
            }
            complaint = "";
            return true;
        } catch (NoSuchFileException | NotDirectoryException _) {
            return true;
        } catch (IOException | DirectoryIteratorException e) {
            complain(place.directory(), e);
            return false;
        }
    }

    private Optional<LogFile> held(Object key) {
        for (LogFile file : files) {
            if (file.is(key)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    private static void rename(LogFile file, Found entry, long nowNanos) {
        if (!file.path.equals(entry.path())) {
            file.path = entry.path();
            // A file that is compressed in place keeps its descriptor's bytes: the name alone
            // moves.
            if (!entry.name().compressed()) {
                file.name = entry.name();
            }
            file.changedNanos = nowNanos;
        }
        file.unlinked = false;
    }

    /** A file under the inode of one that is done may be another: name and size show it. */
    private boolean isDone(Found entry) {
        Done known = done.get(entry.key());
        if (known == null) {
            return false;
        }
        if (known.equals(Done.of(entry))) {
            return true;
        }
        try (LogFile file = LogFile.open(entry.path(), entry.name(), entry.key(), 0)) {
            if (fingerprint(file, true) && isFinished(file.contentFingerprint)) {
                done.put(entry.key(), Done.of(entry));
                return true;
            }
        } catch (IOException e) {
            complain(entry.path(), e);
            return true;
        }
        done.remove(entry.key());
        return false;
    }

    /**
     * @return false where one was renamed or removed since it was listed; those after it wait for
     *     the next look, so that the order stays
     */
    private boolean open(List<Found> fresh, long nowNanos) {
        for (Found entry : fresh) {
            try {
                LogFile file = LogFile.open(entry.path(), entry.name(), entry.key(), nowNanos);
                boolean still = false;
                try {
                    still = isStill(entry);
                } finally {
                    if (!still) {
                        file.close();
                    }
                }
                if (!still) {
                    return false;
                }
                if (isKnownContent(file)) {
                    file.close();
                    done.put(entry.key(), Done.of(entry));
                    continue;
                }
                long age =
                        System.currentTimeMillis()
                                - entry.attributes().lastModifiedTime().toMillis();
                if (age > TimeUnit.NANOSECONDS.toMillis(QUIET_NANOS)) {
                    // Nobody has written to it for a while: no need to wait for more.
                    file.changedNanos = nowNanos - QUIET_NANOS;
                }
                if (!files.isEmpty()) {
                    LogFile before = files.peekLast();
                    before.changedNanos =
                            Math.max(before.changedNanos, nowNanos - QUIET_NANOS + SETTLE_NANOS);
                }
                files.addLast(file);
                lastActiveNanos = nowNanos;
                complaint = "";
            } catch (NoSuchFileException _) {
                return false;
            } catch (IOException e) {
                complain(entry.path(), e);
            }
        }
        return true;
    }

    /** What was opened by its name is what was listed under it. */
    private static boolean isStill(Found entry) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(entry.path(), BasicFileAttributes.class);
        return LogFile.keyOf(attributes).equals(entry.key());
    }

    /** Another name, often the compressed copy, of a file that is held or done with. */
    private boolean isKnownContent(LogFile file) throws IOException {
        if (isPlain() || !fingerprint(file, file.isCompressed())) {
            return false;
        }
        if (isFinished(file.contentFingerprint)) {
            return true;
        }
        for (LogFile held : files) {
            // What has a compressed copy is whole, even if it ends within its first line.
            boolean complete = held.isCompressed() || file.isCompressed();
            if (fingerprintNow(held, complete) == file.contentFingerprint) {
                return true;
            }
        }
        return false;
    }

    /** As far as it is known or can be; 0 for none. Not kept: half a first line may grow. */
    private long fingerprintNow(LogFile file, boolean complete) throws IOException {
        if (file.contentFingerprint != 0) {
            return file.contentFingerprint;
        }
        byte[] firstLine = file.firstLine(complete);
        return firstLine.length == 0 ? 0 : contentFingerprint(file, firstLine);
    }

    /**
     * Looks for a file's identity.
     *
     * @param complete the file will not grow: half a first line is one
     * @return whether it has one by now
     */
    private boolean fingerprint(LogFile file, boolean complete) throws IOException {
        if (file.contentFingerprint == 0) {
            byte[] firstLine = file.firstLine(complete);
            if (firstLine.length > 0) {
                file.contentFingerprint = contentFingerprint(file, firstLine);
            }
        }
        return file.contentFingerprint != 0;
    }

    private boolean isPlain() {
        return source.origin() instanceof SourceOrigin.File;
    }

    private boolean isFinished(long fingerprint) {
        return finished.contains(fingerprint);
    }

    private void finish(LogFile file) {
        try {
            // Without a name its inode is free from here on, for the next file.
            if (!file.unlinked) {
                String name = file.path.getFileName().toString();
                done.put(file.key(), new Done(name, file.sizeOnDisk()));
            }
        } catch (IOException e) {
            complain(file.path, e);
        }
        if (file.contentFingerprint != 0) {
            if (finished.size() == FINISHED_KEPT) {
                finished.removeFirst();
            }
            finished.add(file.contentFingerprint);
        }
        close(file);
    }

    private static void close(LogFile file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.log(WARNING, "cannot close " + file + ": " + e);
        }
    }

    /** Decides where the first reading begins: behind the position, or as configured. */
    private void begin(long nowNanos) {
        if (resume.isPresent()) {
            resumeAt(resume.get());
        } else if (atStart) {
            switch (config.from()) {
                case TailConfig.From.Beginning() -> {}
                case TailConfig.From.Now() -> skipAll();
                case TailConfig.From.Within(Duration age) -> skipOlderThan(age);
            }
        }
        resume = Optional.empty();
        for (LogFile file : files) {
            file.changedNanos = Math.min(file.changedNanos, nowNanos);
        }
    }

    private void skipAll() {
        while (files.size() > 1) {
            finishUnread(files.pollFirst());
        }
        LogFile active = files.peekFirst();
        if (active == null) {
            return;
        }
        try {
            active.seek(active.isCompressed() ? 0 : active.lastLineEnd());
        } catch (IOException e) {
            complain(active.path, e);
        }
    }

    private void skipOlderThan(Duration age) {
        long oldest = System.currentTimeMillis() - age.toMillis();
        while (!files.isEmpty()) {
            LogFile file = files.peekFirst();
            try {
                if (Files.getLastModifiedTime(file.path).toMillis() >= oldest) {
                    return;
                }
            } catch (IOException _) {
                return;
            }
            finishUnread(files.pollFirst());
        }
    }

    private void finishUnread(LogFile file) {
        try {
            fingerprint(file, true);
        } catch (IOException e) {
            complain(file.path, e);
        }
        finish(file);
    }

    private void resumeAt(SourcePosition position) {
        LogFile out = matching(position.stdout()).orElse(null);
        LogFile err =
                position.stderr().fingerprint() == position.stdout().fingerprint()
                        ? out
                        : matching(position.stderr()).orElse(null);
        if (out == null && err == null) {
            gap(position);
            return;
        }
        if (out == null || err == null) {
            // The other stream's open record was in a file that is gone; what follows it is new.
            stats.gaps.increment();
            LOG.log(
                    WARNING,
                    "{0}: a rotated file with an unfinished record was removed while the agent was"
                            + " down; at least that record is lost",
                    source.key());
        }
        boolean outReached = false;
        boolean errReached = false;
        boolean reached = false;
        for (LogFile file : List.copyOf(files)) {
            // Of one run of the container the oldest go first: what is left of it is younger.
            int restart = file.name.restart();
            outReached |= out == null && restart >= position.stdout().restart();
            errReached |= err == null && restart >= position.stderr().restart();
            reached |= outReached || errReached || file == out || file == err;
            if (!reached) {
                files.remove(file);
                finishUnread(file);
                continue;
            }
            file.stdoutFrom = outReached ? 0 : Long.MAX_VALUE;
            file.stderrFrom = errReached ? 0 : Long.MAX_VALUE;
            if (file == out) {
                file.stdoutFrom = position.stdout().offset();
                outReached = true;
            }
            if (file == err) {
                file.stderrFrom = position.stderr().offset();
                errReached = true;
            }
            if (file == out || file == err) {
                long from = Math.min(file.stdoutFrom, file.stderrFrom);
                if (from > file.sizeBytes) {
                    shortened(file);
                } else {
                    // A stream that is still ahead of its own file is read from the beginning here.
                    file.seek(file == files.peekFirst() ? from : 0);
                }
            }
        }
    }

    /** The file a position is in; its epoch or fingerprint is taken over from there. */
    private Optional<LogFile> matching(StreamPosition position) {
        List<LogFile> youngestFirst = new ArrayList<>(files).reversed();
        for (LogFile file : youngestFirst) {
            if (!isPlain() && file.name.restart() != position.restart()) {
                continue;
            }
            try {
                if (isPlain()) {
                    byte[] firstLine = file.firstLine(file.isCompressed());
                    long half = Fingerprint.recognisable(firstLine, firstLine.length);
                    if (firstLine.length > 0 && half == position.fingerprint() >>> 32) {
                        file.contentFingerprint = position.fingerprint();
                        return Optional.of(file);
                    }
                    continue;
                }
                // A position in half a first line was made when that was all that would come.
                long content = fingerprintNow(file, true);
                if (content == 0) {
                    continue;
                }
                for (int epoch = 0; epoch <= Fingerprint.MAX_EPOCH; epoch++) {
                    if (Fingerprint.atEpoch(content, epoch) == position.fingerprint()) {
                        file.contentFingerprint = content;
                        file.epoch = epoch;
                        return Optional.of(file);
                    }
                }
            } catch (IOException e) {
                complain(file.path, e);
            }
        }
        return Optional.empty();
    }

    /**
     * The position's file is gone. Files are removed oldest first, so all that is left is younger.
     */
    private void gap(SourcePosition position) {
        int restart = Math.max(position.stdout().restart(), position.stderr().restart());
        while (!files.isEmpty() && files.peekFirst().name.restart() < restart) {
            finishUnread(files.pollFirst());
        }
        breaks = true;
        stats.gaps.increment();
        LOG.log(
                WARNING,
                "{0}: the file that was read last was rotated away while the agent was down; at"
                        + " least its rest is lost. Raise the kubelet''s containerLogMaxSize or"
                        + " containerLogMaxFiles to keep more",
                source.key());
    }

    /**
     * Same first line, fewer bytes than were read: a power cut took the rest, and offsets mean
     * other bytes from here on. What is left was read; the container that wrote it has not survived
     * either.
     */
    private void shortened(LogFile file) {
        file.epoch++;
        file.generation = null;
        file.stdoutFrom = 0;
        file.stderrFrom = 0;
        file.seek(file.sizeBytes);
        breaks = true;
        stats.truncations.increment();
        LOG.log(
                WARNING,
                "{0} is shorter ({1} bytes) than what was read of it; reading goes on at its end",
                file,
                file.sizeBytes);
    }

    private void noteAbsence(boolean absent, long nowNanos) {
        if (!absent) {
            firstEmptyNanos = -1;
            gone = false;
        } else if (firstEmptyNanos < 0) {
            firstEmptyNanos = nowNanos;
        } else if (nowNanos - firstEmptyNanos >= GONE_NANOS) {
            gone = true;
        }
    }

    /** True while a look at the directory is due although no event came. */
    boolean wantsScan(long nowNanos) {
        return dirty || (firstEmptyNanos >= 0 && !gone && nowNanos - firstEmptyNanos >= GONE_NANOS);
    }

    /**
     * Reads what there is, at most {@code config.chunksPerRound}.
     *
     * @param othersWait a source that fills its share of the ring then stops
     */
    Turn read(ChunkSink sink, ReadGate gate, boolean othersWait, long nowNanos) {
        nextLookNanos = firstEmptyNanos >= 0 ? firstEmptyNanos + GONE_NANOS : Long.MAX_VALUE;
        if (dirty) {
            nextLookNanos = Math.min(nextLookNanos, nowNanos + SETTLE_NANOS);
        }
        if (!scanned) {
            return Turn.IDLE;
        }
        if (!mayRead(gate, nowNanos)) {
            nextLookNanos = nowNanos + SETTLE_NANOS;
            return Turn.IDLE;
        }
        int quota = config.chunksPerRound();
        while (true) {
            LogFile file = files.peekFirst();
            if (file == null) {
                return gone ? end(sink) : Turn.IDLE;
            }
            boolean settled;
            try {
                file.refreshSize(nowNanos);
                if (file.sizeBytes < file.offset) {
                    truncated(file);
                }
                settled = isSettled(file, nowNanos);
                if (!identify(file, settled)) {
                    if (!settled) {
                        return Turn.IDLE;
                    }
                    // Rotated away without a byte.
                    files.pollFirst();
                    finish(file);
                    continue;
                }
            } catch (IOException e) {
                complain(file.path, e);
                nextLookNanos = nowNanos + QUIET_NANOS;
                return Turn.IDLE;
            }
            if (isDuplicate(file)) {
                files.pollFirst();
                finish(file);
                continue;
            }
            while (file.hasUnread() && file.sizeBytes != file.incompleteSizeBytes) {
                boolean shareTaken = othersWait && source.chunksInRing() >= config.chunksInRing();
                if (quota == 0 || shareTaken) {
                    return Turn.MORE;
                }
                if (!offer(sink, file, Chunk.End.OPEN)) {
                    return Turn.RING_FULL;
                }
                if (failed) {
                    nextLookNanos = nowNanos + QUIET_NANOS;
                    return Turn.IDLE;
                }
                lastActiveNanos = nowNanos;
                quota--;
            }
            if (!settled || !isSettled(file, nowNanos)) {
                return Turn.IDLE;
            }
            // What stands behind the last newline counts now; a line longer than a chunk takes
            // several.
            if (quota == 0) {
                return Turn.MORE;
            }
            if (!offer(sink, file, Chunk.End.GENERATION)) {
                return Turn.RING_FULL;
            }
            if (failed) {
                nextLookNanos = nowNanos + QUIET_NANOS;
                return Turn.IDLE;
            }
            quota--;
            if (!file.hasUnread()) {
                files.pollFirst();
                finish(file);
                stats.generationsDrained.increment();
            }
        }
    }

    private boolean mayRead(ReadGate gate, long nowNanos) {
        if (!gateOpen) {
            gateOpen =
                    !(source.origin() instanceof SourceOrigin.Container container)
                            || gate.mayRead(container, nowNanos - discoveredNanos);
        }
        return gateOpen;
    }

    /** Nothing will be written to it any more, as far as one can tell. */
    private boolean isSettled(LogFile file, long nowNanos) {
        if (file.isCompressed()) {
            return true;
        }
        boolean superseded = isSuperseded(file);
        if (file.name.isActive() && !file.unlinked && !superseded) {
            return false;
        }
        boolean writtenElsewhere = false;
        if (superseded) {
            for (LogFile later : files) {
                writtenElsewhere |= later != file && later.sizeBytes > 0;
            }
            if (!writtenElsewhere) {
                refreshSuccessor(nowNanos);
            }
        }
        long patience = writtenElsewhere ? SETTLE_NANOS : QUIET_NANOS;
        long due = file.changedNanos + patience;
        if (nowNanos - due >= 0) {
            return true;
        }
        nextLookNanos = Math.min(nextLookNanos, due);
        return false;
    }

    /**
     * Its writer has gone on to a younger file. An older one that is found late, by its name, says
     * nothing about that: the active file must not end because of it.
     */
    private boolean isSuperseded(LogFile file) {
        if (file.unlinked) {
            return files.size() > 1;
        }
        for (LogFile other : files) {
            if (other.name.compareTo(file.name) > 0) {
                return true;
            }
        }
        return false;
    }

    private void refreshSuccessor(long nowNanos) {
        for (LogFile file : files) {
            if (file != files.peekFirst()) {
                try {
                    file.refreshSize(nowNanos);
                } catch (IOException e) {
                    complain(file.path, e);
                }
            }
        }
    }

    private void truncated(LogFile file) throws IOException {
        byte[] firstLine = file.firstLine(false);
        boolean same =
                !isPlain()
                        && firstLine.length > 0
                        && contentFingerprint(file, firstLine) == file.contentFingerprint;
        if (same && file.epoch < Fingerprint.MAX_EPOCH) {
            shortened(file);
            return;
        }
        LOG.log(
                INFO,
                "{0} was truncated at {1} bytes read; reading begins again at its first byte",
                file,
                file.offset);
        stats.truncations.increment();
        file.generation = null;
        file.contentFingerprint = 0;
        file.epoch = 0;
        file.stdoutFrom = 0;
        file.stderrFrom = 0;
        file.incompleteSizeBytes = -1;
        file.seek(0);
        breaks = true;
    }

    /** Gives the file its generation, if its first line is there. */
    private boolean identify(LogFile file, boolean complete) throws IOException {
        if (file.generation != null) {
            return true;
        }
        if (!fingerprint(file, complete)) {
            return false;
        }
        int restart = file.name.restart();
        Generation.Start start = Generation.Start.FIRST;
        if (last != null) {
            boolean continues = !breaks && last.restart() == restart;
            start = continues ? Generation.Start.CONTINUES : Generation.Start.BREAKS;
        }
        Link link = links.get(restart);
        file.generation =
                new Generation(
                        Fingerprint.atEpoch(file.contentFingerprint, file.epoch),
                        restart,
                        link == null ? "" : link.containerId(),
                        link == null ? file.path.toString() : link.path().toString(),
                        start,
                        file.stdoutFrom,
                        file.stderrFrom);
        breaks = false;
        return true;
    }

    /** A file whose first line came late may turn out to be one that was read before. */
    private boolean isDuplicate(LogFile file) {
        return !isPlain()
                && file.offset == 0
                && file.epoch == 0
                && isFinished(file.contentFingerprint)
                && (last == null || last.fingerprint() != file.generation.fingerprint());
    }

    private long contentFingerprint(LogFile file, byte[] firstLine) {
        return switch (source.origin()) {
            case SourceOrigin.Container container ->
                    Fingerprint.ofContainer(
                            container, file.name.restart(), firstLine, firstLine.length);
            case SourceOrigin.File(Path _) ->
                    Fingerprint.ofFile(
                            firstLine, firstLine.length, ThreadLocalRandom.current().nextLong());
        };
    }

    private boolean offer(ChunkSink sink, LogFile file, Chunk.End end) {
        filling = file;
        fillingEnd = end;
        failed = false;
        if (!sink.offer(this)) {
            stats.ringFull.increment();
            return false;
        }
        source.chunkPublished();
        stats.chunks.increment();
        stats.readBytes.add(filledBytes);
        last = file.generation;
        return true;
    }

    /** {@inheritDoc} Reads the next bytes of the file that {@link #offer} named. */
    @Override
    public void fill(Chunk chunk) {
        chunk.source = source;
        chunk.generation = filling == null ? last : filling.generation;
        chunk.offset = filling == null ? 0 : filling.offset;
        chunk.length = 0;
        chunk.end = fillingEnd;
        if (filling != null) {
            boolean whole = fillingEnd == Chunk.End.GENERATION;
            try {
                chunk.length = filling.read(chunk.bytes, chunk.buffer, whole);
                if (whole && filling.hasUnread()) {
                    chunk.end = Chunk.End.OPEN;
                }
            } catch (IOException e) {
                failed = true;
                chunk.end = Chunk.End.OPEN;
                complain(filling.path, e);
            }
        }
        filledBytes = chunk.length;
    }

    private Turn end(ChunkSink sink) {
        filling = null;
        fillingEnd = Chunk.End.SOURCE;
        if (last == null) {
            // Nothing of it was read in this run; the encoder only needs something to stand on.
            last = new Generation(0, 0, "", "", Generation.Start.FIRST, 0, 0);
        }
        if (!sink.offer(this)) {
            return Turn.RING_FULL;
        }
        source.chunkPublished();
        stats.chunks.increment();
        ended = true;
        return Turn.IDLE;
    }

    private void complain(Path path, Exception e) {
        stats.unreadable.increment();
        String problem =
                e instanceof AccessDeniedException
                        ? path
                                + " cannot be read: permission denied; run the agent as root or"
                                + " with CAP_DAC_READ_SEARCH"
                        : path + " cannot be read: " + e;
        if (!problem.equals(complaint)) {
            complaint = problem;
            LOG.log(WARNING, problem);
        }
    }

    void close() {
        files.forEach(SourceReader::close);
        files.clear();
    }
}
