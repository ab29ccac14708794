package io.sluice.elasticsearch;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What is wrong just now and needs somebody, in words: said once when it begins, once a minute
 * while it lasts, and when it is over. The agent is not ready meanwhile.
 *
 * <p>Raised and cleared by {@code deliver}; read by any thread.
 */
final class Troubles {
    private static final System.Logger LOG = System.getLogger("io.sluice.elasticsearch");
    private static final long SAY_EVERY_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final LongSupplier nanoClock;
    private final Map<Kind, String> present = new ConcurrentSkipListMap<>();

    /** One of each can be present. */
    enum Kind {
        /** No answer from any host, or a useless one. */
        CONNECTION,
        /** The server does not let us. */
        PERMISSION,
        /** Documents of an index wait: closed, blocked, missing. */
        INDEX,
        /** The server is busy. */
        BUSY,
        /** Our index template is not there. */
        TEMPLATE,
        /** Rejected documents cannot be kept. */
        DEAD_LETTERS
    }

    /** Written and read by {@code deliver}. */
    private final Map<Kind, Long> saidNanos = new EnumMap<>(Kind.class);

    private final Set<Kind> overToBeSaid = EnumSet.noneOf(Kind.class);

    Troubles(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /**
     * Something is wrong, now or still.
     *
     * @param message what, and the remedy
     */
    void raise(Kind kind, String message) {
        present.put(kind, message);
        long now = nanoClock.getAsLong();
        Long said = saidNanos.get(kind);
        // What comes and goes is said once a minute, too.
        if (said == null || now - said >= SAY_EVERY_NANOS) {
            LOG.log(System.Logger.Level.WARNING, "{0}", message);
            saidNanos.put(kind, now);
            overToBeSaid.add(kind);
        }
    }

    /** It is well again. */
    void clear(Kind kind) {
        String over = present.remove(kind);
        if (over != null && overToBeSaid.remove(kind)) {
            LOG.log(System.Logger.Level.INFO, "over: {0}", over);
        }
    }

    /** Any thread. */
    List<String> messages() {
        return List.copyOf(present.values());
    }
}
