package io.sluice.pipeline;

import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A fixed set of names, found by their bytes without making a string of them. Immutable.
 *
 * <p>Also the hash of a name, which {@link JsonWalker} needs for every one it meets.
 */
final class NameTable {
    private static final VarHandle LONGS = JsonText.LONGS;

    /** Another one in each process: nobody can prepare names that share a slot. */
    private static final long SEED = new SplittableRandom().nextLong();

    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

    private final byte[][] names;
    private final long[] hashes;

    /** Indexes into {@link #names}; -1 for a free slot. */
    private final int[] slots;

    NameTable(String... names) {
        this.names = new byte[names.length][];
        this.hashes = new long[names.length];
        this.slots = new int[Integer.highestOneBit(Math.max(1, names.length)) * 4];
        Arrays.fill(slots, -1);
        for (int i = 0; i < names.length; i++) {
            this.names[i] = names[i].getBytes(StandardCharsets.UTF_8);
            hashes[i] = hash(this.names[i], 0, this.names[i].length);
            int slot = slot(hashes[i]);
            while (slots[slot] >= 0) {
                slot = (slot + 1) & (slots.length - 1);
            }
            slots[slot] = i;
        }
    }

    /**
     * @param hash {@link #hash} of the same bytes
     * @return which of the names it is, or -1
     */
    int find(byte[] bytes, int from, int to, long hash) {
        int slot = slot(hash);
        while (slots[slot] >= 0) {
            int found = slots[slot];
            if (hashes[found] == hash
                    && Arrays.equals(bytes, from, to, names[found], 0, names[found].length)) {
                return found;
            }
            slot = (slot + 1) & (slots.length - 1);
        }
        return -1;
    }

    private int slot(long hash) {
        return (int) hash & (slots.length - 1);
    }

    /** Alike for equal bytes, in this process. */
    static long hash(byte[] bytes, int from, int to) {
        long hash = SEED + (to - from);
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            hash = mix(hash ^ (long) LONGS.get(bytes, at));
        }
        return at < to ? mix(hash ^ rest(bytes, at, to)) : hash;
    }

    /** One to seven bytes as a word, zeros above them. */
    private static long rest(byte[] bytes, int from, int to) {
        if (from <= bytes.length - Long.BYTES) {
            return (long) LONGS.get(bytes, from) & (-1L >>> (Long.SIZE - Byte.SIZE * (to - from)));
        }
        long word = 0;
        for (int at = to - 1; at >= from; at--) {
            word = (word << Byte.SIZE) | (bytes[at] & 0xFF);
        }
        return word;
    }

    private static long mix(long word) {
        long product = word * MULTIPLIER;
        return product ^ (product >>> 32);
    }
}
