package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The Helm chart in a cluster, as an operator installs it: with an address and the name of a
 * Secret. What else is said is of the test: the image that was just made, and a state directory
 * that goes again.
 */
final class AgentRelease {
    /** Where its documents go by default. */
    static final String STREAM = "logs-kubernetes.container_logs-default";

    private static final Path CHART = Path.of("../../charts/sluice").toAbsolutePath().normalize();
    private static final String NAMESPACE = "logging";
    private static final String USER = "system:serviceaccount:logging:sluice";
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Cluster cluster;
    private final List<String> values;

    /**
     * Makes the namespace and the Secret.
     *
     * @param elasticsearchPort of this machine
     * @param state a folder of the node
     */
    AgentRelease(Cluster cluster, String image, int elasticsearchPort, Path state) {
        this.cluster = cluster;
        cluster.createNamespace(NAMESPACE);
        // A server without security takes any key.
        cluster.kubectl(
                "-n",
                NAMESPACE,
                "create",
                "secret",
                "generic",
                "key",
                "--from-literal=apiKey=aA==");
        values =
                List.of(
                        "--namespace",
                        NAMESPACE,
                        "--set",
                        "elasticsearch.hosts={http://%s:%d}"
                                .formatted(cluster.host(), elasticsearchPort),
                        "--set",
                        "elasticsearch.auth.secret=key",
                        "--set-string",
                        "image.repository=" + image.replace(":", ",image.tag="),
                        "--set",
                        "buffer.hostPath=" + state);
    }

    /** The values' files for common cases that come with the chart. */
    static Path examples() {
        return CHART.resolve("examples");
    }

    /** {@code helm install}; returns when the agents are ready. */
    void install(String... more) {
        helm("install", more);
    }

    /** {@code helm upgrade}; returns when the new agents are ready. */
    void upgrade(String... more) {
        helm("upgrade", more);
    }

    private void helm(String command, String... more) {
        List<String> line = new ArrayList<>(List.of("helm", command, "sluice", CHART.toString()));
        line.addAll(values);
        line.addAll(List.of("--wait", "--timeout", "4m"));
        line.addAll(List.of(more));
        cluster.inside(line.toArray(String[]::new));
    }

    /** {@code helm uninstall}, if there is something: parts of it are in no namespace. */
    void remove() {
        cluster.inside(
                "helm", "uninstall", "sluice", "--namespace", NAMESPACE, "--ignore-not-found");
    }

    /** What the API server says to the manifests; unknown and doubled fields are errors to it. */
    String dryRun(Path folder, String... more) throws IOException {
        List<String> line = new ArrayList<>(List.of("helm", "template", "sluice", "" + CHART));
        line.addAll(values);
        line.addAll(List.of("--kube-version", "1.34.0"));
        line.addAll(List.of(more));
        Path manifests =
                Files.writeString(
                        folder.resolve("manifests.yaml"),
                        cluster.inside(line.toArray(String[]::new)));
        return cluster.kubectl(
                "apply", "--dry-run=server", "--validate=strict", "-f", manifests.toString());
    }

    /** The node's agent. */
    String pod() {
        return cluster.get(NAMESPACE, "pods", "{.items[0].metadata.name}").getFirst();
    }

    /** SIGKILL to the agent; the kubelet starts it again. */
    void kill() {
        cluster.killContainer(NAMESPACE, pod());
    }

    /** Takes the agent away from its node, or lets it come back. Returns when it has gone. */
    void away(boolean away) {
        cluster.kubectl(
                "-n",
                NAMESPACE,
                "patch",
                "daemonset",
                "sluice",
                "-p",
                "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"nowhere\":%s}}}}}"
                        .formatted(away ? "\"true\"" : "null"));
        if (away) {
            cluster.kubectl(
                    "-n",
                    NAMESPACE,
                    "wait",
                    "--for=delete",
                    "pod",
                    "--selector=app.kubernetes.io/name=sluice",
                    "--timeout=120s");
        } else {
            cluster.kubectl(
                    "-n", NAMESPACE, "rollout", "status", "daemonset/sluice", "--timeout=4m");
        }
    }

    /** Its health port's {@code /metrics}; from a machine that reaches the pods. */
    String metrics() throws IOException, InterruptedException {
        String ip = cluster.get(NAMESPACE, "pods", "{.items[0].status.podIP}").getFirst();
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://" + ip + ":2021/metrics")).build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }

    /** What its process may do, as the kernel says, not as the manifest does. */
    void assertLeastPrivilege() {
        String rights =
                cluster.kubectl(
                        "-n",
                        NAMESPACE,
                        "exec",
                        "daemonset/sluice",
                        "--",
                        "/bin/sh",
                        "-c",
                        "while read -r line; do echo \"$line\"; done </proc/1/status;"
                                + " for file in /x /etc/sluice/x /var/log/x; do"
                                + " (: >$file) 2>/dev/null && echo \"wrote $file\"; done; :");

        // Bit 2 is CAP_DAC_READ_SEARCH (linux/capability.h).
        assertThat(rights)
                .containsPattern("CapEff:\\s+0000000000000004")
                .containsPattern("CapBnd:\\s+0000000000000004")
                .containsPattern("NoNewPrivs:\\s+1")
                .containsPattern("Seccomp:\\s+2")
                .doesNotContain("wrote");
    }

    /** It has asked the API server for all that its role allows, and for nothing else. */
    void assertRoleIsUsedAndEnough() throws IOException {
        Set<String> granted = new TreeSet<>();
        for (String rule :
                cluster.kubectl(
                                "get",
                                "clusterrole",
                                "--selector=app.kubernetes.io/name=sluice",
                                "-o",
                                "jsonpath={range"
                                        + " .items[*].rules[*]}{.resources[*]}:{.verbs[*]}{'\\n"
                                        + "'}{end}")
                        .split("\n", -1)) {
            String[] parts = rule.split(":", 2);
            for (String resource : parts[0].split(" ", -1)) {
                for (String verb : parts[1].split(" ", -1)) {
                    granted.add(verb + " " + resource + " allow");
                }
            }
        }
        assertThat(granted).isNotEmpty();
        assertThat(cluster.requestsOf(USER)).isEqualTo(granted);
    }

    /** Neither this agent nor the one before it in its pod was killed for its memory. */
    void assertNotOutOfMemory() {
        assertThat(
                        cluster.get(
                                NAMESPACE,
                                "pods",
                                "{.items[*].status.containerStatuses[*].lastState.terminated.reason}"))
                .doesNotContain("OOMKilled");
    }
}
