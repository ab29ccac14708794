package io.sluice.benchmarks;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Counts newlines and {@link Marker}s without a look at what they say: what must be known of a body
 * while the clock runs.
 */
final class LineCounter implements Pieces {
    private static final long NEWLINES = EightBytes.all((byte) '\n');
    private static final long MARKERS = EightBytes.all(Marker.BEGIN);

    private long newlines;
    private long markers;

    long newlines() {
        return newlines;
    }

    long markers() {
        return markers;
    }

    void clear() {
        newlines = 0;
        markers = 0;
    }

    @Override
    public void take(MemorySegment bytes, int length) {
        long newlinesHere = 0;
        long markersHere = 0;
        int at = 0;
        for (; at <= length - Long.BYTES; at += Long.BYTES) {
            long word = EightBytes.at(bytes, at);
            newlinesHere += Long.bitCount(EightBytes.hits(word, NEWLINES));
            markersHere += Long.bitCount(EightBytes.hits(word, MARKERS));
        }
        for (; at < length; at++) {
            byte single = bytes.get(ValueLayout.JAVA_BYTE, at);
            newlinesHere += single == '\n' ? 1 : 0;
            markersHere += single == Marker.BEGIN ? 1 : 0;
        }
        newlines += newlinesHere;
        markers += markersHere;
    }
}
