package io.sluice.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.pipeline.Pod;
import io.sluice.pipeline.Pod.Container;
import io.sluice.pipeline.Pod.Owner;

import org.junit.jupiter.api.Test;

import tools.jackson.core.JsonParser;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is kept of a pod as the API server writes it. */
class PodReaderTest {
    private static final String DIGEST = "ab".repeat(32);

    private final PodJson json = new PodJson();

    @Test
    void everythingADocumentShowsIsKept() {
        json.annotations.put("team", "blue");
        json.initContainers = "{\"name\":\"init\",\"image\":\"registry.example/init:2\"}";
        json.ephemeralContainers = "{\"name\":\"debug\",\"image\":\"busybox\"}";

        Pod pod = read(true, Set.of("team"));

        assertThat(pod)
                .isEqualTo(
                        new Pod(
                                "shop",
                                "web-7d9c5b8f6-abcde",
                                "11111111-1111-1111-1111-111111111111",
                                "10.244.0.7",
                                "node1",
                                Map.of(
                                        "app", "web",
                                        "app.kubernetes.io/name", "web",
                                        "pod-template-hash", "7d9c5b8f6"),
                                Map.of("team", "blue"),
                                List.of(
                                        new Owner("deployment", "web"),
                                        new Owner("replicaset", "web-7d9c5b8f6")),
                                Map.of(
                                        "app",
                                        new Container(
                                                "registry.example/shop/web:1.4", "containerd"),
                                        "init",
                                        new Container("registry.example/init:2", ""),
                                        "debug",
                                        new Container("busybox", ""))));
    }

    @Test
    void labelsMayBeLeftOutAndAnnotationsAreUnlessTheyAreNamed() {
        json.annotations.put("team", "blue");

        Pod pod = read(false, Set.of());

        assertThat(pod.labels()).isEmpty();
        assertThat(pod.annotations()).isEmpty();
        // The label that tells a Deployment is looked at all the same.
        assertThat(pod.workload()).hasSize(2);
    }

    @Test
    void anImageGivenByItsIdHasItsNameFromTheStatus() {
        json.containers = "{\"name\":\"app\",\"image\":\"sha256:" + DIGEST + "\"}";

        assertThat(read(true, Set.of()).containers().get("app").image())
                .isEqualTo("registry.example/shop/web:1.4");
    }

    @Test
    void onlyTheOwnerThatControlsThePodIsItsWorkload() {
        json.owner =
                "{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"db\","
                        + "\"controller\":true},"
                        + "{\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\",\"name\":\"other\"}";

        assertThat(read(true, Set.of()).workload()).containsExactly(new Owner("statefulset", "db"));
    }

    @Test
    void aPodThatWaitsForItsAddressHasNone() {
        json.ip = "";

        assertThat(read(true, Set.of()).ip()).isEmpty();
    }

    private Pod read(boolean labels, Set<String> annotations) {
        KubernetesConfig config =
                new KubernetesConfig(
                        new KubernetesConfig.Api.Off(),
                        FakeApiServer.NODE,
                        new KubernetesConfig.Credentials.Anonymous(),
                        new KubernetesConfig.Trust.Platform(),
                        Duration.ofSeconds(5),
                        labels,
                        annotations);
        PodReader reader = new PodReader(config);
        byte[] text = json.json(7).getBytes(StandardCharsets.UTF_8);
        try (JsonParser parser = reader.open(new ByteArrayInputStream(text))) {
            parser.nextToken();
            return reader.read(parser).pod().orElseThrow().pod();
        }
    }
}
