package io.sluice.kubernetes;

import io.sluice.tail.ReadGate;
import io.sluice.tail.SourceOrigin;

import java.time.Duration;

/**
 * Lets a container's file be read when its pod is known, or has been waited for long enough, or
 * there is no API server to ask.
 *
 * <p>Before the first list, what the metadata cache knows is not enough: labels may have changed
 * while the agent was away, and the list is a matter of milliseconds if it comes at all.
 *
 * <p>Asked by the {@code tail} thread.
 */
public final class MetadataGate implements ReadGate {
    private final PodWatch pods;
    private final long longestWaitNanos;

    /**
     * @param pods who knows the pods
     * @param longestWait {@code metadata.wait}
     */
    public MetadataGate(PodWatch pods, Duration longestWait) {
        this.pods = pods;
        this.longestWaitNanos = longestWait.toNanos();
    }

    @Override
    public boolean mayRead(SourceOrigin.Container origin, long waitedNanos) {
        if (pods.isOff()) {
            return true;
        }
        boolean known = pods.knows(origin);
        if (known && pods.isSynced()) {
            return true;
        }
        if (waitedNanos < longestWaitNanos) {
            return false;
        }
        if (!known) {
            pods.stats().waitsInVain.increment();
        }
        return true;
    }
}
