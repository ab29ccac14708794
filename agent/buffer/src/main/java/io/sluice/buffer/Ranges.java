package io.sluice.buffer;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A set of sequences of excerpts, kept as ranges in order. There are few: it holds what is
 * exceptional, and only ahead of the acknowledged index.
 */
final class Ranges {
    /** Both ends are in it. */
    record Range(long from, long to) {}

    private final List<Range> ranges = new ArrayList<>();

    void add(long sequence) {
        add(sequence, sequence);
    }

    void add(long from, long to) {
        long start = from;
        long end = to;
        int at = 0;
        while (at < ranges.size() && ranges.get(at).to < start - 1) {
            at++;
        }
        while (at < ranges.size() && ranges.get(at).from <= end + 1) {
            Range touching = ranges.remove(at);
            start = Math.min(start, touching.from);
            end = Math.max(end, touching.to);
        }
        ranges.add(at, new Range(start, end));
    }

    boolean contains(long sequence) {
        for (Range range : ranges) {
            if (sequence <= range.to) {
                return sequence >= range.from;
            }
        }
        return false;
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    /** Lets go of ranges that end at or before this. */
    void forgetUpTo(long sequence) {
        while (!ranges.isEmpty() && ranges.getFirst().to <= sequence) {
            ranges.removeFirst();
        }
    }

    /** {@link Varints}: how many, then for each where it begins and how far it goes on. */
    void put(ByteBuffer out) {
        Varints.put(out, ranges.size());
        for (Range range : ranges) {
            Varints.put(out, range.from);
            Varints.put(out, range.to - range.from);
        }
    }

    static Ranges take(ByteBuffer in) {
        Ranges ranges = new Ranges();
        for (int left = Varints.takeInt(in); left > 0; left--) {
            long from = Varints.take(in);
            ranges.add(from, from + Varints.take(in));
        }
        return ranges;
    }

    @Override
    public String toString() {
        return ranges.toString();
    }
}
