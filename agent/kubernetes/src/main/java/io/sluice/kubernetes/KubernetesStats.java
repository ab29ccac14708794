package io.sluice.kubernetes;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What the room counts. All counters go up from 0 at the agent's start; any thread reads. */
public final class KubernetesStats {

    /** Why asking the API server failed. */
    public enum Failure {
        /** No connection, or it broke, or nothing came in time. */
        UNREACHABLE,
        /** Token or certificate authority cannot be read. */
        UNEQUIPPED,
        /** 401: the token is not accepted. */
        UNAUTHORIZED,
        /** 403: the service account lacks a privilege. */
        FORBIDDEN,
        /** Any other status. */
        REFUSED,
        /** An answer that is no JSON, or not the expected one. */
        MALFORMED
    }

    final LongAdder lists = new LongAdder();
    final LongAdder watches = new LongAdder();
    final LongAdder events = new LongAdder();
    final LongAdder bookmarks = new LongAdder();
    final LongAdder relists = new LongAdder();
    final LongAdder misses = new LongAdder();
    final LongAdder waitsInVain = new LongAdder();
    final LongAdder cacheWrites = new LongAdder();
    private final Map<Failure, LongAdder> failures = new EnumMap<>(Failure.class);
    private final PodStore store;

    KubernetesStats(PodStore store) {
        this.store = store;
        for (Failure failure : Failure.values()) {
            failures.put(failure, new LongAdder());
        }
    }

    void failed(Failure failure) {
        failures.get(failure).increment();
    }

    /** Lists of all pods of the node that were read to their end. */
    public long lists() {
        return lists.sum();
    }

    /** Watches that the API server opened. */
    public long watches() {
        return watches.sum();
    }

    /** Events about pods: added, modified, deleted. */
    public long events() {
        return events.sum();
    }

    /** Bookmarks: signs of life, and a place to go on from. */
    public long bookmarks() {
        return bookmarks.sum();
    }

    /**
     * Times the API server had forgotten where our watch stood (410), so that all was listed anew.
     */
    public long relists() {
        return relists.sum();
    }

    /** Requests or watches that failed so. */
    public long failures(Failure failure) {
        return failures.get(failure).sum();
    }

    /** Questions for a pod ({@link PodWatch#find}) that found none. */
    public long misses() {
        return misses.sum();
    }

    /** Containers whose file was read without their pod, because {@code metadata.wait} was over. */
    public long waitsInVain() {
        return waitsInVain.sum();
    }

    /** Times the metadata cache was written. */
    public long cacheWrites() {
        return cacheWrites.sum();
    }

    /** Gauge: pods that exist on this node. */
    public int podsExisting() {
        return store.existingCount();
    }

    /** Gauge: deleted pods that are kept because their files may still be read. */
    public int podsDeleted() {
        return store.deletedCount();
    }
}
