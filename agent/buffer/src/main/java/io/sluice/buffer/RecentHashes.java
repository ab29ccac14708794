package io.sluice.buffer;

/**
 * A set of 64-bit hashes that remembers at least the newest {@code limit} of them, in two
 * generations: when the young one is full it becomes the old one, and the old one is forgotten.
 */
final class RecentHashes {
    private static final int FIRST_SLOTS = 1024;

    private final int limit;
    private long[] old = new long[2];
    private long[] young = new long[FIRST_SLOTS];
    private int size;

    RecentHashes(int limit) {
        this.limit = limit;
    }

    boolean contains(long hash) {
        return young[slot(young, hash)] != 0 || old[slot(old, hash)] != 0;
    }

    void add(long hash) {
        if (size == limit) {
            old = young;
            young = new long[FIRST_SLOTS];
            size = 0;
        } else if (size == young.length / 2) {
            long[] smaller = young;
            young = new long[2 * smaller.length];
            for (long value : smaller) {
                if (value != 0) {
                    young[slot(young, value)] = value;
                }
            }
        }
        int slot = slot(young, hash);
        if (young[slot] == 0) {
            young[slot] = stored(hash);
            size++;
        }
    }

    /** Where the hash is, or the empty slot where it would be. */
    private static int slot(long[] table, long hash) {
        long value = stored(hash);
        int slot = (int) value & table.length - 1;
        while (table[slot] != 0 && table[slot] != value) {
            slot = slot + 1 & table.length - 1;
        }
        return slot;
    }

    /** An empty slot is 0. */
    private static long stored(long hash) {
        return hash == 0 ? 1 : hash;
    }
}
