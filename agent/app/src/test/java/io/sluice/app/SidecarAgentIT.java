package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.DownwardVolume;
import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;

/**
 * The packaged agent beside an old application, in its pod: a file instead of containers, the
 * downward API instead of an API server, straight to a real Elasticsearch.
 */
class SidecarAgentIT {
    private static final String POD = "cart-7d9c5b8f6-x2x4z";
    private static final Duration SOON = Duration.ofSeconds(60);

    /** What a pod's specification takes from fields of the pod. */
    private static final Map<String, String> ENVIRONMENT =
            Map.of(
                    "NODE_NAME", "node-1",
                    "POD_NAMESPACE", "shop",
                    "POD_NAME", POD,
                    "POD_UID", "uid-1",
                    "POD_IP", "10.244.0.7");

    private final ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);

    @TempDir Path folder;
    private DownwardVolume volume;
    private Path log;
    private AgentYaml yaml;
    private int written;

    @BeforeEach
    void layOut() throws IOException {
        volume = new DownwardVolume(folder.resolve("podinfo"));
        log = Files.createDirectory(folder.resolve("logs")).resolve("app.log");
        yaml =
                new AgentYaml(folder)
                        .stream("sidecar")
                                .with("files: [{path: \"" + log + "\"}]")
                                .with(
                                        "pod: {namespace: \"${POD_NAMESPACE}\", name:"
                                                + " \"${POD_NAME}\", uid: \"${POD_UID}\", ip:"
                                                + " \"${POD_IP}\", container: app, labelsFile: \""
                                                + volume.path("labels")
                                                + "\", annotationsFile: \""
                                                + volume.path("annotations")
                                                + "\"}")
                                .with("metadata: {annotations: [example.com/team]}");
        label("1");
    }

    @Test
    void eachLineIsOneDocumentOfThePodOverChangesRotationsAndRestarts() throws Exception {
        try (AgentProcess agent = start()) {
            write(
                    "{\"@timestamp\":\"2026-11-26T08:00:00Z\",\"log.level\":\"info\",\"message\":\"seq=%d\","
                        + "\"kubernetes\":{\"namespace\":\"bank\",\"pod\":{\"name\":\"vault\"}}}");
            write(50);
            yaml.awaitDocuments(agent, server, written);
            assertThat(server.search(yaml.stream(), "{\"size\":100}"))
                    .contains(
                            "\"kubernetes\":{\"namespace\":\"shop\",\"pod\":{\"name\":\""
                                    + POD
                                    + "\",\"uid\":\"uid-1\",\"ip\":\"10.244.0.7\"},"
                                    + "\"container\":{\"name\":\"app\"},"
                                    + "\"node\":{\"name\":\"node-1\"},"
                                    + "\"deployment\":{\"name\":\"cart\"},"
                                    + "\"replicaset\":{\"name\":\"cart-7d9c5b8f6\"},"
                                    + "\"labels\":{\"app_kubernetes_io/name\":\"cart\","
                                    + "\"pod-template-hash\":\"7d9c5b8f6\",\"version\":\"1\"},"
                                    + "\"annotations\":{\"example_com/team\":\"blue \\\"b\\\"\"}}")
                    .contains("\"host\":{\"name\":\"node-1\"}");
            assertThat(counted("kubernetes.namespace", "shop")).isEqualTo(written);
            assertThat(counted("kubernetes.namespace", "bank")).isZero();

            label("2");
            await("a line of the pod with its new label")
                    .pollInterval(Duration.ofMillis(500))
                    .untilAsserted(
                            () -> {
                                write(1);
                                assertThat(counted("kubernetes.labels.version", "2")).isPositive();
                            });
            rotate();
            write(50);
            yaml.awaitDocuments(agent, server, written);
            agent.kill();
        }
        write(25);
        rotate();
        write(25);
        try (AgentProcess agent = start()) {
            yaml.awaitDocuments(agent, server, written);
            AgentLedger.assertDelivered(agent, written);
            assertThat(agent.ask("/readyz").statusCode()).isEqualTo(200);
        }
        assertComplete("after a kill");
    }

    /** With the pod its files and the buffer go: who is asked to end has to read them first. */
    @Test
    void theLastWordsAreDeliveredBeforeTheEnd() throws Exception {
        try (AgentProcess agent = start()) {
            write(10);
            yaml.awaitDocuments(agent, server, written);
            agent.freeze();
            write(20_000);
            Files.writeString(log, "seq=" + ++written, StandardOpenOption.APPEND);
            agent.terminate();
            agent.thaw();

            assertThat(agent.awaitExit(SOON)).as(agent.log()).isZero();
            assertThat(agent.log()).contains("the buffer is empty");
        }
        assertComplete("after SIGTERM");
        // The container alone was started again: what was read to its end is not read once more.
        rotate();
        write(10);
        try (AgentProcess agent = start()) {
            yaml.awaitDocuments(agent, server, written);
            agent.terminate();
            assertThat(agent.awaitExit(SOON)).as(agent.log()).isZero();
        }
        write(10);
        try (AgentProcess agent = start()) {
            yaml.awaitDocuments(agent, server, written);
            AgentLedger.assertDelivered(agent, written);
        }
        assertComplete("after two more starts");
    }

    @Test
    void aLabelsFileThatIsNotMountedStopsTheStart() throws Exception {
        Path config = yaml.write(server.url());
        Files.delete(volume.path("labels"));
        try (AgentProcess agent =
                AgentProcess.start(Home.CHILD, config, folder.resolve("agent.log"), ENVIRONMENT)) {
            assertThat(agent.awaitExit(SOON)).isEqualTo(2);
            assertThat(agent.log())
                    .contains(
                            "pod.labelsFile is \""
                                    + volume.path("labels")
                                    + "\", which cannot be read (no such file); name a file of a"
                                    + " downwardAPI volume with the field metadata.labels");
        }
    }

    private AgentProcess start() throws IOException {
        return AgentProcess.start(
                Home.CHILD, yaml.write(server.url()), folder.resolve("agent.log"), ENVIRONMENT);
    }

    private void label(String version) {
        volume.write(
                Map.of(
                        "labels",
                        DownwardVolume.lines(
                                Map.of(
                                        "app.kubernetes.io/name", "cart",
                                        "pod-template-hash", "7d9c5b8f6",
                                        "version", version)),
                        "annotations",
                        DownwardVolume.lines(
                                Map.of("example.com/team", "blue \"b\"", "example.com/b", "c"))));
    }

    private long counted(String field, String value) {
        return server.count(yaml.stream(), "{\"term\":{\"" + field + "\":\"" + value + "\"}}");
    }

    /**
     * @param line with a place for its number
     */
    private void write(String line) throws IOException {
        append(line.formatted(++written) + "\n");
    }

    private void write(int lines) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < lines; i++) {
            text.append("seq=").append(++written).append('\n');
        }
        append(text.toString());
    }

    private void append(String text) throws IOException {
        Files.writeString(log, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** As logrotate does, and keeps all. */
    private void rotate() throws IOException {
        int oldest = 1;
        while (Files.exists(rotated(oldest))) {
            oldest++;
        }
        for (int i = oldest; i > 1; i--) {
            Files.move(rotated(i - 1), rotated(i));
        }
        Files.move(log, rotated(1));
    }

    private Path rotated(int number) {
        return log.resolveSibling(log.getFileName() + "." + number);
    }

    private void assertComplete(String context) {
        NumberedLines.in(server, yaml.stream(), context)
                .assertComplete(Map.of(POD + "/app", written));
    }
}
