package io.sluice.pipeline;

import io.sluice.tail.SourcePosition;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Documents compressed, buffered and sent together, with the new positions of the sources they came
 * from. What one excerpt of the buffer holds.
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
     */
    public record Body(String target, int documents, int uncompressedBytes, ByteBuffer gzip) {}

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
     * @param readBytes raw bytes of whole lines taken from the source, newlines included
     * @param readRecords records those bytes made
     * @param filteredRecords records dropped on purpose
     * @param truncatedRecords documents that carry {@code log.flags: truncated}
     */
    public record Counts(
            long readBytes, long readRecords, long filteredRecords, long truncatedRecords) {}
}
