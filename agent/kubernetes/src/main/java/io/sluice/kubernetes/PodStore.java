package io.sluice.kubernetes;

import io.sluice.pipeline.Pod;
import io.sluice.tail.SourceOrigin;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The pods of this node: those that exist, and deleted ones whose files may still be read.
 *
 * <p>Changed under this object's lock by the {@code kubernetes} thread, and by whoever says {@link
 * #forget}; read by any thread without a lock. A pod that did not change in what we keep stays the
 * same object.
 *
 * <p>Bounds: existing pods by what the kubelet takes (110 by default) and the cluster's collection
 * of finished ones; deleted pods by {@code maxDeleted}, the oldest go first.
 */
final class PodStore {
    private final int maxDeleted;

    /** By the API's UID, in the order of their appearance. */
    private final Map<String, KnownPod> existing = new LinkedHashMap<>();

    /** By the API's UID, in the order of their deletion. */
    private final SequencedMap<String, KnownPod> deleted = new LinkedHashMap<>();

    /** For readers: both of the above. */
    private final Map<String, Pod> byUid = new ConcurrentHashMap<>();

    /**
     * For readers: mirrors of static pods by the hash in their directories' names. Apart from
     * {@code byUid} so that no annotation can stand in the way of a real UID.
     */
    private final Map<String, Pod> byStaticUid = new ConcurrentHashMap<>();

    /**
     * The container runtime of this node. There is one, but a pod's own status names it only about
     * a second after its first line.
     */
    private String nodeRuntime = "";

    private boolean changed;
    private volatile int existingCount;
    private volatile int deletedCount;

    PodStore(int maxDeleted) {
        this.maxDeleted = maxDeleted;
    }

    /**
     * Never answers with another pod of the same name: a StatefulSet's successor has another UID.
     */
    Optional<Pod> find(SourceOrigin.Container origin) {
        Pod pod = byUid.get(origin.podUid());
        if (pod == null) {
            pod = byStaticUid.get(origin.podUid());
        }
        // A hash is only an annotation: the name must fit, too.
        return pod != null
                        && pod.name().equals(origin.pod())
                        && pod.namespace().equals(origin.namespace())
                ? Optional.of(pod)
                : Optional.empty();
    }

    /** The pod exists, and looks like this. */
    synchronized void put(KnownPod news) {
        KnownPod pod = remember(news);
        deleted.remove(pod.pod().uid());
        existing.put(pod.pod().uid(), pod);
        if (!pod.staticUid().isEmpty()) {
            byStaticUid.put(pod.staticUid(), pod.pod());
        }
        count();
    }

    /** The pod is gone; this is the last that is known of it. */
    synchronized void delete(KnownPod news) {
        KnownPod pod = remember(news);
        existing.remove(pod.pod().uid());
        deleted.put(pod.pod().uid(), pod);
        if (!pod.staticUid().isEmpty()) {
            // The mirror of a static pod may be made anew: then the one that exists answers.
            Pod answering = byStaticUid.get(pod.staticUid());
            if (answering == null || !existing.containsKey(answering.uid())) {
                byStaticUid.put(pod.staticUid(), pod.pod());
            }
        }
        dropOldestDeleted();
        count();
    }

    /** These pods exist, and no others. */
    synchronized void replaceAll(List<KnownPod> pods) {
        Set<String> listed = new HashSet<>();
        for (KnownPod pod : pods) {
            listed.add(pod.pod().uid());
            put(pod);
        }
        for (KnownPod pod : List.copyOf(existing.values())) {
            if (!listed.contains(pod.pod().uid())) {
                delete(pod);
            }
        }
    }

    /** What an earlier run knew. It counts as deleted until the API server says otherwise. */
    synchronized void restore(List<KnownPod> pods) {
        for (KnownPod pod : pods) {
            if (!existing.containsKey(pod.pod().uid())) {
                delete(pod);
            }
        }
    }

    /** Nobody reads this pod's files any more; if it is deleted, it is no longer kept. */
    synchronized void forget(String podUid) {
        Pod pod = byUid.getOrDefault(podUid, byStaticUid.get(podUid));
        if (pod != null && deleted.containsKey(pod.uid())) {
            drop(deleted.remove(pod.uid()));
        }
    }

    /** All pods, deleted ones first, oldest first; and the mark of a change is taken away. */
    synchronized List<KnownPod> snapshot() {
        changed = false;
        List<KnownPod> all = new ArrayList<>(deleted.values());
        all.addAll(existing.values());
        return all;
    }

    /** Whether anything changed since the last {@link #snapshot}. */
    synchronized boolean changed() {
        return changed;
    }

    int existingCount() {
        return existingCount;
    }

    int deletedCount() {
        return deletedCount;
    }

    private KnownPod remember(KnownPod news) {
        String uid = news.pod().uid();
        KnownPod before = existing.getOrDefault(uid, deleted.get(uid));
        KnownPod now = before == null ? completed(news) : merged(before, completed(news));
        if (!now.equals(before)) {
            byUid.put(uid, now.pod());
            changed = true;
        }
        return now;
    }

    /** The same object if nothing we keep changed. */
    private static KnownPod merged(KnownPod before, KnownPod news) {
        Pod then = before.pod();
        Pod now = news.pod();
        // A pod at its end loses its address; its last lines were still written from there.
        if (now.ip().isEmpty() && !then.ip().isEmpty()) {
            now = withIp(now, then.ip());
        }
        if (now.equals(then) && news.staticUid().equals(before.staticUid())) {
            return before;
        }
        return new KnownPod(now, news.staticUid());
    }

    private static Pod withIp(Pod pod, String ip) {
        return new Pod(
                pod.namespace(),
                pod.name(),
                pod.uid(),
                ip,
                pod.nodeName(),
                pod.labels(),
                pod.annotations(),
                pod.workload(),
                pod.containers());
    }

    /** With the node's runtime where the pod's status does not name one yet. */
    private KnownPod completed(KnownPod news) {
        Pod pod = news.pod();
        boolean incomplete = false;
        for (Pod.Container container : pod.containers().values()) {
            if (container.runtime().isEmpty()) {
                incomplete = true;
            } else {
                nodeRuntime = container.runtime();
            }
        }
        if (!incomplete || nodeRuntime.isEmpty()) {
            return news;
        }
        Map<String, Pod.Container> containers = HashMap.newHashMap(pod.containers().size());
        pod.containers()
                .forEach(
                        (name, container) ->
                                containers.put(
                                        name,
                                        container.runtime().isEmpty()
                                                ? new Pod.Container(container.image(), nodeRuntime)
                                                : container));
        return new KnownPod(
                new Pod(
                        pod.namespace(),
                        pod.name(),
                        pod.uid(),
                        pod.ip(),
                        pod.nodeName(),
                        pod.labels(),
                        pod.annotations(),
                        pod.workload(),
                        containers),
                news.staticUid());
    }

    private void dropOldestDeleted() {
        while (deleted.size() > maxDeleted) {
            drop(deleted.pollFirstEntry().getValue());
        }
    }

    private void drop(KnownPod pod) {
        byUid.remove(pod.pod().uid());
        byStaticUid.remove(pod.staticUid(), pod.pod());
        changed = true;
        count();
    }

    private void count() {
        existingCount = existing.size();
        deletedCount = deleted.size();
    }
}
