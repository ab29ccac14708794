package io.sluice.benchmarks;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Which lines have arrived, by source and number: every single one, so that a lost and a doubled
 * one do not hide each other. Any thread.
 */
final class LineCheck implements MarkerScanner.Lines {
    /** More would be a marker that is none of ours. */
    private static final int MOST_SOURCES = 1_000_000;

    private final List<BitSet> arrived = new ArrayList<>();
    private long lines;
    private long doubled;
    private long torn;

    /**
     * What became of the lines that were written.
     *
     * @param lost never arrived
     * @param doubled arrivals of lines that had arrived before
     * @param torn split lines that arrived in pieces, or without their end; they are not lost
     */
    record Outcome(long lost, long doubled, long torn) {
        boolean isPerfect() {
            return lost == 0 && doubled == 0 && torn == 0;
        }
    }

    @Override
    public synchronized void line(int source, long number) {
        arrive(source, number);
    }

    @Override
    public synchronized void torn(int source, long number) {
        arrive(source, number);
        torn++;
    }

    private void arrive(int source, long number) {
        if (source >= MOST_SOURCES || number > Integer.MAX_VALUE) {
            return;
        }
        while (arrived.size() <= source) {
            arrived.add(new BitSet());
        }
        BitSet numbers = arrived.get(source);
        if (numbers.get((int) number)) {
            doubled++;
        } else {
            numbers.set((int) number);
            lines++;
        }
    }

    /** Different lines that have arrived. */
    synchronized long lines() {
        return lines;
    }

    /**
     * Compares with what was written.
     *
     * @param written lines by source, numbered from 0
     */
    synchronized Outcome outcome(long[] written) {
        long lost = 0;
        for (int source = 0; source < written.length; source++) {
            BitSet numbers = source < arrived.size() ? arrived.get(source) : new BitSet();
            lost += written[source] - numbers.get(0, (int) written[source]).cardinality();
        }
        return new Outcome(lost, doubled, torn);
    }
}
