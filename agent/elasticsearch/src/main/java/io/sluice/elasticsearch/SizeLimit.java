package io.sluice.elasticsearch;

import java.util.concurrent.TimeUnit;

/**
 * How large a request may be, uncompressed: everything, until something is too large for the server
 * or a proxy before it; then half of that. After a while one request may be twice as large again,
 * because what stood in the way may have changed: if it is taken, so is the next of that size; if
 * not, it is doubted later and later.
 *
 * <p>One thread reads and tells; {@link #bytes} is for any.
 */
final class SizeLimit {
    static final int NONE = Integer.MAX_VALUE;

    /** A learned limit that has grown to this is forgotten: no batch is larger. */
    private static final int FORGOTTEN_BYTES = 128 << 20;

    private static final long FIRST_DOUBT_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final long LONGEST_DOUBT_NANOS = TimeUnit.HOURS.toNanos(2);

    /** Limits that went up are tried further soon. */
    private static final long NEXT_DOUBT_NANOS = TimeUnit.SECONDS.toNanos(10);

    private volatile int bytes = NONE;
    private long doubtAfterNanos = FIRST_DOUBT_NANOS;
    private long doubtNanos;
    private boolean trying;

    /** What is learned; {@link #NONE} while nothing is. */
    int bytes() {
        return bytes;
    }

    /**
     * For one request that is larger than {@link #bytes}: how large it may be. Twice the limit when
     * that is to be tried.
     */
    int allow(long nowNanos) {
        if (bytes != NONE && nowNanos - doubtNanos >= 0) {
            trying = true;
            doubtNanos = nowNanos + doubtAfterNanos;
            return twice();
        }
        return bytes;
    }

    private int twice() {
        return bytes > FORGOTTEN_BYTES ? NONE : 2 * bytes;
    }

    /**
     * A request of that size was too large.
     *
     * @param leastBytes no limit below it is learned from this
     */
    void refused(int requestBytes, int leastBytes, long nowNanos) {
        if (bytes == NONE || requestBytes <= bytes) {
            bytes = Math.min(bytes, Math.max(leastBytes, requestBytes / 2));
            doubtAfterNanos = FIRST_DOUBT_NANOS;
            doubtNanos = nowNanos + doubtAfterNanos;
        } else if (trying) {
            doubtAfterNanos = Math.min(LONGEST_DOUBT_NANOS, 2 * doubtAfterNanos);
            doubtNanos = nowNanos + doubtAfterNanos;
        }
        trying = false;
    }

    /** A request of that size was read. */
    void taken(int requestBytes, long nowNanos) {
        if (bytes == NONE || requestBytes <= bytes) {
            return;
        }
        bytes = twice() >= FORGOTTEN_BYTES ? NONE : twice();
        trying = false;
        doubtAfterNanos = FIRST_DOUBT_NANOS;
        doubtNanos = nowNanos + NEXT_DOUBT_NANOS;
    }
}
