package io.sluice.pipeline;

import io.sluice.tail.Generation;
import io.sluice.tail.LogSource;
import io.sluice.tail.SourceOrigin;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.Stream;
import io.sluice.tail.StreamPosition;

import java.util.Optional;

/**
 * What an encoder remembers of a source between chunks. Hangs on {@link LogSource#encoderState};
 * touched by that source's encoder alone.
 */
final class SourceState {
    final LogSource source;

    /** Its lines have a container runtime's headers; those of a plain file have none. */
    final boolean isContainer;

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

    /** The source has ended, and nothing of it has come since. */
    boolean ended;

    /** In the encoder's list of sources for the next batch. */
    boolean touched;

    /** Ledger counts since the last batch this source had a part in. */
    long readBytes;

    long readRecords;
    long truncatedRecords;

    /** What the last batch said; null before the first. */
    private SourcePosition announced;

    SourceState(LogSource source) {
        this.source = source;
        this.isContainer = source.origin() instanceof SourceOrigin.Container;
    }

    OpenRecord open(Stream stream) {
        return stream == Stream.STDOUT ? stdout : stderr;
    }

    /** What the next batch has to say about this source; empty where that is nothing. */
    Optional<Batch.SourceProgress> progress() {
        if (ended) {
            return Optional.of(new Batch.SourceProgress(source.key(), Optional.empty(), counts()));
        }
        Optional<StreamPosition> stdout = position(Stream.STDOUT);
        Optional<StreamPosition> stderr = position(Stream.STDERR);
        if (stdout.isEmpty() || stderr.isEmpty()) {
            return Optional.empty();
        }
        SourcePosition position = new SourcePosition(stdout.get(), stderr.get());
        if (position.equals(announced) && readRecords == 0) {
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
    }

    /** Empty where nothing true can be said yet. */
    private Optional<StreamPosition> position(Stream stream) {
        OpenRecord open = open(stream);
        if (open.isOpen()) {
            return Optional.of(
                    new StreamPosition(
                            open.generation.fingerprint(), open.generation.restart(), open.offset));
        }
        long from = generation.from(stream);
        if (from == Long.MAX_VALUE) {
            // Before the agent's restart this stream was read further, in a later generation.
            return source.resumedFrom().map(position -> position.of(stream));
        }
        return Optional.of(
                new StreamPosition(
                        generation.fingerprint(),
                        generation.restart(),
                        Math.max(consumedTo, from)));
    }

    private Batch.Counts counts() {
        return new Batch.Counts(readBytes, readRecords, 0, truncatedRecords);
    }
}
