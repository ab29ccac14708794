package io.sluice.buffer;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * What the store of dead letters has done since its start, and what it holds. Any thread may read;
 * counters only grow.
 */
public final class DeadLetterStats {
    final LongAdder written = new LongAdder();
    final LongAdder repeated = new LongAdder();
    final LongAdder dropped = new LongAdder();
    final LongAdder failedForces = new LongAdder();
    final AtomicLong bytes = new AtomicLong();
    final AtomicLong letters = new AtomicLong();

    private final Runnable lookAgain;

    /**
     * @param lookAgain brings the gauges up to date: commands remove letters while the agent runs
     */
    DeadLetterStats(Runnable lookAgain) {
        this.lookAgain = lookAgain;
    }

    /** Letters that are safe on the disk. */
    public long written() {
        return written.sum();
    }

    /** Letters that were kept already: their excerpt was sent more than once. */
    public long repeated() {
        return repeated.sum();
    }

    /** Letters that made room for newer ones, or were too large for a file: lost. */
    public long dropped() {
        return dropped.sum();
    }

    /** How often the disk refused to take letters. */
    public long failedForces() {
        return failedForces.sum();
    }

    /** Gauge: bytes in the files, those of earlier runs included. */
    public long bytes() {
        lookAgain.run();
        return bytes.get();
    }

    /** Gauge: letters in the files, those of earlier runs included. */
    public long letters() {
        lookAgain.run();
        return letters.get();
    }
}
