package io.sluice.app.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.sluice.app.ledger.Books;
import io.sluice.app.ledger.SourceBooks;
import io.sluice.buffer.Amount;
import io.sluice.buffer.LedgerEntry;
import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.tail.Loss;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * The ledger's metrics, by namespace. Bounded: the first {@value #MOST_NAMESPACES} namespaces have
 * series of their own, all others are {@code (other)} together; plain files are {@code (files)}.
 * (No namespace has parentheses in its name.)
 *
 * <p>Counters go back only where the ledger does: after a power cut or damage took positions back.
 */
final class LedgerMetrics {
    static final int MOST_NAMESPACES = 100;

    private static final String OTHER = "(other)";
    private static final String FILES = "(files)";
    private static final String PREFIX = "sluice.ledger.";

    /** What the series of one namespace show. */
    private static final class Namespace {
        volatile SourceBooks books;

        Namespace(SourceBooks books) {
            this.books = books;
        }
    }

    private final MeterRegistry registry;
    private final Supplier<Books> ledger;
    private final Map<String, Namespace> namespaces = new HashMap<>();

    LedgerMetrics(MeterRegistry registry, Supplier<Books> ledger) {
        this.registry = registry;
        this.ledger = ledger;
    }

    /** Looks at the ledger once, for all that is scraped next. */
    synchronized void refresh() {
        Map<String, SourceBooks> sums = ledger.get().byNamespace(this::label);
        namespaces.forEach(
                (label, namespace) ->
                        namespace.books = sums.getOrDefault(label, Books.none(label)));
    }

    /** The label of a namespace; who comes first has series of its own, and keeps them. */
    private String label(String namespace) {
        String label = namespace.isEmpty() ? FILES : namespace.equals("*") ? OTHER : namespace;
        if (!namespaces.containsKey(label) && namespaces.size() >= MOST_NAMESPACES) {
            label = OTHER;
        }
        namespaces.computeIfAbsent(label, this::register);
        return label;
    }

    private Namespace register(String label) {
        Namespace namespace = new Namespace(Books.none(label));
        Series of = new Series(label, namespace);
        of.counters("read", "taken from log files", LedgerEntry::read);
        of.counters("filtered", "dropped on purpose", LedgerEntry::filtered);
        of.counters("delivered", "that the output has", LedgerEntry::delivered);
        of.counter(
                "already.there.records",
                "Of the delivered: found there under their own id.",
                b -> b.entry().alreadyThereRecords());
        of.counter(
                "repaired.records",
                "Of the delivered: in a changed form.",
                b -> b.entry().repairedRecords());
        of.counter("truncated.records", "Of the read: cut.", b -> b.entry().truncatedRecords());
        for (Drop cause : Drop.values()) {
            of.counters(
                    "dropped",
                    "that were read and are lost, by cause",
                    entry -> entry.dropped().getOrDefault(cause, Amount.NONE),
                    "cause",
                    name(cause));
        }
        for (Loss.Cause cause : Loss.Cause.values()) {
            of.counter(
                    "lost.unread.bytes",
                    "Bytes that were gone before they could be read, by cause; at least.",
                    b ->
                            b.entry().losses().stream()
                                    .filter(loss -> loss.cause() == cause)
                                    .mapToLong(Loss::bytes)
                                    .sum(),
                    "cause",
                    name(cause));
        }
        of.gauge(
                "dead.lettered.bytes",
                "Bytes of records that are kept as dead letters, or were dealt with.",
                b -> b.entry().deadLettered().bytes());
        of.gauge(
                "dead.lettered.records",
                "Records that are kept as dead letters, or were dealt with.",
                b -> b.entry().deadLettered().records());
        of.gauge(
                "in.flight.bytes",
                "Bytes that were read and are not done with.",
                b -> b.entry().inFlight().bytes());
        of.gauge(
                "in.flight.records",
                "Records that were read and are not done with.",
                b -> b.entry().inFlight().records());
        of.gauge(
                "backlog.bytes",
                "Bytes on disk and in the agent that are not in the buffer yet; at least.",
                SourceBooks::backlogBytes);
        of.gauge(
                "loss.seconds",
                "Time until the first source loses lines if it goes on like this; +Inf while"
                        + " reading keeps up.",
                SourceBooks::secondsToLoss);
        return namespace;
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private final class Series {
        private final String label;
        private final Namespace namespace;

        Series(String label, Namespace namespace) {
            this.label = label;
            this.namespace = namespace;
        }

        void counters(
                String name, String what, Function<LedgerEntry, Amount> amount, String... tags) {
            counter(name + ".bytes", "Bytes " + what + ".", b -> bytes(amount, b), tags);
            counter(name + ".records", "Records " + what + ".", b -> records(amount, b), tags);
        }

        private static double bytes(Function<LedgerEntry, Amount> amount, SourceBooks books) {
            return amount.apply(books.entry()).bytes();
        }

        private static double records(Function<LedgerEntry, Amount> amount, SourceBooks books) {
            return amount.apply(books.entry()).records();
        }

        void counter(
                String name, String help, ToDoubleFunction<SourceBooks> value, String... tags) {
            FunctionCounter.builder(PREFIX + name, namespace, now -> value.applyAsDouble(now.books))
                    .description(help)
                    .tag("namespace", label)
                    .tags(tags)
                    .register(registry);
        }

        void gauge(String name, String help, ToDoubleFunction<SourceBooks> value) {
            Gauge.builder(PREFIX + name, namespace, now -> value.applyAsDouble(now.books))
                    .description(help)
                    .tag("namespace", label)
                    .register(registry);
        }
    }
}
