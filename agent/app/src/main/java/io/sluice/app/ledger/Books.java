package io.sluice.app.ledger;

import io.sluice.buffer.Ledger;
import io.sluice.buffer.LedgerEntry;
import io.sluice.buffer.LedgerSnapshot;
import io.sluice.tail.LogSource;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * All books at one moment.
 *
 * @param sources by key
 * @param total all of them together
 */
public record Books(List<SourceBooks> sources, SourceBooks total) {
    /** A source ends between two looks that seldom. */
    private static final int MOST_LOOKS = 3;

    public Books {
        sources = List.copyOf(sources);
    }

    /**
     * Looks at ledger and tail.
     *
     * <p>The sums of the tail (handed over + unread) only grow as a log is written, and read and
     * taken grow together; so it does not matter that the two are looked at one after the other.
     * But for a source that ends in between: its figures do not count any more then.
     *
     * @param snapshot the ledger now
     * @param logSources what the tail reads now
     */
    public static Books look(
            Supplier<LedgerSnapshot> snapshot, Supplier<Collection<LogSource>> logSources) {
        for (int look = 1; ; look++) {
            List<LogSource> sources = new ArrayList<>(logSources.get());
            sources.removeIf(LogSource::isForgotten);
            Map<String, Backlog> backlogs = new HashMap<>();
            for (LogSource source : sources) {
                backlogs.merge(source.key(), Backlog.of(source), Backlog::plus);
            }
            LedgerSnapshot ledger = snapshot.get();
            if (look == MOST_LOOKS || sources.stream().noneMatch(LogSource::isForgotten)) {
                return of(ledger, backlogs);
            }
        }
    }

    private record Backlog(long seenBytes, boolean atLeast, double secondsToLoss) {
        static final Backlog NONE = new Backlog(0, false, Double.POSITIVE_INFINITY);

        static Backlog of(LogSource source) {
            LogSource.Figures figures = source.figures();
            return new Backlog(
                    figures.handedBytes() + figures.unreadBytes(),
                    figures.atLeast(),
                    source.secondsToLoss());
        }

        Backlog plus(Backlog other) {
            return new Backlog(
                    seenBytes + other.seenBytes,
                    atLeast || other.atLeast,
                    Math.min(secondsToLoss, other.secondsToLoss));
        }
    }

    private static Books of(LedgerSnapshot ledger, Map<String, Backlog> backlogs) {
        Map<String, SourceBooks> all = new TreeMap<>();
        for (LedgerEntry entry : ledger.entries()) {
            Backlog backlog = backlogs.getOrDefault(entry.source(), Backlog.NONE);
            all.put(entry.source(), books(entry, backlog));
        }
        backlogs.forEach(
                (key, backlog) ->
                        all.computeIfAbsent(
                                key,
                                _ ->
                                        books(
                                                LedgerEntry.none(key, LedgerEntry.State.LIVE),
                                                backlog)));
        return new Books(List.copyOf(all.values()), sum("", all.values()));
    }

    private static SourceBooks books(LedgerEntry entry, Backlog backlog) {
        long bytes = backlog.seenBytes - entry.takenBytes() - entry.toSkipBytes();
        return new SourceBooks(entry, Math.max(0, bytes), backlog.atLeast, backlog.secondsToLoss);
    }

    /** The books of nobody. */
    public static SourceBooks none(String name) {
        return new SourceBooks(
                LedgerEntry.none(name, LedgerEntry.State.LIVE), 0, false, Double.POSITIVE_INFINITY);
    }

    private static SourceBooks sum(String name, Collection<SourceBooks> some) {
        SourceBooks sum = none(name);
        for (SourceBooks one : some) {
            sum = sum.plus(one);
        }
        return sum;
    }

    /**
     * The books added up by namespace.
     *
     * @param name of a namespace: what it is to be called
     */
    public Map<String, SourceBooks> byNamespace(Function<String, String> name) {
        Map<String, List<SourceBooks>> groups = new TreeMap<>();
        for (SourceBooks one : sources) {
            String namespace = name.apply(Ledger.namespace(one.entry().source()));
            groups.computeIfAbsent(namespace, _ -> new ArrayList<>()).add(one);
        }
        Map<String, SourceBooks> sums = new TreeMap<>();
        groups.forEach((namespace, some) -> sums.put(namespace, sum(namespace, some)));
        return sums;
    }
}
