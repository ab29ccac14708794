package io.sluice.tail;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Follows containers' log files and hands over their bytes as chunks, each byte once and in order.
 *
 * <p>inotify says where to look; scans find what it missed. Nothing is done for a file that nobody
 * writes to but one look a minute.
 *
 * <p>Thread: {@code tail} runs {@link #run}. Do not interrupt it, an interrupt closes the file it
 * reads: call {@link #stop}.
 */
public final class Tailer implements Runnable, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    /** Sources, or slots of the ring, that are free again: look in so long. */
    private static final long RING_FULL_NANOS = 1_000_000;

    /** A file that was written to so lately may lose an event unnoticed: it is looked at. */
    private static final int ACTIVE_SCANS = 15;

    /** Where nothing tells of what is written: open files' sizes are looked at so often. */
    private static final long GROWTH_NANOS = 50_000_000;

    /** Full scans that events call for take at most one part in so many of the time. */
    private static final int SCAN_REST = 10;

    private final TailConfig config;
    private final Map<String, SourcePosition> resume;
    private final ReadGate gate;
    private final ChunkSink sink;
    private final LongSupplier nanoClock;
    private final TailStats stats = new TailStats();
    private final Descriptors descriptors = new Descriptors(stats);
    private final DirectoryWatches watches;
    private final PinnedFiles pinned;

    private final Map<String, SourceReader> sources = new LinkedHashMap<>();

    /** For others to look at: those that are read, and those whose last bytes are on their way. */
    private final Set<LogSource> logSources = ConcurrentHashMap.newKeySet();

    /** Links that were understood, by file name; the others are looked at with every scan. */
    private final Set<String> knownLinks = new HashSet<>();

    /** Sources with something to read, in turn. */
    private final ArrayDeque<SourceReader> ready = new ArrayDeque<>();

    private final Set<String> complaints = new HashSet<>();

    /** Where pods' folders lie, as the links have shown; null before the first link. */
    private Path podsFolder;

    private boolean linksDirty = true;
    private boolean started;
    private long fullScanDueNanos;

    /** Before this, nothing but the clock makes another full scan: they may take long. */
    private long fullScanRestNanos;

    private long activeScanDueNanos;
    private long roundDueNanos;

    /** Written by any thread, read by the tail's. */
    private volatile boolean stopped;

    /** Asked for by any thread, read by the tail's. */
    private volatile boolean finishing;

    /** All there is was looked for since {@link #finishing}. */
    private boolean finishBegun;

    /** The loop is to turn by then; written by the tail's thread, read by any. */
    private volatile long turnsByNanos;

    /** The loop runs; written by the tail's thread, after {@link #turnsByNanos} at first. */
    private volatile boolean running;

    private final DirectoryWatches.News news =
            new DirectoryWatches.News() {
                @Override
                public void links() {
                    linksDirty = true;
                }

                @Override
                public void written(SourceReader source) {
                    queue(source);
                }

                @Override
                public void renamed(SourceReader source) {
                    source.dirty = true;
                    queue(source);
                }

                @Override
                public void dropped() {
                    fullScanDueNanos = Math.min(fullScanDueNanos, fullScanRestNanos);
                }
            };

    /**
     * @param resume positions of the sources as the buffer has them, by {@link LogSource#key}
     */
    public Tailer(
            TailConfig config,
            Map<String, SourcePosition> resume,
            ReadGate gate,
            ChunkSink sink,
            LongSupplier nanoClock) {
        this.config = config;
        this.resume = new HashMap<>(resume);
        this.gate = gate;
        this.sink = sink;
        this.nanoClock = nanoClock;
        Notices notices = config.useInotify() ? new Inotify() : new NoNotices();
        this.watches = new DirectoryWatches(stats, notices);
        this.pinned = new PinnedFiles(config.maxPinnedBytes(), stats);
    }

    public TailStats stats() {
        return stats;
    }

    /**
     * Every source that is read, and those that have ended until everything of them is in excerpts:
     * their figures are part of the books. Any thread; a view that changes while it is looked at.
     */
    public Collection<LogSource> logSources() {
        return Collections.unmodifiableSet(logSources);
    }

    /** Ends {@link #run} after the chunk it is at. Any thread. */
    public void stop() {
        stopped = true;
        watches.wake();
    }

    /**
     * Ends {@link #run} when all that is there now is read: every directory is looked at once more,
     * and what stands behind a file's last newline counts as its last line. Who cannot wait for
     * that calls {@link #stop} as well. Any thread.
     */
    public void finish() {
        finishing = true;
        watches.wake();
    }

    /** Ends a wait for news. Any thread. */
    void wake() {
        watches.wake();
    }

    @Override
    public void run() {
        long now = nanoClock.getAsLong();
        fullScanDueNanos = now;
        fullScanRestNanos = now;
        activeScanDueNanos = now + config.activeScan().toNanos();
        turnsByNanos = now;
        running = true;
        while (!stopped) {
            boolean stuck = readRound();
            if (finishing && isFinished()) {
                break;
            }
            waitForNews(stuck);
            scanWhatIsDue();
            if (!config.useInotify()) {
                lookForGrowth();
            }
            turnsByNanos = nanoClock.getAsLong();
        }
        running = false;
        closeAll();
    }

    /** After {@link #finish}: whether nothing is left to read. */
    private boolean isFinished() {
        if (!finishBegun) {
            finishBegun = true;
            fullScanDueNanos = nanoClock.getAsLong();
            scanWhatIsDue();
            for (SourceReader reader : sources.values()) {
                reader.readToEnd();
                queue(reader);
            }
        }
        return ready.isEmpty() && sources.values().stream().noneMatch(reader -> reader.dirty);
    }

    private void lookForGrowth() {
        for (SourceReader reader : sources.values()) {
            if (!reader.queued && reader.hasGrown()) {
                queue(reader);
            }
        }
    }

    /**
     * How long the thread has been away from its loop, beyond the time it wanted to wait: in a read
     * or a look that does not come back. Zero when it does not run. Any thread.
     */
    public Duration overdue() {
        return running
                ? Duration.ofNanos(Math.max(0, nanoClock.getAsLong() - turnsByNanos))
                : Duration.ZERO;
    }

    /**
     * One turn for each source that has something.
     *
     * @return whether nothing moved although there is something: the ring, or each one's share of
     *     it, is full
     */
    private boolean readRound() {
        long now = nanoClock.getAsLong();
        long before = stats.chunks.sum();
        for (int turns = ready.size(); turns > 0 && !stopped; turns--) {
            SourceReader reader = ready.pollFirst();
            reader.queued = false;
            switch (reader.read(sink, gate, !ready.isEmpty(), now)) {
                case IDLE -> {
                    if (reader.hasEnded()) {
                        forget(reader);
                    }
                }
                case MORE -> queue(reader);
                case RING_FULL -> {
                    // It keeps its turn.
                    reader.queued = true;
                    ready.addFirst(reader);
                    return true;
                }
            }
        }
        return !ready.isEmpty() && stats.chunks.sum() == before;
    }

    private void waitForNews(boolean stuck) {
        if (stuck) {
            LockSupport.parkNanos(RING_FULL_NANOS);
            watches.poll(0, news);
            return;
        }
        if (!ready.isEmpty()) {
            watches.poll(0, news);
            return;
        }
        // All was read: what is written meanwhile makes one larger chunk instead of many small
        // ones.
        long now = nanoClock.getAsLong();
        long due = nextDueNanos();
        if (!config.useInotify()) {
            due = Math.min(due, now + GROWTH_NANOS);
        }
        long waitMillis = due == Long.MAX_VALUE ? -1 : Math.max(0, (due - now) / 1_000_000 + 1);
        turnsByNanos = Math.max(now, Math.min(due, now + config.fullScan().toNanos()));
        watches.poll((int) Math.min(waitMillis, Integer.MAX_VALUE), news);
        if (!ready.isEmpty() && config.roundMillis() > 0 && !stopped) {
            pace();
        }
    }

    /** Lone lines go at once; a busy node is read every {@code roundMillis}. */
    private void pace() {
        long now = nanoClock.getAsLong();
        if (roundDueNanos - now > 0) {
            LockSupport.parkNanos(roundDueNanos - now);
            watches.poll(0, news);
        }
        roundDueNanos = nanoClock.getAsLong() + config.roundMillis() * 1_000_000L;
    }

    private long nextDueNanos() {
        long due = fullScanDueNanos;
        boolean active = false;
        long activeSince = nanoClock.getAsLong() - ACTIVE_SCANS * config.activeScan().toNanos();
        for (SourceReader reader : sources.values()) {
            due = Math.min(due, reader.nextLookNanos());
            active |= wantsActiveScan(reader, activeSince);
        }
        return active || !watches.areLinksWatched() || !resume.isEmpty()
                ? Math.min(due, activeScanDueNanos)
                : due;
    }

    private void queue(SourceReader reader) {
        if (!reader.queued) {
            reader.queued = true;
            ready.addLast(reader);
        }
    }

    private void scanWhatIsDue() {
        long now = nanoClock.getAsLong();
        boolean full = fullScanDueNanos - now <= 0;
        boolean active = full || activeScanDueNanos - now <= 0;
        if (full && config.useInotify()) {
            watches.retry();
        }
        if (linksDirty || full || (active && (!watches.areLinksWatched() || !resume.isEmpty()))) {
            linksDirty = false;
            discover(now);
        }
        long activeSince = now - ACTIVE_SCANS * config.activeScan().toNanos();
        boolean looked = active;
        for (SourceReader reader : sources.values()) {
            boolean due = full || (active && wantsActiveScan(reader, activeSince));
            if (due || reader.wantsScan(now)) {
                reader.dirty = false;
                reader.scan(now);
                watch(reader);
                queue(reader);
                looked = true;
            } else if (reader.nextLookNanos() - now <= 0) {
                queue(reader);
            } else if (active && reader.queued) {
                reader.look(now);
            }
        }
        if (looked) {
            pinned.keepFew(sources.values(), now);
        }
        if (active) {
            activeScanDueNanos = now + config.activeScan().toNanos();
            count(now);
        }
        if (full) {
            stats.fullScans.increment();
            fullScanDueNanos = now + config.fullScan().toNanos();
            long took = nanoClock.getAsLong() - now;
            fullScanRestNanos = now + took * SCAN_REST;
        }
    }

    /** Written to lately, or nothing but looking would show it. */
    private static boolean wantsActiveScan(SourceReader reader, long activeSince) {
        return reader.watches.isEmpty() || reader.isWaiting() || reader.wasActiveSince(activeSince);
    }

    private void count(long now) {
        int open = 0;
        long backlog = 0;
        for (SourceReader reader : sources.values()) {
            open += reader.held().size();
            backlog += reader.source.unreadBytes();
            reader.forecast(pinned.unusedBytes(), now);
        }
        logSources.removeIf(source -> source.isForgotten() || isGoneUnread(source));
        stats.openFiles = open;
        stats.backlogBytes = backlog;
        stats.sources = sources.size();
    }

    /** It went without a chunk: its encoder has never heard of it. */
    private boolean isGoneUnread(LogSource source) {
        SourceReader reader = sources.get(source.key());
        boolean isRead = reader != null && reader.source == source;
        return !isRead && source.handedBytes() == 0 && source.chunksInRing() == 0;
    }

    /**
     * Finds sources: the kubelet's links, the configured files, and positions whose files are gone.
     */
    private void discover(long now) {
        boolean allSeen = true;
        if (config.containers().isPresent()) {
            allSeen &= discoverLinks(config.containers().get(), now);
        }
        for (Path pattern : config.files()) {
            allSeen &= discoverFiles(pattern, now);
        }
        // A folder that is not mounted yet must not look like one whose files are gone.
        if (started && allSeen && !resume.isEmpty()) {
            settleAbsent(now);
        }
        started |= allSeen;
    }

    /**
     * @return whether the folder could be looked through
     */
    private boolean discoverLinks(Path folder, long now) {
        if (config.useInotify()) {
            watches.watchLinks(folder);
        }
        Set<String> present = new HashSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "*.log")) {
            for (Path link : entries) {
                String name = link.getFileName().toString();
                present.add(name);
                if (!knownLinks.contains(name) && discoverLink(link, now)) {
                    knownLinks.add(name);
                }
            }
            complaints.remove(folder.toString());
            knownLinks.retainAll(present);
            return true;
        } catch (NoSuchFileException _) {
            complain(
                    folder,
                    folder
                            + " does not exist; set containers.path to the kubelet's folder of"
                            + " links. The agent keeps looking");
        } catch (IOException | DirectoryIteratorException e) {
            complainUnreadable(folder, e, "; run as root or with CAP_DAC_READ_SEARCH");
        }
        return false;
    }

    /**
     * @return whether the link need not be looked at again
     */
    private boolean discoverLink(Path link, long now) {
        Optional<ContainerLink> read;
        try {
            read = ContainerLink.read(link);
        } catch (IOException e) {
            complain(link, "the link " + link + " cannot be read: " + e);
            return false;
        }
        if (read.isEmpty()) {
            if (ContainerLink.isNamedLikeOne(link.getFileName().toString())) {
                complain(
                        link,
                        "the link "
                                + link
                                + " does not lead to <namespace>_<pod>_<uid>/<container>/<n>.log;"
                                + " it is not read");
            }
            return false;
        }
        ContainerLink container = read.get();
        if (config.excludes(container.origin().namespace(), container.origin().pod())) {
            resume.remove(container.key());
            return true;
        }
        Path directory = container.place().directory();
        if (!Files.isDirectory(directory)) {
            complain(
                    link,
                    "the link " + link + " leads to " + directory + ", which " + unseen(directory));
            return false;
        }
        if (Files.exists(link)) {
            complaints.remove(link.toString());
        }
        podsFolder = container.podsFolder();
        add(
                container.key(),
                container.origin(),
                container.place(),
                Optional.of(new SourceReader.Link(link, container.containerId())),
                container.restart(),
                now);
        return true;
    }

    /** Why a directory cannot be looked at, and the remedy. */
    private static String unseen(Path directory) {
        try {
            Files.readAttributes(directory, BasicFileAttributes.class);
            return "is no directory; it is not read";
        } catch (AccessDeniedException _) {
            return "may not be looked into: permission denied; run as root or with"
                    + " CAP_DAC_READ_SEARCH";
        } catch (IOException _) {
            return "does not exist or is not visible here; is it mounted?";
        }
    }

    private boolean discoverFiles(Path pattern, long now) {
        Path folder = pattern.getParent();
        String name = pattern.getFileName().toString();
        boolean glob = name.chars().anyMatch(c -> "*?[{".indexOf(c) >= 0);
        if (!glob) {
            if (Files.exists(pattern)) {
                addFile(pattern, now);
            }
            return Files.isDirectory(folder);
        }
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + name);
        List<Path> matching = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path path : entries) {
                if (matcher.matches(path.getFileName()) && Files.isRegularFile(path)) {
                    matching.add(path);
                }
            }
            complaints.remove(folder.toString());
        } catch (NoSuchFileException _) {
            complain(folder, folder + " does not exist; it is looked for: " + pattern);
            return false;
        } catch (IOException | DirectoryIteratorException e) {
            complainUnreadable(folder, e, "");
            return false;
        }
        for (Path path : matching) {
            if (!isRotated(path, matching)) {
                addFile(path, now);
            }
        }
        return true;
    }

    /** A glob may also match what was rotated away from a file that it matches. */
    private static boolean isRotated(Path path, List<Path> among) {
        String name = path.getFileName().toString();
        for (Path other : among) {
            String active = other.getFileName().toString();
            if (!other.equals(path) && LogFileName.sibling(0, active, name).isPresent()) {
                return true;
            }
        }
        return false;
    }

    private void addFile(Path path, long now) {
        add(
                path.toString(),
                new SourceOrigin.File(path),
                new Place(path.getParent(), 0, Optional.of(path.getFileName().toString())),
                Optional.empty(),
                0,
                now);
    }

    private void add(
            String key,
            SourceOrigin origin,
            Place place,
            Optional<SourceReader.Link> link,
            int restart,
            long now) {
        SourceReader reader = sources.get(key);
        if (reader == null) {
            reader = reader(key, origin, now);
        }
        if (reader.add(place, link, restart)) {
            watch(reader);
            reader.scan(now);
            queue(reader);
        } else {
            reader.dirty = true;
        }
    }

    private SourceReader reader(String key, SourceOrigin origin, long now) {
        Optional<SourcePosition> position = Optional.ofNullable(resume.remove(key));
        SourceReader reader =
                new SourceReader(
                        new LogSource(key, origin, position),
                        config,
                        stats,
                        descriptors,
                        position,
                        !started,
                        now);
        sources.put(key, reader);
        logSources.add(reader.source);
        stats.sources = sources.size();
        return reader;
    }

    /**
     * Positions whose source no link or file names. A container's folder that is still there is
     * read to its end; the others end at once, and their end makes the buffer forget the position.
     */
    private void settleAbsent(long now) {
        for (String key : List.copyOf(resume.keySet())) {
            SourceReader reader = reader(key, ContainerLink.origin(key), now);
            if (podsFolder != null && !key.startsWith("/")) {
                Path folder = podsFolder.resolve(key);
                reader.add(new Place(folder, 0, Optional.empty()), Optional.empty(), 0);
                watch(reader);
            }
            reader.scan(now);
            queue(reader);
        }
    }

    private void watch(SourceReader reader) {
        if (config.useInotify()) {
            watches.watch(reader);
        }
    }

    private void forget(SourceReader reader) {
        for (Path link : reader.linksToNothing()) {
            complain(
                    link,
                    "the link "
                            + link
                            + " leads to no file; nothing is read there until one is found. Is its"
                            + " folder mounted as it is on the node?");
        }
        reader.close();
        sources.remove(reader.source.key());
        // A link that leads to a folder that is gone may lead to another one some day.
        knownLinks.clear();
        watches.forget(reader);
        stats.sources = sources.size();
    }

    private void complainUnreadable(Path folder, Exception e, String remedy) {
        if (!descriptors.areExhausted(e)) {
            stats.unreadable.increment();
            complain(folder, folder + " cannot be read (" + e + ")" + remedy);
        }
    }

    private void complain(Path path, String problem) {
        if (complaints.add(path.toString())) {
            LOG.log(WARNING, problem);
        }
    }

    private void closeAll() {
        sources.values().forEach(SourceReader::close);
        LOG.log(INFO, "stopped reading; {0} sources", sources.size());
    }

    /** Frees what {@link #run} has used, after it has ended. */
    @Override
    public void close() {
        watches.close();
    }
}
