package io.sluice.pipeline;

import io.sluice.tail.Generation;
import io.sluice.tail.Stream;

/**
 * A record of one stream whose end has not come yet. Its bytes are the time of its first piece,
 * then the pieces' text.
 *
 * <p>One for each stream of a source, used again and again.
 */
final class OpenRecord extends HeldBytes {
    final SourceState source;
    final Stream stream;

    /** Of the first byte of the first line; null while nothing is open. */
    Generation generation;

    /** What goes with {@link #generation}. */
    SourceFields fields;

    /** Of the first byte of the first line, in {@link #generation}. */
    long offset;

    /** Bytes of the lines so far; see {@link RecordJoiner}. */
    long extent;

    /** {@link SourceState#takenBytes} before its first line. */
    long takenBefore;

    /** End of the time in {@link #bytes}. */
    int timeLength;

    /** When it is closed if no further piece comes, in the encoder's active time. */
    long deadlineNanos;

    /** Nothing came until the last part of the wait, which ends at the deadline. */
    boolean listening;

    OpenRecord(SourceState source, Stream stream) {
        this.source = source;
        this.stream = stream;
    }

    boolean isOpen() {
        return generation != null;
    }
}
