package io.sluice.benchmarks;

import java.io.IOException;
import java.time.Duration;

/** Waits until lines have arrived. */
final class Arrival {
    private Arrival() {}

    /**
     * Waits for so many different lines.
     *
     * @return false if {@code silence} has passed without any: the rest is lost
     * @throws IllegalStateException if the agent ended, or nothing at all came
     */
    static boolean await(
            Workbench bench,
            RunningShipper running,
            DiscardingBulk endpoint,
            long lines,
            Duration poll)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        long newsNanos = start;
        long before = endpoint.check().lines();
        while (endpoint.check().lines() < lines) {
            // Throws if it has ended.
            double _ = running.cpuSeconds();
            long now = System.nanoTime();
            long arrived = endpoint.check().lines();
            if (arrived != before) {
                before = arrived;
                newsNanos = now;
            }
            if (arrived > 0 && now - newsNanos > bench.options().silence().toNanos()) {
                return false;
            }
            if (now - start > bench.options().patience().toNanos()) {
                throw running.failed(
                        arrived
                                + " of "
                                + lines
                                + " lines arrived within "
                                + bench.options().patience().toSeconds()
                                + " s");
            }
            Thread.sleep(poll);
        }
        return true;
    }
}
