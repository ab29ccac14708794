package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.CriLoad;
import io.sluice.testing.CriLogs;
import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The promise as a whole: every line of every container is one document in a real Elasticsearch,
 * over rotations and while the packaged agent is killed in the middle, again and again.
 */
class EndToEndIT {
    private static final int CONTAINERS = 20;
    private static final int LINES_PER_CONTAINER = 10_000;
    private static final int LINES = CONTAINERS * LINES_PER_CONTAINER;
    private static final int LINES_PER_SECOND = 8_000;
    private static final long ROTATE_BYTES = 400_000;

    /** The agent is killed when so many documents are there. */
    private static final int[] KILL_AT = {15_000, 60_000, 120_000};

    private static final Duration LONG = Duration.ofMinutes(5);

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(Home.class)
    void everyLineIsOneDocumentOverRotationsAndKills(Home home) throws Exception {
        ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);
        String namespace = "e2e_" + home.name().toLowerCase(Locale.ROOT);
        String stream = "logs-kubernetes.container_logs-" + namespace;
        long seed = System.nanoTime() & 0xffff;
        CriLogs logs = new CriLogs(folder.resolve("logs")).keepAll();
        CriLoad load =
                new CriLoad(
                        logs,
                        new CriLoad.Plan(
                                CONTAINERS,
                                4,
                                LINES_PER_SECOND,
                                OptionalLong.of(LINES_PER_CONTAINER),
                                LONG,
                                ROTATE_BYTES,
                                seed));
        Path config = config(logs.links(), server, namespace);
        Thread writer = Thread.ofPlatform().name("load").start(load);
        AgentProcess agent = start(home, config, 0);
        try {
            for (int kill = 0; kill < KILL_AT.length; kill++) {
                int documents = KILL_AT[kill];
                await().atMost(LONG)
                        .pollInterval(Duration.ofMillis(200))
                        .until(() -> server.count(stream) >= documents);
                agent.kill();
                agent.close();
                agent = start(home, config, kill + 1);
            }
            writer.join();
            assertThat(load.written()).as("lines written, seed %s", seed).isEqualTo(LINES);
            await().atMost(LONG)
                    .pollInterval(Duration.ofMillis(500))
                    .until(() -> server.count(stream) >= LINES);
            AgentLedger.assertDelivered(agent, LINES);
            agent.terminate();
            assertThat(agent.awaitExit(Duration.ofSeconds(60)))
                    .as("exit code; the agent said: %s", agent.log())
                    .isZero();
        } finally {
            load.stop();
            agent.close();
        }
        assertThat(server.count(stream)).as("documents, seed %s", seed).isEqualTo(LINES);
        NumberedLines.in(server, stream, "seed " + seed).assertComplete(load.lastByContainer());
    }

    private Path config(Path links, ElasticsearchFixture server, String namespace)
            throws IOException {
        return Files.writeString(
                folder.resolve("agent.yaml"),
                """
                containers: {path: %s}
                kubernetes: {api: "off"}
                buffer: {path: %s, minFree: 64MiB}
                elasticsearch:
                  hosts: ["%s"]
                  dataStream: {namespace: %s}
                health: {listen: "127.0.0.1:0"}
                admin: {listen: "127.0.0.1:0"}
                shutdown: {drain: 10s}
                """
                        .formatted(links, folder.resolve("state"), server.url(), namespace));
    }

    private AgentProcess start(Home home, Path config, int number) throws IOException {
        return AgentProcess.start(
                home, config, folder.resolve("agent-" + number + ".log"), Map.of());
    }
}
