package io.sluice.elasticsearch;

import java.util.List;
import java.util.Map;
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
    private final Map<Kind, Trouble> present = new ConcurrentSkipListMap<>();

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

    private record Trouble(String message, long saidNanos) {}

    Troubles(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /**
     * Something is wrong, now or still.
     *
     * @param message what, and the remedy
     */
    void raise(Kind kind, String message) {
        long now = nanoClock.getAsLong();
        Trouble before = present.get(kind);
        if (before == null || now - before.saidNanos >= SAY_EVERY_NANOS) {
            LOG.log(System.Logger.Level.WARNING, "{0}", message);
            present.put(kind, new Trouble(message, now));
        } else {
            present.put(kind, new Trouble(message, before.saidNanos));
        }
    }

    /** It is well again. */
    void clear(Kind kind) {
        Trouble over = present.remove(kind);
        if (over != null) {
            LOG.log(System.Logger.Level.INFO, "over: {0}", over.message);
        }
    }

    /** Any thread. */
    List<String> messages() {
        return present.values().stream().map(Trouble::message).toList();
    }
}
