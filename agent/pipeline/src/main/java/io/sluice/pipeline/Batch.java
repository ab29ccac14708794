package io.sluice.pipeline;

import io.sluice.tail.Loss;
import io.sluice.tail.SourcePosition;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Documents compressed, buffered and sent together, with the new positions of the sources they came
 * from. What one excerpt of the buffer holds.
 *
 * <p>The books of a batch balance by themselves: of each source, the records read but not filtered
 * are the documents that each body's {@link Runs} name, and so are their bytes. The sources that
 * have documents in it, and the runs, take at most an eighth of the pipeline's {@code
 * maxCompressedBytes} by {@link Runs#mostSourceBytes} and {@link Runs#MOST_RUN_BYTES}: the buffer
 * keeps them in the same excerpt as the documents.
 *
 * @param bodies one for each output, in the order of the outputs; empty when only positions moved
 * @param progress each source that moved since its encoder's last batch
 */
public record Batch(List<Body> bodies, List<SourceProgress> progress) {

    /**
     * One bulk request's body.
     *
     * @param target data stream or index that actions without {@code _index} mean; part of the
     *     request's path
     * @param documents how many documents (pairs of action and source lines)
     * @param uncompressedBytes size of the NDJSON
     * @param gzip a complete gzip stream between position and limit; the encoder's own buffer,
     *     valid during {@link BatchSink#append} only
     * @param runs whose the documents are; the encoder's own, valid during {@link BatchSink#append}
     *     only
     */
    public record Body(
            String target, int documents, int uncompressedBytes, ByteBuffer gzip, Runs runs) {}

    /**
     * What happened to one source since the last batch.
     *
     * @param source {@link io.sluice.tail.LogSource#key}
     * @param position per stream, the first byte that is in no excerpt when this one is durable;
     *     empty when the source has ended and its position is to be forgotten
     */
    public record SourceProgress(String source, Optional<SourcePosition> position, Counts counts) {}

    /**
     * For the ledger, since the last batch of the source.
     *
     * @param readBytes raw bytes of the records made of the source's lines, newlines included
     * @param readRecords records those bytes made
     * @param filteredBytes of the read: bytes of records dropped on purpose
     * @param filteredRecords of the read: records dropped on purpose
     * @param truncatedRecords documents that carry {@code log.flags: truncated}
     * @param skippedBytes raw bytes of lines that were in an excerpt already, and were passed over:
     *     not read again. What the tail has handed over and is neither read nor skipped in a batch
     *     is inside the agent
     * @param aheadBytes no sum, but as of this batch: raw bytes of lines in excerpts that stand
     *     behind the older of the source's two positions, because a record of the other stream is
     *     open; those that a restart will skip
     * @param losses what the position has passed over unread, one for each cause at most
     */
    public record Counts(
            long readBytes,
            long readRecords,
            long filteredBytes,
            long filteredRecords,
            long truncatedRecords,
            long skippedBytes,
            long aheadBytes,
            List<Loss> losses) {
        public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0, List.of());

        public Counts {
            losses = List.copyOf(losses);
        }

        /** Records read and nothing else. */
        public static Counts read(long readBytes, long readRecords) {
            return new Counts(readBytes, readRecords, 0, 0, 0, 0, 0, List.of());
        }
    }
}
