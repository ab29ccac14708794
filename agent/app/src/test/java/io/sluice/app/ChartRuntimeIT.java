package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Options;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The Helm chart in a real Kubernetes: what its API server says to the manifests, and the agent as
 * the chart runs it, over a kill of its pod and an upgrade.
 */
@Tag("runtimes")
class ChartRuntimeIT {
    private static final Path CHART = Path.of("../../charts/sluice").toAbsolutePath().normalize();
    private static final Path BUILD = Path.of("src/main/image/build").toAbsolutePath();
    private static final String STREAM = "logs-kubernetes.container_logs-default";
    private static final String SHOP = "{\"term\":{\"kubernetes.namespace\":\"shop\"}}";

    /** Of a burst. */
    private static final int LINES = 3_000;

    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(500);

    @TempDir private static Path folder;
    private static final List<Path> TARS = new ArrayList<>();
    private static String agentImage;
    private static String writerImage;
    private static Cluster cluster;
    private static ElasticsearchFixture server;

    @BeforeAll
    static void startAll() throws IOException {
        Optional<String> missing =
                Cluster.missing()
                        .or(Cluster::missingHelm)
                        .or(Podman::missing)
                        .or(WriterImage::missing);
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        Podman podman = new Podman(folder);
        writerImage = WriterImage.build(podman, folder);
        agentImage = "localhost/sluice-chart:" + Long.toHexString(System.nanoTime());
        Map<String, String> environment = new HashMap<>(podman.environment());
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("SLUICE_HOME", System.getProperty("sluice.home"));
        Podman.Ended built = Podman.run(List.of(BUILD.toString(), agentImage), environment, folder);
        assertThat(built.code()).as(built.output()).isZero();
        for (String image : List.of(writerImage, agentImage)) {
            Path tar = Cluster.images().resolve("sluice-chart-" + TARS.size() + ".tar");
            TARS.add(tar);
            Files.deleteIfExists(tar);
            podman.runOk("save", "--quiet", "--format=oci-archive", "--output=" + tar, image);
            podman.runOk("rmi", "--force", image);
        }
        cluster = Cluster.up("1Mi");
        server =
                ElasticsearchFixture.start(
                        new Options(
                                Security.OFF, Map.of("http.host", "127.0.0.1," + Cluster.HOST)));
        cluster.kubectl("create", "namespace", "logging");
        cluster.kubectl("create", "namespace", "shop");
        cluster.kubectl(
                "-n",
                "logging",
                "create",
                "secret",
                "generic",
                "key",
                "--from-literal=apiKey=aA==");
    }

    @AfterAll
    static void stopAll() throws IOException {
        if (server != null) {
            server.close();
        }
        if (cluster != null) {
            cluster.close();
        }
        for (Path tar : TARS) {
            Files.deleteIfExists(tar);
        }
    }

    /** Unknown and doubled fields are errors to it. */
    @Test
    void theApiServerTakesEveryManifestStrictly() throws IOException {
        Path all =
                Files.writeString(
                        folder.resolve("all.yaml"),
                        """
                        elasticsearch: {auth: {type: basic, username: u}, tls: {caSecret: a, clientSecret: b}}
                        docker: {enabled: true}
                        javaOpts: -Xmx96m
                        hostNetwork: true
                        seLinuxOptions: {type: spc_t}
                        image: {pullSecrets: [{name: r}]}
                        updateStrategy: {maxUnavailable: 10%}
                        extraEnv: [{name: TZ, value: UTC}]
                        extraVolumes: [{name: more, emptyDir: {}}]
                        extraVolumeMounts: [{name: more, mountPath: /more}]
                        commonLabels: {team: a}
                        podAnnotations: {a: b}
                        """);

        assertThat(dryRun()).contains("daemonset.apps/sluice created", "clusterrole.");
        assertThat(dryRun("--values", all.toString())).contains("daemonset.apps/sluice created");
        assertThat(dryRun("--set", "config.kubernetes.api=off,updateStrategy.type=OnDelete"))
                .contains("daemonset.apps/sluice created")
                .doesNotContain("clusterrole");
    }

    @Test
    void everyLineIsOneDocumentOverAKillAndAnUpgrade() throws IOException {
        Bursts bursts = new Bursts(folder.resolve("go"));
        helm("install");
        assertRights();
        apply("cart.yaml", bursts.folder());
        List<String> pods = writers();

        bursts.begin(1);
        awaitDocuments(2L * LINES);
        String killed = agentPod();
        cluster.kubectl("-n", "logging", "delete", "pod", killed, "--force", "--grace-period=0");
        bursts.begin(2);
        bursts.awaitWritten(2, pods);
        awaitDocuments(4L * LINES);
        helm("upgrade", "--set", "config.cluster=production");
        bursts.begin(3);
        awaitDocuments(6L * LINES);

        // Without what the agents before the last one have said.
        server.requestOk(
                "POST",
                "/_aliases",
                "{\"actions\":[{\"add\":{\"index\":\"%s\",\"alias\":\"shop\",\"filter\":%s}}]}"
                        .formatted(STREAM, SHOP));
        Map<String, Integer> last = new TreeMap<>();
        pods.forEach(pod -> last.put(pod + "/app", 3 * LINES));
        NumberedLines.in(server, "shop", "chart").assertComplete(last);
        assertThat(server.count("shop", "{\"term\":{\"kubernetes.deployment.name\":\"cart\"}}"))
                .isEqualTo(6L * LINES);
        assertThat(
                        server.count(
                                "shop",
                                "{\"term\":{\"orchestrator.cluster.name\":\"production\"}}"))
                .isEqualTo(2L * LINES);
        assertThat(status("{.items[*].status.containerStatuses[*].restartCount}"))
                .as("killed for its memory, or by a probe")
                .isEqualTo("0");
        assertThat(Cluster.requestsOf("system:serviceaccount:logging:sluice"))
                .containsExactly("list pods allow", "watch pods allow");
    }

    /** As its process has them, not as the manifest says. */
    private static void assertRights() {
        String rights =
                cluster.kubectl(
                        "-n",
                        "logging",
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

    /** Waits until the agents are ready. */
    private static void helm(String command, String... more) {
        List<String> line = new ArrayList<>(List.of("helm", command, "sluice", CHART.toString()));
        line.addAll(values());
        line.addAll(List.of("--wait", "--timeout", "4m"));
        line.addAll(List.of(more));
        cluster.inside(line.toArray(String[]::new));
    }

    private static String dryRun(String... more) throws IOException {
        List<String> line = new ArrayList<>(List.of("helm", "template", "sluice", "" + CHART));
        line.addAll(values());
        line.addAll(List.of("--kube-version", "1.34.0"));
        line.addAll(List.of(more));
        Path manifests =
                Files.writeString(
                        folder.resolve("manifests.yaml"),
                        cluster.inside(line.toArray(String[]::new)));
        return cluster.kubectl(
                "apply", "--dry-run=server", "--validate=strict", "-f", manifests.toString());
    }

    /** Address and Secret; the image that was just built; a state directory that goes again. */
    private static List<String> values() {
        return List.of(
                "--namespace",
                "logging",
                "--set",
                "elasticsearch.hosts={http://%s:%d}"
                        .formatted(Cluster.HOST, server.url().getPort()),
                "--set",
                "elasticsearch.auth.secret=key",
                "--set-string",
                "image.repository=" + agentImage.replace(":", ",image.tag="),
                "--set",
                "image.pullPolicy=Never",
                "--set",
                "buffer.hostPath=" + folder.resolve("state"));
    }

    private static void apply(String resource, Path go) throws IOException {
        String text;
        try (InputStream in = ChartRuntimeIT.class.getResourceAsStream(resource)) {
            text = new String(in.readAllBytes(), UTF_8);
        }
        Path file =
                Files.writeString(
                        folder.resolve(resource),
                        text.replace("${image}", writerImage)
                                .replace("${lines}", Integer.toString(LINES))
                                .replace("${go}", go.toString()));
        cluster.kubectl("apply", "-f", file.toString());
        cluster.kubectl("-n", "shop", "rollout", "status", "deployment/cart", "--timeout=4m");
    }

    private static List<String> writers() {
        return List.of(
                cluster.kubectl(
                                "-n",
                                "shop",
                                "get",
                                "pods",
                                "-o",
                                "jsonpath={.items[*].metadata.name}")
                        .split(" ", -1));
    }

    private static String agentPod() {
        return status("{.items[0].metadata.name}");
    }

    private static String status(String path) {
        return cluster.kubectl("-n", "logging", "get", "pods", "-o", "jsonpath=" + path);
    }

    private static void awaitDocuments(long documents) {
        await("documents of the pods")
                .atMost(LONG)
                .pollInterval(POLL)
                .ignoreExceptions()
                .untilAsserted(
                        () ->
                                assertThat(server.count(STREAM, SHOP))
                                        .isGreaterThanOrEqualTo(documents));
    }
}
