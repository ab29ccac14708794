package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.testing.ElasticsearchFixture;

import org.awaitility.Awaitility;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A configuration for one test: its own state directory, its own data stream, free ports, no API
 * server.
 */
final class AgentYaml {
    private static final Duration DELIVERED_WITHIN = Duration.ofSeconds(90);

    private final Path folder;
    private final List<String> lines = new ArrayList<>();
    private String namespace = "default";
    private String containers = "";
    private String kubernetes = "{api: off}";
    private String health = "127.0.0.1:0";
    private String buffer = "maxSize: 192MiB, minFree: 0";

    /** State, configuration and log go below that folder. */
    AgentYaml(Path folder) {
        this.folder = folder;
    }

    /** Documents go to a data stream of that name's own. */
    AgentYaml stream(String test) {
        // Unlike any other run's where the server is one that runs on.
        namespace = test + "_" + Long.toHexString(System.nanoTime());
        return this;
    }

    /** The folder of the kubelet's links. */
    AgentYaml containers(Path links) {
        containers = links.toString();
        return this;
    }

    /** The section {@code kubernetes}, instead of no API server. */
    AgentYaml kubernetes(String section) {
        kubernetes = section;
        return this;
    }

    /** Where the health pages are, instead of any free port. */
    AgentYaml health(String listen) {
        health = listen;
        return this;
    }

    /** Settings of the buffer instead of the usual ones, but for its path. */
    AgentYaml buffer(String settings) {
        buffer = settings;
        return this;
    }

    /** More YAML, at the top level. */
    AgentYaml with(String line) {
        lines.add(line);
        return this;
    }

    /** The state directory. */
    Path state() {
        return folder.resolve("state");
    }

    /** The data stream. */
    String stream() {
        return "logs-kubernetes.container_logs-" + namespace;
    }

    /** Writes the file. */
    Path write(URI elasticsearch) throws IOException {
        String text =
                """
                containers: {path: "%s"}
                kubernetes: %s
                buffer: {path: "%s", %s}
                elasticsearch:
                  hosts: ["%s"]
                  dataStream: {namespace: %s}
                health: {listen: "%s"}
                admin: {listen: "127.0.0.1:0"}
                %s
                """
                        .formatted(
                                containers,
                                kubernetes,
                                state(),
                                buffer,
                                elasticsearch,
                                namespace,
                                health,
                                String.join("\n", lines));
        return Files.writeString(folder.resolve("agent.yaml"), text);
    }

    /** Writes the file and starts an agent with it. */
    AgentProcess start(AgentProcess.Home home, URI elasticsearch) throws IOException {
        return AgentProcess.start(
                home, write(elasticsearch), folder.resolve("agent.log"), Map.of());
    }

    /** Waits until the data stream holds so many, or more. */
    void awaitDocuments(AgentProcess agent, ElasticsearchFixture elasticsearch, long documents) {
        Awaitility.await("documents in " + stream())
                .atMost(DELIVERED_WITHIN)
                .pollInterval(Duration.ofMillis(250))
                .failFast(
                        "the agent has ended",
                        () -> assertThat(agent.isAlive()).as(agent.log()).isTrue())
                .untilAsserted(
                        () ->
                                assertThat(elasticsearch.count(stream()))
                                        .as(agent.log())
                                        .isGreaterThanOrEqualTo(documents));
    }
}
