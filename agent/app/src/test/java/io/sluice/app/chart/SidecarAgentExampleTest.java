package io.sluice.app.chart;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.config.ConfigurationFile;
import io.sluice.buffer.BufferConfig;
import io.sluice.elasticsearch.Auth;
import io.sluice.kubernetes.DownwardConfig;
import io.sluice.kubernetes.KubernetesConfig;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * {@code charts/sluice/examples/sidecar-agent.yaml}: the agent takes its configuration, and finds
 * what that names in the pod that is described below it.
 */
class SidecarAgentExampleTest {
    /** What the kubelet puts in, by the field that is asked for. */
    private static final Map<String, String> FIELDS =
            Map.of(
                    "spec.nodeName", "node-1",
                    "metadata.namespace", "shop",
                    "metadata.name", "old-app-7d9c5b8f6-x2x4z",
                    "metadata.uid", "9a0c5f66-0000-4000-8000-3b0c7e1d2a4f",
                    "status.podIP", "10.244.0.7");

    @TempDir Path folder;
    private Manifests example;

    @BeforeEach
    void read() throws IOException {
        example =
                Manifests.parse(
                        Files.readString(Chart.folder().resolve("examples/sidecar-agent.yaml")));
    }

    @Test
    void theAgentTakesItsConfiguration() throws Exception {
        // Of everything in the file only these paths are the pod's.
        Path labels = Files.writeString(folder.resolve("labels"), "app=\"old-app\"");
        Path secrets = Files.createDirectory(folder.resolve("secrets"));
        Files.writeString(secrets.resolve("apiKey"), "aHVzaA==");
        String yaml =
                example.agentYaml()
                        .replace("/etc/podinfo/labels", labels.toString())
                        .replace("/etc/sluice/secrets", secrets.toString());

        AgentConfig config = ConfigurationFile.parse("agent.yaml", yaml, environment());

        assertThat(config.pod())
                .contains(
                        new DownwardConfig(
                                "shop",
                                "old-app-7d9c5b8f6-x2x4z",
                                "9a0c5f66-0000-4000-8000-3b0c7e1d2a4f",
                                "10.244.0.7",
                                "app",
                                Optional.of(labels),
                                Optional.empty(),
                                true,
                                Set.of()));
        assertThat(config.kubernetes().api()).isInstanceOf(KubernetesConfig.Api.Off.class);
        assertThat(config.kubernetes().nodeName()).isEqualTo("node-1");
        assertThat(config.tail().containers()).isEmpty();
        assertThat(config.elasticsearch().auth()).isInstanceOf(Auth.ApiKey.class);
        assertThat(config.buffer().whenFull()).isEqualTo(BufferConfig.WhenFull.BLOCK);
    }

    @Test
    void whatTheConfigurationNamesIsMounted() {
        assertThat(volume("/etc/podinfo"))
                .extracting(volume -> Manifests.at(volume, "downwardAPI", "items", 0))
                .isEqualTo(
                        Map.of(
                                "path",
                                "labels",
                                "fieldRef",
                                Map.of("fieldPath", "metadata.labels")));
        Object files = Manifests.at(volume("/etc/sluice"), "projected", "sources");
        assertThat(Manifests.at(files, 0, "configMap", "name"))
                .isEqualTo(example.of("ConfigMap", "metadata", "name"));
        assertThat(Manifests.at(files, 1, "secret", "items", 0, "path"))
                .isEqualTo("secrets/apiKey");
        Path read = Path.of((String) example.agent("files", 0, "path")).getParent();
        Object app = Manifests.named(pod("containers"), (String) example.agent("pod", "container"));
        assertThat(Manifests.at(app, "volumeMounts", 0, "mountPath")).isEqualTo(read.toString());
        assertThat(Manifests.at(volume(read.toString()), "name"))
                .isEqualTo(Manifests.at(app, "volumeMounts", 0, "name"));
    }

    @Test
    void theBufferFitsIntoItsVolume() {
        Object limit =
                Manifests.at(
                        volume((String) example.agent("buffer", "path")), "emptyDir", "sizeLimit");

        // Beside the buffer there are up to 64 MiB of dead letters.
        assertThat(mebibytes(limit))
                .isGreaterThan(mebibytes(example.agent("buffer", "maxSize")) + 64 + 64);
    }

    @Test
    void thePodWaitsForItsEnd() {
        int drain =
                Integer.parseInt(((String) example.agent("shutdown", "drain")).replace("s", ""));

        assertThat((int) pod("terminationGracePeriodSeconds"))
                .isGreaterThanOrEqualTo(2 * drain + 10);
    }

    @Test
    void itIsANativeSidecarThatMayDoNothingButRead() {
        Object agent = pod("initContainers", 0);

        assertThat(Manifests.at(agent, "restartPolicy")).isEqualTo("Always");
        assertThat(pod("automountServiceAccountToken")).isEqualTo(false);
        assertThat(pod("securityContext", "seccompProfile", "type")).isEqualTo("RuntimeDefault");
        assertThat(Manifests.at(agent, "securityContext"))
                .isEqualTo(
                        Map.of(
                                "runAsUser",
                                pod("securityContext", "fsGroup"),
                                "runAsGroup",
                                pod("securityContext", "fsGroup"),
                                "runAsNonRoot",
                                true,
                                "readOnlyRootFilesystem",
                                true,
                                "allowPrivilegeEscalation",
                                false,
                                "capabilities",
                                Map.of("drop", List.of("ALL"))));
        assertThat(Manifests.at(agent, "resources", "limits", "memory")).isEqualTo("256Mi");
        // Of what it mounts, only its state is written to.
        for (Object mount : (List<?>) Manifests.at(agent, "volumeMounts")) {
            boolean state =
                    example.agent("buffer", "path").equals(Manifests.at(mount, "mountPath"));
            assertThat(Manifests.at(mount, "readOnly")).isEqualTo(state ? null : true);
        }
    }

    /**
     * A pod whose agent is not ready is not ready itself: Elasticsearch would decide about that.
     */
    @Test
    void theApplicationsReadinessIsItsOwn() {
        Object agent = pod("initContainers", 0);
        String port = ((String) example.agent("health", "listen")).replaceFirst(".*:", "");

        assertThat(Manifests.at(agent, "readinessProbe")).isNull();
        assertThat(Manifests.at(agent, "ports", 0))
                .isEqualTo(Map.of("name", "health", "containerPort", Integer.valueOf(port)));
        for (String probe : List.of("startupProbe", "livenessProbe")) {
            assertThat(Manifests.at(agent, probe, "httpGet"))
                    .as(probe)
                    .isEqualTo(Map.of("path", "/livez", "port", "health"));
        }
    }

    private Object pod(Object... path) {
        return Manifests.at(example.of("Deployment", "spec", "template", "spec"), path);
    }

    /** What the agent sees at a path. */
    private Object volume(String path) {
        for (Object mount : (List<?>) pod("initContainers", 0, "volumeMounts")) {
            if (path.equals(Manifests.at(mount, "mountPath"))) {
                return Manifests.named(pod("volumes"), (String) Manifests.at(mount, "name"));
            }
        }
        throw new AssertionError("nothing is mounted at " + path);
    }

    /** The variables of the agent's container. */
    private Map<String, String> environment() {
        Map<String, String> variables = new HashMap<>();
        for (Object variable : (List<?>) pod("initContainers", 0, "env")) {
            String field = (String) Manifests.at(variable, "valueFrom", "fieldRef", "fieldPath");
            assertThat(FIELDS).containsKey(field);
            variables.put((String) Manifests.at(variable, "name"), FIELDS.get(field));
        }
        return variables;
    }

    private static long mebibytes(Object size) {
        return Long.parseLong(size.toString().replaceFirst("Mi?B?$", ""));
    }
}
