package io.sluice.sidecar;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What all begun lines and open records may hold together beyond their first {@link #FREE_BYTES}: a
 * hundred connections that each begin a long line do not make the process grow. Any thread.
 */
final class HeldBytes {
    /** What each begun line may hold at any rate. */
    static final int FREE_BYTES = 4 * 1024;

    private final long limit;
    private final AtomicLong taken = new AtomicLong();

    HeldBytes(long limit) {
        this.limit = limit;
    }

    /** Takes room for so many bytes, or none. */
    boolean take(int bytes) {
        if (taken.addAndGet(bytes) <= limit) {
            return true;
        }
        taken.addAndGet(-bytes);
        return false;
    }

    void give(int bytes) {
        taken.addAndGet(-bytes);
    }

    long takenBytes() {
        return taken.get();
    }
}
