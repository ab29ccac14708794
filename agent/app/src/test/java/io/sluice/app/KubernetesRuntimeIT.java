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
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The agent beside a real Kubernetes: containerd's logs, rotated and compressed by the kubelet;
 * pods that end, crash and are deleted; an API server that knows no more of the agent than its
 * service account.
 */
@Tag("runtimes")
class KubernetesRuntimeIT {
    /** Of a burst; that many are 1.7 MB, and the kubelet rotates at 1 MiB. */
    private static final int LINES = 5_000;

    private static final int LINES_OF_GONE = 800;
    private static final int LINES_OF_CRASH = 50;
    private static final int LINES_OF_SHORT = 200;

    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(500);

    @TempDir private static Path folder;
    private static Path imageTar;
    private static String image;
    private static Cluster cluster;
    private static ElasticsearchFixture server;

    @BeforeAll
    static void startAll() throws IOException {
        Optional<String> missing = Cluster.missing().or(Podman::missing).or(WriterImage::missing);
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        Podman podman = new Podman(folder);
        image = WriterImage.build(podman, folder);
        imageTar = Cluster.images().resolve("sluice-writer.tar");
        Files.deleteIfExists(imageTar);
        podman.runOk("save", "--quiet", "--format=oci-archive", "--output=" + imageTar, image);
        podman.runOk("rmi", "--force", image);
        cluster = Cluster.up("1Mi");
        // The test is on the host, the agent on the node.
        server =
                ElasticsearchFixture.start(
                        new Options(
                                Security.OFF, Map.of("http.host", "127.0.0.1," + Cluster.HOST)));
    }

    @AfterAll
    static void stopAll() throws IOException {
        if (server != null) {
            server.close();
        }
        if (cluster != null) {
            cluster.close();
        }
        if (imageTar != null) {
            Files.deleteIfExists(imageTar);
        }
    }

    @Test
    void everyLineOfEveryPodIsOneDocumentThatKnowsItsPod() throws Exception {
        Bursts bursts = new Bursts(folder.resolve("go"));
        Bursts ofGone = new Bursts(folder.resolve("gone"));
        AgentYaml yaml = new AgentYaml(folder).stream("kubernetes").health(Cluster.NODE + ":0");
        Path config = configure(yaml);
        AgentProcess agent = start(config);
        try {
            // Or documents could come before the first list, and go without metadata.
            awaitLog(agent, "pods of node node1");
            apply("workload.yaml", bursts, ofGone);
            Map<String, Integer> last = expected();
            List<String> writers = writers();

            bursts.begin(1);
            yaml.awaitDocuments(agent, server, 2 * LINES);
            agent.close();
            agent = start(config);
            yaml.awaitDocuments(agent, server, afterFirstBurst());

            // Nobody reads while the kubelet rotates and compresses.
            agent.close();
            bursts.begin(2);
            bursts.awaitWritten(2, writers);
            awaitRotation();
            bursts.begin(3);
            bursts.awaitWritten(3, writers);
            // It compresses at a rotation what it rotated before: the second is of the second
            // burst.
            await("a compressed file that no agent has seen")
                    .atMost(LONG)
                    .pollInterval(POLL)
                    .until(() -> compressed().stream().anyMatch(count -> count >= 2));
            agent = start(config);
            yaml.awaitDocuments(agent, server, sum(last) - 2L * LINES_OF_GONE);

            // Its file is open when the pod goes.
            ofGone.begin(1);
            yaml.awaitDocuments(agent, server, sum(last) - LINES_OF_GONE);
            ofGone.begin(2);
            ofGone.awaitWritten(2, List.of("gone"));
            cluster.kubectl("-n", "shop", "delete", "pod", "gone", "--force", "--grace-period=0");
            yaml.awaitDocuments(agent, server, sum(last));
            // Over all its lives, and of the pod that is gone, too.
            AgentLedger.assertDelivered(agent, sum(last));

            agent.terminate();
            assertThat(agent.awaitExit(Duration.ofSeconds(60))).as(agent.log()).isZero();
            NumberedLines.in(server, yaml.stream(), "kubernetes").assertComplete(last);
        } finally {
            agent.close();
        }
        assertMetadata(yaml.stream());
        assertOnlyPodsWereAskedFor();
    }

    private Path configure(AgentYaml yaml) throws IOException {
        apply("account.yaml");
        Path token = folder.resolve("token");
        Files.writeString(token, cluster.kubectl("-n", "logging", "create", "token", "sluice"));
        yaml.containers(Path.of("/var/log/containers"))
                .kubernetes(
                        "{api: \"%s\", node: node1, tokenFile: \"%s\", caFile: \"%s\"}"
                                .formatted(Cluster.API, token, Cluster.caFile()));
        return yaml.write(URI.create("http://" + Cluster.HOST + ":" + server.url().getPort()));
    }

    private void apply(String resource, Bursts... folders) throws IOException {
        String text;
        try (InputStream in = getClass().getResourceAsStream(resource)) {
            text = new String(in.readAllBytes(), UTF_8);
        }
        if (folders.length == 2) {
            // A pod is refused before its namespace has an account for it.
            await().atMost(LONG)
                    .pollInterval(POLL)
                    .ignoreExceptionsInstanceOf(IllegalStateException.class)
                    .until(() -> cluster.kubectl("-n", "shop", "get", "sa", "default") != null);
            text =
                    text.replace("${image}", image)
                            .replace("${lines}", Integer.toString(LINES))
                            .replace("${go}", folders[0].folder().toString())
                            .replace("${gone}", folders[1].folder().toString());
        }
        Path file = Files.writeString(folder.resolve(resource), text);
        cluster.kubectl("apply", "-f", file.toString());
    }

    private AgentProcess start(Path config) throws IOException {
        return AgentProcess.startBehind(Cluster.in(), config, folder.resolve("agent.log"));
    }

    private static void awaitLog(AgentProcess agent, String text) {
        await(text)
                .atMost(LONG)
                .pollInterval(POLL)
                .failFast("the agent has ended", () -> !agent.isAlive())
                .until(() -> agent.log().contains(text));
    }

    /** All containers of the workload and the number of each one's last line. */
    private static Map<String, Integer> expected() {
        await("all pods")
                .atMost(LONG)
                .pollInterval(POLL)
                .until(() -> pods().size() == 2 + 1 + 1 + 1 + 1 + 2 + 5);
        Map<String, Integer> last = new TreeMap<>();
        for (String pod : pods()) {
            switch (pod.split("-", -1)[0]) {
                case "cart", "payment" -> last.put(pod + "/app", 3 * LINES);
                case "report" -> last.put(pod + "/app", LINES);
                case "short" -> last.put(pod + "/app", LINES_OF_SHORT);
                case "crash" -> last.put(pod + "/app", 3 * LINES_OF_CRASH);
                case "gone" -> last.put(pod + "/app", 2 * LINES_OF_GONE);
                case "multi" -> {
                    last.put(pod + "/init", LINES_OF_SHORT);
                    last.put(pod + "/a", 3 * LINES);
                    last.put(pod + "/b", 3 * LINES);
                }
                default -> throw new IllegalStateException("whose pod is " + pod + "?");
            }
        }
        return last;
    }

    private static List<String> pods() {
        String names =
                cluster.kubectl(
                        "-n", "shop", "get", "pods", "-o", "jsonpath={.items[*].metadata.name}");
        return names.isEmpty() ? List.of() : List.of(names.split(" ", -1));
    }

    private static long sum(Map<String, Integer> last) {
        return last.values().stream().mapToLong(Integer::longValue).sum();
    }

    private static long afterFirstBurst() {
        return 5L * LINES + 2L * LINES + 6L * LINES_OF_SHORT + LINES_OF_CRASH;
    }

    /** Those that write every burst, by the names they sign with. */
    private static List<String> writers() {
        List<String> writers = new ArrayList<>(List.of("multi-a", "multi-b", "crash"));
        for (String pod : pods()) {
            if (pod.startsWith("cart-") || pod.startsWith("payment-")) {
                writers.add(pod);
            }
        }
        return writers;
    }

    /** Every container that goes on has been rotated. */
    private static void awaitRotation() {
        await("the kubelet's rotation")
                .atMost(LONG)
                .pollInterval(POLL)
                .until(() -> rotated().size() >= 5);
    }

    /** Containers with a file that is not the active one. */
    private static Set<String> rotated() throws IOException {
        return logs("\\d+\\.log\\..*").stream()
                .map(path -> path.getParent().toString())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** How many compressed files each container has that has any. */
    private static Collection<Long> compressed() throws IOException {
        return logs(".*\\.gz").stream()
                .collect(Collectors.groupingBy(Path::getParent, Collectors.counting()))
                .values();
    }

    private static List<Path> logs(String name) throws IOException {
        try (Stream<Path> files = Files.walk(Cluster.podLogs(), 3)) {
            return files.filter(file -> file.getFileName().toString().matches(name)).toList();
        } catch (UncheckedIOException _) {
            // The kubelet removes files meanwhile.
            return List.of();
        }
    }

    /** Without what the kubelet reports only some time after the first lines: IP and runtime. */
    private static void assertMetadata(String stream) {
        for (String field :
                List.of(
                        "kubernetes.labels.app",
                        "kubernetes.pod.uid",
                        "kubernetes.node.name",
                        "container.id",
                        "container.image.name")) {
            assertThat(
                            server.count(
                                    stream,
                                    "{\"bool\":{\"must_not\":{\"exists\":{\"field\":\""
                                            + field
                                            + "\"}}}}"))
                    .as("documents without %s", field)
                    .isZero();
        }
        assertThat(count(stream, "kubernetes.deployment.name", "cart")).isEqualTo(6L * LINES);
        assertThat(count(stream, "kubernetes.statefulset.name", "payment")).isEqualTo(3L * LINES);
        assertThat(count(stream, "kubernetes.job.name", "report")).isEqualTo(2L * LINES);
        assertThat(count(stream, "log.flags", "partial"))
                .as("the last lines of two lives")
                .isEqualTo(2);
    }

    private static long count(String stream, String field, String value) {
        return server.count(stream, "{\"term\":{\"" + field + "\":\"" + value + "\"}}");
    }

    /** What the service account has asked for is what its role allows, and all that it allows. */
    private static void assertOnlyPodsWereAskedFor() throws IOException {
        assertThat(Cluster.requestsOf("system:serviceaccount:logging:sluice"))
                .containsExactly("list pods allow", "watch pods allow");
    }
}
