package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.testing.CriLogs;
import io.sluice.testing.ElasticsearchFixture;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What kubelet and Prometheus see of the packaged agent. */
class HealthIT {
    private static final Pattern METRIC = Pattern.compile("(?m)^# TYPE (\\S+) (\\S+)$");

    private final ElasticsearchFixture elasticsearch =
            ElasticsearchFixture.shared(ElasticsearchFixture.Security.OFF);

    @TempDir Path folder;

    @Test
    void kubeletAndPrometheusAreAnswered() throws Exception {
        CriLogs logs = new CriLogs(folder);
        AgentYaml yaml = new AgentYaml(folder).stream("health").containers(logs.links());
        try (CriLogs.Container container = logs.container("shop", "cart", "uid", "web");
                AgentProcess agent =
                        yaml.start(AgentProcess.Home.PID_NAMESPACE, elasticsearch.url())) {
            container.write("hello");
            yaml.awaitDocuments(agent, elasticsearch, 1);

            assertThat(agent.ask("/livez").statusCode()).isEqualTo(200);
            HttpResponse<String> ready = agent.ask("/readyz");
            assertThat(ready.body()).isEqualTo("{\"ready\":true,\"reasons\":[]}\n");
            assertThat(ready.statusCode()).isEqualTo(200);

            String metrics = agent.ask("/metrics").body();
            List<String> names =
                    METRIC.matcher(metrics).results().map((MatchResult m) -> m.group(1)).toList();
            assertThat(names)
                    .doesNotHaveDuplicates()
                    .contains(
                            "sluice_tail_read_bytes_total",
                            "sluice_pipeline_documents_total",
                            "sluice_buffer_appended_documents_total",
                            "sluice_kubernetes_pods",
                            "sluice_delivery_documents_total",
                            "sluice_dead_letters_kept",
                            "process_resident_memory_bytes")
                    .allSatisfy(name -> assertThat(metrics).contains("# HELP " + name + " "));
            assertThat(metrics.lines())
                    .contains(
                            "sluice_pipeline_documents_total 1.0",
                            "sluice_delivery_documents_total 1.0",
                            "sluice_dead_letters_kept 0.0")
                    .allMatch(line -> line.startsWith("#") || line.matches("\\S+( |\\{.*} )\\S+"));
        }
    }

    @Test
    void process1OfItsNamespaceObeysSigterm() throws Exception {
        AgentYaml yaml = new AgentYaml(folder).stream("sigterm").containers(folder);
        try (AgentProcess agent =
                yaml.start(AgentProcess.Home.PID_NAMESPACE, elasticsearch.url())) {
            agent.awaitReady(Duration.ofSeconds(60));

            agent.terminate();

            assertThat(agent.awaitExit(Duration.ofSeconds(60))).as(agent.log()).isZero();
            assertThat(agent.log()).contains("the buffer is empty");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aKilledAgentIsGoneWithItsLocks(AgentProcess.Home home) throws Exception {
        AgentYaml yaml = new AgentYaml(folder).stream("sigkill").containers(folder);
        try (AgentProcess agent = yaml.start(home, elasticsearch.url())) {
            agent.healthPort();

            agent.kill();

            assertThat(agent.awaitExit(Duration.ofSeconds(60))).isNotZero();
        }
        try (AgentProcess next = yaml.start(home, elasticsearch.url())) {
            next.awaitReady(Duration.ofSeconds(60));
        }
    }
}
