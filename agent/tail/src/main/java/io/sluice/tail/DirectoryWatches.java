package io.sluice.tail;

import static java.lang.System.Logger.Level.WARNING;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What the kernel tells of the directories that are followed. A hint: where it has no watches left,
 * or drops what it would tell, the scans have to do, and that is said once with its remedy.
 *
 * <p>Tail thread only, but for {@link #wake}.
 */
final class DirectoryWatches implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    private static final int FILE_EVENTS =
            Inotify.IN_MODIFY
                    | Inotify.IN_CREATE
                    | Inotify.IN_MOVED_TO
                    | Inotify.IN_MOVED_FROM
                    | Inotify.IN_DELETE
                    | Inotify.IN_DELETE_SELF
                    | Inotify.IN_MOVE_SELF;
    private static final int NAME_EVENTS = FILE_EVENTS & ~Inotify.IN_MODIFY;

    private static final String MEANWHILE =
            ". Until then what is new is found by looking every few seconds";

    /** Takes the news of one {@link #poll}. */
    interface News {
        /** Links came or went. */
        void links();

        /** Bytes were written to a file of this source. */
        void written(SourceReader source);

        /** Files of this source came, went or were renamed. */
        void renamed(SourceReader source);

        /** News were dropped: anything may have happened. */
        void dropped();
    }

    private final TailStats stats;
    private final Notices notices;
    private final Map<Integer, Set<SourceReader>> watched = new HashMap<>();
    private final Map<Path, Integer> watches = new HashMap<>();

    /** What was said once. */
    private final Set<String> said = new HashSet<>();

    private int linksWatch = -1;

    /**
     * @param notices what tells of them; closed with this
     */
    DirectoryWatches(TailStats stats, Notices notices) {
        this.stats = stats;
        this.notices = notices;
    }

    /** Watches the folder of links, unless it is watched. */
    void watchLinks(Path folder) {
        if (linksWatch < 0) {
            linksWatch = watch(folder, NAME_EVENTS);
        }
    }

    boolean areLinksWatched() {
        return linksWatch >= 0;
    }

    /** Watches the places of a source that are not watched yet. */
    void watch(SourceReader reader) {
        for (Place place : reader.places()) {
            Integer known = watches.get(place.directory());
            int watch = known == null ? watch(place.directory(), FILE_EVENTS) : known;
            if (watch >= 0) {
                watches.put(place.directory(), watch);
                watched.computeIfAbsent(watch, _ -> new HashSet<>()).add(reader);
                reader.watches.add(watch);
            }
        }
        stats.watches = watches.size();
    }

    private int watch(Path directory, int mask) {
        return switch (notices.add(directory, mask)) {
            case Notices.Watch.Added(int watch) -> watch;
            case Notices.Watch.Exhausted(String reason) -> {
                stats.watchFailures.increment();
                sayOnce(reason + MEANWHILE);
                yield -1;
            }
            // Gone or unreadable: the scan says so, with the remedy.
            case Notices.Watch.Refused(String _) -> -1;
        };
    }

    /** Takes no more news of a source. */
    void forget(SourceReader reader) {
        for (int watch : reader.watches) {
            Set<SourceReader> readers = watched.get(watch);
            if (readers != null && readers.remove(reader) && readers.isEmpty()) {
                watched.remove(watch);
                watches.values().remove(watch);
                notices.remove(watch);
            }
        }
        stats.watches = watches.size();
    }

    /** Asks the kernel again for what it has refused: it may have some now. */
    void retry() {
        if (!notices.isAvailable() && !notices.open()) {
            stats.instanceFailures.increment();
            sayOnce(notices.unavailable() + MEANWHILE);
        }
    }

    /**
     * Waits for news, a {@link #wake}, or the time to pass; then hands on what there is.
     *
     * @param timeoutMillis 0 looks only, below 0 waits without end
     */
    void poll(int timeoutMillis, News news) {
        notices.poll(timeoutMillis, (watch, mask) -> onEvent(watch, mask, news));
    }

    private void onEvent(int watch, int mask, News news) {
        if ((mask & Inotify.IN_Q_OVERFLOW) != 0) {
            stats.inotifyOverflows.increment();
            sayOnce(
                    "the kernel's queue of file events was full, and events were dropped;"
                            + " everything is looked at instead. If that happens often, raise"
                            + " fs.inotify.max_queued_events");
            news.dropped();
            return;
        }
        if (watch == linksWatch) {
            if ((mask & Inotify.IN_IGNORED) != 0) {
                linksWatch = -1;
            }
            news.links();
            return;
        }
        Set<SourceReader> readers = watched.get(watch);
        if (readers == null) {
            return;
        }
        for (SourceReader reader : readers) {
            if ((mask & ~Inotify.IN_MODIFY) != 0) {
                news.renamed(reader);
            } else {
                news.written(reader);
            }
        }
        if ((mask & Inotify.IN_IGNORED) != 0) {
            watched.remove(watch);
            watches.values().remove(watch);
            readers.forEach(reader -> reader.watches.remove(watch));
            stats.watches = watches.size();
        }
    }

    private void sayOnce(String problem) {
        if (said.add(problem)) {
            LOG.log(WARNING, problem);
        }
    }

    /** Ends a running {@link #poll}, or the next one. Any thread, until {@link #close}. */
    void wake() {
        notices.wake();
    }

    @Override
    public void close() {
        notices.close();
    }
}
