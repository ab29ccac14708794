package io.sluice.pipeline;

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.TimeoutException;
import com.lmax.disruptor.WaitStrategy;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Lets an encoder sleep until a chunk is published or its own next deadline has come: an idle agent
 * does not wake up at all.
 *
 * <p>The Disruptor's own strategies with a timeout wake every encoder in one fixed rhythm, for
 * ever. The lock is taken once per published chunk, not per line.
 */
final class EncoderWaitStrategy implements WaitStrategy {
    private final LongSupplier nanoClock;

    /**
     * Complete before the threads start, only read then. Barriers are equal if they are the same.
     */
    private final Map<SequenceBarrier, Encoder> encoders = new HashMap<>();

    private final Lock lock = new ReentrantLock();
    private final Condition published = lock.newCondition();

    /**
     * @param nanoClock what the encoders' deadlines are measured by
     */
    EncoderWaitStrategy(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    /** Says which encoder waits at this barrier. Before the threads start. */
    void register(SequenceBarrier barrier, Encoder encoder) {
        encoders.put(barrier, encoder);
    }

    @Override
    public long waitFor(
            long sequence, Sequence cursor, Sequence dependentSequence, SequenceBarrier barrier)
            throws AlertException, InterruptedException, TimeoutException {
        if (cursor.get() < sequence) {
            sleep(sequence, cursor, barrier);
        }
        // Encoders depend on nothing but the cursor.
        return dependentSequence.get();
    }

    private void sleep(long sequence, Sequence cursor, SequenceBarrier barrier)
            throws AlertException, InterruptedException, TimeoutException {
        long deadlineNanos = encoders.get(barrier).nextDeadlineNanos();
        lock.lockInterruptibly();
        try {
            while (cursor.get() < sequence) {
                barrier.checkAlert();
                if (deadlineNanos == Encoder.NEVER) {
                    published.await();
                } else {
                    long remainingNanos = deadlineNanos - nanoClock.getAsLong();
                    if (remainingNanos <= 0) {
                        throw TimeoutException.INSTANCE;
                    }
                    long _ = published.awaitNanos(remainingNanos);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void signalAllWhenBlocking() {
        lock.lock();
        try {
            published.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
