package io.sluice.elasticsearch;

/**
 * How many requests may be under way: one more for each round of answers while there is demand,
 * half as many when the server is busy (additive increase, multiplicative decrease). One thread.
 */
final class InFlightLimit {
    private final int most;
    private double limit;
    private long cutNanos;
    private double usualNanos;

    InFlightLimit(int most) {
        this.most = most;
        this.limit = Math.min(2, most);
    }

    int requests() {
        return (int) limit;
    }

    /**
     * A request was answered well.
     *
     * @param inFlight how many were under way with it
     * @param tookNanos how long the answer took
     */
    void answered(int inFlight, long tookNanos) {
        usualNanos = usualNanos == 0 ? tookNanos : 0.95 * usualNanos + 0.05 * tookNanos;
        // Answers that slow down say that more requests would only queue on the other side.
        if (inFlight >= requests() && tookNanos <= 2 * usualNanos) {
            limit = Math.min(most, limit + 1 / limit);
        }
    }

    /**
     * The server is busy. Answers to requests that were sent before the last cut do not cut again.
     */
    void busy(long sentNanos, long nowNanos) {
        if (cutNanos == 0 || sentNanos - cutNanos > 0) {
            limit = Math.max(1, limit / 2);
            cutNanos = nowNanos;
        }
    }
}
