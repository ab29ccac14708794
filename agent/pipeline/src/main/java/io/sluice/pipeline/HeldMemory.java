package io.sluice.pipeline;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One encoder's memory for what is open between chunks, bounded: its share of {@code
 * openRecordBytes}.
 *
 * <p>Each encoder has its own share instead of a common account: the largest record can then be cut
 * by the one thread that may touch it, and no bytes are counted across threads. Buffers have sizes
 * of powers of two and are used again; what waits to be used again counts, too.
 *
 * <p>When the share is used up the largest holder is cut to a half (and marked), or, if that is the
 * one that asks for more, stays as it is. Two things may pass the bound: the first {@value
 * #SMALLEST_BYTES} bytes of each holder, because a record cannot do without its time, and the copy
 * of a half while a holder is cut.
 */
final class HeldMemory {
    static final int SMALLEST_BYTES = 1_024;

    /** Buffers that wait to be used again are let go beyond this. */
    private static final int FREE_BYTES = 1024 * 1024;

    private static final int SIZES = 32;

    private final long boundBytes;
    private final List<HeldBytes> lent = new ArrayList<>();
    private final List<Deque<byte[]>> free = new ArrayList<>(SIZES);

    /** Written by the encoder, read by whoever looks at the gauge. */
    private final AtomicLong lentBytes = new AtomicLong();

    private long freeBytes;

    HeldMemory(long boundBytes) {
        this.boundBytes = boundBytes;
        for (int i = 0; i < SIZES; i++) {
            free.add(new ArrayDeque<>());
        }
    }

    /** Everything that holds memory now. The caller may release while it walks backwards. */
    List<HeldBytes> lent() {
        return lent;
    }

    /** Any thread. */
    long lentBytes() {
        return lentBytes.getPlain();
    }

    /**
     * Appends {@code [from, to)} as far as limit and memory allow; what is left out marks the
     * holder as cut.
     *
     * @param limitBytes the holder gets no longer than this
     */
    void append(HeldBytes held, byte[] bytes, int from, int to, int limitBytes) {
        if (held.cut) {
            return;
        }
        int fitting = Math.min(to - from, limitBytes - held.length);
        if (held.bytes.length - held.length < fitting || held.bytes.length == 0) {
            grow(held, held.length + fitting);
            fitting = Math.min(fitting, held.bytes.length - held.length);
        }
        System.arraycopy(bytes, from, held.bytes, held.length, fitting);
        held.length += fitting;
        held.cut = fitting < to - from;
    }

    void release(HeldBytes held) {
        if (held.lentIndex >= 0) {
            HeldBytes last = lent.removeLast();
            if (held.lentIndex < lent.size()) {
                lent.set(held.lentIndex, last);
                last.lentIndex = held.lentIndex;
            }
            held.lentIndex = -1;
        }
        giveBack(held.bytes);
        held.bytes = HeldBytes.NONE;
        held.length = 0;
        held.cut = false;
    }

    private void grow(HeldBytes held, int neededBytes) {
        int size = sizeFor(Math.max(neededBytes, 2 * held.bytes.length));
        if (!makeRoom(held, size)) {
            if (held.bytes.length > 0) {
                return;
            }
            size = SMALLEST_BYTES;
        }
        if (held.lentIndex < 0) {
            held.lentIndex = lent.size();
            lent.add(held);
        }
        replace(held, size);
    }

    private boolean makeRoom(HeldBytes held, int size) {
        while (lentBytes.getPlain() + freeBytes + size > boundBytes && !isFree(size)) {
            if (freeBytes > 0) {
                dropLargestFree();
                continue;
            }
            HeldBytes largest = largest();
            if (largest == null
                    || largest.lentIndex == held.lentIndex
                    || largest.bytes.length <= size) {
                return false;
            }
            largest.length = Math.min(largest.length, largest.bytes.length / 2);
            largest.cut = true;
            replace(largest, largest.bytes.length / 2);
        }
        return true;
    }

    private HeldBytes largest() {
        HeldBytes largest = null;
        for (HeldBytes held : lent) {
            if (largest == null || held.bytes.length > largest.bytes.length) {
                largest = held;
            }
        }
        return largest;
    }

    private void replace(HeldBytes held, int size) {
        byte[] larger = take(size);
        System.arraycopy(held.bytes, 0, larger, 0, held.length);
        giveBack(held.bytes);
        held.bytes = larger;
    }

    private boolean isFree(int size) {
        return !free.get(Integer.numberOfTrailingZeros(size)).isEmpty();
    }

    private byte[] take(int size) {
        byte[] buffer = free.get(Integer.numberOfTrailingZeros(size)).pollLast();
        if (buffer == null) {
            buffer = new byte[size];
        } else {
            freeBytes -= size;
        }
        lentBytes.setOpaque(lentBytes.getPlain() + size);
        return buffer;
    }

    private void giveBack(byte[] buffer) {
        if (buffer.length == 0) {
            return;
        }
        lentBytes.setOpaque(lentBytes.getPlain() - buffer.length);
        if (freeBytes + buffer.length <= FREE_BYTES) {
            freeBytes += buffer.length;
            free.get(Integer.numberOfTrailingZeros(buffer.length)).addLast(buffer);
        }
    }

    private void dropLargestFree() {
        for (int i = SIZES - 1; i >= 0; i--) {
            byte[] buffer = free.get(i).pollLast();
            if (buffer != null) {
                freeBytes -= buffer.length;
                return;
            }
        }
    }

    private static int sizeFor(int bytes) {
        return bytes <= SMALLEST_BYTES ? SMALLEST_BYTES : Integer.highestOneBit(bytes - 1) << 1;
    }
}
