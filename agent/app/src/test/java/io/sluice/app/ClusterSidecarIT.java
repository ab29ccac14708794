package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.testing.ElasticsearchFixture;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What Sluice is for: applications that write to a file, to a socket or by {@code syslog(3)}, each
 * with a streaming sidecar as {@code charts/sluice/examples} has it. {@code kubectl logs} shows
 * their lines, the node's agent ships them, Elasticsearch holds each of them once.
 */
@Tag("cluster")
class ClusterSidecarIT {
    private static final int LINES = 2_000;
    private static final Pattern SEQ = Pattern.compile("seq=(\\d+)");

    private static final String SHOP = linesOf("shop");
    private static final String OWN = linesOf("own");

    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(500);

    @TempDir private static Path folder;
    private static ClusterStage stage;
    private static Cluster cluster;
    private static ElasticsearchFixture server;
    private static String sidecar;
    private static String oldApp;

    @BeforeAll
    static void startAll() throws IOException {
        Optional<String> missing =
                Cluster.missing().or(ClusterImages::missing).or(OldAppImage::missing);
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        stage = ClusterStage.open(folder.resolve("state"));
        cluster = stage.cluster();
        server = stage.server();
        sidecar = ClusterImages.sidecar(cluster);
        oldApp = ClusterImages.oldApp(cluster);
        stage.agent()
                .install(
                        "--values",
                        AgentRelease.examples().resolve("control-plane.yaml").toString());
        cluster.createNamespace("shop");
    }

    @AfterAll
    static void stopAll() {
        if (stage != null) {
            stage.close();
        }
    }

    @Test
    void linesOfOldApplicationsAreShownAndShippedOnce() throws IOException {
        List<String> shapes = List.of("file", "native", "syslog", "socket", "job");
        for (String shape : shapes) {
            apply(shape);
        }

        cluster.kubectl(
                "-n", "shop", "wait", "--for=condition=complete", "job/report", "--timeout=4m");
        await("all lines in kubectl logs")
                .atMost(LONG)
                .pollInterval(POLL)
                .untilAsserted(
                        () -> {
                            for (String pod : pods()) {
                                assertThat(shown(pod)).as(pod).isEqualTo(LINES);
                            }
                        });
        stage.awaitDocuments(SHOP, shapes.size() * (long) LINES);

        stage.alias("shop", SHOP);
        Map<String, Integer> last = new TreeMap<>();
        pods().forEach(pod -> last.put(pod + "/logs", LINES));
        assertThat(last).hasSameSizeAs(shapes);
        NumberedLines.in(server, "shop", "sidecars").assertComplete(last);
        assertNoRestarts();
    }

    /** Files, no node's agent, no API server; the pod's own fields say whose lines they are. */
    @Test
    void anAgentInThePodDeliversTheApplicationsFilesItself() throws IOException {
        cluster.createNamespace("own");
        cluster.kubectl(
                "-n",
                "own",
                "create",
                "secret",
                "generic",
                "sluice-elasticsearch",
                "--from-literal=apiKey=aA==");
        String example =
                Files.readString(AgentRelease.examples().resolve("sidecar-agent.yaml"))
                        .replace("line $n", "order placed seq=$n")
                        .replace("sleep 1\n", "[ $n -lt " + LINES + " ] || sleep 86400\n")
                        .replace(
                                "https://elasticsearch:9200",
                                "http://%s:%d".formatted(cluster.host(), server.url().getPort()))
                        .replace("localhost/sluice:latest", ClusterImages.agent(cluster))
                        .replaceAll("image: busybox:\\S+", "image: " + oldApp);
        Path file = Files.writeString(folder.resolve("own.yaml"), example);
        cluster.kubectl("-n", "own", "apply", "-f", file.toString());
        stage.awaitDocuments(OWN, LINES);
        String pod = cluster.get("own", "pods", "{.items[*].metadata.name}").getFirst();
        assertThat(
                        cluster.get(
                                "own",
                                "pods",
                                "{.items[*].status.initContainerStatuses[*].restartCount}"))
                .containsExactly("0");
        // It ends as told, and sends nothing again.
        cluster.kubectl("delete", "namespace", "own", "--timeout=120s");

        stage.alias("own", OWN);
        NumberedLines.in(server, "own", "sidecar agent")
                .assertComplete(Map.of(pod + "/app", LINES));
        for (String field :
                List.of("kubernetes.pod.uid", "kubernetes.pod.ip", "kubernetes.node.name")) {
            assertThat(server.count("own", "{\"exists\":{\"field\":\"" + field + "\"}}"))
                    .as(field)
                    .isEqualTo(LINES);
        }
        assertThat(server.count("own", "{\"term\":{\"kubernetes.labels.app\":\"old-app\"}}"))
                .isEqualTo(LINES);
    }

    /** As {@code control-plane.yaml} has it. */
    @Test
    void theAuditLogOfTheApiServerIsShipped() {
        Assumptions.assumeTrue(Cluster.isOwn(), "whether KUBECONFIG's has one nobody knows");
        stage.awaitDocuments(
                "{\"bool\":{\"must\":["
                    + "{\"term\":{\"log.file.path\":\"/var/log/kubernetes/audit.log\"}},"
                    + "{\"term\":{\"app.kind\":\"Event\"}},"
                    + "{\"term\":{\"app.user.username\":\"system:serviceaccount:logging:sluice\"}},"
                    + "{\"term\":{\"app.verb\":\"watch\"}}]}}",
                1);
    }

    /** As it is, but with the images that were just made, and a given number of lines at once. */
    private static void apply(String shape) throws IOException {
        String name = "sidecar-" + shape + ".yaml";
        String example = Files.readString(AgentRelease.examples().resolve(name));
        String finite =
                example.replace("sleep 1;", "[ $i -lt " + LINES + " ] || sleep 86400;")
                        .replace("-lt 10 ]", "-lt " + LINES + " ]");
        assertThat(finite).as(name).isNotEqualTo(example);
        Path file =
                Files.writeString(
                        folder.resolve(name),
                        finite.replace("localhost/sluice-sidecar:latest", sidecar)
                                .replaceAll(
                                        "image: (busybox|alpine/socat):\\S+", "image: " + oldApp));
        cluster.kubectl("-n", "shop", "apply", "-f", file.toString());
    }

    /** Without what sidecars and agents say themselves on stderr. */
    private static String linesOf(String namespace) {
        return "{\"bool\":{\"must\":[{\"term\":{\"kubernetes.namespace\":\""
                + namespace
                + "\"}},{\"match_phrase\":{\"message\":\"order placed\"}}]}}";
    }

    private static List<String> pods() {
        return cluster.get("shop", "pods", "{.items[*].metadata.name}");
    }

    /** The last line's number, if all lines before it are there and each once. */
    private static int shown(String pod) {
        String logs = cluster.kubectl("-n", "shop", "logs", pod, "-c", "logs");
        int[] next = {1};
        SEQ.matcher(logs)
                .results()
                .mapToInt(line -> Integer.parseInt(line.group(1)))
                .sorted()
                .forEach(
                        number -> {
                            assertThat(number).as(pod).isEqualTo(next[0]);
                            next[0]++;
                        });
        return next[0] - 1;
    }

    private static void assertNoRestarts() {
        for (String statuses : List.of("containerStatuses", "initContainerStatuses")) {
            assertThat(
                            cluster.get(
                                    "shop",
                                    "pods",
                                    "{.items[*].status." + statuses + "[*].restartCount}"))
                    .as(statuses)
                    .allMatch("0"::equals);
        }
    }
}
