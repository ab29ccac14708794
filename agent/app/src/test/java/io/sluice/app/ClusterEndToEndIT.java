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
import java.io.UncheckedIOException;
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
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The agent as its chart runs it, in a real Kubernetes whose kubelet rotates and compresses: over
 * its own death, an upgrade, and the loss of the API server and of the container runtime; beside
 * pods that end, crash, are deleted, or never were in the API server.
 */
@Tag("cluster")
class ClusterEndToEndIT {
    /** Of a burst and a container: 1.6 MB. */
    private static final int LINES = 2_500;

    private static final int BURSTS = 6;
    private static final int LINES_OF_GONE = 800;
    private static final int LINES_OF_CRASH = 50;
    private static final int LINES_OF_INIT = 200;
    private static final int LINES_OF_JOB = 20;
    private static final int LINES_OF_PROBE = 200;

    /** Pods that live for a second. */
    private static final int JOBS = Integer.getInteger("sluice.cluster.jobs", 20);

    /** Whatever is not the agent's own. */
    private static final String WORKLOAD =
            "{\"bool\":{\"must_not\":{\"term\":{\"kubernetes.namespace\":\"logging\"}}}}";

    private static final Pattern ROTATED = Pattern.compile("\\d+\\.log\\.[\\d-]+(\\.gz)?");
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(500);

    @TempDir private static Path folder;
    private static ClusterStage stage;
    private static Cluster cluster;
    private static ElasticsearchFixture server;
    private static AgentRelease agent;
    private static String image;

    private final Set<Path> rotations = new TreeSet<>();

    @BeforeAll
    static void startAll() throws IOException {
        Optional<String> missing = Cluster.missingNode().or(ClusterImages::missing);
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        stage = ClusterStage.open(folder.resolve("state"));
        cluster = stage.cluster();
        server = stage.server();
        agent = stage.agent();
        image = ClusterImages.writer(cluster);
    }

    @AfterAll
    static void stopAll() {
        if (stage != null) {
            stage.close();
        }
    }

    @Test
    void everyLineIsOneDocumentThatKnowsItsPod() throws Exception {
        Bursts bursts = new Bursts(folder.resolve("go"));
        Bursts ofGone = new Bursts(folder.resolve("gone"));
        Bursts ofTemp = new Bursts(folder.resolve("temp"));
        agent.install();
        agent.assertLeastPrivilege();
        cluster.createNamespace("shop");
        cluster.createNamespace("temp");
        Map<String, String> values =
                Map.of(
                        "image", image,
                        "bursts", Integer.toString(BURSTS),
                        "lines", Integer.toString(LINES),
                        "jobs", Integer.toString(JOBS),
                        "go", bursts.folder().toString(),
                        "gone", ofGone.folder().toString(),
                        "temp", ofTemp.folder().toString());
        cluster.apply(folder, "workload.yaml", values);
        cluster.writeStaticPod(folder, "static-pod.yaml", values);
        awaitPods();
        List<String> writers = writers();
        List<String> temporary = names("temp");

        bursts.begin(1);
        bursts.awaitWritten(1, with(writers, "crash"));
        cluster.kubectl(
                "-n", "shop", "wait", "--for=condition=complete", "job", "--all", "--timeout=5m");
        long first = writers.size() * (long) LINES + LINES_OF_CRASH;
        long others = 2L * LINES + LINES_OF_INIT + JOBS * (long) LINES_OF_JOB;
        awaitDocuments(first + others);

        bursts.begin(2);
        agent.kill();
        bursts.awaitWritten(2, with(writers, "crash"));
        awaitDocuments(2 * first + others);

        cluster.stop("apiserver");
        bursts.begin(3);
        bursts.awaitWritten(3, with(writers, "crash"));
        awaitDocuments(3 * first + others);
        cluster.start("apiserver");

        others += deletePodAndNamespace(ofGone, ofTemp, temporary, 3 * first + others);
        debug();
        others += LINES_OF_PROBE;
        awaitDocuments(3 * first + others);

        upgradeWhileTheKubeletRotates(bursts, writers);
        long burst = writers.size() * (long) LINES;
        awaitDocuments(3 * first + 2 * burst + others);

        bursts.begin(6);
        cluster.stop("containerd");
        cluster.start("containerd");
        bursts.awaitWritten(6, writers);
        awaitDocuments(3 * first + 3 * burst + others);

        assertEverything(3 * first + 3 * burst + others, temporary);
    }

    /**
     * Both while their lines are under way.
     *
     * @param before documents before that
     * @return documents since then
     */
    private static long deletePodAndNamespace(
            Bursts ofGone, Bursts ofTemp, List<String> temporary, long before) throws IOException {
        ofGone.begin(1);
        ofTemp.begin(1);
        ofTemp.awaitWritten(1, temporary);
        awaitDocuments(before + LINES_OF_GONE + 2L * LINES);
        ofGone.begin(2);
        ofGone.awaitWritten(2, List.of("gone"));
        cluster.kubectl("-n", "shop", "delete", "pod", "gone", "--force", "--grace-period=0");
        ofTemp.begin(2);
        cluster.kubectl("delete", "namespace", "temp", "--timeout=120s");
        awaitDocuments(before + 2L * LINES_OF_GONE + 2L * LINES);
        // How many of the second burst were written nobody can say; the ledger knows what was.
        AgentLedger.assertNothingLeft(agent::metrics, "temp");
        long written = count("{\"term\":{\"kubernetes.namespace\":\"temp\"}}");
        assertThat(written).isBetween(2L * LINES, 4L * LINES);
        return 2L * LINES_OF_GONE + written;
    }

    /** An ephemeral container in a pod that runs. */
    private static void debug() {
        cluster.kubectl(
                "-n",
                "shop",
                "debug",
                "multi",
                "--image=" + image,
                "--container=probe",
                "--profile=general",
                "--",
                "/bin/sh",
                "-c",
                "i=0; while [ $i -lt "
                        + LINES_OF_PROBE
                        + " ]; do i=$((i + 1)); echo \"probing seq=$i\"; done");
    }

    /** Nobody reads meanwhile; the next agent has another configuration. */
    private void upgradeWhileTheKubeletRotates(Bursts bursts, List<String> writers)
            throws IOException {
        agent.away(true);
        bursts.begin(4);
        bursts.awaitWritten(4, writers);
        await("the kubelet's rotation")
                .atMost(LONG)
                .pollInterval(POLL)
                .until(() -> rotated().size() >= writers.size());
        bursts.begin(5);
        bursts.awaitWritten(5, writers);
        // It compresses at a rotation what it rotated before.
        await("compressed files that no agent has seen")
                .atMost(LONG)
                .pollInterval(POLL)
                .until(() -> compressed().stream().anyMatch(count -> count >= 2));
        agent.upgrade("--set", "config.cluster=production");
        agent.away(false);
    }

    private void assertEverything(long documents, List<String> temporary) throws IOException {
        // Without what the agents before the last one have said.
        stage.alias("workload", WORKLOAD);
        Map<String, Integer> last = expected();
        NumberedLines lines = NumberedLines.in(server, "workload", "cluster");
        for (String pod : temporary) {
            last.put(pod + "/app", lines.of(pod, "app").cardinality());
        }
        lines.assertComplete(last);
        assertThat(last.values().stream().mapToLong(Integer::longValue).sum()).isEqualTo(documents);

        long ofTemp = count("{\"term\":{\"kubernetes.namespace\":\"temp\"}}");
        AgentLedger.assertDelivered(agent::metrics, "shop", documents - ofTemp);
        AgentLedger.assertDelivered(agent::metrics, "temp", ofTemp);
        assertMetadata();
        agent.assertRoleIsUsedAndEnough();
        agent.assertNotOutOfMemory();
        rotated();
        System.out.printf(
                "cluster: %d containers, %,d lines, %d rotations and more, 0 lost, 0 doubled%n",
                last.size(), documents, rotations.size());
    }

    private static List<String> with(List<String> names, String more) {
        List<String> all = new ArrayList<>(names);
        all.add(more);
        return all;
    }

    private static List<String> names(String namespace) {
        return cluster.get(namespace, "pods", "{.items[*].metadata.name}");
    }

    private static void awaitPods() {
        await("all pods that go on")
                .atMost(LONG)
                .pollInterval(POLL)
                .until(
                        () ->
                                names("temp").size() == 2
                                        && Set.copyOf(names("shop")).contains("steady-node1")
                                        && writers().size() == 6
                                        && names("shop").stream().anyMatch("gone"::equals));
    }

    /** Those that write every burst, by the names they sign with. */
    private static List<String> writers() {
        List<String> writers = new ArrayList<>(List.of("multi-a", "multi-b", "steady"));
        for (String pod : names("shop")) {
            if (pod.startsWith("cart-") || pod.startsWith("payment-")) {
                writers.add(pod);
            }
        }
        return writers;
    }

    /** All containers of the shop and the number of each one's last line. */
    private static Map<String, Integer> expected() {
        Map<String, Integer> last = new TreeMap<>();
        last.put("gone/app", 2 * LINES_OF_GONE);
        for (String pod : names("shop")) {
            switch (pod.split("-", -1)[0]) {
                case "cart", "payment", "steady" -> last.put(pod + "/app", BURSTS * LINES);
                case "report" -> last.put(pod + "/app", LINES);
                case "short" -> last.put(pod + "/app", LINES_OF_JOB);
                case "crash" -> last.put(pod + "/app", 3 * LINES_OF_CRASH);
                case "multi" -> {
                    last.put(pod + "/init", LINES_OF_INIT);
                    last.put(pod + "/a", BURSTS * LINES);
                    last.put(pod + "/b", BURSTS * LINES);
                    last.put(pod + "/probe", LINES_OF_PROBE);
                }
                default -> throw new IllegalStateException("whose pod is " + pod + "?");
            }
        }
        return last;
    }

    /** Containers with a file that is not the active one. */
    private Set<String> rotated() throws IOException {
        List<Path> files = logs(ROTATED);
        files.forEach(
                file ->
                        rotations.add(
                                file.resolveSibling(
                                        file.getFileName().toString().replace(".gz", ""))));
        return files.stream()
                .map(path -> path.getParent().toString())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** How many compressed files each container has that has any. */
    private static Collection<Long> compressed() throws IOException {
        return logs(Pattern.compile(".*\\.gz")).stream()
                .collect(Collectors.groupingBy(Path::getParent, Collectors.counting()))
                .values();
    }

    private static List<Path> logs(Pattern name) throws IOException {
        try (Stream<Path> files = Files.walk(cluster.podLogs(), 3)) {
            return files.filter(file -> name.matcher(file.getFileName().toString()).matches())
                    .toList();
        } catch (UncheckedIOException _) {
            // The kubelet removes files meanwhile.
            return List.of();
        }
    }

    /** Without what the kubelet reports only some time after the first lines: IP and runtime. */
    private static void assertMetadata() {
        for (String field :
                List.of(
                        "kubernetes.labels.app",
                        "kubernetes.pod.uid",
                        "kubernetes.node.name",
                        "container.id",
                        "container.image.name")) {
            assertThat(
                            server.count(
                                    "workload",
                                    "{\"bool\":{\"must_not\":{\"exists\":{\"field\":\""
                                            + field
                                            + "\"}}}}"))
                    .as("documents without %s", field)
                    .isZero();
        }
        assertThat(count("kubernetes.deployment.name", "cart")).isEqualTo(2L * BURSTS * LINES);
        assertThat(count("kubernetes.statefulset.name", "payment"))
                .isEqualTo((long) BURSTS * LINES);
        assertThat(count("kubernetes.job.name", "report")).isEqualTo(2L * LINES);
        assertThat(count("kubernetes.job.name", "short")).isEqualTo(JOBS * (long) LINES_OF_JOB);
        assertThat(count("kubernetes.labels.app", "steady")).isEqualTo((long) BURSTS * LINES);
        assertThat(count("orchestrator.cluster.name", "production"))
                .as("behind the upgrade")
                .isGreaterThanOrEqualTo(3L * LINES);
        assertLivesOfCrash();
    }

    /** Each life is a container of its own, with all of its lines. */
    private static void assertLivesOfCrash() {
        String answer =
                server.requestOk(
                        "POST",
                        "/workload/_search?size=0&filter_path=aggregations.lives.buckets.doc_count",
                        "{\"query\":{\"term\":{\"kubernetes.pod.name\":\"crash\"}},"
                                + "\"aggs\":{\"lives\":{\"terms\":{\"field\":\"container.id\"}}}}");
        String life = "{\"doc_count\":" + LINES_OF_CRASH + "}";
        assertThat(answer).contains("[" + life + "," + life + "," + life + "]");
    }

    private static long count(String query) {
        server.refresh(AgentRelease.STREAM);
        return server.count(AgentRelease.STREAM, query);
    }

    private static long count(String field, String value) {
        return server.count("workload", "{\"term\":{\"" + field + "\":\"" + value + "\"}}");
    }

    private static void awaitDocuments(long documents) {
        stage.awaitDocuments(WORKLOAD, documents);
    }
}
