package io.sluice.elasticsearch;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The cluster's hosts, and which of them gets the next request: they take turns. One that fails is
 * left alone for a while, longer with each failure; then one request tries it again. When all are
 * left alone, the one whose time is over first gets the next request: somebody must.
 *
 * <p>{@code deliver} chooses and tells; any thread reads {@link #healthy}.
 */
final class Hosts {
    private static final System.Logger LOG = System.getLogger("io.sluice.elasticsearch");
    private static final long SAY_EVERY_NANOS = TimeUnit.MINUTES.toNanos(1);

    /** A restarted node is back within a minute, so none is left alone longer. */
    private static final Backoff REST =
            new Backoff(TimeUnit.SECONDS.toNanos(2), TimeUnit.SECONDS.toNanos(60));

    private final List<Host> hosts = new ArrayList<>();
    private final LongSupplier nanoClock;
    private int turn;
    private volatile int healthy;

    /** One host; not compared. */
    static final class Host {
        final URI url;
        private int failures;
        private long failedNanos;
        private long restUntilNanos;
        private boolean said;
        private boolean everSaid;
        private long saidNanos;

        private Host(URI url) {
            this.url = url;
        }

        private boolean isHealthy() {
            return failures == 0;
        }
    }

    Hosts(List<URI> urls, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        urls.forEach(url -> hosts.add(new Host(url)));
        this.healthy = hosts.size();
    }

    /** For the next request. */
    Host next() {
        long now = nanoClock.getAsLong();
        Host soonest = hosts.getFirst();
        for (int i = 0; i < hosts.size(); i++) {
            Host host = hosts.get((turn + i) % hosts.size());
            if (host.isHealthy()) {
                turn = (turn + i + 1) % hosts.size();
                return host;
            }
            if (host.restUntilNanos - now <= 0) {
                turn = (turn + i + 1) % hosts.size();
                // One request tries; the others stay away until it is known how that went.
                host.restUntilNanos = now + REST.nanos(host.failures);
                return host;
            }
            if (host.restUntilNanos - soonest.restUntilNanos < 0 || soonest.isHealthy()) {
                soonest = host;
            }
        }
        soonest.restUntilNanos = now + REST.nanos(soonest.failures);
        return soonest;
    }

    /** It answered: it is there, whatever it said. */
    void answered(Host host) {
        if (host.isHealthy()) {
            return;
        }
        host.failures = 0;
        count();
        if (host.said) {
            host.said = false;
            LOG.log(System.Logger.Level.INFO, "{0} answers again", host.url);
        }
    }

    /**
     * It answered with an error.
     *
     * @return whether it said that nobody is behind it, and another host is healthy
     */
    boolean answered(Host host, int status, long sentNanos, String reason) {
        if (status == 502 || status == 503 || status == 504) {
            return failed(host, sentNanos, reason);
        }
        answered(host);
        return false;
    }

    /**
     * It did not answer.
     *
     * @param sentNanos when the request was sent: those under way together fail together, once
     * @return whether another host is healthy
     */
    boolean failed(Host host, long sentNanos, String reason) {
        long now = nanoClock.getAsLong();
        if (host.isHealthy() || sentNanos - host.failedNanos >= 0) {
            host.restUntilNanos = now + REST.nanos(host.failures);
            host.failures++;
            host.failedNanos = now;
            count();
        }
        if (healthy > 0 && (!host.everSaid || now - host.saidNanos >= SAY_EVERY_NANOS)) {
            host.said = true;
            host.everSaid = true;
            host.saidNanos = now;
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} does not answer ({1}); requests go to the other hosts, {2} of {3} are"
                            + " well",
                    host.url,
                    reason,
                    healthy,
                    hosts.size());
        }
        return healthy > 0;
    }

    private void count() {
        healthy = (int) hosts.stream().filter(Host::isHealthy).count();
    }

    /** How many have not failed since they last answered. Any thread. */
    int healthy() {
        return healthy;
    }

    int size() {
        return hosts.size();
    }

    List<Host> all() {
        return hosts;
    }
}
