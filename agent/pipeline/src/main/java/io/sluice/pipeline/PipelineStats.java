package io.sluice.pipeline;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * What the pipeline has done since it was made. Written by the encoders, once per chunk or batch;
 * read by any thread.
 */
public final class PipelineStats {

    /** Why a batch was closed. */
    public enum BatchClose {
        /** Its NDJSON reached {@code maxBatchBytes}, or its documents were of very many sources. */
        SIZE,
        /**
         * One more document might have made its gzip body larger than {@code maxCompressedBytes}.
         */
        COMPRESSED_SIZE,
        /** Its documents had waited long enough, or nothing more was to be waited for. */
        LINGER,
        /** It has no documents: only positions moved. */
        PROGRESS,
        /** The agent stops. */
        SHUTDOWN
    }

    final LongAdder bytesIn = new LongAdder();
    final LongAdder records = new LongAdder();
    final LongAdder documents = new LongAdder();
    final LongAdder uncompressedBytes = new LongAdder();
    final LongAdder compressedBytes = new LongAdder();
    final LongAdder partialRecords = new LongAdder();
    final LongAdder truncatedRecords = new LongAdder();
    final LongAdder notCriRecords = new LongAdder();
    final LongAdder unparsedRecords = new LongAdder();
    final LongAdder invalidUtf8Records = new LongAdder();
    final LongAdder blockedNanos = new LongAdder();
    private final Map<BatchClose, LongAdder> batches = new EnumMap<>(BatchClose.class);
    private final LongSupplier openRecordBytes;
    private final LongSupplier ringUsed;

    PipelineStats(LongSupplier openRecordBytes, LongSupplier ringUsed) {
        this.openRecordBytes = openRecordBytes;
        this.ringUsed = ringUsed;
        for (BatchClose reason : BatchClose.values()) {
            batches.put(reason, new LongAdder());
        }
    }

    void batchClosed(BatchClose reason) {
        batches.get(reason).increment();
    }

    /** Raw bytes of the chunks taken from the ring. Counter. */
    public long bytesIn() {
        return bytesIn.sum();
    }

    /** Records made of those bytes. Counter. */
    public long records() {
        return records.sum();
    }

    /** Documents in batches that the sink has taken. Counter. */
    public long documents() {
        return documents.sum();
    }

    /** Batches the sink has taken. Counter. */
    public long batches(BatchClose reason) {
        return batches.get(reason).sum();
    }

    /** NDJSON in batches that the sink has taken, bytes. Counter. */
    public long uncompressedBytes() {
        return uncompressedBytes.sum();
    }

    /** Gzip bodies that the sink has taken, bytes. Counter. */
    public long compressedBytes() {
        return compressedBytes.sum();
    }

    /** Records whose end never came: the writer ended, or was silent too long. Counter. */
    public long partialRecords() {
        return partialRecords.sum();
    }

    /** Records that were cut at {@code maxRecordBytes} or for want of memory. Counter. */
    public long truncatedRecords() {
        return truncatedRecords.sum();
    }

    /** Lines of containers that are neither CRI nor Docker's, kept whole as text. Counter. */
    public long notCriRecords() {
        return notCriRecords.sum();
    }

    /** Bodies that looked like JSON and are kept as text. Counter. */
    public long unparsedRecords() {
        return unparsedRecords.sum();
    }

    /** Records with bytes that are no UTF-8, replaced in their documents. Counter. */
    public long invalidUtf8Records() {
        return invalidUtf8Records.sum();
    }

    /** How long encoders were held up by the sink, nanoseconds, all together. Counter. */
    public long blockedNanos() {
        return blockedNanos.sum();
    }

    /** Memory that open records and the beginnings of very long lines hold now, bytes. Gauge. */
    public long openRecordBytes() {
        return openRecordBytes.getAsLong();
    }

    /** Chunks that wait in the ring now. Gauge. */
    public long ringUsed() {
        return ringUsed.getAsLong();
    }
}
