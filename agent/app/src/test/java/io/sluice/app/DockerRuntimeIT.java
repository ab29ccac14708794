package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Docker's json-file logs, as cri-dockerd links them into the kubelet's folders: JSON lines,
 * records of 16 KiB, {@code -json.log.1} and older ones compressed.
 */
@Tag("runtimes")
class DockerRuntimeIT {
    private static final int LINES = 2_000;

    /** A burst has about 1.2 MB: it rotates some times, but not through all five files. */
    private static final List<String> ROTATION =
            List.of("max-size=400k", "max-file=5", "compress=true");

    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir private Path folder;
    private Dockerd docker;

    @BeforeEach
    void startTheDaemon() throws IOException {
        Optional<String> missing = Dockerd.missing().or(WriterImage::missing);
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        docker = Dockerd.start(Files.createDirectory(folder.resolve("docker")));
        Path root = WriterImage.layOut(Files.createDirectory(folder.resolve("root")));
        Path tar = folder.resolve("root.tar");
        Podman.Ended packed =
                Podman.run(
                        List.of("tar", "-C", root.toString(), "-cf", tar.toString(), "."),
                        Map.of(),
                        folder);
        assertThat(packed.code()).as(packed.output()).isZero();
        docker.runOk("import", tar.toString(), "writer:1");
    }

    @AfterEach
    void stopTheDaemon() {
        if (docker != null) {
            docker.close();
        }
    }

    @Test
    void everyLineOfDockersIsOneDocumentOverRotationsCompressionAndKills() throws Exception {
        ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);
        NodeLogs logs = new NodeLogs(folder.resolve("logs"));
        Bursts bursts = new Bursts(folder.resolve("go"));
        AgentYaml yaml = new AgentYaml(folder).stream("docker").containers(logs.links());
        List<String> pods = List.of("cart-1", "cart-2", "cart-3");
        Map<String, Integer> last = new TreeMap<>();
        Path oneLog = null;
        for (String pod : pods) {
            oneLog = run(pod, 4, bursts);
            // cri-dockerd's link.
            Files.createSymbolicLink(logs.log(pod), oneLog);
            last.put(pod + "/app", 4 * LINES);
        }
        AgentProcess agent = yaml.start(Home.CHILD, server.url());
        try {
            bursts.begin(1);
            yaml.awaitDocuments(agent, server, LINES);
            agent.close();
            agent = yaml.start(Home.CHILD, server.url());
            yaml.awaitDocuments(agent, server, 3 * LINES);
            agent.close();
            bursts.begin(2);
            bursts.awaitWritten(2, pods);
            Path log = oneLog;
            await("a compressed file that no agent has seen")
                    .atMost(LONG)
                    .until(() -> hasCompressed(log));
            agent = yaml.start(Home.CHILD, server.url());
            yaml.awaitDocuments(agent, server, 6 * LINES);
            bursts.begin(3);
            yaml.awaitDocuments(agent, server, 7 * LINES);
            agent.close();
            agent = yaml.start(Home.CHILD, server.url());
            yaml.awaitDocuments(agent, server, 9 * LINES);
            bursts.begin(4);
            yaml.awaitDocuments(agent, server, 12 * LINES);
            AgentLedger.assertDelivered(agent, 12 * LINES);
        } finally {
            agent.close();
        }
        NumberedLines.in(server, yaml.stream(), "json-file").assertComplete(last);
    }

    private Path run(String pod, int bursts, Bursts go) {
        ArrayList<String> command =
                new ArrayList<>(
                        List.of("run", "--detach", "--network=none", "--log-driver=json-file"));
        ROTATION.forEach(option -> command.add("--log-opt=" + option));
        command.addAll(
                List.of(
                        "--env=NAME=" + pod,
                        "--volume=" + go.folder() + ":/go",
                        "writer:1",
                        "/bin/write",
                        Integer.toString(bursts),
                        Integer.toString(LINES)));
        String id = docker.runOk(command.toArray(String[]::new));
        return Path.of(docker.runOk("inspect", "--format={{.LogPath}}", id));
    }

    private static boolean hasCompressed(Path log) throws IOException {
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(log.getParent(), log.getFileName() + ".*.gz")) {
            return files.iterator().hasNext();
        }
    }
}
