package io.sluice.buffer;

/**
 * An excerpt that one output has been given and has not acknowledged yet. Guarded by the buffer's
 * lock of segments.
 */
final class HandedOut {
    final long sequence;

    /** The first excerpt that had these documents; itself, unless they were appended again. */
    final long root;

    /** The ledger takes notice of it: what it holds was counted as read, and not anywhere else. */
    final boolean counted;

    final ExcerptRuns runs;

    /** Documents that were appended again: they stay in flight. */
    final ExcerptOutcome.Numbered postponed = new ExcerptOutcome.Numbered();

    HandedOut(long sequence, long root, boolean counted, ExcerptRuns runs) {
        this.sequence = sequence;
        this.root = root;
        this.counted = counted;
        this.runs = runs;
    }
}
