package io.sluice.buffer;

import io.sluice.buffer.BufferConfig.Sync;
import io.sluice.buffer.BufferConfig.WhenFull;
import io.sluice.buffer.ExcerptFormat.BodyEntry;
import io.sluice.buffer.ExcerptFormat.Encoder;
import io.sluice.buffer.ExcerptFormat.Header;
import io.sluice.buffer.ExcerptFormat.Kind;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Batch.Body;
import io.sluice.pipeline.Batch.Counts;
import io.sluice.pipeline.Batch.SourceProgress;
import io.sluice.pipeline.BatchSink;
import io.sluice.tail.SourcePosition;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Batches that survive a crash, and with them the positions of their sources.
 *
 * <p>In the directory:
 *
 * <pre>
 * lock              held while an agent uses the directory
 * queue/            segments of this process, and Chronicle's table
 * earlier/          segments of the processes before; read, sent, deleted, never appended to
 * acked-&lt;output&gt;    acknowledged index of each output ({@link AckedIndex})
 * quarantine/       segments that could not be read
 * dead-letters/     see {@link DeadLetterFiles}
 * </pre>
 *
 * <p>An excerpt's index is its sequence: it grows by 1 over all segments and starts. A line is in
 * an excerpt or it will be read again; an excerpt is acknowledged or it will be sent again.
 *
 * <p>Locks, in the order they may be taken: {@code appendLock} (encoders; positions, the encoder,
 * the writer), {@code segmentsLock} (the list of segments, and what outboxes have read of them;
 * held while one excerpt is read), {@code ackedLock} and {@code forceLock} (the disk). No thread of
 * its own: forcing and writing the acknowledged indexes is done in passing by the deliver threads
 * (in {@link Outbox#next}, {@link Outbox#await} and {@link Outbox#acknowledge}), and by an encoder
 * when those are late.
 */
public final class Buffer implements BatchSink, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.buffer");
    private static final long ACKED_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Space that others give back on the disk is noticed this late. */
    private static final long ROOM_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Of Chronicle's length and padding around an excerpt. */
    private static final int EXCERPT_FRAME_BYTES = 8;

    private final BufferConfig config;
    private final Clock clock;
    private final DirectoryLock directoryLock;
    private final FileStore disk;
    private final SegmentWriter writer;
    private final BufferStats stats;
    private final List<BufferOutbox> outboxes = new ArrayList<>();
    private final List<AckedIndex> ackedIndexes = new ArrayList<>();
    private final int maxExcerptBytes;

    private final ReentrantLock appendLock = new ReentrantLock();
    private final Condition room = appendLock.newCondition();
    // guarded by appendLock
    private int waitingForRoom;
    private final Map<String, SourcePosition> positions;
    private final Encoder encoder;
    private final List<ByteBuffer> bodies = new ArrayList<>();
    private long lastSequence;
    private boolean closed;

    private final ReentrantLock segmentsLock = new ReentrantLock();
    // guarded by segmentsLock
    private final List<Segment> segments;
    private final AtomicLong usedBytes = new AtomicLong();
    private volatile int segmentCount;

    private final ReentrantLock ackedLock = new ReentrantLock();
    private volatile long ackedWrittenNanos;
    private volatile boolean ackedUnwritten;

    private final ReentrantLock forceLock = new ReentrantLock();
    private volatile long forcedNanos;

    /** Which segment is on the disk up to where; written under forceLock. */
    private volatile Segment forcedSegment;

    private volatile long forcedEnd;

    /** The segment that is appended to; written under appendLock, null before the first. */
    private volatile Segment current;

    private final DiskTrouble noSpace = new DiskTrouble(System::nanoTime);
    private final DiskTrouble noForce = new DiskTrouble(System::nanoTime);
    private final DiskTrouble noAcked = new DiskTrouble(System::nanoTime);
    private volatile boolean removed;

    /**
     * Opens the buffer of a state directory, alone: waits for another agent to leave it.
     *
     * @throws BufferException if the directory cannot be made or written, or another agent stays
     */
    public static Buffer open(BufferConfig config) {
        return open(config, Clock.systemUTC());
    }

    /**
     * As {@link #open(BufferConfig)}.
     *
     * @param clock for the times in excerpts
     */
    public static Buffer open(BufferConfig config, Clock clock) {
        Chronicle.quiet();
        Path directory = config.directory();
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new BufferException(
                    "buffer.path "
                            + directory
                            + " cannot be made ("
                            + e
                            + "); make it a directory that this user may write, or set another",
                    e);
        }
        DirectoryLock lock = DirectoryLock.acquire(directory, config.lockWait());
        boolean opened = false;
        try {
            Buffer buffer = new Buffer(config, clock, lock);
            opened = true;
            return buffer;
        } catch (IOException e) {
            throw new BufferException(
                    "buffer.path "
                            + directory
                            + " cannot be used ("
                            + e
                            + "); check its permissions and its disk, or set another",
                    e);
        } finally {
            if (!opened) {
                lock.close();
            }
        }
    }

    private Buffer(BufferConfig config, Clock clock, DirectoryLock lock) throws IOException {
        this.config = config;
        this.clock = clock;
        this.directoryLock = lock;
        this.maxExcerptBytes = config.maxExcerptBytes();
        this.encoder = new Encoder(maxExcerptBytes + 1);
        this.stats = new BufferStats(usedBytes::get, () -> segmentCount, this::troubles);
        Path directory = config.directory();
        Path queue = Files.createDirectories(directory.resolve("queue"));
        Path earlier = Files.createDirectories(directory.resolve("earlier"));
        this.disk = Files.getFileStore(queue);
        Recovery.Recovered recovered =
                new Recovery(queue, earlier, directory.resolve("quarantine"), stats).run();
        this.positions = recovered.positions();
        this.segments = recovered.segments();
        this.lastSequence = recovered.lastSequence();
        this.writer =
                new SegmentWriter(
                        queue,
                        config.blockBytes(),
                        config.segmentBytes(),
                        recovered.lastCycle() + 1);
        for (String output : config.outputs()) {
            AckedIndex acked = new AckedIndex(directory.resolve("acked-" + output));
            ackedIndexes.add(acked);
            outboxes.add(new BufferOutbox(this, output, acked.index()));
            // A damaged end may have taken excerpts that were acknowledged: their indexes must not
            // be given again.
            lastSequence = Math.max(lastSequence, acked.index());
        }
        countUsed();
        long now = System.nanoTime();
        forcedNanos = now;
        ackedWrittenNanos = now;
        LOG.log(
                Level.INFO,
                "buffer {0} opened: {1} segments of earlier starts, {2} MiB, positions of {3}"
                        + " sources",
                directory,
                segments.size(),
                usedBytes.get() >> 20,
                positions.size());
    }

    /** The position of every source that has one, by its key; a copy. */
    public Map<String, SourcePosition> positions() {
        appendLock.lock();
        try {
            return Map.copyOf(positions);
        } finally {
            appendLock.unlock();
        }
    }

    /**
     * The buffer as one output sees it.
     *
     * @param output its place in {@link BufferConfig#outputs}
     */
    public Outbox outbox(int output) {
        return outboxes.get(output);
    }

    public BufferStats stats() {
        return stats;
    }

    private List<String> troubles() {
        return Stream.of(noSpace, noForce, noAcked)
                .flatMap(trouble -> trouble.present().stream())
                .toList();
    }

    /**
     * {@inheritDoc}
     *
     * <p>With {@link WhenFull#DROP_OLDEST} it blocks only while everything in the buffer is in
     * flight, or the disk is full of others' files.
     *
     * @throws IllegalArgumentException if the batch has more bodies than outputs, or they are
     *     larger than {@link BufferConfig#maxBodyBytes}
     */
    @Override
    public void append(Batch batch) throws InterruptedException {
        if (ExcerptFormat.isEmpty(batch)) {
            return;
        }
        check(batch);
        Segment segment;
        long end;
        appendLock.lock();
        try {
            long bytes = excerptBytes(batch);
            waitForRoom(bytes);
            write(batch);
            segment = writer.current();
            end = segment.end;
        } finally {
            appendLock.unlock();
        }
        outboxes.forEach(BufferOutbox::appended);
        switch (config.sync()) {
            case Sync.Always() -> force(segment, end);
            case Sync.Every(var interval) -> {
                if (System.nanoTime() - forcedNanos > 2 * interval.toNanos()) {
                    forceCurrent();
                }
            }
        }
    }

    private void check(Batch batch) {
        if (batch.bodies().size() > config.outputs().size()) {
            throw new IllegalArgumentException(
                    "a batch has "
                            + batch.bodies().size()
                            + " bodies; there are "
                            + config.outputs().size()
                            + " outputs");
        }
        for (Body body : batch.bodies()) {
            check(body);
        }
    }

    private void check(Body body) {
        if (body.gzip().remaining() > config.maxBodyBytes()) {
            throw new IllegalArgumentException(
                    "a body has "
                            + body.gzip().remaining()
                            + " compressed bytes; the pipeline must close batches at "
                            + config.maxBodyBytes()
                            + " (BufferConfig.maxBodyBytes)");
        }
    }

    /** At least the bytes that a batch's excerpts take in a segment. */
    private long excerptBytes(Batch batch) {
        long header = ExcerptFormat.FIXED_BYTES;
        long body = 0;
        for (Body b : batch.bodies()) {
            header += ExcerptFormat.maxBodyEntryBytes(b);
            body += b.gzip().remaining();
        }
        long sources = 0;
        for (SourceProgress progress : batch.progress()) {
            sources += ExcerptFormat.maxSourceBytes(progress.source());
        }
        // Positions that do not fit beside the bodies follow in excerpts of their own.
        long more = 1 + sources / (maxExcerptBytes / 2);
        return header + body + sources + more * (ExcerptFormat.FIXED_BYTES + EXCERPT_FRAME_BYTES);
    }

    private static long excerptBytes(Body body) {
        long bytes = ExcerptFormat.FIXED_BYTES;
        return bytes
                + EXCERPT_FRAME_BYTES
                + ExcerptFormat.maxBodyEntryBytes(body)
                + body.gzip().remaining();
    }

    /** Append lock held: appends a batch for which there is room. */
    private void write(Batch batch) {
        begin(batch.bodies().stream().allMatch(ExcerptFormat::none) ? Kind.POSITIONS : Kind.BATCH);
        for (int i = 0; i < batch.bodies().size(); i++) {
            Body body = batch.bodies().get(i);
            if (!ExcerptFormat.none(body)) {
                encoder.body(outboxes.get(i).outputId(), body);
                bodies.add(body.gzip().duplicate());
                stats.appendedDocuments.add(body.documents());
            }
        }
        int firstOfExcerpt = 0;
        List<SourceProgress> progress = batch.progress();
        for (int i = 0; i < progress.size(); i++) {
            SourceProgress source = progress.get(i);
            // Bodies first: a crash between two excerpts must not leave positions without lines.
            if (encoder.totalBytes() + ExcerptFormat.maxSourceBytes(source.source())
                    > maxExcerptBytes) {
                finish();
                apply(progress.subList(firstOfExcerpt, i));
                firstOfExcerpt = i;
                begin(Kind.POSITIONS);
            }
            encoder.source(source.source(), source.position(), Optional.of(source.counts()));
        }
        finish();
        apply(progress.subList(firstOfExcerpt, progress.size()));
    }

    private void begin(Kind kind) {
        bodies.clear();
        encoder.begin(kind, clock.millis());
    }

    private void apply(List<SourceProgress> progress) {
        for (SourceProgress source : progress) {
            if (source.position().isPresent()) {
                positions.put(source.source(), source.position().get());
            } else {
                positions.remove(source.source());
            }
        }
    }

    /** Appends what is encoded, and lets it be read. */
    private void finish() {
        append(writer.current());
        stats.appendedExcerpts.increment();
    }

    private void append(Segment segment) {
        ByteBuffer header = encoder.end(lastSequence + 1);
        stats.appendedBytes.add(encoder.totalBytes());
        long end = writer.append(header, bodies);
        lastSequence++;
        segment.lastSequence = lastSequence;
        segment.end = end;
    }

    /** Append lock held: returns when {@code bytes} may be appended. */
    private void waitForRoom(long bytes) throws InterruptedException {
        if (makeRoom(bytes)) {
            return;
        }
        waitingForRoom++;
        if (!stats.full) {
            stats.full = true;
            sayFull();
        }
        long start = System.nanoTime();
        boolean roomFound = false;
        try {
            while (!makeRoom(bytes)) {
                if (mayDrop() && dropOldest()) {
                    continue;
                }
                long _ = room.awaitNanos(ROOM_POLL_NANOS);
            }
            roomFound = true;
        } finally {
            stats.blockedNanos.add(System.nanoTime() - start);
            waitingForRoom--;
            stats.full = waitingForRoom > 0;
            if (roomFound && !stats.full && config.whenFull() == WhenFull.BLOCK) {
                LOG.log(Level.INFO, "buffer {0} has room again", config.directory());
            }
        }
    }

    /** Dropping makes room on a full disk, not on one that refuses. */
    private boolean mayDrop() {
        return config.whenFull() == WhenFull.DROP_OLDEST && noSpace.present().isEmpty();
    }

    private void sayFull() {
        if (noSpace.present().isPresent()) {
            return; // It has been said what is the matter.
        }
        LOG.log(
                Level.WARNING,
                "buffer {0} is full: {1} MiB of maxSize {2} MiB, {3} MiB free on its disk of"
                        + " minFree {4} MiB; {5}. Look at the output, or raise buffer.maxSize",
                config.directory(),
                usedBytes.get() >> 20,
                config.maxSizeBytes() >> 20,
                freeBytes() >> 20,
                config.minFreeBytes() >> 20,
                config.whenFull() == WhenFull.BLOCK
                        ? "reading waits"
                        : "the oldest documents are dropped");
    }

    private boolean makeRoom(long bytes) {
        if (closed) {
            throw new BufferException("buffer " + config.directory() + " is closed");
        }
        return makeRoom(bytes, config.maxSizeBytes(), config.minFreeBytes());
    }

    /** Append lock held: takes disk space, rolls if the segment is full. False if there is none. */
    private boolean makeRoom(long bytes, long maxSizeBytes, long minFreeBytes) {
        try {
            boolean roll = writer.mustRoll(bytes);
            long snapshot = roll ? snapshotBytes() : 0;
            long growth = roll ? writer.firstBytes(snapshot + bytes) : writer.growthBytes(bytes);
            if (growth == 0) {
                return true;
            }
            if (usedBytes.get() + growth > maxSizeBytes || freeBytes() - growth < minFreeBytes) {
                noSpace.clear();
                return false;
            }
            boolean made = roll ? roll(snapshot + bytes) : grow(bytes);
            noSpace.clear();
            return made;
        } catch (IOException e) {
            noSpace.raise(
                    "buffer "
                            + config.directory()
                            + " cannot take space on its disk ("
                            + e
                            + "); it tries again, reading waits. Check the disk");
            noteRemoved();
            return false;
        }
    }

    private boolean grow(long bytes) throws IOException {
        Segment segment = writer.current();
        long before = segment.allocatedBytes;
        boolean grown = writer.grow(bytes) == Disk.Allocation.DONE;
        addUsed(segment.allocatedBytes - before);
        return grown;
    }

    /** A new segment, with all positions as its first excerpt. */
    private boolean roll(long bytes) throws IOException {
        Segment old = writer.current();
        if (old != null) {
            // A snapshot must not be on the disk before all that it stands on.
            force(old, old.end);
        }
        if (!writer.roll(bytes, lastSequence + 1)) {
            return false;
        }
        Segment segment = writer.current();
        writeSnapshot(segment);
        segment.snapshot = true;
        segmentsLock.lock();
        try {
            segments.add(segment);
        } finally {
            segmentsLock.unlock();
        }
        addUsed(segment.allocatedBytes);
        current = segment;
        if (old != null) {
            old.sealed = true;
            long before = old.allocatedBytes;
            SegmentWriter.trim(old);
            addUsed(old.allocatedBytes - before);
        }
        return true;
    }

    private long snapshotBytes() {
        long bytes = 0;
        for (String key : positions.keySet()) {
            bytes += ExcerptFormat.maxSourceBytes(key);
        }
        long excerpts = 1 + bytes / (maxExcerptBytes / 2);
        return bytes + excerpts * (ExcerptFormat.FIXED_BYTES + EXCERPT_FRAME_BYTES);
    }

    private void writeSnapshot(Segment segment) {
        begin(Kind.SNAPSHOT);
        for (Map.Entry<String, SourcePosition> entry : positions.entrySet()) {
            if (encoder.totalBytes() + ExcerptFormat.maxSourceBytes(entry.getKey())
                    > maxExcerptBytes) {
                encoder.more();
                append(segment);
                begin(Kind.SNAPSHOT);
            }
            encoder.source(entry.getKey(), Optional.of(entry.getValue()), Optional.empty());
        }
        append(segment);
    }

    private long freeBytes() {
        try {
            return disk.getUsableSpace();
        } catch (IOException _) {
            // The allocation that follows will tell.
            return Long.MAX_VALUE;
        }
    }

    private void addUsed(long bytes) {
        segmentsLock.lock();
        try {
            usedBytes.addAndGet(bytes);
            segmentCount = segments.size();
        } finally {
            segmentsLock.unlock();
        }
    }

    private void countUsed() {
        usedBytes.set(segments.stream().mapToLong(s -> s.allocatedBytes).sum());
        segmentCount = segments.size();
    }

    /**
     * Append lock held: drops the oldest segment that has no request in flight.
     *
     * @return false when there is none
     */
    private boolean dropOldest() {
        Segment oldest = null;
        Segment newer = null;
        segmentsLock.lock();
        try {
            for (int i = 0; i < segments.size() - 1 && oldest == null; i++) {
                Segment segment = segments.get(i);
                if (segment.sealed && outboxes.stream().noneMatch(o -> o.hasInFlight(segment))) {
                    oldest = segment;
                    newer = newerSnapshot(i + 1);
                }
            }
        } finally {
            segmentsLock.unlock();
        }
        if (newer == null || !forceSnapshot(newer)) {
            return false;
        }
        segmentsLock.lock();
        try {
            Segment dropped = oldest;
            if (!segments.contains(dropped)
                    || outboxes.stream().anyMatch(o -> o.hasInFlight(dropped))) {
                // Its outputs were faster.
                return true;
            }
            countDropped(dropped);
            outboxes.forEach(o -> o.dropped(dropped));
            remove(dropped);
            stats.droppedSegments.increment();
            return true;
        } finally {
            segmentsLock.unlock();
        }
    }

    private void countDropped(Segment segment) {
        long documents = 0;
        try (SegmentReader reader = new SegmentReader(segment.file)) {
            Optional<Header> next = reader.next(segment.end, true);
            for (; next.isPresent(); next = reader.next(segment.end, true)) {
                Header header = next.get();
                long lost = 0;
                for (BodyEntry body : header.bodies()) {
                    for (BufferOutbox outbox : outboxes) {
                        if (outbox.outputId() == body.output()
                                && outbox.ackedTo() < header.sequence()) {
                            lost += body.documents();
                        }
                    }
                }
                if (lost > 0) {
                    for (SourceProgress source : header.sources()) {
                        Counts counts = source.counts();
                        stats.droppedRecords(
                                source.source(), counts.readRecords() - counts.filteredRecords());
                    }
                }
                documents += lost;
            }
        } catch (IOException e) {
            LOG.log(
                    Level.ERROR,
                    "buffer segment {0} is dropped and cannot be counted to its end ({1})",
                    segment.file,
                    e);
        }
        stats.droppedDocuments.add(documents);
        LOG.log(
                Level.ERROR,
                "buffer {0} is full: dropped its oldest segment with {1} documents that were not"
                        + " delivered",
                config.directory(),
                documents);
    }

    /** Lock of segments held: the first segment from {@code index} with a whole snapshot. */
    private Segment newerSnapshot(int index) {
        for (int i = index; i < segments.size(); i++) {
            if (segments.get(i).snapshot) {
                return segments.get(i);
            }
        }
        return null;
    }

    private boolean forceSnapshot(Segment segment) {
        if (!segment.snapshotForced) {
            try {
                timedForce(segment);
                segment.snapshotForced = true;
            } catch (IOException e) {
                forceFailed(segment, e);
                return false;
            }
        }
        return true;
    }

    /** Lock of segments held. */
    private void remove(Segment segment) {
        segments.remove(segment);
        usedBytes.addAndGet(-segment.allocatedBytes);
        segmentCount = segments.size();
        try {
            Files.deleteIfExists(segment.file);
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "buffer segment {0} cannot be deleted ({1}); it is done with, remove it",
                    segment.file,
                    e);
        }
    }

    /** Deliver threads, after an acknowledgement. */
    void acknowledged() {
        ackedUnwritten = true;
        deleteDone();
        housekeep();
    }

    /** Deletes what every output has acknowledged, when what replaces it is on the disk. */
    private void deleteDone() {
        List<Segment> done = new ArrayList<>();
        Segment newer = null;
        long acked;
        segmentsLock.lock();
        try {
            acked = Long.MAX_VALUE;
            for (BufferOutbox outbox : outboxes) {
                acked = Math.min(acked, outbox.ackedTo());
            }
            for (int i = 0; i < segments.size(); i++) {
                Segment segment = segments.get(i);
                if (!segment.sealed || segment.lastSequence > acked) {
                    break;
                }
                Segment snapshot = newerSnapshot(i + 1);
                if (snapshot != null) {
                    done.add(segment);
                    newer = snapshot;
                }
            }
        } finally {
            segmentsLock.unlock();
        }
        if (newer == null || !forceSnapshot(newer) || !writeAcked(true)) {
            return;
        }
        segmentsLock.lock();
        try {
            for (Segment segment : done) {
                if (segments.contains(segment)) {
                    remove(segment);
                    stats.deletedSegments.increment();
                }
            }
        } finally {
            segmentsLock.unlock();
        }
        appendLock.lock();
        try {
            room.signalAll();
        } finally {
            appendLock.unlock();
        }
    }

    /** Writes what the outputs have acknowledged. False when the disk refuses. */
    private boolean writeAcked(boolean force) {
        ackedLock.lock();
        try {
            ackedUnwritten = false;
            for (int i = 0; i < outboxes.size(); i++) {
                long acked;
                segmentsLock.lock();
                try {
                    acked = outboxes.get(i).ackedTo();
                } finally {
                    segmentsLock.unlock();
                }
                ackedIndexes.get(i).write(acked);
                if (force || config.sync() instanceof Sync.Always) {
                    ackedIndexes.get(i).force();
                }
            }
            noAcked.clear();
            return true;
        } catch (IOException e) {
            noAcked.raise(
                    "buffer "
                            + config.directory()
                            + ": what is acknowledged cannot be written ("
                            + e
                            + "); delivered documents stay in the buffer. Check the disk");
            return false;
        } finally {
            ackedWrittenNanos = System.nanoTime();
            ackedLock.unlock();
        }
    }

    /**
     * Deliver threads, in passing: writes the acknowledged indexes and forces the current segment
     * when it is time.
     *
     * @return nanoseconds until it will be time again
     */
    long housekeep() {
        long now = System.nanoTime();
        long next = Long.MAX_VALUE;
        if (ackedUnwritten) {
            long left = ackedWrittenNanos + ACKED_INTERVAL_NANOS - now;
            if (left <= 0) {
                writeAcked(false);
            } else {
                next = left;
            }
        }
        if (config.sync() instanceof Sync.Every(var interval) && isUnforced()) {
            long left = forcedNanos + interval.toNanos() - now;
            if (left <= 0) {
                forceCurrent();
                left = interval.toNanos();
            }
            next = Math.min(next, left);
        }
        return next;
    }

    private boolean isUnforced() {
        Segment segment = current;
        return segment != null && (segment != forcedSegment || segment.end != forcedEnd);
    }

    private void forceCurrent() {
        Segment segment = current;
        if (segment != null) {
            force(segment, segment.end);
        }
    }

    /** Forces a segment at least up to {@code end}; who comes second finds it done. */
    private void force(Segment segment, long end) {
        forceLock.lock();
        try {
            if (forcedSegment == segment && forcedEnd >= end) {
                return;
            }
            long forcing = segment.end;
            timedForce(segment);
            segment.snapshotForced = segment.snapshot;
            forcedSegment = segment;
            forcedEnd = forcing;
        } catch (IOException e) {
            forceFailed(segment, e);
        } finally {
            forcedNanos = System.nanoTime();
            forceLock.unlock();
        }
    }

    private void timedForce(Segment segment) throws IOException {
        long start = System.nanoTime();
        Disk.force(segment.file);
        noForce.clear();
        stats.forces.increment();
        stats.forceNanos.add(System.nanoTime() - start);
    }

    private void forceFailed(Segment segment, IOException e) {
        stats.failedForces.increment();
        noForce.raise(
                "buffer segment "
                        + segment.file
                        + " cannot be forced to its disk ("
                        + e
                        + "); a power cut would lose it. Check the disk");
        noteRemoved();
    }

    /** Whoever meets a fault of the disk: whether it is that somebody removed the files. */
    private void noteRemoved() {
        Segment segment = current;
        if (!Files.exists(segment == null ? config.directory() : segment.file)) {
            removed = true;
        }
    }

    /**
     * Whether the files in use have been removed or moved away. Nothing more becomes durable then:
     * end, and start anew, which reads the log files again. Any thread; never waits for the disk.
     */
    public boolean isRemoved() {
        return removed;
    }

    /** Deliver threads, by their outbox. */
    void appendAgain(BufferOutbox outbox, Body body) {
        check(body);
        appendLock.lock();
        try {
            long bytes = excerptBytes(body);
            if (closed || !makeRoom(bytes, Long.MAX_VALUE, 0)) {
                throw new BufferException(
                        "buffer "
                                + config.directory()
                                + " has no room on its disk for documents that must wait; keep"
                                + " them in flight, free space on the disk");
            }
            begin(Kind.AGAIN);
            encoder.body(outbox.outputId(), body);
            bodies.add(body.gzip().duplicate());
            finish();
            stats.appendedAgainDocuments.add(body.documents());
        } finally {
            appendLock.unlock();
        }
        // What they came from is acknowledged next and their positions have gone on: a power cut
        // that took these would lose them.
        forceCurrent();
        outboxes.forEach(BufferOutbox::appended);
    }

    /** Lock of segments held: the first segment after this cycle, or null. */
    Segment segmentAfter(int cycle) {
        for (Segment segment : segments) {
            if (segment.cycle > cycle) {
                return segment;
            }
        }
        return null;
    }

    void lockSegments() {
        segmentsLock.lock();
    }

    void unlockSegments() {
        segmentsLock.unlock();
    }

    /**
     * Forces everything and leaves the directory. Appends that wait for room end with a {@link
     * BufferException}; interrupt them first.
     */
    @Override
    public void close() {
        appendLock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            writeAcked(true);
            writer.close();
            Segment last = current;
            if (last != null) {
                force(last, last.end);
                last.sealed = true;
                SegmentWriter.trim(last);
            }
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "buffer {0}: {1} while closing; nothing is lost",
                    config.directory(),
                    e);
        } finally {
            appendLock.unlock();
        }
        closeFiles();
        directoryLock.close();
    }

    private void closeFiles() {
        segmentsLock.lock();
        try {
            outboxes.forEach(BufferOutbox::close);
        } finally {
            segmentsLock.unlock();
        }
        for (AckedIndex acked : ackedIndexes) {
            try {
                acked.close();
            } catch (IOException e) {
                LOG.log(Level.WARNING, "an acknowledged index cannot be closed: {0}", e);
            }
        }
    }
}
