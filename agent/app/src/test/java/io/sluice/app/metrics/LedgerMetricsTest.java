package io.sluice.app.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.sluice.app.ledger.Books;
import io.sluice.app.ledger.SourceBooks;
import io.sluice.buffer.Amount;
import io.sluice.buffer.LedgerEntry;
import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.buffer.LedgerEntry.State;
import io.sluice.tail.Loss;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/** The ledger by namespace, in bounded series. */
class LedgerMetricsTest {
    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final AtomicReference<Books> now = new AtomicReference<>();
    private final LedgerMetrics metrics = new LedgerMetrics(registry, now::get);

    @Test
    void aNamespaceIsTheSumOfItsSourcesAndOfWhatIsFolded() {
        show(
                books("shop_cart-1_uid/app", 10, 90.5),
                books("shop_cart-2_uid/app", 20, 70),
                books("shop/*", 30, Double.POSITIVE_INFINITY),
                books("/var/log/syslog", 1, Double.POSITIVE_INFINITY));

        assertThat(scrape())
                .contains(
                        "sluice_ledger_read_records_total{namespace=\"shop\"} 60.0",
                        "sluice_ledger_read_bytes_total{namespace=\"shop\"} 6000.0",
                        "sluice_ledger_delivered_records_total{namespace=\"(files)\"} 1.0",
                        "sluice_ledger_dropped_records_total{cause=\"buffer_damaged\","
                                + "namespace=\"shop\"} 3.0",
                        "sluice_ledger_dropped_records_total{cause=\"buffer_dropped\","
                                + "namespace=\"shop\"} 0.0",
                        "sluice_ledger_lost_unread_bytes_total{cause=\"truncated\","
                                + "namespace=\"shop\"} 15.0",
                        "sluice_ledger_backlog_bytes{namespace=\"shop\"} 21.0",
                        "sluice_ledger_loss_seconds{namespace=\"shop\"} 70.0",
                        "sluice_ledger_loss_seconds{namespace=\"(files)\"} +Inf");
    }

    @Test
    void namespacesBeyondTheBoundAreOneTogether() {
        List<SourceBooks> many = new ArrayList<>();
        for (int i = 0; i < 250; i++) {
            many.add(books("ns-%03d_pod_uid/app".formatted(i), 1, Double.POSITIVE_INFINITY));
        }
        many.add(books("*/*", 7, Double.POSITIVE_INFINITY));
        show(many.toArray(SourceBooks[]::new));
        show(many.toArray(SourceBooks[]::new));

        List<String> read =
                scrape().stream()
                        .filter(line -> line.startsWith("sluice_ledger_read_records_total{"))
                        .toList();
        // "(other)" is there from the first on that belongs to it.
        assertThat(read).hasSize(LedgerMetrics.MOST_NAMESPACES + 1);
        assertThat(read)
                .contains(
                        "sluice_ledger_read_records_total{namespace=\"ns-000\"} 1.0",
                        "sluice_ledger_read_records_total{namespace=\"(other)\"} 157.0");
    }

    private void show(SourceBooks... books) {
        now.set(new Books(List.of(books), Books.none("")));
        metrics.refresh();
    }

    private List<String> scrape() {
        return registry.scrape().lines().toList();
    }

    private static SourceBooks books(String source, long records, double secondsToLoss) {
        Amount read = new Amount(100 * records, records);
        Amount lost = new Amount(100, 1);
        return new SourceBooks(
                new LedgerEntry(
                        source,
                        State.LIVE,
                        read,
                        Amount.NONE,
                        0,
                        source.startsWith("/") ? read : read.minus(lost),
                        0,
                        0,
                        Amount.NONE,
                        source.startsWith("/") ? Map.of() : Map.of(Drop.BUFFER_DAMAGED, lost),
                        List.of(new Loss(Loss.Cause.TRUNCATED, 5, false)),
                        0,
                        0),
                7,
                false,
                secondsToLoss);
    }
}
