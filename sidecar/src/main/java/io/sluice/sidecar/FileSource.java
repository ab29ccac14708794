package io.sluice.sidecar;

import io.sluice.tail.Chunk;
import io.sluice.tail.ChunkSink;
import io.sluice.tail.Generation;
import io.sluice.tail.ReadGate;
import io.sluice.tail.SourceOrigin;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;
import io.sluice.tail.TailConfig;
import io.sluice.tail.Tailer;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Files by path or glob, all of them by one {@link Tailer}, on the thread {@code tail}.
 *
 * <p>{@link #offer} writes before it returns, and blocks while nobody reads: the files are the
 * back-pressure.
 */
final class FileSource implements Source, ChunkSink {
    /** A file that is new, or another one under an old name, is found within so long. */
    private static final Duration SCAN = Duration.ofSeconds(1);

    private static final long RECORD_NANOS = TimeUnit.SECONDS.toNanos(1);

    /**
     * What is followed.
     *
     * @param path absolute; its last name may be a glob
     */
    record Followed(Path path, Style style) {

        boolean isGlob() {
            return path.getFileName().toString().chars().anyMatch(c -> "*?[{".indexOf(c) >= 0);
        }

        boolean covers(Path file) {
            if (path.equals(file)) {
                return true;
            }
            PathMatcher name =
                    FileSystems.getDefault().getPathMatcher("glob:" + path.getFileName());
            return path.getParent().equals(file.getParent()) && name.matches(file.getFileName());
        }
    }

    private final List<Followed> followed;
    private final Outlets outlets;
    private final HeldBytes room;
    private final Activity activity;
    private final Duration patience;
    private final Tailer tailer;
    private final Chunk chunk = new Chunk(LineShaper.BLOCK_BYTES);
    private final Map<String, FileCopy> copies = new ConcurrentHashMap<>();

    /** Positions of sources of which no chunk was written yet. */
    private final Map<String, SourcePosition> resumed;

    /** Those that are still to be seen. By {@link #tend} alone. */
    private final Set<Followed> unseen;

    private final long begunNanos = System.nanoTime();

    /** Written and read by the tail thread, while it runs. */
    private IOException broken;

    /**
     * @param resumed positions by path
     * @param patience that something is not there is said after so long
     */
    FileSource(
            List<Followed> followed,
            Map<String, SourcePosition> resumed,
            Outlets outlets,
            HeldBytes room,
            Activity activity,
            Duration patience) {
        this.followed = List.copyOf(followed);
        this.unseen = new HashSet<>(followed);
        this.resumed = new ConcurrentHashMap<>(resumed);
        this.outlets = outlets;
        this.room = room;
        this.activity = activity;
        this.patience = patience;
        TailConfig config =
                new TailConfig(
                        Optional.empty(),
                        followed.stream().map(Followed::path).distinct().toList(),
                        List.of(),
                        new TailConfig.From.Beginning(),
                        SCAN,
                        SCAN,
                        20,
                        8,
                        16,
                        false);
        this.tailer = new Tailer(config, resumed, ReadGate.OPEN, this, System::nanoTime);
    }

    @Override
    public String name() {
        return "tail";
    }

    @Override
    public void open() {}

    @Override
    public void run() throws IOException {
        tailer.run();
        if (broken != null) {
            throw broken;
        }
        for (FileCopy copy : copies.values()) {
            copy.shaper.endRecord();
        }
    }

    @Override
    public void finish() {
        tailer.finish();
    }

    /** How long the tail is away from its loop: in a read, or in a write that nobody takes. */
    Duration overdue() {
        return tailer.overdue();
    }

    @Override
    public boolean offer(ChunkFiller filler) {
        if (broken != null) {
            return false;
        }
        chunk.clear();
        filler.fill(chunk);
        try {
            String key = chunk.source.key();
            copies.computeIfAbsent(key, this::copy).take(chunk);
            resumed.remove(key);
            if (chunk.end == Chunk.End.SOURCE) {
                // Names with a date come and go for as long as the application lives.
                copies.remove(key);
            }
        } catch (IOException e) {
            broken = e;
            tailer.stop();
        }
        chunk.source.chunkConsumed();
        return true;
    }

    private FileCopy copy(String key) {
        Path file = Path.of(key);
        Style style =
                followed.stream()
                        .filter(one -> one.covers(file))
                        .findFirst()
                        // A position whose file is gone; it ends without a byte.
                        .orElse(followed.getFirst())
                        .style();
        return new FileCopy(new LineShaper(style, key, outlets, room, activity));
    }

    @Override
    public void tend() throws IOException {
        for (FileCopy copy : copies.values()) {
            copy.shaper.endRecordOlderThan(RECORD_NANOS);
        }
        if (!unseen.isEmpty()) {
            noteSeen();
        }
    }

    private void noteSeen() {
        List<Path> found = new ArrayList<>();
        tailer.logSources()
                .forEach(
                        source -> {
                            if (source.origin() instanceof SourceOrigin.File(Path path)) {
                                found.add(path);
                            }
                        });
        unseen.removeIf(one -> found.stream().anyMatch(one::covers));
        if (System.nanoTime() - begunNanos > patience.toNanos()) {
            // Of a glob whose folder is not there the tail has spoken.
            unseen.removeIf(one -> one.isGlob() && !Files.isDirectory(one.path().getParent()));
            for (Followed one : unseen) {
                Console.say(
                        one.path()
                                + " is not there after "
                                + patience.toSeconds()
                                + " s; it is waited for. Is its volume mounted here, and is the"
                                + " path right?");
            }
            unseen.clear();
        }
    }

    /** Of every file, what was written to an outlet. Any thread. */
    Map<String, StreamPosition> positions() {
        Map<String, StreamPosition> positions = new HashMap<>();
        // In this order: what moves from one to the other meanwhile is seen in one of them.
        resumed.forEach((key, at) -> positions.put(key, at.stdout()));
        copies.forEach((key, copy) -> copy.position().ifPresent(at -> positions.put(key, at)));
        return positions;
    }

    @Override
    public void close() {
        tailer.close();
    }

    /** One file and those that were rotated away from its name, on their way out. */
    private static final class FileCopy {
        private final LineShaper shaper;

        /** Where the last chunk ended. Guarded by this. */
        private StreamPosition end;

        /** Where what is not written yet begins. Guarded by this. */
        private StreamPosition open;

        /** Guarded by this. */
        private boolean ended;

        private Generation generation;

        FileCopy(LineShaper shaper) {
            this.shaper = shaper;
        }

        void take(Chunk chunk) throws IOException {
            boolean other = generation == null || !generation.equals(chunk.generation);
            if (other && chunk.generation.start() == Generation.Start.BREAKS) {
                // Truncated: the rest of what was begun will never come.
                shaper.endRecord();
            }
            generation = chunk.generation;
            int skipped = Math.clamp(generation.stdoutFrom() - chunk.offset, 0, chunk.length);
            shaper.take(chunk.bytes, skipped, chunk.length);
            if (chunk.end != Chunk.End.OPEN) {
                shaper.endLine();
            }
            if (chunk.end == Chunk.End.SOURCE) {
                shaper.endRecord();
            }
            note(chunk);
        }

        private synchronized void note(Chunk chunk) {
            long held = shaper.openBytes();
            long behind = chunk.offset + chunk.length;
            ended = chunk.end == Chunk.End.SOURCE;
            end = at(behind);
            if (held <= chunk.length) {
                open = at(behind - held);
            } else if (open == null) {
                open = at(chunk.offset);
            }
        }

        private StreamPosition at(long offset) {
            return new StreamPosition(generation.fingerprint(), 0, offset, generation.before());
        }

        /** A line that is written between the two questions makes it older, never too young. */
        synchronized Optional<StreamPosition> position() {
            if (ended || end == null || end.fingerprint() == 0) {
                return Optional.empty();
            }
            return Optional.of(shaper.openBytes() == 0 ? end : open);
        }
    }
}
