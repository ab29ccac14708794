package io.sluice.pipeline;

import java.util.List;
import java.util.Map;

/**
 * What the API server knows of a pod. Immutable: a change of the pod is a new object, and the
 * encoder encodes the metadata again only when it meets another object.
 *
 * @param namespace namespace's name
 * @param name pod's name
 * @param uid the API's UID
 * @param ip pod's address, or empty while it has none
 * @param nodeName node it runs on
 * @param labels raw keys (dots are replaced where documents are encoded); empty when {@code
 *     metadata.labels} is off
 * @param annotations only those named by {@code metadata.annotations}
 * @param workload what owns the pod, the outermost first known: {@code deployment} and {@code
 *     replicaset}, {@code statefulset}, {@code daemonset}, {@code job} and {@code cronjob}; empty
 *     for a bare pod
 * @param containers by container name: containers, init containers and ephemeral containers
 */
public record Pod(
        String namespace,
        String name,
        String uid,
        String ip,
        String nodeName,
        Map<String, String> labels,
        Map<String, String> annotations,
        List<Owner> workload,
        Map<String, Container> containers) {

    public Pod {
        labels = Map.copyOf(labels);
        annotations = Map.copyOf(annotations);
        workload = List.copyOf(workload);
        containers = Map.copyOf(containers);
    }

    /**
     * A workload above the pod.
     *
     * @param kind lower-case, as the ECS field is called: {@code deployment}, {@code replicaset},
     *     {@code statefulset}, {@code daemonset}, {@code job}, {@code cronjob}
     */
    public record Owner(String kind, String name) {}

    /**
     * @param image image's name with tag or digest, as in the pod's specification
     * @param runtime {@code containerd}, {@code cri-o}, {@code docker}; empty while unknown
     */
    public record Container(String image, String runtime) {}
}
