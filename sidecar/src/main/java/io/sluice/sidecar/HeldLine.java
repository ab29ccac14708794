package io.sluice.sidecar;

import java.util.Arrays;

/**
 * A begun line, or an open record, whose end has not come yet. It keeps as much as a line may have
 * and as there is room for, and counts the rest. One thread at a time.
 */
final class HeldLine {
    private final int maxBytes;
    private final HeldBytes room;
    private byte[] bytes = {};
    private int length;
    private long allBytes;

    /** No more is kept of this line: a later byte must not follow a missing one. */
    private boolean cut;

    HeldLine(int maxBytes, HeldBytes room) {
        this.maxBytes = maxBytes;
        this.room = room;
    }

    void append(byte[] from, int begin, int end) {
        int wanted = end - begin;
        allBytes += wanted;
        if (cut) {
            return;
        }
        int kept = Math.min(wanted, maxBytes - length);
        if (!grow(length + kept)) {
            kept = bytes.length - length;
        }
        System.arraycopy(from, begin, bytes, length, kept);
        length += kept;
        cut = kept < wanted;
    }

    /**
     * @return whether there is room for so many
     */
    private boolean grow(int needed) {
        if (needed <= bytes.length) {
            return true;
        }
        int wanted =
                Math.min(
                        Math.max(maxBytes, HeldBytes.FREE_BYTES),
                        Math.max(2 * needed, HeldBytes.FREE_BYTES));
        int counted = counted(wanted) - counted(bytes.length);
        if (counted > 0 && !room.take(counted)) {
            if (bytes.length == 0) {
                bytes = new byte[HeldBytes.FREE_BYTES];
            }
            return false;
        }
        bytes = Arrays.copyOf(bytes, wanted);
        return true;
    }

    private static int counted(int size) {
        return Math.max(0, size - HeldBytes.FREE_BYTES);
    }

    boolean isOpen() {
        return allBytes > 0;
    }

    /** What is kept; {@code [0, length)} is meant. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** With what was not kept. */
    long allBytes() {
        return allBytes;
    }

    /** Its end has come and is dealt with. */
    void clear() {
        length = 0;
        allBytes = 0;
        cut = false;
        if (bytes.length > HeldBytes.FREE_BYTES) {
            room.give(counted(bytes.length));
            bytes = new byte[0];
        }
    }
}
