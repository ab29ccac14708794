package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.CriLogs;
import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** An agent that hangs ends itself, and says where it hung; one that waits does not. */
class StallIT {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final int LINES = 500;

    @TempDir Path folder;

    @Test
    @EnabledIf(
            value = "io.sluice.app.LoopDisk#canBeMade",
            disabledReason = "needs root and loop devices")
    void aHungDiskEndsTheAgentWithACodeOfItsOwnAndTheNextGoesOn() throws Exception {
        CriLogs logs = new CriLogs(folder.resolve("logs"));
        AgentYaml yaml = new AgentYaml(folder).containers(logs.links()).with("stall: {after: 10s}");
        Files.createDirectory(yaml.state());
        try (FaultyElasticsearch server = new FaultyElasticsearch();
                LoopDisk disk = LoopDisk.make(folder.resolve("disk"), yaml.state(), 256);
                CriLogs.Container container = logs.container("shop", "cart", "uid", "web")) {
            server.stop();
            for (int i = 0; i < LINES; i++) {
                container.write("line " + i);
            }
            try (AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
                awaitMetric(agent, "sluice_buffer_appended_documents_total " + LINES + ".0");
                // An outage is no stall, however long.
                await().during(Duration.ofSeconds(15)).atMost(LONG).until(agent::isAlive);

                disk.freeze();
                server.start();
                await().atMost(LONG)
                        .until(
                                () ->
                                        agent.log().contains("ThreadDump")
                                                || agent.log().contains("has not moved for"));
                disk.thaw();

                assertThat(agent.awaitExit(LONG)).as(agent.log()).isEqualTo(4);
                assertThat(agent.log().split("delivery has not moved for \\d+ s:", -1))
                        .as("one thread dump: %s", agent.log())
                        .hasSize(2);
                assertThat(agent.log())
                        .contains("deliver, RUNNABLE", "io.sluice.buffer.", "nothing is lost");
            }
            try (AgentProcess next = yaml.start(Home.CHILD, server.url())) {
                await().atMost(LONG).until(() -> server.taken().size() == LINES);
                next.awaitReady(LONG);
                next.terminate();
                assertThat(next.awaitExit(LONG)).as(next.log()).isZero();
            }
            assertThat(server.documents()).as("stored once").hasSize(LINES);
        }
    }

    @Test
    void aServerThatTakesRequestsAndNeverAnswersEndsNoAgent() throws Exception {
        CriLogs logs = new CriLogs(folder.resolve("logs"));
        AgentYaml yaml = new AgentYaml(folder).containers(logs.links()).with("stall: {after: 10s}");
        try (FaultyElasticsearch server = new FaultyElasticsearch();
                CriLogs.Container container = logs.container("shop", "cart", "uid", "web")) {
            server.behave((_, _, _) -> new Reply.TakeAndHang());
            for (int i = 0; i < LINES; i++) {
                container.write("line " + i);
            }
            try (AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
                awaitMetric(agent, "sluice_buffer_appended_documents_total " + LINES + ".0");
                await().atMost(LONG).until(() -> server.bulks() > 0);
                // An answer may take a minute; that is longer than stall.after.
                await().during(Duration.ofSeconds(25)).atMost(LONG).until(agent::isAlive);
                assertThat(agent.log()).doesNotContain("has not moved for");

                server.behave((_, _, _) -> new Reply.Take());
                server.stop();
                server.start();
                agent.awaitReady(LONG);
                await().atMost(LONG).untilAsserted(() -> assertThat(server.taken()).hasSize(LINES));
                agent.terminate();
                assertThat(agent.awaitExit(LONG)).as(agent.log()).isZero();
            }
            assertThat(server.documents()).as("stored once").hasSize(LINES);
        }
    }

    private static void awaitMetric(AgentProcess agent, String line) {
        agent.healthPort();
        await().atMost(LONG)
                .pollInterval(Duration.ofMillis(200))
                .untilAsserted(
                        () ->
                                assertThat(agent.ask("/metrics").body().lines())
                                        .as(agent.log())
                                        .contains(line));
    }
}
