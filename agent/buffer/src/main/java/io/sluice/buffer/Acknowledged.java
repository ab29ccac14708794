package io.sluice.buffer;

/**
 * How far one output has come, as the disk knows it or is to know it.
 *
 * <p>Guarded by the buffer's lock of segments once the buffer is open.
 */
final class Acknowledged {
    /** See {@link ExcerptFormat#outputId}. */
    final int outputId;

    /** Every excerpt up to and with this one is done. */
    long index;

    /**
     * Excerpts beyond {@link #index} that are done all the same, and are not to be handed out: they
     * were dropped, cannot be read, or their documents are in an earlier one that is sent again.
     */
    final Ranges settled;

    /**
     * Excerpts of documents that were appended again, whose origin is not acknowledged as far as is
     * known, and is not on the disk either. Found by each start, not kept.
     */
    final Ranges orphans = new Ranges();

    Acknowledged(int outputId, long index, Ranges settled) {
        this.outputId = outputId;
        this.index = index;
        this.settled = settled;
    }

    /** Of an output that has acknowledged nothing yet. */
    static Acknowledged nothing(int outputId) {
        return new Acknowledged(outputId, 0, new Ranges());
    }

    void advanceTo(long newIndex) {
        index = Math.max(index, newIndex);
        settled.forgetUpTo(index);
        orphans.forgetUpTo(index);
    }
}
