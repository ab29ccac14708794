package io.sluice.elasticsearch;

import java.util.Comparator;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The requests that are to be sent again, and when. While requests fail as a whole nothing else is
 * sent: the smallest one goes ahead, with back-off, and finds out whether it is over. One thread,
 * {@code deliver}.
 */
final class SendQueue {
    private static final Backoff BACKOFF =
            new Backoff(TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.SECONDS.toNanos(20));

    /**
     * While nobody can be reached. A try is a connection that is refused, and sends nothing: it may
     * be made often, so that whoever comes back is noticed soon.
     */
    static final Backoff UNREACHABLE =
            new Backoff(TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.SECONDS.toNanos(2));

    private final LongSupplier nanoClock;
    private final PriorityQueue<BulkRequest> waiting =
            new PriorityQueue<>(
                    Comparator.comparingLong((BulkRequest request) -> request.dueNanos));

    /** Requests that came back well since the start. */
    private long successes;

    /** Requests in a row that failed as a whole. */
    private int failuresInARow;

    private long failingSinceNanos;

    /** Nothing is sent before this, because requests fail as a whole. */
    private long pausedUntilNanos;

    SendQueue(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.pausedUntilNanos = nanoClock.getAsLong();
    }

    /** At once, before what is new. */
    void add(BulkRequest request) {
        request.dueNanos = nanoClock.getAsLong();
        waiting.add(request);
    }

    /** Later; others go on meanwhile. */
    void addLater(BulkRequest request) {
        request.tries++;
        noteFailure(request);
        request.dueNanos = nanoClock.getAsLong() + BACKOFF.nanos(request.tries);
        waiting.add(request);
    }

    /** The request again, and nothing else before it: what fails as a whole fails for all. */
    void pause(BulkRequest request) {
        pause(request, BACKOFF);
    }

    /** {@link #pause}, for less long: nobody could be reached. */
    void pauseUnreached(BulkRequest request) {
        pause(request, UNREACHABLE);
    }

    private void pause(BulkRequest request, Backoff backoff) {
        noteFailure(request);
        pauseAfter(request, backoff);
        request.dueNanos = pausedUntilNanos;
        waiting.add(request);
    }

    /** Nothing is sent for a while because of this request, which itself is not sent again. */
    void pauseAfter(BulkRequest request) {
        pauseAfter(request, BACKOFF);
    }

    private void pauseAfter(BulkRequest request, Backoff backoff) {
        // Requests that were under way together fail together: that is one failure.
        if (request.sentNanos - pausedUntilNanos >= 0) {
            long now = nanoClock.getAsLong();
            if (failuresInARow == 0) {
                failingSinceNanos = now;
            }
            pausedUntilNanos = now + backoff.nanos(failuresInARow);
            failuresInARow++;
        }
    }

    /** Remembers how far the others were, to know later whether they go on. */
    void noteFailure(BulkRequest request) {
        if (request.successesAtFailure < 0) {
            request.successesAtFailure = successes;
        }
    }

    /** Some documents of a request were taken. */
    void succeeded() {
        successes++;
    }

    /** A request was answered item by item: requests as a whole do not fail. */
    void answered() {
        failuresInARow = 0;
        pausedUntilNanos = nanoClock.getAsLong();
    }

    /** Whether something got through since this request first failed. */
    boolean othersGoOn(BulkRequest request) {
        return request.successesAtFailure >= 0 && successes > request.successesAtFailure;
    }

    /** Requests fail as a whole. */
    boolean isFailing() {
        return failuresInARow > 0;
    }

    /** How long that has been so. */
    long failingNanos() {
        return isFailing() ? nanoClock.getAsLong() - failingSinceNanos : 0;
    }

    boolean isPaused() {
        return pausedUntilNanos - nanoClock.getAsLong() > 0;
    }

    /** Takes the next request that is due. */
    Optional<BulkRequest> next() {
        long now = nanoClock.getAsLong();
        BulkRequest first = waiting.peek();
        if (first == null || first.dueNanos - now > 0) {
            return Optional.empty();
        }
        if (!isFailing()) {
            return Optional.of(waiting.remove());
        }
        BulkRequest smallest = first;
        for (BulkRequest request : waiting) {
            if (request.dueNanos - now <= 0
                    && request.uncompressedBytes < smallest.uncompressedBytes) {
                smallest = request;
            }
        }
        waiting.remove(smallest);
        return Optional.of(smallest);
    }

    /** Until {@link #next} may have one; {@code Long.MAX_VALUE} when nothing waits. */
    long nanosToWait() {
        long now = nanoClock.getAsLong();
        if (waiting.isEmpty()) {
            return Long.MAX_VALUE;
        }
        return Math.max(waiting.peek().dueNanos - now, pausedUntilNanos - now);
    }

    /** Until the pause is over; 0 or less when it is. */
    long nanosOfPause() {
        return pausedUntilNanos - nanoClock.getAsLong();
    }
}
