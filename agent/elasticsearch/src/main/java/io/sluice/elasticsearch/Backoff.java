package io.sluice.elasticsearch;

import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait after failures in a row: twice as long after each, half of it by chance, so that
 * the agents of many nodes do not come back together.
 *
 * @param leastNanos after the first failure, at most
 * @param mostNanos never longer
 */
record Backoff(long leastNanos, long mostNanos) {

    /**
     * @param failures how many there were before this one
     */
    long nanos(int failures) {
        int doublings = Math.clamp(failures, 0, Long.numberOfLeadingZeros(leastNanos) - 2);
        long longest = Math.min(mostNanos, leastNanos << doublings);
        return longest / 2 + ThreadLocalRandom.current().nextLong(longest / 2 + 1);
    }
}
