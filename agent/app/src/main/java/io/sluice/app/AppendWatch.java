package io.sluice.app;

import io.sluice.pipeline.Batch;
import io.sluice.pipeline.BatchSink;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * The buffer as the pipeline sees it, and how long encoders have been in there: an append takes
 * milliseconds, unless it waits for room in a full buffer, or hangs.
 *
 * <p>Encoder threads append; one thread asks {@link #stuck}.
 */
final class AppendWatch implements BatchSink {
    private final BatchSink sink;
    private final BooleanSupplier isFull;
    private final LongSupplier nanoClock;
    private final Map<Thread, Long> since = new ConcurrentHashMap<>();

    /** When the buffer was last seen full; by the one who asks. */
    private long fullNanos;

    /**
     * @param isFull whether appends have to wait for room
     */
    AppendWatch(BatchSink sink, BooleanSupplier isFull, LongSupplier nanoClock) {
        this.sink = sink;
        this.isFull = isFull;
        this.nanoClock = nanoClock;
        this.fullNanos = nanoClock.getAsLong();
    }

    @Override
    public void append(Batch batch) throws InterruptedException {
        since.put(Thread.currentThread(), nanoClock.getAsLong());
        try {
            sink.append(batch);
        } finally {
            since.remove(Thread.currentThread());
        }
    }

    /** Whether an encoder is in there. */
    boolean isAppending() {
        return !since.isEmpty();
    }

    /** For how long an encoder has been in there without having to wait for room. */
    Duration stuck() {
        long now = nanoClock.getAsLong();
        if (isFull.getAsBoolean()) {
            fullNanos = now;
        }
        long longest = 0;
        for (long began : since.values()) {
            longest = Math.max(longest, Math.min(now - began, now - fullNanos));
        }
        return Duration.ofNanos(longest);
    }
}
