package io.sluice.buffer;

import io.sluice.buffer.ExcerptFormat.BodyEntry;
import io.sluice.buffer.ExcerptFormat.Header;
import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.pipeline.Batch;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * One output's way through the segments.
 *
 * <p>Fields are guarded by the buffer's lock of segments, so that a segment is not dropped while
 * its excerpt is read; only waiting is outside of it.
 */
final class BufferOutbox implements Outbox {
    private static final System.Logger LOG = System.getLogger("io.sluice.buffer");

    private final Buffer buffer;
    private final Ledger ledger;
    private final String name;

    /** Its place among the outputs. */
    private final int output;

    private final int outputId;

    /** How far it is, as the disk is to know it. */
    private final Acknowledged acknowledged;

    private final Ranges unbelieved;

    /** No excerpt up to this was ever to be sent again, when the agent started. */
    private final long ackedAtStart;

    private SegmentReader reader;
    private Segment segment;

    /** Cycle of the last segment this output has read to its end. */
    private int doneCycle = -1;

    /** An excerpt that was found and not handed out yet. */
    private Header found;

    private BodyEntry foundBody;

    /** Every excerpt up to this was handed out or holds nothing for this output. */
    private long passedTo;

    private long handedOutTo;
    private long acked;

    /** In order; more than a few only while one of them waits. */
    private final Deque<HandedOut> handedOut = new ArrayDeque<>();

    /** Excerpts are missing, and nobody knows whose they were. */
    private boolean missing;

    /** A waiting deliver thread; and what ends its wait. */
    private volatile Thread waiting;

    private volatile boolean woken;

    BufferOutbox(
            Buffer buffer,
            Ledger ledger,
            String name,
            int output,
            Acknowledged acknowledged,
            Ranges unbelieved) {
        this.buffer = buffer;
        this.ledger = ledger;
        this.name = name;
        this.output = output;
        this.outputId = acknowledged.outputId;
        this.acknowledged = acknowledged;
        this.unbelieved = unbelieved;
        this.ackedAtStart = acknowledged.index;
        this.acked = ackedAtStart;
        this.passedTo = ackedAtStart;
        this.handedOutTo = ackedAtStart;
    }

    @Override
    public Optional<Excerpt> next() {
        buffer.housekeep();
        buffer.lockSegments();
        try {
            while (seek()) {
                Header header = found;
                BodyEntry entry = foundBody;
                found = null;
                foundBody = null;
                passedTo = header.sequence();
                Optional<byte[]> body = read(header, entry);
                if (body.isPresent()) {
                    handedOutTo = header.sequence();
                    handedOut.add(
                            new HandedOut(
                                    header.sequence(),
                                    header.rootSequence(),
                                    InFlight.isCounted(header, unbelieved),
                                    entry.runs()));
                    buffer.stats().handedOutExcerpts.increment();
                    return Optional.of(
                            new Excerpt(
                                    header.sequence(),
                                    entry.target(),
                                    entry.documents(),
                                    entry.uncompressedBytes(),
                                    ByteBuffer.wrap(body.get()),
                                    header.epochMillis(),
                                    entry.runs()));
                }
            }
            return Optional.empty();
        } finally {
            buffer.unlockSegments();
        }
    }

    private Optional<byte[]> read(Header header, BodyEntry entry) {
        String fault = "its checksum is wrong";
        try {
            Optional<byte[]> body = reader.body(entry);
            if (body.isPresent()) {
                return body;
            }
        } catch (IOException e) {
            fault = e.toString();
        }
        buffer.stats().damagedExcerpts.increment();
        LOG.log(
                Level.ERROR,
                "buffer segment {0}: excerpt {1} with {2} documents cannot be read ({3}); it is"
                        + " lost to output {4}. Check the disk",
                segment.file,
                Long.toString(header.sequence()),
                entry.documents(),
                fault,
                name);
        lose(header, entry, Drop.BUFFER_DAMAGED);
        acknowledged.settled.add(header.sequence());
        return Optional.empty();
    }

    /** Lock of segments held: what this output is to get of an excerpt, it will not get. */
    private void lose(Header header, BodyEntry entry, Drop cause) {
        if (InFlight.isCounted(header, unbelieved)) {
            ledger.drop(output, entry.runs(), cause);
        }
    }

    /** Finds the next excerpt with a body for this output, if none is found already. */
    private boolean seek() {
        while (found == null) {
            if (reader == null && !openNext()) {
                return false;
            }
            // In this order: nothing is appended to a segment once it is sealed.
            boolean sealed = segment.sealed;
            long end = segment.end;
            Optional<Header> header = readHeader(end, sealed);
            if (header.isPresent()) {
                examine(header.get());
            } else if (sealed) {
                leaveSegment();
            } else {
                return false;
            }
        }
        return true;
    }

    private Optional<Header> readHeader(long end, boolean sealed) {
        try {
            Optional<Header> header = reader.next(end, sealed);
            if (reader.skipped()) {
                damaged("some bytes of it are damaged");
            }
            return header;
        } catch (IOException e) {
            damaged(e.toString());
            return Optional.empty();
        }
    }

    private void damaged(String fault) {
        missing = true;
        buffer.stats().damagedExcerpts.increment();
        LOG.log(
                Level.ERROR,
                "buffer segment {0}: {1} after excerpt {2}; what stood there is lost to output"
                        + " {3}. Check the disk",
                segment.file,
                fault,
                Long.toString(passedTo),
                name);
    }

    private void examine(Header header) {
        if (header.sequence() <= ackedAtStart) {
            return;
        }
        Optional<BodyEntry> body = header.body(outputId);
        if (body.isPresent() && !acknowledged.settled.contains(header.sequence())) {
            found = header;
            foundBody = body.get();
            return;
        }
        passedTo = Math.max(passedTo, header.sequence());
    }

    private boolean openNext() {
        for (Segment next; (next = buffer.segmentAfter(doneCycle)) != null; ) {
            segment = next;
            try {
                reader = new SegmentReader(next.file);
                return true;
            } catch (IOException e) {
                damaged(e.toString());
                leaveSegment();
            }
        }
        return false;
    }

    private void leaveSegment() {
        doneCycle = segment.cycle;
        passedTo = Math.max(passedTo, Math.max(segment.lastSequence, ackedAtStart));
        if (reader != null) {
            reader.close();
            reader = null;
        }
        segment = null;
    }

    /**
     * Lock of segments held: what this output has not got of an excerpt that is being dropped.
     *
     * @return documents
     */
    int drop(Header header) {
        Optional<BodyEntry> body = header.body(outputId);
        if (body.isEmpty()
                || header.sequence() <= ackedTo()
                || acknowledged.settled.contains(header.sequence())) {
            return 0;
        }
        lose(header, body.get(), Drop.BUFFER_DROPPED);
        return body.get().documents();
    }

    /** Lock of segments held: all of this segment is counted as dropped. */
    void dropped(Segment dropped) {
        if (dropped.lastSequence > ackedTo()) {
            acknowledged.settled.add(dropped.firstSequence, dropped.lastSequence);
        }
        if (segment == dropped) {
            found = null;
            foundBody = null;
            leaveSegment();
        }
    }

    /** Lock of segments held: whether a request with an excerpt of this segment is in flight. */
    boolean hasInFlight(Segment of) {
        return acked < handedOutTo && acked < of.lastSequence && handedOutTo >= of.firstSequence;
    }

    /** Lock of segments held: every excerpt up to this is done with. */
    long ackedTo() {
        return acked >= handedOutTo ? passedTo : acked;
    }

    /** Lock of segments held: what the disk is to know. */
    Acknowledged acknowledged() {
        acknowledged.advanceTo(ackedTo());
        return acknowledged;
    }

    int outputId() {
        return outputId;
    }

    /** Lock of segments held: excerpts cannot be read, and are not counted yet. */
    boolean isMissingSome() {
        return missing;
    }

    /** Append lock and lock of segments held: says of what is missing whose it was. */
    void countMissing(List<Segment> segments) {
        if (!missing) {
            return;
        }
        missing = false;
        InFlight inFlight = new InFlight(acknowledged(), unbelieved);
        for (HandedOut excerpt : handedOut) {
            if (excerpt.counted) {
                inFlight.see(excerpt.runs);
            }
        }
        try {
            for (Segment one : segments) {
                if (one.lastSequence > handedOutTo) {
                    see(one, inFlight);
                }
            }
        } catch (IOException e) {
            // The disk is failing: the next start counts what it finds.
            LOG.log(Level.WARNING, "buffer segments cannot be read to count the loss: {0}", e);
            return;
        }
        ledger.loseWhatIsMissing(output, inFlight.sources());
    }

    private void see(Segment one, InFlight inFlight) throws IOException {
        try (SegmentReader all = new SegmentReader(one.file)) {
            Optional<Header> header = all.next(one.end, one.sealed);
            for (; header.isPresent(); header = all.next(one.end, one.sealed)) {
                if (header.get().sequence() > handedOutTo) {
                    inFlight.see(header.get());
                }
            }
        }
    }

    @Override
    public void await(long nanos) throws InterruptedException {
        await(nanos, this::hasMore);
    }

    @Override
    public void awaitWake(long nanos) throws InterruptedException {
        await(nanos, () -> false);
    }

    private void await(long nanos, BooleanSupplier enough) throws InterruptedException {
        long wait = Math.min(nanos, buffer.housekeep());
        long deadline = System.nanoTime() + nanos;
        waiting = Thread.currentThread();
        try {
            while (wait > 0 && !woken && !enough.getAsBoolean()) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                LockSupport.parkNanos(this, wait);
                wait = Math.min(deadline - System.nanoTime(), buffer.housekeep());
            }
        } finally {
            waiting = null;
            woken = false;
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    private boolean hasMore() {
        buffer.lockSegments();
        try {
            return seek();
        } finally {
            buffer.unlockSegments();
        }
    }

    @Override
    public void wake() {
        woken = true;
        appended();
    }

    /** After something was appended: any thread. */
    void appended() {
        Thread thread = waiting;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void acknowledge(long index, List<ExcerptOutcome> outcomes) {
        Map<Long, ExcerptOutcome> byIndex = new HashMap<>();
        outcomes.forEach(outcome -> byIndex.put(outcome.index(), outcome));
        buffer.lockSegments();
        try {
            acked = Math.max(acked, Math.min(index, handedOutTo));
            while (!handedOut.isEmpty() && handedOut.getFirst().sequence <= acked) {
                HandedOut done = handedOut.removeFirst();
                ledger.done(output, done, Optional.ofNullable(byIndex.get(done.sequence)));
            }
        } finally {
            buffer.unlockSegments();
        }
        buffer.acknowledged();
    }

    @Override
    public void appendAgain(long index, int[] documents, int[] idBytes, Batch.Body body) {
        buffer.appendAgain(this, handedOut(index), documents, idBytes, body);
    }

    private HandedOut handedOut(long index) {
        buffer.lockSegments();
        try {
            for (HandedOut excerpt : handedOut) {
                if (excerpt.sequence == index) {
                    return excerpt;
                }
            }
        } finally {
            buffer.unlockSegments();
        }
        throw new IllegalArgumentException(
                "excerpt " + index + " is not handed out, or is acknowledged already");
    }

    @Override
    public boolean isEmpty() {
        buffer.lockSegments();
        try {
            return !seek() && acked >= handedOutTo;
        } finally {
            buffer.unlockSegments();
        }
    }

    void close() {
        if (reader != null) {
            reader.close();
            reader = null;
        }
    }
}
