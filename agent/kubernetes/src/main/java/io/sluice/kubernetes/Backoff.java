package io.sluice.kubernetes;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** How long to wait before trying again: twice as long each time, with jitter, up to a bound. */
final class Backoff {
    private final long leastNanos;
    private final long mostNanos;
    private final RandomGenerator random;
    private long nextNanos;

    Backoff(Duration least, Duration most, RandomGenerator random) {
        this.leastNanos = least.toNanos();
        this.mostNanos = most.toNanos();
        this.random = random;
        reset();
    }

    /** It worked: the next failure begins anew. */
    void reset() {
        nextNanos = Math.min(2 * leastNanos, mostNanos);
    }

    /** Between half of this step and all of it. */
    Duration next() {
        long nanos = nextNanos / 2 + random.nextLong(nextNanos / 2 + 1);
        nextNanos = Math.min(2 * nextNanos, mostNanos);
        return Duration.ofNanos(nanos);
    }
}
