package io.sluice.elasticsearch;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * By when delivery is to give a sign of life. What waits for a server that is away, busy or refuses
 * gives them: every request is answered or times out, and every failure is followed by a try. So
 * whoever is overdue hangs, or was forgotten.
 *
 * <p>Written by {@code deliver}, read by any thread.
 */
final class Pulse {
    /** No failure is followed by its next try later. */
    private static final long MOST_BACKOFF_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final LongSupplier nanoClock;

    /** No answer or failure comes later. */
    private final long answerNanos;

    /** When something was sent, answered, or tried in vain; by {@code deliver}. */
    private long movedNanos;

    private volatile Optional<Expected> expected = Optional.empty();

    /**
     * @param turnsByNanos the loop is to turn by then
     * @param answersByNanos the oldest request under way is to be answered by then
     * @param movesByNanos something is to be sent, answered or tried by then; empty while there is
     *     nothing to do
     */
    private record Expected(
            long turnsByNanos, Optional<Long> answersByNanos, Optional<Long> movesByNanos) {}

    Pulse(LongSupplier nanoClock, long answerNanos) {
        this.nanoClock = nanoClock;
        this.answerNanos = answerNanos;
        this.movedNanos = nanoClock.getAsLong();
    }

    /** Something was sent, answered, or tried in vain. */
    void moved() {
        movedNanos = nanoClock.getAsLong();
    }

    /** The loop asks the server, and waits for so many answers in a row. */
    void asks(int times) {
        expected =
                Optional.of(
                        new Expected(
                                nanoClock.getAsLong() + times * answerNanos,
                                Optional.empty(),
                                Optional.empty()));
    }

    /**
     * The loop waits.
     *
     * @param nanos at most so long
     * @param oldestSentNanos when the oldest request under way was sent
     */
    void waits(long nanos, Optional<Long> oldestSentNanos) {
        expected =
                Optional.of(
                        new Expected(
                                nanoClock.getAsLong() + nanos,
                                oldestSentNanos.map(sent -> sent + answerNanos),
                                oldestSentNanos.isPresent()
                                        ? Optional.empty()
                                        : Optional.of(movedNanos + MOST_BACKOFF_NANOS)));
    }

    /** The loop waits, and there is nothing to do. */
    void idles(long nanos) {
        moved();
        expected =
                Optional.of(
                        new Expected(
                                nanoClock.getAsLong() + nanos, Optional.empty(), Optional.empty()));
    }

    /** The loop has ended. */
    void ends() {
        expected = Optional.empty();
    }

    /** How long a sign is overdue; zero before the loop begins and after its end. */
    Duration overdue() {
        Optional<Expected> now = expected;
        return now.map(this::overdue).orElse(Duration.ZERO);
    }

    private Duration overdue(Expected now) {
        long nanos = nanoClock.getAsLong();
        long late = Math.max(0, nanos - now.turnsByNanos);
        late = Math.max(late, now.answersByNanos.map(by -> nanos - by).orElse(0L));
        late = Math.max(late, now.movesByNanos.map(by -> nanos - by).orElse(0L));
        return Duration.ofNanos(late);
    }
}
