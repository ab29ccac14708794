package io.sluice.sidecar;

/** When anything came last. Written by the sources' threads, read by any. */
final class Activity {
    private volatile long lastNanos = System.nanoTime();

    void note() {
        lastNanos = System.nanoTime();
    }

    long quietNanos() {
        return System.nanoTime() - lastNanos;
    }
}
