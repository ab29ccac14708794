package io.sluice.pipeline;

import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BatchEventProcessorBuilder;
import com.lmax.disruptor.ExceptionHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.SequenceBarrier;

import io.sluice.tail.Chunk;
import io.sluice.tail.ChunkSink;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The ring of chunks and the encoders behind it: the tail's {@link ChunkSink}, and the buffer's
 * source of batches.
 *
 * <p>{@link #offer} is for one thread, the tail's. {@link #start} and {@link #close} are for the
 * one who wires the agent; the figures are for any.
 *
 * <p>A failure of an encoder (not of its input: malformed input makes records) stops that encoder
 * for good and is handed to {@code failed}, which has to stop the agent: the ring fills, nothing
 * more is read, and what was not appended is read again by the next start.
 */
public final class Pipeline implements ChunkSink, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.pipeline");

    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);
    private static final Duration INTERRUPT_PATIENCE = Duration.ofSeconds(1);
    private static final long CLOSE_POLL_NANOS = Duration.ofMillis(1).toNanos();

    private final PipelineConfig config;
    private final Consumer<Throwable> failed;
    private final RingBuffer<Chunk> ring;
    private final List<Encoder> encoders = new ArrayList<>();
    private final List<BatchEventProcessor<Chunk>> processors = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final PipelineStats stats;
    private final String gzipName;
    private final AtomicBoolean failureSaid = new AtomicBoolean();
    private volatile boolean closing;

    /**
     * @param sink takes the batches, on the encoders' threads
     * @param failed told once, on an encoder's thread, when one of them had to stop: stop the agent
     */
    public Pipeline(
            PipelineConfig config, PodDirectory pods, BatchSink sink, Consumer<Throwable> failed) {
        this(config, pods, sink, failed, System::nanoTime, Clock.systemUTC());
    }

    Pipeline(
            PipelineConfig config,
            PodDirectory pods,
            BatchSink sink,
            Consumer<Throwable> failed,
            LongSupplier nanoClock,
            Clock clock) {
        this.config = config;
        this.failed = failed;
        EncoderWaitStrategy waiting = new EncoderWaitStrategy(nanoClock);
        this.ring =
                RingBuffer.createSingleProducer(
                        () -> new Chunk(config.chunkBytes()), config.ringSlots(), waiting);
        this.stats = new PipelineStats(this::openRecordBytes, this::ringUsed);
        String name = "";
        for (int i = 0; i < config.encoders(); i++) {
            Gzip gzip = Gzip.of(config.compression());
            name = gzip.name();
            Encoder encoder = new Encoder(config, i, pods, sink, gzip, stats, nanoClock, clock);
            SequenceBarrier barrier = ring.newBarrier();
            waiting.register(barrier, encoder);
            BatchEventProcessor<Chunk> processor =
                    new BatchEventProcessorBuilder().build(ring, barrier, encoder);
            processor.setExceptionHandler(new StopLoudly(encoder, processor));
            ring.addGatingSequences(processor.getSequence());
            encoders.add(encoder);
            processors.add(processor);
            threads.add(new Thread(processor, "encode-" + (i + 1)));
        }
        this.gzipName = name;
    }

    /** Starts the encoders' threads. Once. */
    public void start() {
        threads.forEach(Thread::start);
    }

    @Override
    public boolean offer(ChunkFiller filler) {
        if (closing || !ring.hasAvailableCapacity(1)) {
            return false;
        }
        // Never parks: there is a free slot, and no other producer to take it.
        long sequence = ring.next();
        Chunk chunk = ring.get(sequence);
        try {
            filler.fill(chunk);
        } catch (Throwable unfilled) {
            chunk.clear();
            throw unfilled;
        } finally {
            ring.publish(sequence);
        }
        return true;
    }

    /** What was done so far, and what is held now. */
    public PipelineStats stats() {
        return stats;
    }

    /** What compresses the batches. */
    public String gzipName() {
        return gzipName;
    }

    /**
     * Upper bound of the memory for chunks, batches and open records, in bytes: what can be said
     * before any log is read.
     */
    public long memoryBytes() {
        long ringBytes = (long) config.ringSlots() * config.chunkBytes();
        long largestDocumentBytes = largestDocumentBytes();
        long bodyBytes = Math.min(config.maxCompressedBytes(), largestBatchBytes());
        long heldCopyBytes = config.maxRecordBytes();
        return ringBytes
                + config.openRecordBytes()
                + config.encoders() * (largestDocumentBytes + bodyBytes + heldCopyBytes);
    }

    /** No batch is larger than this before compression: it closes behind its last document. */
    public long largestBatchBytes() {
        return config.maxBatchBytes() + largestDocumentBytes();
    }

    private long largestDocumentBytes() {
        // A control character takes six bytes in JSON.
        return 6L * config.maxRecordBytes() + BatchEncoder.PIECE_BYTES;
    }

    /** {@link #close(Duration)} with a patience of five seconds. */
    @Override
    public void close() {
        close(CLOSE_PATIENCE);
    }

    /**
     * Ends the pipeline: takes no more chunks, encodes what is in the ring, flushes the open
     * batches to the sink, ends the threads. Open records are not flushed: their positions stay at
     * their first byte, where the next start goes on. Stop the tail before.
     *
     * @param patience what the sink keeps waiting longer is dropped, and read again by the next
     *     start
     */
    public void close(Duration patience) {
        closing = true;
        long deadlineNanos = System.nanoTime() + patience.toNanos();
        awaitEmptyRing(deadlineNanos);
        processors.forEach(BatchEventProcessor::halt);
        try {
            for (Thread thread : threads) {
                join(thread, deadlineNanos);
            }
        } catch (InterruptedException _) {
            threads.forEach(Thread::interrupt);
            Thread.currentThread().interrupt();
        }
    }

    private void awaitEmptyRing(long deadlineNanos) {
        while (ringUsed() > 0
                && threads.stream().allMatch(Thread::isAlive)
                && deadlineNanos - System.nanoTime() > 0
                && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(CLOSE_POLL_NANOS);
        }
    }

    private static void join(Thread thread, long deadlineNanos) throws InterruptedException {
        if (!thread.isAlive()) {
            return;
        }
        if (!thread.join(Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime())))) {
            thread.interrupt();
            if (!thread.join(INTERRUPT_PATIENCE)) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "{0} does not end, the buffer holds it and ignores the interrupt; what it"
                                + " had open is read again by the next start",
                        thread.getName());
            }
        }
    }

    private long openRecordBytes() {
        long bytes = 0;
        for (Encoder encoder : encoders) {
            bytes += encoder.openRecordBytes();
        }
        return bytes;
    }

    private long ringUsed() {
        return ring.getCursor() - ring.getMinimumGatingSequence();
    }

    /**
     * Stops one encoder when it fails, or when it is told to stop while the sink keeps it waiting.
     */
    private final class StopLoudly implements ExceptionHandler<Chunk> {
        private final Encoder encoder;
        private final BatchEventProcessor<Chunk> processor;

        StopLoudly(Encoder encoder, BatchEventProcessor<Chunk> processor) {
            this.encoder = encoder;
            this.processor = processor;
        }

        @Override
        public void handleEventException(Throwable failure, long sequence, Chunk chunk) {
            // Halted first: the slot that failed is passed by the Disruptor, none after it is.
            encoder.stop();
            processor.halt();
            if (failure instanceof InterruptedException) {
                LOG.log(System.Logger.Level.DEBUG, "an encoder was interrupted: the agent stops");
            } else {
                say(failure);
            }
        }

        @Override
        public void handleOnStartException(Throwable failure) {
            encoder.stop();
            processor.halt();
            say(failure);
        }

        @Override
        public void handleOnShutdownException(Throwable failure) {
            say(failure);
        }

        private void say(Throwable failure) {
            if (failureSaid.compareAndSet(false, true)) {
                failed.accept(failure);
            }
        }
    }
}
