package io.sluice.tail;

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
    private final LostContent lost;

    private final Optional<SourcePosition> resume;

    /** Found at the agent's start, where {@link TailConfig.From} counts. */
    private final boolean atStart;

    private boolean scanned;

    /** Nothing of it was seen yet: its folder could not be listed. */
    private boolean blind;

    private Generation last;

    /** The last that was read to its end and is still on the disk; 0 for none. */
    private long before;

    private boolean gateOpen;
    private boolean breaks;
    private long firstEmptyNanos = -1;

    /** Nobody waits for more: the files are whole as they are. */
    private boolean readToEnd;

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
    private final LossForecast forecast = new LossForecast();

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
        this.lost =
                new LostContent(stats, files, finished, contents, discovery, losses, complaints);
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

    /** Files of it cannot be opened yet. */
    boolean isWaiting() {
        return discovery.isWaiting();
    }

    long nextLookNanos() {
        return nextLookNanos;
    }

    /** What is there is all there will be. */
    void readToEnd() {
        readToEnd = true;
    }

    /** Whether a file that is held has another size than when it was looked at. */
    boolean hasGrown() {
        for (LogFile file : files) {
            if (file.hasOtherSize()) {
                return true;
            }
        }
        return false;
    }

    HeldFiles held() {
        return files;
    }

    /** A deleted file of it takes room that is needed. */
    void giveUp(LogFile file, long nowNanos) {
        lost.giveUp(file, nowNanos);
        publishFigures();
    }

    /**
     * Looks how much there is to read, where nothing else makes it look.
     *
     * <p>While the ring is full nobody reads, and nobody sees what is written.
     */
    void look(long nowNanos) {
        lost.check(nowNanos);
        publishFigures();
    }

    /**
     * Says how long until lines are lost.
     *
     * @param pinnableBytes what deleted files may take of the disk in addition
     */
    void forecast(long pinnableBytes, long nowNanos) {
        if (source.origin() instanceof SourceOrigin.Container) {
            long unread = source.unreadBytes();
            long gone = losses.allBytes() - losses.bytes();
            forecast.note(nowNanos, handedBytes + unread + gone, handedBytes);
            long kept = config.rotation().keptBytes() + pinnableBytes;
            source.secondsToLoss(forecast.seconds(unread, kept));
        }
    }

    /** Looks at the directory: what is new is opened, what was renamed or removed is noted. */
    void scan(long nowNanos) {
        for (int looks = 0; looks < MOST_LOOKS; looks++) {
            List<LogFile> known =
                    files.all().stream().filter(file -> file.contentFingerprint != 0).toList();
            Discovery.Look look = discovery.look(nowNanos);
            if (look != Discovery.Look.MOVED) {
                if (look == Discovery.Look.BLIND) {
                    blind |= !scanned;
                } else {
                    known.forEach(file -> file.mayHaveCopies = false);
                    discovery.takeMissed().forEach(this::missed);
                    begin(nowNanos);
                    if (blind && look == Discovery.Look.EMPTY) {
                        lost.unseen(source);
                    }
                    blind = false;
                    noteAbsence(look == Discovery.Look.EMPTY, nowNanos);
                    lost.check(nowNanos);
                }
                publishFigures();
                return;
            }
        }
        dirty = true;
    }

    /** Before the first reading begins, a position may be behind what was removed. */
    private void missed(FoundFile file) {
        if (scanned || (resume.isEmpty() && countsFromTheBeginning())) {
            lost.missed(file);
        }
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
        breaks = start.breaks();
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
                lost.check(file, nowNanos);
                if (!files.isOldest(file)) {
                    continue;
                }
                settled = isSettled(file, nowNanos);
                if (file.generation == null && !contents.identify(file, settled)) {
                    if (!settled) {
                        return Turn.IDLE;
                    }
                    // Rotated away without a byte, or without one that can be inflated.
                    finish(file);
                    continue;
                }
                if (file.mayHaveCopies) {
                    dirty = true;
                    nextLookNanos = nowNanos;
                    return Turn.IDLE;
                }
                if (file.generation == null) {
                    begin(file);
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
        if (file.generation != null && !file.isGone()) {
            before = file.generation.fingerprint();
        }
        finished.finish(file);
        if (file.isDamaged()) {
            lost.damaged(file);
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
        if (readToEnd) {
            return true;
        }
        boolean settled = settling.isSettled(file, nowNanos);
        nextLookNanos = Math.min(nextLookNanos, settling.dueNanos());
        return settled;
    }

    /** Gives the file its generation. */
    private void begin(LogFile file) {
        int restart = file.name.restart();
        Generation.Start start = Generation.Start.FIRST;
        breaks |= lost.takeBreak() || file.afterGap;
        if (last == null) {
            before = file.before;
        } else {
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
                        file.stderrFrom,
                        before);
        breaks = false;
    }

    /**
     * A file whose first line came late may turn out to be one that was read before; so may the
     * compressed copy of one that was only then seen to have been truncated.
     */
    @SuppressWarnings("ReferenceEquality") // the copy of what was read last has an equal one
    private boolean isDuplicate(LogFile file) {
        return !contents.isPlain()
                && file.offset == 0
                && file.epoch == 0
                && contents.isFinished(file.contentFingerprint)
                && last != file.generation;
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
                if (filling.isSuspicious()) {
                    // Looked at before anything more is read.
                    failed = true;
                    dirty = true;
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
