package io.sluice.tail;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * No notices: everything is found by looking. For who has a few files and wants to be small: the
 * first call through {@code java.lang.foreign}, which {@link Inotify} needs, takes some MB.
 */
final class NoNotices implements Notices {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition woken = lock.newCondition();

    /** Under the lock. */
    private boolean wake;

    @Override
    public boolean open() {
        return true;
    }

    @Override
    public boolean isAvailable() {
        return true;
    }

    @Override
    public String unavailable() {
        return "";
    }

    @Override
    public Watch add(Path directory, int mask) {
        return new Watch.Refused("directories are not watched");
    }

    @Override
    public void remove(int watch) {
        throw new IllegalStateException("there is no watch " + watch);
    }

    @Override
    public void poll(int timeoutMillis, Events into) {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
            while (!wake && timeoutMillis != 0 && (timeoutMillis < 0 || left > 0)) {
                if (timeoutMillis < 0) {
                    woken.awaitUninterruptibly();
                } else {
                    left = woken.awaitNanos(left);
                }
            }
            wake = false;
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the tail", e);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void wake() {
        lock.lock();
        try {
            wake = true;
            woken.signal();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {}
}
