package io.sluice.buffer;

import io.sluice.buffer.ExcerptFormat.BodyEntry;
import io.sluice.buffer.ExcerptFormat.Header;
import io.sluice.buffer.ExcerptFormat.Kind;
import io.sluice.buffer.ExcerptFormat.SourceEntry;
import io.sluice.buffer.SavedSegment.Folder;
import io.sluice.tail.SourcePosition;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What a buffer's directory holds, read without making, changing or locking anything: beside a
 * running agent, of a copy, of a damaged one.
 *
 * <p>One thread.
 */
public final class SavedBuffer {
    private final Path directory;
    private final List<String> outputs;
    private final Optional<AckedFile.Saved> acknowledged;
    private final boolean ackedDamaged;

    /** Told what is there, segment by segment, the oldest first. */
    public interface Finder {
        /** What follows is in this one. */
        default void segment(SavedSegment segment) {}

        /** Its next excerpt that can be read. */
        default void excerpt(SavedExcerpt excerpt) throws IOException {}

        /** Something that is damaged, before the excerpt that is told of next. */
        default void damage(BufferDamage damage) {}
    }

    /**
     * How far one output has come.
     *
     * @param acknowledged every excerpt up to and with this one is done
     * @param beyond excerpts behind that which are done all the same, for a person
     */
    public record Output(String name, long acknowledged, String beyond) {}

    /**
     * Reads how far the outputs have come; the rest is read by {@link #walk}.
     *
     * @param outputs names that are to be recognised
     * @throws IOException if the directory cannot be read
     */
    public SavedBuffer(Path directory, List<String> outputs) throws IOException {
        this.directory = directory;
        this.outputs = List.copyOf(outputs);
        Path acked = directory.resolve("acked");
        this.acknowledged = AckedFile.look(acked);
        this.ackedDamaged = acknowledged.isEmpty() && Files.exists(acked);
    }

    /** How far each output has come that has acknowledged something. */
    public List<Output> outputs() {
        return acknowledged.stream()
                .flatMap(saved -> saved.outputs().stream())
                .map(
                        output ->
                                new Output(
                                        name(output.outputId),
                                        output.index,
                                        output.settled.isEmpty() ? "" : output.settled.toString()))
                .toList();
    }

    private String name(int outputId) {
        return outputs.stream()
                .filter(output -> ExcerptFormat.outputId(output) == outputId)
                .findFirst()
                .orElseGet(() -> "output-%08x".formatted(outputId));
    }

    /** Whether an agent uses the directory. */
    public boolean isInUse() throws IOException {
        try (FileChannel channel =
                        FileChannel.open(directory.resolve("lock"), StandardOpenOption.READ);
                FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
            return lock == null;
        } catch (NoSuchFileException _) {
            return false;
        } catch (OverlappingFileLockException _) {
            return true;
        }
    }

    /**
     * Reads everything once.
     *
     * @throws IOException if a directory cannot be read; what is wrong with files is damage
     */
    public void walk(Finder finder) throws IOException {
        if (ackedDamaged) {
            finder.damage(
                    new BufferDamage(
                            directory.resolve("acked"),
                            "what is acknowledged cannot be read: everything is sent again, and"
                                    + " recognised by its id",
                            OptionalLong.of(0),
                            Map.of()));
        }
        boolean inUse = isInUse();
        List<SavedSegment> segments = new ArrayList<>(segments("earlier", Folder.EARLIER));
        segments.addAll(segments("queue", Folder.QUEUE));
        segments.sort(Comparator.comparingInt(segment -> cycle(segment.file())));
        long last = doneTo();
        for (int i = 0; i < segments.size(); i++) {
            finder.segment(segments.get(i));
            // What is being appended just now is no damage.
            boolean sealed = !inUse || i + 1 < segments.size();
            last = walk(segments.get(i), sealed, last, finder);
        }
        long appendedTo = acknowledged.map(AckedFile.Saved::appendedTo).orElse(0L);
        missing(directory.resolve("queue"), last, appendedTo + 1, false, finder);
        for (SavedSegment segment : segments("quarantine", Folder.QUARANTINE)) {
            finder.segment(segment);
            finder.damage(
                    new BufferDamage(
                            segment.file(),
                            "an earlier start could not read it",
                            OptionalLong.empty(),
                            Map.of()));
        }
    }

    private List<SavedSegment> segments(String name, Folder folder) throws IOException {
        List<SavedSegment> segments = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory.resolve(name))) {
            for (Path file : files.sorted().toList()) {
                // The queue's table of locks and listings is none.
                if (folder == Folder.QUARANTINE || cycle(file) >= 0) {
                    segments.add(new SavedSegment(file, folder, Files.size(file)));
                }
            }
        } catch (NoSuchFileException _) {
            // No such folder; or a segment was deleted by the agent, and those before it, too.
        }
        return segments;
    }

    private static int cycle(Path file) {
        return Chronicle.cycleOf(file.getFileName().toString()).orElse(-1);
    }

    /** Every output is done with every excerpt up to this. */
    private long doneTo() {
        return acknowledged.stream()
                .flatMap(saved -> saved.outputs().stream())
                .mapToLong(output -> output.index)
                .min()
                .orElse(0);
    }

    /** Returns the highest sequence that was met so far. */
    private long walk(SavedSegment segment, boolean sealed, long before, Finder finder)
            throws IOException {
        long last = before;
        boolean any = false;
        boolean brokenBefore = false;
        try (SegmentReader reader = new SegmentReader(segment.file())) {
            for (Optional<Header> next = next(reader, segment, sealed, finder);
                    next.isPresent();
                    next = next(reader, segment, sealed, finder)) {
                Header header = next.get();
                missing(segment.file(), last, header.sequence(), reader.skipped(), finder);
                finder.excerpt(saved(header, reader));
                last = Math.max(last, header.sequence());
                any = true;
                brokenBefore = reader.broken();
            }
            if (!any) {
                tellOfNone(reader, segment, finder);
            } else if (reader.broken() && !brokenBefore) {
                tell(segment, "it is damaged behind excerpt " + last, finder);
            }
        } catch (FileNotFoundException _) {
            // Delivered meanwhile, and deleted by the agent.
        }
        return last;
    }

    private static Optional<Header> next(
            SegmentReader reader, SavedSegment segment, boolean sealed, Finder finder) {
        try {
            return reader.next(segment.bytes(), sealed);
        } catch (IOException e) {
            tell(segment, "it cannot be read to its end: " + e, finder);
            return Optional.empty();
        }
    }

    /** A segment without an excerpt: made when the agent ended, or damaged. */
    private static void tellOfNone(SegmentReader reader, SavedSegment segment, Finder finder) {
        try {
            if (reader.otherVersion() >= 0) {
                tell(
                        segment,
                        "its excerpts have the format version "
                                + reader.otherVersion()
                                + ", which this version of Sluice does not read",
                        finder);
            } else if (!reader.isAllZero() && (!reader.beginsLikeASegment() || reader.broken())) {
                tell(segment, "no excerpt in it can be read", finder);
            }
        } catch (IOException e) {
            tell(segment, "it cannot be read: " + e, finder);
        }
    }

    private static void tell(SavedSegment segment, String what, Finder finder) {
        finder.damage(new BufferDamage(segment.file(), what, OptionalLong.empty(), Map.of()));
    }

    /** Tells of what is missing between two excerpts, if somebody misses it. */
    private void missing(Path file, long last, long next, boolean skipped, Finder finder) {
        long missed = 0;
        for (long sequence = last + 1; sequence < next; sequence++) {
            missed += isDoneByAll(sequence) ? 0 : 1;
        }
        if (missed == 0 && !skipped) {
            return;
        }
        String gone =
                last + 1 == next - 1
                        ? "excerpt " + (last + 1) + " is missing"
                        : "excerpts " + (last + 1) + " to " + (next - 1) + " are missing";
        finder.damage(
                new BufferDamage(
                        file,
                        skipped
                                ? "bytes before excerpt "
                                        + next
                                        + " are damaged"
                                        + (last + 1 < next ? ", " + gone : "")
                                : gone,
                        OptionalLong.of(missed),
                        Map.of()));
    }

    private boolean isDoneByAll(long sequence) {
        return acknowledged.isPresent()
                && acknowledged.get().outputs().stream()
                        .allMatch(
                                output ->
                                        sequence <= output.index
                                                || output.settled.contains(sequence));
    }

    private SavedExcerpt saved(Header header, SegmentReader reader) {
        List<SavedBody> bodies = new ArrayList<>();
        for (BodyEntry body : header.bodies()) {
            bodies.add(
                    new SavedBody(
                            name(body.output()), body, isDone(header, body.output()), reader));
        }
        Map<String, SourcePosition> positions = new TreeMap<>();
        List<String> forgotten = new ArrayList<>();
        for (SourceEntry source : header.sources()) {
            source.position().ifPresent(position -> positions.put(source.key(), position));
            if (source.forgotten()) {
                forgotten.add(source.key());
            }
        }
        return new SavedExcerpt(
                header.sequence(),
                header.kind().name().toLowerCase(Locale.ROOT),
                header.epochMillis(),
                header.totalBytes(),
                bodies,
                positions,
                forgotten);
    }

    private boolean isDone(Header header, int outputId) {
        return acknowledged.stream()
                .flatMap(saved -> saved.outputs().stream())
                .filter(output -> output.outputId == outputId)
                .anyMatch(
                        output ->
                                header.sequence() <= output.index
                                        || output.settled.contains(header.sequence())
                                        // Its documents are still in the excerpt they came from.
                                        || (header.kind() == Kind.AGAIN
                                                && header.origin() > output.index));
    }
}
