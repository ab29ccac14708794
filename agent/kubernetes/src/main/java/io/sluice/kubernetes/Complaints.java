package io.sluice.kubernetes;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Says the same thing once a minute at most, and says when it is over.
 *
 * <p>Owned by the {@code kubernetes} thread.
 */
final class Complaints {
    private static final System.Logger LOG = System.getLogger("io.sluice.kubernetes");
    private static final long PAUSE_NANOS = Duration.ofMinutes(1).toNanos();

    private final LongSupplier nanoClock;
    private final Map<KubernetesStats.Failure, Long> lastSaid =
            new EnumMap<>(KubernetesStats.Failure.class);
    private long firstFailure;
    private boolean failing;

    Complaints(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    void failed(KubernetesStats.Failure failure, String trouble) {
        long now = nanoClock.getAsLong();
        if (!failing) {
            failing = true;
            firstFailure = now;
        }
        Long said = lastSaid.get(failure);
        if (said == null || now - said >= PAUSE_NANOS) {
            lastSaid.put(failure, now);
            LOG.log(
                    System.Logger.Level.WARNING,
                    trouble + "; logs are shipped meanwhile, new pods without their metadata");
        } else {
            LOG.log(System.Logger.Level.DEBUG, trouble);
        }
    }

    void worked() {
        if (failing) {
            failing = false;
            if (!lastSaid.isEmpty()) {
                LOG.log(
                        System.Logger.Level.INFO,
                        "the API server answers again, after "
                                + Duration.ofNanos(nanoClock.getAsLong() - firstFailure).toSeconds()
                                + " s");
            }
        }
    }
}
