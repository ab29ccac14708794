package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Options;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.awaitility.Awaitility;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * A cluster, an Elasticsearch on this machine that its pods reach, and the chart, which is not
 * installed yet.
 *
 * @param agent by its image, which is on the nodes
 */
record ClusterStage(Cluster cluster, ElasticsearchFixture server, AgentRelease agent)
        implements AutoCloseable {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(500);

    /**
     * Starts what there is to be started.
     *
     * @param state the agent's state directory on the node
     */
    static ClusterStage open(Path state) throws IOException {
        Cluster cluster = Cluster.open();
        try {
            return on(cluster, ClusterImages.agent(cluster), state);
        } catch (IOException | RuntimeException | AssertionError e) {
            cluster.close();
            throw e;
        }
    }

    private static ClusterStage on(Cluster cluster, String image, Path state) {
        ElasticsearchFixture server =
                ElasticsearchFixture.start(
                        new Options(
                                Security.OFF, Map.of("http.host", "127.0.0.1," + cluster.host())));
        try {
            int port = server.url().getPort();
            return new ClusterStage(cluster, server, new AgentRelease(cluster, image, port, state));
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** Waits until so many documents are there that the query finds, or more. */
    void awaitDocuments(String query, long documents) {
        Awaitility.await("documents")
                .atMost(LONG)
                .pollInterval(POLL)
                .ignoreExceptions()
                .untilAsserted(
                        () ->
                                assertThat(server.count(AgentRelease.STREAM, query))
                                        .isGreaterThanOrEqualTo(documents));
    }

    /** Lets that name stand for the documents that the query finds. */
    void alias(String name, String query) {
        server.requestOk(
                "POST",
                "/_aliases",
                "{\"actions\":[{\"add\":{\"index\":\"%s\",\"alias\":\"%s\",\"filter\":%s}}]}"
                        .formatted(AgentRelease.STREAM, name, query));
    }

    /** Ends all of it, whatever of it cannot be ended. */
    @Override
    public void close() {
        try (cluster;
                server) {
            agent.remove();
        }
    }
}
