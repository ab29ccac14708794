package io.sluice.app;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Notices that a stage hangs: it has something to do and has done nothing for {@code stall.after}.
 *
 * <p>What waits is no stall: for a server that is away or refuses (every try ends and is followed
 * by another), for room in a full buffer, for lines. A restart would change nothing about those.
 *
 * <p>One thread, which looks about once a second; it takes no lock and touches no disk, so that it
 * does not hang with what it watches.
 */
final class Watchdog {
    private final Duration after;
    private final LongSupplier nanoClock;
    private final List<Suspect> suspects = new ArrayList<>();

    /**
     * A stage that has not moved.
     *
     * @param part what it does: {@code delivery}
     * @param since how long it has not moved
     */
    record Stall(String part, Duration since) {
        @Override
        public String toString() {
            return part + " has not moved for " + since.toSeconds() + " s";
        }
    }

    private record Suspect(String part, Supplier<Duration> still) {}

    Watchdog(Duration after, LongSupplier nanoClock) {
        this.after = after;
        this.nanoClock = nanoClock;
    }

    /**
     * Watches a stage that knows itself for how long it has been overdue.
     *
     * @param still asked by the one who looks
     */
    Watchdog watch(String part, Supplier<Duration> still) {
        suspects.add(new Suspect(part, still));
        return this;
    }

    /**
     * Watches a stage by a count.
     *
     * @param count grows whenever something was done
     * @param hasWork whether there is anything to do that waits for nothing else
     */
    Watchdog watch(String part, LongSupplier count, BooleanSupplier hasWork) {
        return watch(part, new Counting(count, hasWork));
    }

    /** The first stage that stands still for longer than it may. */
    Optional<Stall> look() {
        for (Suspect suspect : suspects) {
            Duration still = suspect.still.get();
            if (still.compareTo(after) > 0) {
                return Optional.of(new Stall(suspect.part, still));
            }
        }
        return Optional.empty();
    }

    /** How long a count has stood still while there was work, as seen by who looks. */
    private final class Counting implements Supplier<Duration> {
        private final LongSupplier count;
        private final BooleanSupplier hasWork;
        private long lastCount = -1;
        private long movedNanos;

        Counting(LongSupplier count, BooleanSupplier hasWork) {
            this.count = count;
            this.hasWork = hasWork;
        }

        @Override
        public Duration get() {
            long now = nanoClock.getAsLong();
            long counted = count.getAsLong();
            if (counted != lastCount || !hasWork.getAsBoolean()) {
                lastCount = counted;
                movedNanos = now;
            }
            return Duration.ofNanos(now - movedNanos);
        }
    }
}
