package io.sluice.elasticsearch;

import io.sluice.elasticsearch.DeliveryStats.Failure;
import io.sluice.elasticsearch.ElasticsearchConfig.SetupTemplate;
import io.sluice.elasticsearch.Hosts.Host;
import io.sluice.elasticsearch.Troubles.Kind;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Puts the index template before the first document is sent, unless it is there: at the start, and
 * after an outage that was long enough for the cluster to be another one. One thread, {@code
 * deliver}.
 */
final class TemplateSetup {
    private static final System.Logger LOG = System.getLogger("io.sluice.elasticsearch");

    /** What is asked, one after the other, each time that is tried. */
    static final int MOST_QUESTIONS = 2;

    private static final Backoff BACKOFF =
            new Backoff(TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.SECONDS.toNanos(20));

    private final BulkClient client;
    private final Hosts hosts;
    private final Troubles troubles;
    private final DeliveryStats stats;
    private final LongSupplier nanoClock;
    private final IndexTemplate template;
    private final boolean wanted;
    private boolean there;
    private int tries;
    private boolean unreached;
    private long againNanos;

    TemplateSetup(
            ElasticsearchConfig config,
            BulkClient client,
            Hosts hosts,
            Troubles troubles,
            DeliveryStats stats,
            LongSupplier nanoClock) {
        this.client = client;
        this.hosts = hosts;
        this.troubles = troubles;
        this.stats = stats;
        this.nanoClock = nanoClock;
        this.template = new IndexTemplate(config.dataset());
        this.wanted = config.setupTemplate() == SetupTemplate.PUT;
        this.there = !wanted;
        this.againNanos = nanoClock.getAsLong();
    }

    /** It may be gone. */
    void doubt() {
        if (wanted && there) {
            there = false;
            tries = 0;
            againNanos = nanoClock.getAsLong();
        }
    }

    /** Whether documents may be sent, as far as is known. */
    boolean isDone() {
        return there;
    }

    /** Until it makes sense to try again; 0 or less for at once. */
    long nanosToWait() {
        return againNanos - nanoClock.getAsLong();
    }

    /** Tries to bring it about, if it is time. Asks the server and waits for its answer. */
    boolean isDoneNow() throws InterruptedException {
        if (!there && nanosToWait() <= 0) {
            unreached = false;
            there = isSetUp();
            Backoff backoff = unreached ? SendQueue.UNREACHABLE : BACKOFF;
            againNanos = nanoClock.getAsLong() + backoff.nanos(tries++);
        }
        return there;
    }

    /** True, too, when it is refused for good: then documents go where the server puts them. */
    private boolean isSetUp() throws InterruptedException {
        Host host = hosts.next();
        long sentNanos = nanoClock.getAsLong();
        Answer present = client.call(host.url, "GET", template.versionPath(), "");
        if (present instanceof Answer.Answered answered && IndexTemplate.isCurrent(answered)) {
            hosts.answered(host);
            clear();
            return true;
        }
        Answer answer =
                present instanceof Answer.Answered
                        ? client.call(host.url, "PUT", template.path(), template.json())
                        : present;
        return switch (answer) {
            case Answer.Answered(int status, byte[] body) -> {
                BulkAnswer.ServerError error = BulkAnswer.errorOf(body);
                hosts.answered(host, status, sentNanos, status + ", " + error);
                yield isSetUp(status, error);
            }
            case Answer.TooLong(String reason) -> unreachable(host, sentNanos, reason);
            case Answer.NotSent(String reason) -> {
                stats.failed(Failure.UNREACHABLE);
                unreached = true;
                yield unreachable(host, sentNanos, reason);
            }
            case Answer.Broken(String reason) -> {
                stats.failed(Failure.BROKEN);
                yield unreachable(host, sentNanos, reason);
            }
        };
    }

    private boolean isSetUp(int status, BulkAnswer.ServerError error) {
        if (status / 100 == 2) {
            clear();
            LOG.log(System.Logger.Level.INFO, "put the index template {0}", template.name());
            return true;
        }
        if (status == 429 || status >= 500) {
            stats.failed(Failure.BUSY);
            troubles.raise(
                    Kind.TEMPLATE,
                    "the index template "
                            + template.name()
                            + " is not there yet: Elasticsearch answers "
                            + status
                            + ", "
                            + error);
            return false;
        }
        if (status == 401) {
            stats.failed(Failure.FORBIDDEN);
            troubles.raise(Kind.TEMPLATE, ServerErrors.forbidden(status, error));
            return false;
        }
        stats.failed(status == 403 ? Failure.FORBIDDEN : Failure.REFUSED);
        LOG.log(
                System.Logger.Level.WARNING,
                "Elasticsearch refuses the index template {0} with {1}, {2}; documents go on under"
                        + " the templates that are there. Grant the privilege"
                        + " manage_index_templates, or put the template yourself and set"
                        + " elasticsearch.setupTemplate to false",
                template.name(),
                status,
                error);
        clear();
        return true;
    }

    private boolean unreachable(Host host, long sentNanos, String reason) {
        if (hosts.failed(host, sentNanos, reason)) {
            tries = 0;
        } else {
            troubles.raise(Kind.CONNECTION, ServerErrors.unreachable(hosts, reason));
        }
        return false;
    }

    private void clear() {
        troubles.clear(Kind.CONNECTION);
        troubles.clear(Kind.TEMPLATE);
    }
}
