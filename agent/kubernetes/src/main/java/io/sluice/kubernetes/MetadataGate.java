package io.sluice.kubernetes;

import io.sluice.tail.ReadGate;
import io.sluice.tail.SourceOrigin;

import java.time.Duration;

/**
 * Lets a container's file be read when its pod is known, or has been waited for long enough, or
 * there is no API server to ask.
 *
 * <p>Before the first list, what the metadata cache knows is not enough: labels may have changed
 * while the agent was away. It is a matter of milliseconds, but of many seconds where a virtual
 * machine starts on a node that is busy: while it is under way it is waited for longer than for a
 * single pod, or every container of the node would begin without its labels.
 *
 * <p>Asked by the {@code tail} thread.
 */
public final class MetadataGate implements ReadGate {
    /** As long as an answer may take at all; after that the list has failed. */
    private static final long FIRST_LIST_NANOS = Timing.DEFAULT.answer().toNanos();

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
        if (waitedNanos < longestWaitNanos(pods.isStarting())) {
            return false;
        }
        if (!known) {
            pods.stats().waitsInVain.increment();
        }
        return true;
    }

    /** Who does not want to wait at all does not wait for the list either. */
    private long longestWaitNanos(boolean starting) {
        return starting && longestWaitNanos > 0
                ? Math.max(longestWaitNanos, FIRST_LIST_NANOS)
                : longestWaitNanos;
    }
}
