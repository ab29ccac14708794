package io.sluice.benchmarks;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Finds the {@link Marker}s in the NDJSON of bodies, document by document.
 *
 * <p>A marker that one document has twice (in a field of its own and in a copy of the raw line)
 * counts once.
 */
final class MarkerScanner implements Pieces {
    /** What is found. */
    interface Lines {
        /** A document with this line in it; if the line is a split one, with its end, too. */
        void line(int source, long number);

        /** A document that begins as this split line does, without the line's end. */
        void torn(int source, long number);
    }

    private static final long NEWLINES = EightBytes.all((byte) '\n');
    private static final long BEGINS = EightBytes.all(Marker.BEGIN);
    private static final long ENDS = EightBytes.all(Marker.END);

    /** No number of ours is longer. */
    private static final long LARGEST = 1_000_000_000_000L;

    /** A number takes the lower bits of a key, its source the upper ones. */
    private static final int NUMBER_BITS = 40;

    private static final long NUMBER_MASK = (1L << NUMBER_BITS) - 1;

    private final Lines lines;

    /** Keys of this document's whole lines, of its beginnings, and of its ends. */
    private final Keys whole = new Keys();

    private final Keys begun = new Keys();
    private final Keys ended = new Keys();

    /** Inside of what may be a marker: the byte it began with, else 0. */
    private byte opened;

    /** The number before the colon; negative until the colon has come. */
    private long before;

    /** The number being read; negative before its first digit. */
    private long number;

    private static final class Keys {
        private long[] keys = new long[16];
        private int size;

        void add(long key) {
            if (contains(key)) {
                return;
            }
            if (size == keys.length) {
                keys = Arrays.copyOf(keys, 2 * size);
            }
            keys[size++] = key;
        }

        boolean contains(long key) {
            for (int i = 0; i < size; i++) {
                if (keys[i] == key) {
                    return true;
                }
            }
            return false;
        }
    }

    MarkerScanner(Lines lines) {
        this.lines = lines;
    }

    @Override
    public void take(MemorySegment bytes, int length) {
        int at = 0;
        while (at < length) {
            if (opened == 0) {
                at = next(bytes, at, length);
                if (at == length) {
                    return;
                }
            }
            step(bytes.get(ValueLayout.JAVA_BYTE, at));
            at++;
        }
    }

    /** Index of the next byte that means something, or {@code length}. */
    private static int next(MemorySegment bytes, int from, int length) {
        int at = from;
        for (; at <= length - Long.BYTES; at += Long.BYTES) {
            long word = EightBytes.at(bytes, at);
            long hits =
                    EightBytes.hits(word, NEWLINES)
                            | EightBytes.hits(word, BEGINS)
                            | EightBytes.hits(word, ENDS);
            if (hits != 0) {
                return at + (Long.numberOfTrailingZeros(hits) >>> 3);
            }
        }
        while (at < length && !means(bytes.get(ValueLayout.JAVA_BYTE, at))) {
            at++;
        }
        return at;
    }

    private static boolean means(byte single) {
        return single == '\n' || single == Marker.BEGIN || single == Marker.END;
    }

    private void step(byte single) {
        if (opened != 0 && single >= '0' && single <= '9') {
            number = Math.max(number, 0) * 10 + (single - '0');
            if (number > LARGEST) {
                opened = 0;
            }
        } else if (opened != 0 && single == ':' && before < 0 && number >= 0) {
            before = number;
            number = -1;
        } else if (opened != 0 && before >= 0 && number >= 0 && closes(single)) {
            found(before << NUMBER_BITS | number, single);
            opened = 0;
        } else {
            opened = 0;
            if (single == '\n') {
                endDocument();
            } else if (means(single)) {
                opened = single;
                before = -1;
                number = -1;
            }
        }
    }

    private boolean closes(byte single) {
        return single == Marker.END || (single == Marker.SPLIT && opened == Marker.BEGIN);
    }

    private void found(long key, byte closing) {
        if (opened == Marker.END) {
            ended.add(key);
        } else if (closing == Marker.SPLIT) {
            begun.add(key);
        } else {
            whole.add(key);
        }
    }

    private void endDocument() {
        for (int i = 0; i < whole.size; i++) {
            lines.line(source(whole.keys[i]), whole.keys[i] & NUMBER_MASK);
        }
        for (int i = 0; i < begun.size; i++) {
            long key = begun.keys[i];
            if (ended.contains(key)) {
                lines.line(source(key), key & NUMBER_MASK);
            } else {
                lines.torn(source(key), key & NUMBER_MASK);
            }
        }
        whole.size = 0;
        begun.size = 0;
        ended.size = 0;
    }

    private static int source(long key) {
        return (int) (key >>> NUMBER_BITS);
    }
}
