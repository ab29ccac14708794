package io.sluice.pipeline;

import java.nio.ByteBuffer;

/**
 * One encoder's open batch: documents are written behind each other into a staging buffer, which is
 * compressed piece by piece. The uncompressed batch never exists as a whole.
 *
 * <p>A document belongs to the batch from {@link #keep} on; until then it can be cut, or moved to
 * the next batch.
 */
final class BatchEncoder implements AutoCloseable {
    /** Compressed in pieces of about this size: they stay in the processor's cache. */
    static final int PIECE_BYTES = 64 * 1024;

    /** A staging buffer that grew beyond this for a huge document is let go. */
    private static final int KEPT_STAGING_BYTES = 1024 * 1024;

    private final int maxCompressedBytes;
    private final DocumentWriter writer;
    private final Gzip gzip;
    private final Runs runs = new Runs();
    private DocumentBuffer staging = new DocumentBuffer(2 * PIECE_BYTES);

    /** Where the document begins that is not kept yet. */
    private int candidateFrom;

    private int documents;
    private long uncompressedBytes;

    /** At most what sources and runs take in an excerpt's header. */
    private int headerBytes;

    BatchEncoder(PipelineConfig config, Gzip gzip) {
        this.maxCompressedBytes = config.maxCompressedBytes();
        this.writer = new DocumentWriter(config);
        this.gzip = gzip;
    }

    int documents() {
        return documents;
    }

    boolean isEmpty() {
        return documents == 0;
    }

    /** NDJSON of the kept documents. */
    long uncompressedBytes() {
        return uncompressedBytes;
    }

    /**
     * Encodes action and document behind the kept ones; replaces a candidate that was not kept.
     *
     * @param fingerprint of the generation where the record's first byte stands
     * @return the record's flags and those that reading its body added
     */
    int encode(long fingerprint, LogRecord record, SourceFields fields) {
        staging.length = candidateFrom;
        ActionLine.append(staging, fingerprint, record.offset, record.extent);
        int flags = writer.write(record, fields, staging);
        staging.append((byte) '\n');
        return flags;
    }

    /**
     * Whether the batch stays within its compressed bound with the candidate, whatever is in it.
     */
    boolean fits() {
        return gzip.compressedAtMost(staging.length) <= maxCompressedBytes;
    }

    /** Takes the candidate into the batch. */
    void keep() {
        documents++;
        uncompressedBytes += staging.length - candidateFrom;
        candidateFrom = staging.length;
        if (staging.length >= PIECE_BYTES) {
            compress();
        }
    }

    /**
     * Says whose the kept document is.
     *
     * @param source in the encoder's list of sources for this batch
     * @param extent its record's bytes in the file
     */
    void attribute(SourceState source, long extent) {
        if (runs.add(source.touchedIndex, extent)) {
            headerBytes += Runs.MOST_RUN_BYTES;
            if (!source.inBatch) {
                source.inBatch = true;
                headerBytes += Runs.mostSourceBytes(source.source.key());
            }
        }
    }

    /** Whose the kept documents are; also of the batch that {@link #finish} has just ended. */
    Runs runs() {
        return runs;
    }

    /** Whether the excerpt's header has no room for one more source. */
    boolean isHeaderFull() {
        return headerBytes > maxCompressedBytes / 8;
    }

    /** The finished batch is in the buffer: its runs are done with. */
    void forgetRuns() {
        runs.clear();
        headerBytes = 0;
    }

    /**
     * Takes a candidate that is too large to be sure of into an empty batch, if it turns out to be
     * small enough when it is compressed.
     *
     * @return false if it is not: the candidate is gone, encode a shorter one
     */
    boolean keepIfCompressible() {
        for (int from = 0; from < staging.length; from += PIECE_BYTES) {
            gzip.write(staging.bytes, from, Math.min(from + PIECE_BYTES, staging.length));
            if (gzip.compressedAtMost(0) > maxCompressedBytes) {
                gzip.discard();
                clearStaging();
                return false;
            }
        }
        documents++;
        uncompressedBytes += staging.length;
        clearStaging();
        return true;
    }

    /**
     * Ends the batch and begins the next one, with the candidate if there is one.
     *
     * @return the gzip body, valid until a document is kept again
     */
    ByteBuffer finish() {
        int candidateBytes = staging.length - candidateFrom;
        gzip.write(staging.bytes, 0, candidateFrom);
        System.arraycopy(staging.bytes, candidateFrom, staging.bytes, 0, candidateBytes);
        candidateFrom = 0;
        staging.length = candidateBytes;
        documents = 0;
        uncompressedBytes = 0;
        return gzip.finish();
    }

    private void compress() {
        gzip.write(staging.bytes, 0, staging.length);
        clearStaging();
    }

    private void clearStaging() {
        candidateFrom = 0;
        staging.length = 0;
        if (staging.bytes.length > KEPT_STAGING_BYTES) {
            staging = new DocumentBuffer(2 * PIECE_BYTES);
        }
    }

    @Override
    public void close() {
        gzip.close();
    }
}
