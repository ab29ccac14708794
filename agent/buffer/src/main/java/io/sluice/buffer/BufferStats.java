package io.sluice.buffer;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What the buffer has done since its start, and what it holds. Any thread may read; counters only
 * grow.
 */
public final class BufferStats {
    final LongAdder appendedExcerpts = new LongAdder();
    final LongAdder appendedDocuments = new LongAdder();
    final LongAdder appendedBytes = new LongAdder();
    final LongAdder appendedAgainDocuments = new LongAdder();
    final LongAdder handedOutExcerpts = new LongAdder();
    final LongAdder deletedSegments = new LongAdder();
    final LongAdder droppedDocuments = new LongAdder();
    final LongAdder droppedSegments = new LongAdder();
    final LongAdder damagedExcerpts = new LongAdder();
    final LongAdder quarantinedSegments = new LongAdder();
    final LongAdder forces = new LongAdder();
    final LongAdder failedForces = new LongAdder();
    final LongAdder forceNanos = new LongAdder();
    final LongAdder blockedNanos = new LongAdder();
    private final LongSupplier usedBytes;
    private final LongSupplier segments;
    private final Supplier<List<String>> troubles;
    volatile boolean full;

    BufferStats(LongSupplier usedBytes, LongSupplier segments, Supplier<List<String>> troubles) {
        this.usedBytes = usedBytes;
        this.segments = segments;
        this.troubles = troubles;
    }

    /** Excerpts appended, of any kind but snapshots. */
    public long appendedExcerpts() {
        return appendedExcerpts.sum();
    }

    /** Documents appended, counted once for each output. */
    public long appendedDocuments() {
        return appendedDocuments.sum();
    }

    /** Bytes appended: headers and compressed bodies. */
    public long appendedBytes() {
        return appendedBytes.sum();
    }

    /** Documents appended again because they have to wait while others go on. */
    public long appendedAgainDocuments() {
        return appendedAgainDocuments.sum();
    }

    /** Excerpts handed out for delivery, counted for each output. */
    public long handedOutExcerpts() {
        return handedOutExcerpts.sum();
    }

    /** Segments deleted because every output had acknowledged them. */
    public long deletedSegments() {
        return deletedSegments.sum();
    }

    /** Segments dropped by {@code dropOldest}. */
    public long droppedSegments() {
        return droppedSegments.sum();
    }

    /** Documents in them that were not acknowledged, counted for each output: lost. */
    public long droppedDocuments() {
        return droppedDocuments.sum();
    }

    /** Places in segments where bytes were damaged and at least one excerpt is missing: lost. */
    public long damagedExcerpts() {
        return damagedExcerpts.sum();
    }

    /** Segments that could not be read and lie in {@code quarantine} now. */
    public long quarantinedSegments() {
        return quarantinedSegments.sum();
    }

    /** How often data was forced to the disk. */
    public long forces() {
        return forces.sum();
    }

    /** How often the disk refused that. */
    public long failedForces() {
        return failedForces.sum();
    }

    /** Time spent forcing, nanoseconds. */
    public long forceNanos() {
        return forceNanos.sum();
    }

    /** Time encoders waited because the buffer was full, nanoseconds. */
    public long blockedNanos() {
        return blockedNanos.sum();
    }

    /** Gauge: whether an append waits for room. */
    public boolean full() {
        return full;
    }

    /** What the disk refuses just now, in words; empty while all is well. */
    public List<String> troubles() {
        return troubles.get();
    }

    /** Gauge: bytes of disk the segments take, space taken ahead included. */
    public long usedBytes() {
        return usedBytes.getAsLong();
    }

    /** Gauge: segments on the disk. */
    public long segments() {
        return segments.getAsLong();
    }
}
