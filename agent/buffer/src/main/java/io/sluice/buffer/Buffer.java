package io.sluice.buffer;

import io.sluice.buffer.AckedFile.Saved;
import io.sluice.buffer.BufferConfig.Sync;
import io.sluice.buffer.BufferConfig.WhenFull;
import io.sluice.buffer.ExcerptFormat.Encoder;
import io.sluice.buffer.ExcerptFormat.Header;
import io.sluice.buffer.ExcerptFormat.Kind;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Batch.Body;
import io.sluice.pipeline.Batch.SourceProgress;
import io.sluice.pipeline.BatchSink;
import io.sluice.pipeline.Runs;
import io.sluice.tail.SourcePosition;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
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
 * acked             acknowledged index of each output, and the ledger ({@link AckedFile})
 * quarantine/       segments that could not be read
 * dead-letters/     see {@link DeadLetterFiles}
 * </pre>
 *
 * <p>An excerpt's index is its sequence: it grows by 1 over all segments and starts. A line is in
 * an excerpt or it will be read again; an excerpt is acknowledged or it will be sent again.
 *
 * <p>Locks, in the order they may be taken: {@code appendLock} (encoders; positions, the encoder,
 * the writer), {@code segmentsLock} (the list of segments, and what outboxes have read of them;
 * held while one excerpt is read), the {@link Ledger}. {@code ackedLock} (taken before that of the
 * segments) and {@code forceLock} are for the disk. No thread of its own: forcing and writing the
 * acknowledged indexes is done in passing by the deliver threads (in {@link Outbox#next}, {@link
 * Outbox#await} and {@link Outbox#acknowledge}), and by an encoder when those are late.
 */
public final class Buffer implements BatchSink, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.buffer");

    /** The acknowledged file is written at most so often, and at most so many bytes a second. */
    private static final long ACKED_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final long ACKED_BYTES_PER_SECOND = 1 << 20;

    /** Space that others give back on the disk is noticed this late. */
    private static final long ROOM_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Of Chronicle's length and padding around an excerpt. */
    private static final int EXCERPT_FRAME_BYTES = 8;

    private final BufferConfig config;
    private final Clock clock;
    private final LongSupplier nanoClock;
    private final DirectoryLock directoryLock;
    private final FileStore disk;
    private final SegmentWriter writer;
    private final BufferStats stats;
    private final List<BufferOutbox> outboxes = new ArrayList<>();
    private final Ledger ledger;
    private final AckedFile ackedFile;
    private final int maxExcerptBytes;

    private final ReentrantLock appendLock = new ReentrantLock();
    private final Condition room = appendLock.newCondition();
    // guarded by appendLock
    private int waitingForRoom;
    private final Map<String, SourcePosition> positions;
    private final Encoder encoder;
    private final List<ByteBuffer> bodies = new ArrayList<>();
    private final List<Ledger.Step> steps = new ArrayList<>();
    private long lastSequence;
    private boolean closed;

    private final ReentrantLock segmentsLock = new ReentrantLock();
    // guarded by segmentsLock
    private final List<Segment> segments;

    /** Excerpts of earlier starts that came behind damage: sent, and not counted. */
    private final Ranges unbelieved;

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

    /** Every excerpt up to this one is on the disk; written under forceLock. */
    private volatile long forcedSequence;

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
        return open(config, clock, System::nanoTime);
    }

    static Buffer open(BufferConfig config, Clock clock, LongSupplier nanoClock) {
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
            Buffer buffer = new Buffer(config, clock, nanoClock, lock);
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

    private Buffer(BufferConfig config, Clock clock, LongSupplier nanoClock, DirectoryLock lock)
            throws IOException {
        this.config = config;
        this.clock = clock;
        this.nanoClock = nanoClock;
        this.directoryLock = lock;
        this.maxExcerptBytes = config.maxExcerptBytes();
        this.encoder = new Encoder(maxExcerptBytes + 1);
        this.stats = new BufferStats(usedBytes::get, () -> segmentCount, this::troubles);
        Path directory = config.directory();
        Path queue = Files.createDirectories(directory.resolve("queue"));
        Path earlier = Files.createDirectories(directory.resolve("earlier"));
        this.disk = Files.getFileStore(queue);
        this.ackedFile = new AckedFile(directory.resolve("acked"));
        List<Acknowledged> acknowledged = acknowledged(config, ackedFile.saved());
        this.unbelieved = ackedFile.saved().map(Saved::unbelieved).orElseGet(Ranges::new);
        Recovery.Recovered recovered =
                new Recovery(
                                queue,
                                earlier,
                                directory.resolve("quarantine"),
                                acknowledged,
                                unbelieved,
                                ackedFile.saved().map(Saved::appendedTo).orElse(0L),
                                stats)
                        .run();
        this.positions = recovered.positions();
        this.segments = recovered.segments();
        if (ackedFile.damaged() || (ackedFile.saved().isEmpty() && !segments.isEmpty())) {
            LOG.log(
                    Level.WARNING,
                    "buffer {0}: the file {1} is missing or damaged; what is in the buffer is sent"
                            + " again, what was before counts as delivered",
                    directory,
                    "acked");
        }
        this.ledger =
                Ledger.recover(acknowledged, ackedFile.saved(), recovered, recovered.inFlight());
        // A damaged end may have taken excerpts that were acknowledged: their indexes must not be
        // given again.
        this.lastSequence = Math.max(recovered.lastSequence(), ledger.appendedTo());
        this.forcedSequence = recovered.lastSequence();
        this.writer =
                new SegmentWriter(
                        queue,
                        config.blockBytes(),
                        config.segmentBytes(),
                        recovered.lastCycle() + 1);
        for (int i = 0; i < acknowledged.size(); i++) {
            outboxes.add(
                    new BufferOutbox(
                            this,
                            ledger,
                            config.outputs().get(i),
                            i,
                            acknowledged.get(i),
                            unbelieved));
        }
        if (!writeAcked(true)) {
            // The next segment's snapshot hides what was found, so it must be known before.
            throw new IOException(directory.resolve("acked") + " cannot be written");
        }
        countUsed();
        long now = nanoClock.getAsLong();
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

    private static List<Acknowledged> acknowledged(BufferConfig config, Optional<Saved> saved) {
        List<Acknowledged> known = saved.map(Saved::outputs).orElse(List.of());
        List<Acknowledged> acknowledged = new ArrayList<>();
        for (String name : config.outputs()) {
            int outputId = ExcerptFormat.outputId(name);
            acknowledged.add(
                    known.stream()
                            .filter(output -> output.outputId == outputId)
                            .findFirst()
                            .orElseGet(() -> Acknowledged.nothing(outputId)));
        }
        return acknowledged;
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

    /** What became of every record, for any thread to look at. */
    public Ledger ledger() {
        return ledger;
    }

    /**
     * {@inheritDoc}
     *
     * <p>With {@link WhenFull#DROP_OLDEST} it blocks only while everything in the buffer but its
     * newest segment is in flight, or the disk is full of others' files: who takes from the outbox
     * must not be the thread that appends.
     *
     * @throws IllegalArgumentException if the batch has more bodies than outputs, or they are
     *     larger than {@link BufferConfig#maxBodyBytes}, or their runs are not what the sources'
     *     counts say
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
                if (nanoClock.getAsLong() - forcedNanos > 2 * interval.toNanos()) {
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
        Amount[] left = new Amount[batch.progress().size()];
        for (Body body : batch.bodies()) {
            check(body);
            checkRuns(batch, body, left);
        }
        if (batch.bodies().isEmpty()) {
            checkRuns(batch, new Body("", 0, 0, ByteBuffer.allocate(0), new Runs()), left);
        }
        if (firstBytes(batch) > maxExcerptBytes) {
            throw new IllegalArgumentException(
                    "a batch needs "
                            + firstBytes(batch)
                            + " bytes with all the sources that have documents in it; an excerpt"
                            + " has "
                            + maxExcerptBytes
                            + " (BufferConfig.maxExcerptBytes)");
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

    /** Every document of a source is one of its records, and the other way round. */
    private static void checkRuns(Batch batch, Body body, Amount[] left) {
        for (int i = 0; i < left.length; i++) {
            Batch.Counts counts = batch.progress().get(i).counts();
            left[i] =
                    new Amount(
                            counts.readBytes() - counts.filteredBytes(),
                            counts.readRecords() - counts.filteredRecords());
        }
        Runs runs = body.runs();
        int documents = 0;
        for (int run = 0; run < runs.count(); run++) {
            documents += runs.documents(run);
            int source = runs.source(run);
            left[source] = left[source].minus(new Amount(runs.rawBytes(run), runs.documents(run)));
        }
        boolean balances = documents == body.documents();
        for (Amount rest : left) {
            balances &= rest.isNone();
        }
        if (!balances) {
            throw new IllegalArgumentException(
                    "a batch's books do not balance: "
                            + body.documents()
                            + " documents, runs "
                            + runs
                            + ", "
                            + batch.progress());
        }
    }

    /** At least the bytes that an excerpt takes with the bodies, and whose they are. */
    private static long firstBytes(Batch batch) {
        long bytes = ExcerptFormat.FIXED_BYTES;
        boolean[] counted = new boolean[batch.progress().size()];
        for (Body body : batch.bodies()) {
            if (ExcerptFormat.none(body)) {
                continue;
            }
            Runs runs = body.runs();
            bytes += ExcerptFormat.maxBodyEntryBytes(body, runs) + body.gzip().remaining();
            for (int run = 0; run < runs.count(); run++) {
                int source = runs.source(run);
                if (!counted[source]) {
                    counted[source] = true;
                    bytes += ExcerptFormat.maxSourceBytes(batch.progress().get(source).source());
                }
            }
        }
        return bytes;
    }

    /** At least the bytes that a batch's excerpts take in a segment. */
    private long excerptBytes(Batch batch) {
        long sources = 0;
        for (SourceProgress progress : batch.progress()) {
            sources += ExcerptFormat.maxSourceBytes(progress.source());
        }
        // Positions that do not fit beside the bodies follow in excerpts of their own.
        long more = 1 + sources / (maxExcerptBytes / 2);
        return firstBytes(batch)
                + sources
                + more * (ExcerptFormat.FIXED_BYTES + EXCERPT_FRAME_BYTES);
    }

    private static long againBytes(Body body, Runs runs, List<String> sources) {
        long bytes = ExcerptFormat.FIXED_BYTES + EXCERPT_FRAME_BYTES;
        for (String source : sources) {
            bytes += ExcerptFormat.maxSourceBytes(source);
        }
        return bytes + ExcerptFormat.maxBodyEntryBytes(body, runs) + body.gzip().remaining();
    }

    /** Append lock held: appends a batch for which there is room. */
    private void write(Batch batch) {
        List<SourceProgress> progress = batch.progress();
        // Who has documents comes first: they and their source are to be in one excerpt.
        int[] places = new int[progress.size()];
        Arrays.fill(places, -1);
        List<SourceProgress> ordered = new ArrayList<>(progress.size());
        for (Body body : batch.bodies()) {
            for (int run = 0; run < body.runs().count(); run++) {
                int source = body.runs().source(run);
                if (places[source] < 0) {
                    places[source] = ordered.size();
                    ordered.add(progress.get(source));
                }
            }
        }
        int withDocuments = ordered.size();
        for (int i = 0; i < places.length; i++) {
            if (places[i] < 0) {
                ordered.add(progress.get(i));
            }
        }
        begin(withDocuments == 0 ? Kind.POSITIONS : Kind.BATCH);
        for (int i = 0; i < batch.bodies().size(); i++) {
            Body body = batch.bodies().get(i);
            if (!ExcerptFormat.none(body)) {
                encoder.body(
                        outboxes.get(i).outputId(), body, body.runs(), source -> places[source]);
                bodies.add(body.gzip().duplicate());
                stats.appendedDocuments.add(body.documents());
            }
        }
        for (int i = 0; i < ordered.size(); i++) {
            SourceProgress source = ordered.get(i);
            // Bodies first: a crash between two excerpts must not leave positions without lines.
            if (i >= withDocuments
                    && encoder.totalBytes() + ExcerptFormat.maxSourceBytes(source.source())
                            > maxExcerptBytes) {
                finish();
                begin(Kind.POSITIONS);
            }
            Ledger.Step step = ledger.next(source);
            encoder.source(source.source(), source.position(), step.totals());
            steps.add(step);
        }
        finish();
    }

    private void begin(Kind kind) {
        bodies.clear();
        steps.clear();
        encoder.begin(kind, clock.millis());
    }

    /** Appends what is encoded, and lets it be read. */
    private void finish() {
        append(writer.current());
        stats.appendedExcerpts.increment();
        for (Ledger.Step step : steps) {
            SourceProgress source = step.progress();
            source.position()
                    .ifPresentOrElse(
                            position -> positions.put(source.source(), position),
                            () -> positions.remove(source.source()));
        }
    }

    private void append(Segment segment) {
        ByteBuffer header = encoder.end(lastSequence + 1);
        stats.appendedBytes.add(encoder.totalBytes());
        long end = writer.append(header, bodies);
        lastSequence++;
        // Before anybody can read it, and deliver it.
        ledger.appended(lastSequence, steps);
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
        long start = nanoClock.getAsLong();
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
            stats.blockedNanos.add(nanoClock.getAsLong() - start);
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
            encoder.source(
                    entry.getKey(), Optional.of(entry.getValue()), ledger.totals(entry.getKey()));
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
        } finally {
            segmentsLock.unlock();
        }
        // Counted on the disk before it is gone; if that fails, it is not counted twice later.
        if (!writeAcked(true)) {
            return false;
        }
        segmentsLock.lock();
        try {
            if (segments.contains(oldest)) {
                remove(oldest);
                stats.droppedSegments.increment();
            }
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
                for (BufferOutbox outbox : outboxes) {
                    documents += outbox.drop(next.get());
                }
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
        countMissing();
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
        return writeAcked(force, Ledger.KEPT_ENDED);
    }

    /**
     * As {@link #writeAcked(boolean)}.
     *
     * @param keptSources sources that ended and keep an entry of their own, if they can be folded
     */
    boolean writeAcked(boolean force, int keptSources) {
        ackedLock.lock();
        try {
            ackedUnwritten = false;
            int kept = keptSources;
            while (!writeAcked(kept)) {
                // On a full disk segments can be deleted only if this works: it makes itself small.
                if (kept == 0) {
                    throw new IOException("no space left to write it");
                }
                kept /= 2;
            }
            if (force || config.sync() instanceof Sync.Always) {
                ackedFile.force();
            }
            noAcked.clear();
            return true;
        } catch (IOException e) {
            ackedUnwritten = true;
            noAcked.raise(
                    "buffer "
                            + config.directory()
                            + ": what is acknowledged cannot be written ("
                            + e
                            + "); delivered documents stay in the buffer. Check the disk");
            return false;
        } finally {
            ackedWrittenNanos = nanoClock.getAsLong();
            ackedLock.unlock();
        }
    }

    /** Index and outcomes of one moment. */
    private boolean writeAcked(int keptSources) throws IOException {
        segmentsLock.lock();
        try {
            List<Acknowledged> acknowledged =
                    outboxes.stream().map(BufferOutbox::acknowledged).toList();
            long doneTo = acknowledged.stream().mapToLong(a -> a.index).min().orElseThrow();
            ledger.fold(keptSources, doneTo, forcedSequence);
            if (!segments.isEmpty()) {
                long oldest = segments.getFirst().firstSequence;
                unbelieved.forgetUpTo(oldest - 1);
                ledger.forgetEnds(oldest);
            }
            return ackedFile.write(acknowledged, unbelieved, ledger);
        } finally {
            segmentsLock.unlock();
        }
    }

    /**
     * Deliver threads, in passing: writes the acknowledged indexes and forces the current segment
     * when it is time.
     *
     * @return nanoseconds until it will be time again
     */
    long housekeep() {
        long now = nanoClock.getAsLong();
        long next = Long.MAX_VALUE;
        if (ackedUnwritten) {
            long left = ackedWrittenNanos + ackedIntervalNanos() - now;
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

    private long ackedIntervalNanos() {
        long bytes = ackedFile.lastBytes();
        return Math.max(
                ACKED_INTERVAL_NANOS, bytes * TimeUnit.SECONDS.toNanos(1) / ACKED_BYTES_PER_SECOND);
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
            long sequence = segment.lastSequence;
            timedForce(segment);
            segment.snapshotForced = segment.snapshot;
            forcedSegment = segment;
            forcedEnd = forcing;
            forcedSequence = Math.max(forcedSequence, sequence);
        } catch (IOException e) {
            forceFailed(segment, e);
        } finally {
            forcedNanos = nanoClock.getAsLong();
            forceLock.unlock();
        }
    }

    private void timedForce(Segment segment) throws IOException {
        long start = nanoClock.getAsLong();
        Disk.force(segment.file);
        noForce.clear();
        stats.forces.increment();
        stats.forceNanos.add(nanoClock.getAsLong() - start);
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
    void appendAgain(
            BufferOutbox outbox, HandedOut origin, int[] documents, int[] idBytes, Body body) {
        check(body);
        if (documents.length != body.documents() || idBytes.length != body.documents()) {
            throw new IllegalArgumentException(
                    body.documents()
                            + " documents are appended again, and "
                            + documents.length
                            + " numbers of them are given");
        }
        Runs runs = new Runs();
        List<String> sources = new ArrayList<>();
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < documents.length; i++) {
            String source = origin.runs.source(documents[i]);
            Integer place = places.get(source);
            if (place == null) {
                place = sources.size();
                places.put(source, place);
                sources.add(source);
            }
            runs.add(place, origin.runs.rawBytes(documents[i], idBytes[i]));
        }
        appendLock.lock();
        try {
            long bytes = againBytes(body, runs, sources);
            if (closed || !makeRoom(bytes, Long.MAX_VALUE, 0)) {
                throw new BufferException(
                        "buffer "
                                + config.directory()
                                + " has no room on its disk for documents that must wait; keep"
                                + " them in flight, free space on the disk");
            }
            begin(Kind.AGAIN);
            encoder.origin(origin.sequence, origin.root, origin.counted);
            encoder.body(outbox.outputId(), body, runs, place -> place);
            sources.forEach(encoder::source);
            bodies.add(body.gzip().duplicate());
            finish();
            stats.appendedAgainDocuments.add(body.documents());
        } finally {
            appendLock.unlock();
        }
        segmentsLock.lock();
        try {
            for (int i = 0; i < documents.length; i++) {
                origin.postponed.add(documents[i], idBytes[i]);
            }
        } finally {
            segmentsLock.unlock();
        }
        // What they came from is acknowledged next and their positions have gone on: a power cut
        // that took these would lose them.
        forceCurrent();
        outboxes.forEach(BufferOutbox::appended);
    }

    /** Deliver threads: says of excerpts that could not be read whose they were. */
    private void countMissing() {
        if (!isMissingSome()) {
            return;
        }
        appendLock.lock();
        try {
            segmentsLock.lock();
            try {
                outboxes.forEach(outbox -> outbox.countMissing(segments));
                ackedUnwritten = true;
            } finally {
                segmentsLock.unlock();
            }
        } finally {
            appendLock.unlock();
        }
    }

    private boolean isMissingSome() {
        segmentsLock.lock();
        try {
            return outboxes.stream().anyMatch(BufferOutbox::isMissingSome);
        } finally {
            segmentsLock.unlock();
        }
    }

    /**
     * Files of dead letters are about to make room for newer ones.
     *
     * @param upTo number of the newest of them
     * @return whether the disk knows it: the files may go
     */
    boolean dropLetters(int output, long upTo, Map<String, Amount> letters) {
        ledger.dropLetters(output, upTo, letters);
        return writeAcked(true);
    }

    /** The state directory. */
    Path directory() {
        return config.directory();
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
        try {
            ackedFile.close();
        } catch (IOException e) {
            LOG.log(Level.WARNING, "the acknowledged index cannot be closed: {0}", e);
        }
    }
}
