package io.sluice.tail;

import java.io.IOException;
import java.util.zip.CRC32C;

/**
 * What the beginning of a file looked like, and the end of what was read of it. A file that does
 * not look so any more holds another content: it was truncated, even if it has grown beyond what
 * was read since.
 *
 * <p>Two windows of half a kilobyte: CRI lines begin with their time, Docker's end with it. A plain
 * file whose lines carry no time, and whose new content is the same at both places, is taken for
 * the old one.
 */
final class Marks {
    static final int WINDOW_BYTES = 512;

    /** Where a file's bytes come from. */
    @FunctionalInterface
    interface Window {
        /**
         * @return fewer bytes where the file ends
         */
        byte[] read(long from, int length) throws IOException;
    }

    private final CRC32C sum = new CRC32C();
    private int headBytes;
    private long headSum;
    private long tailFrom;
    private int tailBytes;
    private long tailSum;

    /** Whether there is something to compare. */
    boolean areSet() {
        return headBytes > 0;
    }

    /** Forgets all: the file begins anew. */
    void clear() {
        headBytes = 0;
        tailBytes = 0;
    }

    /**
     * These bytes stand in the file.
     *
     * @param from offset of the first
     */
    void note(byte[] bytes, int length, long from) {
        if (length == 0) {
            return;
        }
        if (from == 0 && headBytes < WINDOW_BYTES) {
            headBytes = Math.min(length, WINDOW_BYTES);
            headSum = sum(bytes, 0, headBytes);
        }
        tailBytes = Math.min(length, WINDOW_BYTES);
        tailFrom = from + length - tailBytes;
        tailSum = sum(bytes, length - tailBytes, tailBytes);
    }

    /** These bytes are the file's first ones. */
    void noteHead(byte[] bytes) {
        headBytes = Math.min(bytes.length, WINDOW_BYTES);
        headSum = sum(bytes, 0, headBytes);
    }

    /** Reading goes on behind these bytes. */
    void noteTail(byte[] bytes, long from) {
        tailBytes = bytes.length;
        tailFrom = from;
        tailSum = sum(bytes, 0, tailBytes);
    }

    /** Whether the bytes begin as this file does; false where its beginning is not known. */
    boolean beginLike(Window file) throws IOException {
        return headBytes > 0 && isSame(file.read(0, headBytes), headBytes, headSum);
    }

    /** Whether the bytes are those of this file, at its beginning and where reading has come to. */
    boolean match(Window file) throws IOException {
        return beginLike(file)
                && (tailBytes == 0 || isSame(file.read(tailFrom, tailBytes), tailBytes, tailSum));
    }

    private boolean isSame(byte[] bytes, int length, long expected) {
        return bytes.length == length && sum(bytes, 0, length) == expected;
    }

    private long sum(byte[] bytes, int from, int length) {
        sum.reset();
        sum.update(bytes, from, length);
        return sum.getValue();
    }
}
