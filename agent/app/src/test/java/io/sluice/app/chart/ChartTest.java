package io.sluice.app.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.marcnuri.helm.LintResult;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the chart makes: durable and safe as it stands, and what values change of it. */
class ChartTest {
    private static final Pattern PROJECT_VERSION = Pattern.compile("<version>([^<]+)</version>");

    @Test
    void lintFindsNothing() {
        LintResult result = Chart.lint();

        assertThat(result.isFailed()).as(() -> "" + result.getMessages()).isFalse();
        assertThat(result.getMessages())
                .noneMatch(message -> message.matches("(?s).*\\[(WARN|ERR).*"));
    }

    @Test
    void theImageIsOfThisVersion() throws IOException {
        Matcher version =
                PROJECT_VERSION.matcher(Files.readString(Chart.project().resolve("pom.xml")));

        assertThat(version.find()).isTrue();
        assertThat(Chart.least().render().container("image"))
                .isEqualTo("localhost/sluice:" + version.group(1));
    }

    @Test
    void aNodeHasOneAgentAtATimeAndEveryNodeHasOne() {
        Manifests made = Chart.least().render();

        assertThat(made.of("DaemonSet", "spec", "updateStrategy"))
                .isEqualTo(
                        Map.of(
                                "type",
                                "RollingUpdate",
                                "rollingUpdate",
                                Map.of("maxUnavailable", 1, "maxSurge", 0)));
        assertThat(made.pod("tolerations")).isEqualTo(List.of(Map.of("operator", "Exists")));
        assertThat(made.pod("nodeSelector")).isEqualTo(Map.of("kubernetes.io/os", "linux"));
        assertThat(made.pod("priorityClassName"))
                .isEqualTo(made.of("PriorityClass", "metadata", "name"));
        assertThat(made.of("DaemonSet", "spec", "selector", "matchLabels"))
                .isEqualTo(
                        Map.of(
                                "app.kubernetes.io/name",
                                "sluice",
                                "app.kubernetes.io/instance",
                                Chart.RELEASE));
    }

    @Test
    void whatIsNotDeliveredIsOnTheNode() {
        Manifests made = Chart.least().render();

        assertThat(Manifests.named(made.pod("volumes"), "buffer"))
                .isEqualTo(
                        Map.of(
                                "name",
                                "buffer",
                                "hostPath",
                                Map.of("path", "/var/lib/sluice", "type", "DirectoryOrCreate")));
        assertThat(Manifests.named(made.container("volumeMounts"), "buffer"))
                .isEqualTo(Map.of("name", "buffer", "mountPath", made.agent("buffer", "path")));
    }

    @Test
    void theAgentMayReadAndNothingElse() {
        Manifests made = Chart.least().with("docker: {enabled: true}").render();

        assertThat(made.container("securityContext"))
                .isEqualTo(
                        Map.of(
                                "runAsUser",
                                0,
                                "runAsGroup",
                                0,
                                "privileged",
                                false,
                                "allowPrivilegeEscalation",
                                false,
                                "readOnlyRootFilesystem",
                                true,
                                "capabilities",
                                Map.of(
                                        "drop", List.of("ALL"),
                                        "add", List.of("DAC_READ_SEARCH"))));
        assertThat(made.pod("securityContext"))
                .isEqualTo(Map.of("seccompProfile", Map.of("type", "RuntimeDefault")));
        assertThat(made.pod("hostNetwork")).isNull();
        assertThat(made.pod("hostPID")).isNull();
        assertThat((List<?>) made.container("volumeMounts"))
                .hasSize(4)
                .filteredOn(mount -> !"buffer".equals(Manifests.at(mount, "name")))
                .allMatch(mount -> Boolean.TRUE.equals(Manifests.at(mount, "readOnly")));
    }

    @Test
    void dockersFolderIsMountedOnlyIfAskedFor() {
        assertThat(Manifests.named(Chart.least().render().pod("volumes"), "docker")).isNull();
        assertThat(
                        Manifests.named(
                                Chart.least()
                                        .with("docker: {enabled: true}")
                                        .render()
                                        .pod("volumes"),
                                "docker"))
                .isEqualTo(
                        Map.of(
                                "name",
                                "docker",
                                "hostPath",
                                Map.of("path", "/var/lib/docker/containers", "type", "Directory")));
    }

    @Test
    void theMemoryIsWhatTheBoundsTake() {
        assertThat(Chart.least().render().container("resources"))
                .isEqualTo(
                        Map.of(
                                "requests", Map.of("cpu", "100m", "memory", "192Mi"),
                                "limits", Map.of("memory", "256Mi")));
    }

    @Test
    void probesAndScrapingAskTheHealthPortAndNothingElseIsOpen() {
        for (String port : List.of("2021", "3021")) {
            Manifests made =
                    Chart.least()
                            .with("config: {health: {listen: \"0.0.0.0:%s\"}}".formatted(port))
                            .with("metrics: {podMonitor: {enabled: true, labels: {team: a}}}")
                            .render();

            assertThat(made.container("ports"))
                    .isEqualTo(
                            List.of(
                                    Map.of(
                                            "name",
                                            "health",
                                            "containerPort",
                                            Integer.parseInt(port),
                                            "protocol",
                                            "TCP")));
            for (String probe : List.of("startupProbe", "livenessProbe")) {
                assertThat(made.container(probe, "httpGet"))
                        .isEqualTo(Map.of("path", "/livez", "port", "health"));
            }
            assertThat(made.container("readinessProbe", "httpGet"))
                    .isEqualTo(Map.of("path", "/readyz", "port", "health"));
            assertThat(annotation(made, "prometheus.io/scrape")).isEqualTo("true");
            assertThat(annotation(made, "prometheus.io/port")).isEqualTo(port);
            assertThat(annotation(made, "prometheus.io/path")).isEqualTo("/metrics");
            assertThat(made.of("PodMonitor", "spec", "podMetricsEndpoints", 0, "port"))
                    .isEqualTo("health");
            assertThat(made.of("PodMonitor", "spec", "selector"))
                    .isEqualTo(made.of("DaemonSet", "spec", "selector"));
            assertThat(made.of("PodMonitor", "metadata", "labels", "team")).isEqualTo("a");
            assertThat(made.agent("admin", "listen")).isEqualTo("127.0.0.1:2022");
        }
    }

    @Test
    void theAgentKnowsItsNodeAndItsPod() {
        Object env = Chart.least().render().container("env");

        assertThat(field(env, "NODE_NAME")).isEqualTo("spec.nodeName");
        assertThat(field(env, "POD_NAME")).isEqualTo("metadata.name");
        assertThat(field(env, "POD_NAMESPACE")).isEqualTo("metadata.namespace");
    }

    /**
     * {@code GET /api/v1/pods?fieldSelector=…}, with and without {@code watch}, is all that
     * PodWatch sends.
     */
    @Test
    void theAgentMayListAndWatchPods() {
        Manifests made = Chart.least().render();

        assertThat(made.of("ClusterRole", "rules"))
                .isEqualTo(
                        List.of(
                                Map.of(
                                        "apiGroups", List.of(""),
                                        "resources", List.of("pods"),
                                        "verbs", List.of("list", "watch"))));
        assertThat(made.of("ClusterRoleBinding", "roleRef", "name"))
                .isEqualTo(made.of("ClusterRole", "metadata", "name"));
        assertThat(made.of("ClusterRoleBinding", "subjects"))
                .isEqualTo(
                        List.of(
                                Map.of(
                                        "kind",
                                        "ServiceAccount",
                                        "name",
                                        made.pod("serviceAccountName"),
                                        "namespace",
                                        Chart.NAMESPACE)));
        assertThat(made.of("ServiceAccount", "metadata", "name"))
                .isEqualTo(made.pod("serviceAccountName"));
        assertThat(made.pod("automountServiceAccountToken")).isEqualTo(true);
    }

    /** Without quotes, YAML has a false where people write off. */
    @ParameterizedTest
    @ValueSource(strings = {"off", "\"off\"", "http://127.0.0.1:8001"})
    void whoAsksNobodyHasNoRights(String api) {
        Manifests made = Chart.least().with("config: {kubernetes: {api: " + api + "}}").render();

        assertThat(made.kinds()).doesNotContain("ClusterRole", "ClusterRoleBinding");
        assertThat(made.pod("automountServiceAccountToken")).isEqualTo(false);
        assertThat(made.agent("kubernetes", "api")).isEqualTo(api.replace("\"", ""));
    }

    @Test
    void credentialsAreFilesOfTheSecretThatIsNamed() {
        Manifests made =
                Chart.least()
                        .with(
                                """
                                elasticsearch:
                                  auth: {type: basic, username: sluice, key: pass}
                                  tls: {caSecret: authority, caKey: root.pem, clientSecret: own}
                                """)
                        .render();

        assertThat(made.agent("elasticsearch", "auth", "basic"))
                .isEqualTo(
                        Map.of(
                                "username", "sluice",
                                "passwordFile", "/etc/sluice/secrets/password"));
        assertThat(made.agent("elasticsearch", "tls"))
                .isEqualTo(
                        Map.of(
                                "caFile", "/etc/sluice/tls/ca.crt",
                                "certificateFile", "/etc/sluice/tls/tls.crt",
                                "keyFile", "/etc/sluice/tls/tls.key"));
        Object config = Manifests.named(made.pod("volumes"), "config");
        // 0400
        assertThat(Manifests.at(config, "projected", "defaultMode")).isEqualTo(256);
        assertThat(Manifests.at(config, "projected", "sources"))
                .isEqualTo(
                        List.of(
                                Map.of("configMap", files("sluice", "agent.yaml", "agent.yaml")),
                                Map.of(
                                        "secret",
                                        files("sluice-elasticsearch", "pass", "secrets/password")),
                                Map.of("secret", files("authority", "root.pem", "tls/ca.crt")),
                                Map.of(
                                        "secret",
                                        files(
                                                "own",
                                                "tls.crt",
                                                "tls/tls.crt",
                                                "tls.key",
                                                "tls/tls.key"))));
        assertThat(Manifests.named(made.container("volumeMounts"), "config"))
                .isEqualTo(Map.of("name", "config", "mountPath", "/etc/sluice", "readOnly", true));
    }

    @Test
    void aChangedConfigurationRestartsTheAgentsAndNothingElseDoes() {
        Object before = annotation(Chart.least().render(), "checksum/config");

        assertThat(annotation(Chart.least().with("podLabels: {a: b}").render(), "checksum/config"))
                .isEqualTo(before);
        assertThat(
                        annotation(
                                Chart.least().with("config: {cluster: production}").render(),
                                "checksum/config"))
                .isNotEqualTo(before);
    }

    @Test
    void labelsAreEverywhereAndNeverReplaceTheSelectors() {
        Manifests made =
                Chart.least()
                        .with("commonLabels: {team: a, app.kubernetes.io/name: other}")
                        .with("podLabels: {tier: b, app.kubernetes.io/instance: other}")
                        .with("podAnnotations: {note: c}")
                        .render();

        assertThat(made.all())
                .allMatch(object -> "a".equals(Manifests.at(object, "metadata", "labels", "team")))
                .allMatch(
                        object ->
                                "sluice"
                                        .equals(
                                                Manifests.at(
                                                        object,
                                                        "metadata",
                                                        "labels",
                                                        "app.kubernetes.io/name")));
        Object pod = made.of("DaemonSet", "spec", "template", "metadata", "labels");
        assertThat(Manifests.at(pod, "tier")).isEqualTo("b");
        assertThat(Manifests.at(pod, "app.kubernetes.io/instance")).isEqualTo(Chart.RELEASE);
        assertThat(annotation(made, "note")).isEqualTo("c");
    }

    @Test
    void whatAnOperatorAddsIsAdded() {
        Manifests made =
                Chart.least()
                        .with(
                                """
                                image: {repository: r.example/sluice, digest: "sha256:%s", pullPolicy: Never, pullSecrets: [{name: r}]}
                                javaOpts: -Xmx96m
                                extraEnv: [{name: TZ, value: UTC}]
                                extraVolumes: [{name: more, emptyDir: {}}]
                                extraVolumeMounts: [{name: more, mountPath: /more}]
                                priorityClassName: system-node-critical
                                serviceAccount: {create: false, name: mine}
                                rbac: {create: false}
                                updateStrategy: {type: OnDelete}
                                hostNetwork: true
                                seLinuxOptions: {type: spc_t}
                                nameOverride: logs
                                """
                                        .formatted("0".repeat(64)))
                        .render();

        assertThat(made.kinds()).containsExactlyInAnyOrder("ConfigMap", "DaemonSet");
        assertThat(made.of("DaemonSet", "metadata", "name")).isEqualTo("sluice-logs");
        assertThat(made.container("image")).isEqualTo("r.example/sluice@sha256:" + "0".repeat(64));
        assertThat(made.container("imagePullPolicy")).isEqualTo("Never");
        assertThat(made.pod("imagePullSecrets")).isEqualTo(List.of(Map.of("name", "r")));
        assertThat(Manifests.named(made.container("env"), "SLUICE_JAVA_OPTS"))
                .isEqualTo(Map.of("name", "SLUICE_JAVA_OPTS", "value", "-Xmx96m"));
        assertThat(Manifests.named(made.container("env"), "TZ")).isNotNull();
        assertThat(Manifests.named(made.pod("volumes"), "more")).isNotNull();
        assertThat(Manifests.named(made.container("volumeMounts"), "more")).isNotNull();
        assertThat(made.pod("priorityClassName")).isEqualTo("system-node-critical");
        assertThat(made.pod("serviceAccountName")).isEqualTo("mine");
        assertThat(made.of("DaemonSet", "spec", "updateStrategy"))
                .isEqualTo(Map.of("type", "OnDelete"));
        assertThat(made.pod("hostNetwork")).isEqualTo(true);
        assertThat(made.pod("securityContext", "seLinuxOptions", "type")).isEqualTo("spc_t");
    }

    /**
     * Each mount has its volume, each volume its mount: the API server would refuse, or it is dead.
     */
    @Test
    void everyMountHasItsVolume() {
        Manifests made = Chart.least().with("docker: {enabled: true}").render();

        assertThat(
                        ((List<?>) made.container("volumeMounts"))
                                .stream().map(m -> Manifests.at(m, "name")))
                .containsExactlyInAnyOrderElementsOf(
                        ((List<?>) made.pod("volumes"))
                                .stream().map(volume -> Manifests.at(volume, "name")).toList());
    }

    private static Object annotation(Manifests made, String key) {
        return made.of("DaemonSet", "spec", "template", "metadata", "annotations", key);
    }

    private static Object field(Object env, String name) {
        return Manifests.at(Manifests.named(env, name), "valueFrom", "fieldRef", "fieldPath");
    }

    /** Keys and the paths that they are mounted under, in turn. */
    private static Map<String, Object> files(String name, String... keysAndPaths) {
        List<Map<String, String>> items = new ArrayList<>();
        for (int i = 0; i < keysAndPaths.length; i += 2) {
            items.add(Map.of("key", keysAndPaths[i], "path", keysAndPaths[i + 1]));
        }
        return Map.of("name", name, "items", items);
    }
}
