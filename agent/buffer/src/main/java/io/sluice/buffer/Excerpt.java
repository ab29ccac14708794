package io.sluice.buffer;

import java.nio.ByteBuffer;

/**
 * One batch read back from the buffer: one bulk request.
 *
 * @param index where it stands in the buffer; grows from excerpt to excerpt, with gaps
 * @param target data stream or index of the request's path
 * @param documents how many documents the body holds
 * @param uncompressedBytes size of the NDJSON
 * @param gzip the body, a complete gzip stream from 0 to its limit; array-backed, the receiver's
 *     own copy
 * @param appendedEpochMillis when it was appended
 * @param runs whose the documents are
 */
public record Excerpt(
        long index,
        String target,
        int documents,
        int uncompressedBytes,
        ByteBuffer gzip,
        long appendedEpochMillis,
        ExcerptRuns runs) {}
