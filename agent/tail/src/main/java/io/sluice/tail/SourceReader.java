package io.sluice.tail;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * One source's files, oldest first, read as one stream. Tail thread only.
 *
 * <p>{@link Discovery} finds the files, {@link Resume} says where the first reading begins, {@link
 * Settling} when a file is whole; here they are read, one after the other.
 */
final class SourceReader implements ChunkSink.ChunkFiller {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    /** No files in two looks so far apart: the source has ended. */
    private static final long GONE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** The kubelet changes names every ten seconds at most; a look takes far less. */
    private static final int MOST_LOOKS = 5;

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

    final LogSource source;
    final long discoveredNanos;
    private final TailConfig config;
    private final TailStats stats;
    private final Map<Integer, Link> links = new HashMap<>();

    private final HeldFiles files;

    private final Losses losses;
    private final Complaints complaints;
    private final Contents contents;
    private final FinishedFiles finished;
    private final Discovery discovery;
    private final Settling settling;

    private final Optional<SourcePosition> resume;

    /** Found at the agent's start, where {@link TailConfig.From} counts. */
    private final boolean atStart;

    private boolean scanned;

    /** Nothing of it was seen yet: its folder could not be listed. */
    private boolean blind;

    private Generation last;
    private boolean gateOpen;
    private boolean breaks;
    private long firstEmptyNanos = -1;
    private boolean gone;
    private boolean ended;

    /** Of the last turn: when to look again without any event; {@link Long#MAX_VALUE} for never. */
    private long nextLookNanos = Long.MAX_VALUE;

    private long lastReadNanos;

    // Kept for the tailer.
    boolean queued;
    boolean dirty;
    final Set<Integer> watches = new HashSet<>();

    // What fill() is to do.
    private LogFile filling;
    private Chunk.End fillingEnd = Chunk.End.OPEN;
    private boolean failed;
    private int filledBytes;

    private long handedBytes;

    SourceReader(
            LogSource source,
            TailConfig config,
            TailStats stats,
            Descriptors descriptors,
            Optional<SourcePosition> resume,
            boolean atStart,
            long nowNanos) {
        this.source = source;
        this.config = config;
        this.stats = stats;
        this.resume = resume;
        this.atStart = atStart;
        this.discoveredNanos = nowNanos;
        this.lastReadNanos = nowNanos;
        this.files = new HeldFiles(descriptors);
        this.losses = new Losses(stats);
        this.complaints = new Complaints(stats, descriptors);
        this.contents = new Contents(source.origin());
        this.finished = new FinishedFiles(files, contents, losses, complaints);
        this.discovery = new Discovery(files, finished, contents, complaints, nowNanos);
        this.settling = new Settling(files, complaints);
    }

    /**
     * Adds a place to look for files, and the link that led there.
     *
     * @return true if it is new
     */
    boolean add(Place place, Optional<Link> link, int restart) {
        link.ifPresent(known -> links.put(restart, known));
        return discovery.add(place);
    }

    Set<Place> places() {
        return discovery.places();
    }

    boolean hasEnded() {
        return ended;
    }

    /** Links that have led to no file so far. */
    List<Path> linksToNothing() {
        return discovery.openedAny() ? List.of() : links.values().stream().map(Link::path).toList();
    }

    boolean wasActiveSince(long nanos) {
        return lastReadNanos - nanos >= 0 || discovery.openedNanos() - nanos >= 0;
    }

    /** Files of it cannot be opened for want of descriptors. */
    boolean isWaiting() {
        return discovery.isWaiting();
    }

    long nextLookNanos() {
        return nextLookNanos;
    }

    int openFiles() {
        return files.size();
    }

    /** Looks at the directory: what is new is opened, what was renamed or removed is noted. */
    void scan(long nowNanos) {
        for (int looks = 0; looks < MOST_LOOKS; looks++) {
            Discovery.Look look = discovery.look(nowNanos);
            if (look != Discovery.Look.MOVED) {
                if (look == Discovery.Look.BLIND) {
                    blind |= !scanned;
                } else {
                    discovery.takeMissed().forEach(this::missed);
                    begin(nowNanos);
                    if (blind && look == Discovery.Look.EMPTY) {
                        unseen();
                    }
                    blind = false;
                    noteAbsence(look == Discovery.Look.EMPTY, nowNanos);
                    check(nowNanos);
                }
                publishFigures();
                return;
            }
        }
        dirty = true;
    }

    /** Its folder could not be listed, and when it could be there was nothing in it. */
    private void unseen() {
        losses.add(Loss.Cause.DELETED_UNREAD, 0, true);
        LOG.log(
                ERROR,
                "{0} was removed before its folder could be looked into; what was in there is lost",
                source.key());
    }

    /** It was removed before there was a descriptor for it. */
    private void missed(FoundFile file) {
        // Before the first reading begins, a position may be behind it.
        if (scanned || (resume.isEmpty() && countsFromTheBeginning())) {
            long bytes = file.name().compressed() ? 0 : file.attributes().size();
            losses.add(Loss.Cause.DELETED_UNREAD, bytes, true);
            breaks = true;
            LOG.log(
                    ERROR,
                    "{0} was removed before there was a file descriptor to open it; {1} bytes or"
                            + " more are lost",
                    file.path(),
                    bytes);
        }
    }

    /** Looks whether the files still hold what was read of them. */
    private void check(long nowNanos) {
        for (LogFile file : files.all()) {
            try {
                check(file, nowNanos);
            } catch (IOException e) {
                complaints.about(file.path, e);
            }
        }
    }

    private void check(LogFile file, long nowNanos) throws IOException {
        file.refreshSize(nowNanos);
        switch (file.change()) {
            case NONE -> {}
            case CUT -> cut(file);
            case REPLACED -> replaced(file, nowNanos);
        }
        file.accept();
    }

    /** Decides where the first reading begins. */
    private void begin(long nowNanos) {
        if (scanned) {
            return;
        }
        Resume start = new Resume(source, stats, losses, files, finished, contents, complaints);
        if (discovery.isWaiting() && !isAllBefore(start)) {
            // Where to begin is in a file that cannot be opened yet, or nowhere. What is held
            // might be all that others wait for.
            close();
            return;
        }
        scanned = true;
        if (resume.isPresent()) {
            start.begin(resume.get());
        } else if (atStart) {
            start.begin(config.from());
        }
        breaks |= start.breaks();
        for (LogFile file : files) {
            file.changedNanos = Math.min(file.changedNanos, nowNanos);
        }
    }

    /** Whether the files that could not be opened are all behind where the reading begins. */
    private boolean isAllBefore(Resume start) {
        return resume.isPresent() ? start.finds(resume.get()) : countsFromTheBeginning();
    }

    private boolean countsFromTheBeginning() {
        return !atStart || config.from() instanceof TailConfig.From.Beginning;
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
            nextLookNanos = Math.min(nextLookNanos, nowNanos + Settling.SETTLE_NANOS);
        }
        if (!scanned) {
            return Turn.IDLE;
        }
        if (!mayRead(gate, nowNanos)) {
            nextLookNanos = nowNanos + Settling.SETTLE_NANOS;
            return Turn.IDLE;
        }
        int quota = config.chunksPerRound();
        while (true) {
            Optional<LogFile> oldest = files.oldest();
            if (oldest.isEmpty()) {
                return gone ? end(sink) : Turn.IDLE;
            }
            LogFile file = oldest.get();
            boolean settled;
            try {
                check(file, nowNanos);
                if (!files.isOldest(file)) {
                    continue;
                }
                settled = isSettled(file, nowNanos);
                if (!identify(file, settled)) {
                    if (!settled) {
                        return Turn.IDLE;
                    }
                    // Rotated away without a byte, or without one that can be inflated.
                    finish(file);
                    continue;
                }
            } catch (IOException e) {
                complaints.about(file.path, e);
                nextLookNanos = nowNanos + Settling.QUIET_NANOS;
                return Turn.IDLE;
            }
            if (isDuplicate(file)) {
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
                    nextLookNanos = nowNanos + Settling.QUIET_NANOS;
                    return Turn.IDLE;
                }
                lastReadNanos = nowNanos;
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
                nextLookNanos = nowNanos + Settling.QUIET_NANOS;
                return Turn.IDLE;
            }
            quota--;
            if (!file.hasUnread()) {
                finish(file);
                stats.generationsDrained.increment();
            }
        }
    }

    private void finish(LogFile file) {
        finished.finish(file);
        if (file.isDamaged()) {
            damaged(file);
        }
        publishFigures();
    }

    private boolean mayRead(ReadGate gate, long nowNanos) {
        if (!gateOpen) {
            gateOpen =
                    !(source.origin() instanceof SourceOrigin.Container container)
                            || gate.mayRead(container, nowNanos - discoveredNanos);
        }
        return gateOpen;
    }

    private boolean isSettled(LogFile file, long nowNanos) {
        boolean settled = settling.isSettled(file, nowNanos);
        nextLookNanos = Math.min(nextLookNanos, settling.dueNanos());
        return settled;
    }

    /** Bytes that were not read yet were cut away from its end. */
    private void cut(LogFile file) {
        long lost = file.lostBytes(file.sizeBytes);
        losses.add(Loss.Cause.TRUNCATED, lost, true);
        stats.truncations.increment();
        LOG.log(WARNING, "{0} was cut; {1} bytes or more were not read yet", file, lost);
    }

    /**
     * It holds another content. Who truncated it may have made a copy before; what was not read is
     * in there.
     */
    private void replaced(LogFile file, long nowNanos) throws IOException {
        stats.truncations.increment();
        breaks = true;
        boolean same = contents.beginsAsBefore(file);
        if (same && file.sizeBytes < file.offset) {
            shortened(file);
            return;
        }
        Optional<LogFile> copy = discovery.copyOf(file, nowNanos);
        long lost = file.lostBytes(copy.map(LogFile::contentEnd).orElse(file.offset));
        losses.add(Loss.Cause.TRUNCATED, lost, true);
        LOG.log(
                lost == 0 ? INFO : WARNING,
                "{0} was truncated at {1} bytes read, {2} or more unread; reading begins again at"
                        + " its first byte",
                file,
                file.offset,
                lost);
        file.replaced(same ? file.epoch + 1 : 0);
        copy.ifPresent(older -> files.insert(older, file));
    }

    /** A power cut took what was read, and maybe more. */
    private void shortened(LogFile file) throws IOException {
        losses.add(Loss.Cause.TRUNCATED, file.lostBytes(file.offset), true);
        file.shortened();
        LOG.log(
                WARNING,
                "{0} is shorter ({1} bytes) than what was read of it; reading goes on at its end",
                file,
                file.sizeBytes);
    }

    /** What could be had of a compressed file was read. */
    private void damaged(LogFile file) {
        LogFile.Unread rest = file.unreadable();
        losses.add(Loss.Cause.ROTATED_UNREAD, rest.bytes(), rest.atLeast());
        stats.damagedFiles.increment();
        breaks = true;
        LOG.log(
                ERROR,
                "{0} is damaged behind {1} bytes; its rest, at least {2} bytes, is lost",
                file,
                file.offset,
                rest.bytes());
    }

    /** Gives the file its generation, if its first line is there. */
    private boolean identify(LogFile file, boolean complete) throws IOException {
        if (file.generation != null) {
            return true;
        }
        if (!contents.identify(file, complete)) {
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
        return !contents.isPlain()
                && file.offset == 0
                && file.epoch == 0
                && contents.isFinished(file.contentFingerprint)
                && (last == null || last.fingerprint() != file.generation.fingerprint());
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
                complaints.about(filling.path, e);
            }
        }
        chunk.losses = losses.take();
        handedBytes += chunk.length;
        filledBytes = chunk.length;
        publishFigures();
    }

    /** Of the files, and of what is lost and in no chunk yet. */
    private void publishFigures() {
        long unread = losses.bytes();
        boolean atLeast = losses.isAtLeast();
        for (LogFile file : files) {
            LogFile.Unread rest = file.unread();
            unread += rest.bytes();
            atLeast |= rest.atLeast();
        }
        source.figures(new LogSource.Figures(handedBytes, unread, atLeast));
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

    void close() {
        files.closeAll();
    }
}
