package io.sluice.benchmarks;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The processes that this one has started: none of them outlives it, Ctrl-C included. */
final class Children {
    private static final long PATIENCE_SECONDS = 20;
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .unstarted(() -> RUNNING.forEach(Process::destroyForcibly)));
    }

    private Children() {}

    static Process add(Process child) {
        RUNNING.add(child);
        return child;
    }

    /** Asks it to end, and ends it if it does not. */
    static void end(Process child) {
        child.destroy();
        try {
            if (!child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                child.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            child.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        RUNNING.remove(child);
    }
}
