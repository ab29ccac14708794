package io.sluice.kubernetes;

import io.sluice.tail.SourceOrigin;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;

/**
 * A pod as the API server writes it, managedFields and all. Change a field, then ask for {@link
 * #json}.
 */
final class PodJson {
    String namespace = "shop";
    String name = "web-7d9c5b8f6-abcde";
    String uid = "11111111-1111-1111-1111-111111111111";
    String ip = "10.244.0.7";
    String node = FakeApiServer.NODE;
    String created = "2026-11-24T08:00:00Z";
    String owner =
            "{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"web-7d9c5b8f6\","
                    + "\"uid\":\"x\",\"controller\":true,\"blockOwnerDeletion\":true}";
    String containers = "{\"name\":\"app\",\"image\":\"registry.example/shop/web:1.4\"}";
    String initContainers = "";
    String ephemeralContainers = "";
    String containerStatuses =
            "{\"name\":\"app\",\"image\":\"registry.example/shop/web:1.4\","
                    + "\"imageID\":\"sha256:0\",\"containerID\":\"containerd://0123\"}";
    String ephemeralContainerStatuses = "";
    String phase = "Running";
    final Map<String, String> labels = new LinkedHashMap<>();
    final Map<String, String> annotations = new LinkedHashMap<>();

    PodJson() {
        labels.put("app", "web");
        labels.put("app.kubernetes.io/name", "web");
        labels.put("pod-template-hash", "7d9c5b8f6");
        annotations.put("kubernetes.io/config.seen", "2026-11-24T08:00:00Z");
    }

    /** The n-th of many. */
    static PodJson number(int n) {
        PodJson pod = new PodJson();
        pod.name = "web-7d9c5b8f6-" + n;
        pod.uid = "uid-" + n;
        return pod;
    }

    PodJson named(String newName, String newUid) {
        name = newName;
        uid = newUid;
        return this;
    }

    /** Where the kubelet would put the logs of container {@code app}. */
    SourceOrigin.Container origin() {
        return new SourceOrigin.Container(namespace, name, uid, "app");
    }

    String json(long resourceVersion) {
        String managedFields =
                "[{\"manager\":\"kube-controller-manager\",\"operation\":\"Update\",\"fieldsV1\":"
                        + "{\"f:metadata\":{\"f:labels\":{\".\":{},\"f:app\":{}},\"f:name\":{}},"
                        + "\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"app\\\"}\":"
                        + "{\".\":{},\"f:image\":{},\"f:name\":{}}},\"f:nodeName\":{}},"
                        + "\"f:status\":{\"f:podIP\":{}}}}]";
        return "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\""
                + name
                + "\",\"namespace\":\""
                + namespace
                + "\",\"uid\":\""
                + uid
                + "\",\"resourceVersion\":\""
                + resourceVersion
                + "\",\"creationTimestamp\":\""
                + created
                + "\",\"labels\":"
                + object(labels)
                + ",\"annotations\":"
                + object(annotations)
                + ",\"ownerReferences\":["
                + owner
                + "],\"managedFields\":"
                + managedFields
                + "},\"spec\":{\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}],\"nodeName\":\""
                + node
                + "\",\"initContainers\":["
                + initContainers
                + "],\"containers\":["
                + containers
                + "],\"ephemeralContainers\":["
                + ephemeralContainers
                + "],\"tolerations\":null},\"status\":{\"phase\":\""
                + phase
                + "\",\"podIP\":\""
                + ip
                + "\",\"podIPs\":[{\"ip\":\""
                + ip
                + "\"}],\"containerStatuses\":["
                + containerStatuses
                + "],\"ephemeralContainerStatuses\":["
                + ephemeralContainerStatuses
                + "]}}";
    }

    private static String object(Map<String, String> members) {
        StringJoiner json = new StringJoiner(",", "{", "}");
        members.forEach((key, value) -> json.add("\"" + key + "\":\"" + value + "\""));
        return json.toString();
    }
}
