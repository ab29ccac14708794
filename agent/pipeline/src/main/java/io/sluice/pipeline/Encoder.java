package io.sluice.pipeline;

import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.Sequence;

import io.sluice.pipeline.PipelineStats.BatchClose;
import io.sluice.tail.Chunk;
import io.sluice.tail.Generation;
import io.sluice.tail.LogSource;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * One encode thread: takes the chunks of its stripe of sources, makes records and documents of
 * them, and closes batches.
 *
 * <p>Thread: {@code encode-<i>} runs everything here but {@link #openRecordBytes}. What hangs on a
 * source belongs to the encoder of its stripe. An encoder that was interrupted or failed never
 * appends again: its positions would pass over what it has dropped.
 */
final class Encoder implements EventHandler<Chunk>, RecordJoiner.Records {
    /** No deadline. */
    static final long NEVER = Long.MAX_VALUE;

    /** Positions that moved without documents are appended this seldom. */
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final PipelineConfig config;
    private final int index;
    private final PodDirectory pods;
    private final BatchSink sink;
    private final PipelineStats stats;
    private final LongSupplier nanoClock;
    private final long startNanos;
    private final long lingerNanos;
    private final HeldMemory memory;
    private final RecordJoiner joiner;
    private final BatchEncoder batch;
    private final Oddities oddities = new Oddities();

    /** Sources whose position moved since the last batch. */
    private final List<SourceState> touched = new ArrayList<>();

    private Sequence consumed = new Sequence();

    /** When the event that is being handled began; all times are since the encoder was made. */
    private long nowNanos;

    private long lastClosedNanos;
    private long firstDocumentNanos;
    private long firstTouchedNanos;

    /** How long this thread has waited for the sink; open records do not age meanwhile. */
    private long blockedNanos;

    /** Not yet added to the statistics. */
    private long recordCount;

    private boolean stopped;

    Encoder(
            PipelineConfig config,
            int index,
            PodDirectory pods,
            BatchSink sink,
            Gzip gzip,
            PipelineStats stats,
            LongSupplier nanoClock,
            Clock clock) {
        this.config = config;
        this.index = index;
        this.pods = pods;
        this.sink = sink;
        this.stats = stats;
        this.nanoClock = nanoClock;
        this.startNanos = nanoClock.getAsLong();
        this.lingerNanos = config.linger().toNanos();
        // The first lone line need not wait for a batch that never was.
        this.lastClosedNanos = -lingerNanos;
        this.memory = new HeldMemory(config.openRecordBytes() / config.encoders());
        this.joiner = new RecordJoiner(config.maxRecordBytes(), memory, clock, this);
        this.batch = new BatchEncoder(config, gzip);
    }

    /** Lets a slot go as soon as its chunk is done, not with the last of all that were waiting. */
    @Override
    public void setSequenceCallback(Sequence sequenceCallback) {
        consumed = sequenceCallback;
    }

    @Override
    public void onEvent(Chunk chunk, long sequence, boolean endOfBatch)
            throws InterruptedException {
        if (stopped) {
            return;
        }
        nowNanos = elapsedNanos();
        // The owner clears a chunk while others may still look whose it is: null is not ours.
        LogSource source = chunk.source;
        if (source != null && source.stripe() % config.encoders() == index) {
            take(source, chunk);
            nowNanos = elapsedNanos();
        }
        consumed.set(sequence);
        closeWhatIsDue(endOfBatch);
        stats.records.add(recordCount);
        recordCount = 0;
    }

    @Override
    public void onTimeout(long sequence) throws InterruptedException {
        if (stopped) {
            return;
        }
        nowNanos = elapsedNanos();
        closeWhatIsDue(true);
    }

    /** The thread ends: the open batch goes to the sink. Open records do not; see the positions. */
    @Override
    public void onShutdown() {
        if (!stopped) {
            try {
                close(BatchClose.SHUTDOWN);
            } catch (InterruptedException _) {
                stop();
            }
        }
        batch.close();
    }

    /** From now on nothing is taken and nothing appended. */
    void stop() {
        stopped = true;
    }

    private void take(LogSource source, Chunk chunk) throws InterruptedException {
        SourceState state = stateOf(source);
        boolean entered = isNew(chunk, state);
        if (entered) {
            joiner.enter(state, chunk.generation, chunk.offset);
        }
        refreshFields(state, entered);
        joiner.take(state, chunk, nowNanos - blockedNanos);
        stats.bytesIn.add(chunk.length);
        source.chunkConsumed();
        chunk.clear();
    }

    /** The same generation in another object is no new one, unless it begins again. */
    @SuppressWarnings("ReferenceEquality") // the quick look before the slow one
    private static boolean isNew(Chunk chunk, SourceState state) {
        return chunk.generation != state.generation
                && !(chunk.generation.equals(state.generation)
                        && chunk.offset == state.consumedTo + state.halfLineBytes);
    }

    private SourceState stateOf(LogSource source) {
        if (source.encoderState() instanceof SourceState state) {
            state.ended = false;
            return state;
        }
        SourceState state = new SourceState(source, pods);
        source.encoderState(state);
        return state;
    }

    @SuppressWarnings("ReferenceEquality") // a change of the pod is another object, by contract
    private void refreshFields(SourceState state, boolean entered) {
        Optional<Pod> pod =
                state.writer.isPresent() ? pods.find(state.writer.get()) : Optional.empty();
        if (entered || pod.orElse(null) != state.pod.orElse(null)) {
            state.pod = pod;
            state.fields =
                    SourceFields.encode(config, state.writer, state.generation, state.run(), pod);
        }
    }

    @Override
    public void accept(
            SourceState source, Generation generation, LogRecord record, SourceFields fields)
            throws InterruptedException {
        long fingerprint = generation.fingerprint();
        int flags = batch.encode(fingerprint, record, fields);
        if (batch.fits()) {
            batch.keep();
        } else {
            flags = acceptLarge(fingerprint, record, fields, flags);
        }
        if (batch.documents() == 1) {
            firstDocumentNanos = nowNanos;
        }
        // Before its position moves: another document of it may close the batch in between.
        touch(source);
        batch.attribute(source, record.extent);
        source.readBytes += record.extent;
        source.readRecords++;
        recordCount++;
        if (flags != 0) {
            count(source, flags);
            oddities.note(flags, source.source.key(), record.offset, nowNanos);
        }
    }

    /**
     * A document that the batch cannot surely hold goes into the next one; one that not even an
     * empty batch can is compressed to see, and cut until it fits.
     *
     * @return the document's flags
     */
    private int acceptLarge(long fingerprint, LogRecord record, SourceFields fields, int flagsSoFar)
            throws InterruptedException {
        if (!batch.isEmpty()) {
            // The positions of this batch stand before the record: it is not in there.
            close(BatchClose.COMPRESSED_SIZE);
            if (batch.fits()) {
                batch.keep();
                return flagsSoFar;
            }
        }
        int flags = flagsSoFar;
        while (!batch.keepIfCompressible()) {
            int bodyBytes = record.bodyTo - record.bodyFrom;
            if (bodyBytes == 0) {
                throw new IllegalStateException(
                        "the metadata of one document alone is larger than maxCompressedBytes, "
                                + config.maxCompressedBytes()
                                + "; take fewer annotations or raise the buffer's block size");
            }
            RecordJoiner.cutBody(record, bodyBytes / 2);
            flags = batch.encode(fingerprint, record, fields);
        }
        return flags;
    }

    private void count(SourceState source, int flags) {
        if ((flags & LogRecord.TRUNCATED) != 0) {
            source.truncatedRecords++;
            stats.truncatedRecords.increment();
        }
        if ((flags & LogRecord.PARTIAL) != 0) {
            stats.partialRecords.increment();
        }
        if ((flags & LogRecord.NOT_CRI) != 0) {
            stats.notCriRecords.increment();
        }
        if ((flags & LogRecord.UNPARSED) != 0) {
            stats.unparsedRecords.increment();
        }
        if ((flags & LogRecord.INVALID_UTF8) != 0) {
            stats.invalidUtf8Records.increment();
        }
    }

    @Override
    public void moved(SourceState source) throws InterruptedException {
        touch(source);
        if (batch.uncompressedBytes() >= config.maxBatchBytes() || batch.isHeaderFull()) {
            close(BatchClose.SIZE);
        }
    }

    private void touch(SourceState source) {
        if (!source.touched) {
            if (touched.isEmpty()) {
                firstTouchedNanos = nowNanos;
            }
            source.touched = true;
            source.touchedIndex = touched.size();
            touched.add(source);
        }
    }

    /**
     * @param drained nothing more waits in the ring for the moment
     */
    private void closeWhatIsDue(boolean drained) throws InterruptedException {
        if (drained) {
            joiner.closeSilent(nowNanos - blockedNanos);
        }
        if (!batch.isEmpty()) {
            long waitedSince =
                    drained ? lastClosedNanos : Math.max(lastClosedNanos, firstDocumentNanos);
            if (nowNanos - waitedSince >= lingerNanos) {
                close(BatchClose.LINGER);
            }
        } else if (!touched.isEmpty() && nowNanos - firstTouchedNanos >= PROGRESS_NANOS) {
            close(BatchClose.PROGRESS);
        }
    }

    /** When {@link #onTimeout} must be called if no chunk comes before, by the nano clock. */
    long nextDeadlineNanos() {
        if (stopped) {
            return NEVER;
        }
        long deadline = joiner.earliestDeadlineNanos();
        if (deadline != NEVER) {
            deadline += blockedNanos;
        }
        if (!batch.isEmpty()) {
            deadline = Math.min(deadline, lastClosedNanos + lingerNanos);
        } else if (!touched.isEmpty()) {
            deadline = Math.min(deadline, firstTouchedNanos + PROGRESS_NANOS);
        }
        return deadline == NEVER ? NEVER : startNanos + deadline;
    }

    private void close(BatchClose reason) throws InterruptedException {
        List<Batch.SourceProgress> progress = new ArrayList<>(touched.size());
        List<SourceState> announced = new ArrayList<>(touched.size());
        for (SourceState source : touched) {
            source.progress()
                    .ifPresent(
                            news -> {
                                source.progressIndex = progress.size();
                                progress.add(news);
                                announced.add(source);
                            });
        }
        if (!batch.isEmpty() || !progress.isEmpty()) {
            // Who has a document in the batch has news.
            batch.runs().renumber(index -> touched.get(index).progressIndex);
            append(reason, progress);
            batch.forgetRuns();
        }
        for (int i = 0; i < announced.size(); i++) {
            announced.get(i).announced(progress.get(i));
        }
        for (SourceState source : touched) {
            source.touched = false;
            source.inBatch = false;
            if (source.ended) {
                source.source.encoderState(null);
                source.source.markForgotten();
            }
        }
        touched.clear();
    }

    private void append(BatchClose reason, List<Batch.SourceProgress> progress)
            throws InterruptedException {
        int documents = batch.documents();
        List<Batch.Body> bodies = documents == 0 ? List.of() : List.of(body());
        long before = elapsedNanos();
        try {
            sink.append(new Batch(bodies, List.copyOf(progress)));
        } catch (InterruptedException shutdown) {
            stop();
            throw shutdown;
        }
        long after = elapsedNanos();
        blockedNanos += after - before;
        stats.blockedNanos.add(after - before);
        stats.batchClosed(documents == 0 ? BatchClose.PROGRESS : reason);
        for (Batch.Body body : bodies) {
            lastClosedNanos = after;
            stats.documents.add(body.documents());
            stats.uncompressedBytes.add(body.uncompressedBytes());
            stats.compressedBytes.add(body.gzip().limit());
        }
    }

    private Batch.Body body() {
        int documents = batch.documents();
        int uncompressedBytes = Math.toIntExact(batch.uncompressedBytes());
        return new Batch.Body(
                config.dataStream(), documents, uncompressedBytes, batch.finish(), batch.runs());
    }

    private long elapsedNanos() {
        return nanoClock.getAsLong() - startNanos;
    }

    /** Memory held by what is open. Any thread. */
    long openRecordBytes() {
        return memory.lentBytes();
    }
}
