package io.sluice.buffer;

import java.nio.file.Path;

/**
 * One file of the buffer.
 *
 * <p>{@code end}, {@code lastSequence} and {@code sealed} are written by the appender under its
 * lock, {@code end} last: who sees an end may read all bytes before it. The other fields are
 * written under the lock of the list of segments.
 */
final class Segment {
    final int cycle;
    final Path file;

    /** Sequence of the first excerpt. */
    final long firstSequence;

    /** Bytes the file takes on the disk. */
    long allocatedBytes;

    /** Whether it begins with a whole snapshot of the positions. */
    boolean snapshot;

    /** Whether that snapshot is known to be on the disk. */
    volatile boolean snapshotForced;

    /** No excerpt of this segment has a higher sequence, once it is {@link #sealed}. */
    volatile long lastSequence;

    /** Where readers stop. */
    volatile long end;

    /** Nothing will be appended any more. */
    volatile boolean sealed;

    Segment(int cycle, Path file, long firstSequence) {
        this.cycle = cycle;
        this.file = file;
        this.firstSequence = firstSequence;
        this.lastSequence = firstSequence;
    }
}
