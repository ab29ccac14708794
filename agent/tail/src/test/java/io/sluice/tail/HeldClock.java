package io.sluice.tail;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The usual clock, which can hold up whoever asks: what happens to the files meanwhile, the tail
 * sees at once.
 */
final class HeldClock implements LongSupplier {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean held;
    private boolean waiting;

    @Override
    public long getAsLong() {
        lock.lock();
        try {
            while (held) {
                waiting = true;
                changed.signalAll();
                changed.awaitUninterruptibly();
            }
            waiting = false;
        } finally {
            lock.unlock();
        }
        return System.nanoTime();
    }

    /** The tail stands still while this runs. Wake it before, if it may be asleep. */
    void hold(RunningTailer running, ThrowingRunnable meanwhile) throws Exception {
        lock.lock();
        try {
            held = true;
        } finally {
            lock.unlock();
        }
        running.tailer.wake();
        lock.lock();
        try {
            while (!waiting) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        try {
            meanwhile.run();
        } finally {
            lock.lock();
            try {
                held = false;
                waiting = false;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** What may fail. */
    @FunctionalInterface
    interface ThrowingRunnable {
        void run() throws Exception;
    }
}
