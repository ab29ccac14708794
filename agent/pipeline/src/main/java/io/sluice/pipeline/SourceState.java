package io.sluice.pipeline;

import io.sluice.tail.Generation;
import io.sluice.tail.LogSource;
import io.sluice.tail.Loss;
import io.sluice.tail.SourceOrigin;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.Stream;
import io.sluice.tail.StreamPosition;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What an encoder remembers of a source between chunks. Hangs on {@link LogSource#encoderState};
 * touched by that source's encoder alone.
 */
final class SourceState {
    final LogSource source;

    /** Its lines have a container runtime's headers; those of a plain file have none. */
    final boolean isContainer;

    /** Who writes its lines, if that is known. */
    final Optional<SourceOrigin.Container> writer;

    final OpenRecord stdout = new OpenRecord(this, Stream.STDOUT);
    final OpenRecord stderr = new OpenRecord(this, Stream.STDERR);

    /** The beginning of a line that is longer than the chunks so far; no newline in it. */
    final HeldBytes halfLine = new HeldBytes();

    /** Length of that beginning in the file, kept or not; 0 where there is none. */
    long halfLineBytes;

    /** The generation the last chunk was of; null before the first. */
    Generation generation;

    /** Encoded metadata of {@link #generation} and {@link #pod}. */
    SourceFields fields;

    Optional<Pod> pod = Optional.empty();

    /** Behind the last line that was taken, in {@link #generation}. */
    long consumedTo;

    /** Lengths of all lines taken, over all generations, the one that is being taken too. */
    long takenBytes;

    /** Of those, the line that is in no open record and not in the batch yet. */
    long inHandBytes;

    /** The source has ended, and nothing of it has come since. */
    boolean ended;

    /** In the encoder's list of sources for the next batch. */
    boolean touched;

    /** Where in that list. */
    int touchedIndex;

    /** Where in the batch's progress; while the batch is closed. */
    int progressIndex;

    /** A document of it is in the open batch. */
    boolean inBatch;

    /** Ledger counts since the last batch this source had a part in. */
    long readBytes;

    long readRecords;
    long truncatedRecords;
    long skippedBytes;
    private List<Loss> losses = List.of();

    /** What the last batch said; null before the first. */
    private SourcePosition announced;

    SourceState(LogSource source, PodDirectory pods) {
        this.source = source;
        this.isContainer = source.origin() instanceof SourceOrigin.Container;
        this.writer =
                switch (source.origin()) {
                    case SourceOrigin.Container container -> Optional.of(container);
                    case SourceOrigin.File file -> pods.writer(file);
                };
    }

    OpenRecord open(Stream stream) {
        return stream == Stream.STDOUT ? stdout : stderr;
    }

    /** Which run of its container {@link #generation} is of; a plain file does not say that. */
    OptionalInt run() {
        return isContainer ? OptionalInt.of(generation.restart()) : OptionalInt.empty();
    }

    /** The position is about to pass over what is lost, or has just done so. */
    void lose(List<Loss> more) {
        List<Loss> all = new ArrayList<>(losses);
        for (Loss loss : more) {
            add(all, loss);
        }
        losses = all;
    }

    private static void add(List<Loss> all, Loss loss) {
        for (int i = 0; i < all.size(); i++) {
            Loss other = all.get(i);
            if (other.cause() == loss.cause()) {
                all.set(
                        i,
                        new Loss(
                                loss.cause(),
                                other.bytes() + loss.bytes(),
                                other.atLeast() || loss.atLeast()));
                return;
            }
        }
        all.add(loss);
    }

    /** What the next batch has to say about this source; empty where that is nothing. */
    Optional<Batch.SourceProgress> progress() {
        if (ended) {
            return Optional.of(new Batch.SourceProgress(source.key(), Optional.empty(), counts()));
        }
        SourcePosition position =
                new SourcePosition(position(Stream.STDOUT), position(Stream.STDERR));
        if (position.equals(announced) && readRecords == 0 && losses.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Batch.SourceProgress(source.key(), Optional.of(position), counts()));
    }

    /** The batch with this progress is in the buffer. */
    void announced(Batch.SourceProgress progress) {
        announced = progress.position().orElse(null);
        readBytes = 0;
        readRecords = 0;
        truncatedRecords = 0;
        skippedBytes = 0;
        losses = List.of();
    }

    private StreamPosition position(Stream stream) {
        OpenRecord open = open(stream);
        if (open.isOpen()) {
            return position(open.generation, open.offset);
        }
        long from = generation.from(stream);
        if (from == Long.MAX_VALUE) {
            // Before the agent's restart this stream was read further, in a later generation.
            if (source.resumedFrom().isPresent()) {
                return source.resumedFrom().get().of(stream);
            }
            from = 0;
        }
        return position(generation, Math.max(consumedTo, from));
    }

    private static StreamPosition position(Generation in, long offset) {
        return new StreamPosition(in.fingerprint(), in.restart(), offset, in.before());
    }

    private Batch.Counts counts() {
        return new Batch.Counts(
                readBytes, readRecords, 0, 0, truncatedRecords, skippedBytes, aheadBytes(), losses);
    }

    /** Bytes in excerpts behind the first byte of the oldest open record. */
    private long aheadBytes() {
        if (!stdout.isOpen() && !stderr.isOpen()) {
            return 0;
        }
        long since = Long.MAX_VALUE;
        long openBytes = 0;
        if (stdout.isOpen()) {
            since = stdout.takenBefore;
            openBytes += stdout.extent;
        }
        if (stderr.isOpen()) {
            since = Math.min(since, stderr.takenBefore);
            openBytes += stderr.extent;
        }
        return takenBytes - since - openBytes - inHandBytes;
    }
}
