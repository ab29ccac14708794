package io.sluice.buffer;

import io.sluice.buffer.ExcerptFormat.BodyEntry;
import io.sluice.buffer.ExcerptFormat.Header;
import io.sluice.pipeline.Batch;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.List;
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
    private final String name;
    private final int outputId;

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

    /** A waiting deliver thread; and what ends its wait. */
    private volatile Thread waiting;

    private volatile boolean woken;

    BufferOutbox(Buffer buffer, String name, long ackedAtStart) {
        this.buffer = buffer;
        this.name = name;
        this.outputId = ExcerptFormat.outputId(name);
        this.ackedAtStart = ackedAtStart;
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
                    buffer.stats().handedOutExcerpts.increment();
                    return Optional.of(
                            new Excerpt(
                                    header.sequence(),
                                    entry.target(),
                                    entry.documents(),
                                    entry.uncompressedBytes(),
                                    ByteBuffer.wrap(body.get()),
                                    header.epochMillis(),
                                    ExcerptRuns.unknown(entry.documents())));
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
        return Optional.empty();
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
        for (BodyEntry body : header.bodies()) {
            if (body.output() == outputId) {
                found = header;
                foundBody = body;
                return;
            }
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

    /** Lock of segments held: this segment is being dropped. */
    void dropped(Segment dropped) {
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

    int outputId() {
        return outputId;
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
        buffer.lockSegments();
        try {
            acked = Math.max(acked, Math.min(index, handedOutTo));
        } finally {
            buffer.unlockSegments();
        }
        buffer.acknowledged();
    }

    @Override
    public void appendAgain(long index, int[] documents, int[] idBytes, Batch.Body body) {
        buffer.appendAgain(this, body);
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
