package io.sluice.buffer;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * One thing that the disk of the buffer refuses just now: said when it begins, once a minute while
 * it lasts, and when it is over. Any thread.
 */
final class DiskTrouble {
    private static final System.Logger LOG = System.getLogger("io.sluice.buffer");
    private static final long SAY_EVERY_NANOS = Duration.ofMinutes(1).toNanos();

    private final LongSupplier nanoClock;
    private volatile Optional<String> present = Optional.empty();

    /** When it was said last that it begins or lasts; what comes and goes is not said each time. */
    private Optional<Long> saidNanos = Optional.empty();

    private boolean overToBeSaid;

    DiskTrouble(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /**
     * It is refused, now or still.
     *
     * @param message what, why, and the remedy
     */
    synchronized void raise(String message) {
        long now = nanoClock.getAsLong();
        if (saidNanos.isEmpty() || now - saidNanos.get() >= SAY_EVERY_NANOS) {
            LOG.log(Level.ERROR, "{0}", message);
            saidNanos = Optional.of(now);
            overToBeSaid = true;
        }
        present = Optional.of(message);
    }

    /** It was done. */
    void clear() {
        if (present.isPresent()) {
            over();
        }
    }

    private synchronized void over() {
        if (overToBeSaid) {
            present.ifPresent(message -> LOG.log(Level.INFO, "over: {0}", message));
        }
        overToBeSaid = false;
        present = Optional.empty();
    }

    /** What is refused now. */
    Optional<String> present() {
        return present;
    }
}
