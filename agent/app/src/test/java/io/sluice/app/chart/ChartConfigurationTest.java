package io.sluice.app.chart;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.config.ConfigurationException;
import io.sluice.app.config.ConfigurationFile;
import io.sluice.elasticsearch.Auth;
import io.sluice.kubernetes.KubernetesConfig;
import io.sluice.testing.TestCertificates;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The agent takes what the chart renders, read as it reads it in its pod. */
class ChartConfigurationTest {
    @TempDir static Path folder;

    /**
     * What the projected volume and the service account's token bring, in a folder of the test's.
     */
    @BeforeAll
    static void mount() throws Exception {
        TestCertificates certificates =
                TestCertificates.create(Files.createDirectory(folder.resolve("made")));
        Path secrets = Files.createDirectory(folder.resolve("secrets"));
        for (String name : new String[] {"apiKey", "password", "token"}) {
            Files.writeString(secrets.resolve(name), "aHVzaA==");
        }
        Path tls = Files.createDirectory(folder.resolve("tls"));
        Files.copy(certificates.caFile(), tls.resolve("ca.crt"));
        Files.copy(certificates.clientCertificateFile(), tls.resolve("tls.crt"));
        Files.copy(certificates.clientKeyFile(), tls.resolve("tls.key"));
        Files.copy(certificates.caFile(), folder.resolve("ca.crt"));
        Files.writeString(folder.resolve("token"), "hush");
    }

    @Test
    void theLeastValuesAreDurable() throws Exception {
        AgentConfig config = read(Chart.least());

        assertThat(config.elasticsearch().hosts())
                .containsExactly(URI.create("https://elasticsearch:9200"));
        assertThat(config.elasticsearch().auth()).isInstanceOf(Auth.ApiKey.class);
        assertThat(config.kubernetes().api()).isInstanceOf(KubernetesConfig.Api.InCluster.class);
        assertThat(config.kubernetes().nodeName()).isEqualTo("node-1");
        assertThat(config.buffer().directory()).isEqualTo(Path.of("/var/lib/sluice"));
        assertThat(config.buffer().whenFull()).hasToString("BLOCK");
    }

    /** Values as people write them, each of another kind. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "elasticsearch: {auth: {type: basic, username: sluice}}",
                "elasticsearch: {auth: {type: bearer}}",
                "elasticsearch: {auth: {type: none, secret: \"\"}}",
                "elasticsearch: {tls: {caSecret: a, clientSecret: b}}",
                "elasticsearch: {hosts: [\"http://a:9200/x\", \"http://b/x\"]}",
                "config: {kubernetes: {api: off}}",
                "config: {kubernetes: {api: \"https://10.96.0.1:443\"}}",
                "config: {metadata: {labels: off, annotations: [a/b], wait: 0s}}",
                "config: {buffer: {maxSize: 5368709120, minFree: 0, sync: always, path: /state}}",
                "config: {containers: {from: 1h, exclude: [\"kube-system/*\"], maxPinned: 1 GiB}}",
                "config: {containers: {path: \"\"}, files: [{path: \"/logs/*.log\"}]}",
                "config: {files: [{path: /l/a}], pod: {namespace: a, name: b, labelsFile: null}}",
                "config: {pipeline: {threads: 2, linger: 1s, gzip: deflater, maxRecord: 65536}}",
                "config: {elasticsearch: {headers: {X-Team: a}, dataStream: {dataset: x}}}",
                "config: {elasticsearch: {setupTemplate: false, pipeline: p}, cluster: \"007\"}",
                "config: {parse: {format: plain, maxFields: 10}, stall: {after: 10m}}",
                "config: {health: {listen: \"[::]:2021\"}, shutdown: {drain: null}}",
                "config: {cluster: \"${NODE_NAME}\"}",
            })
    void whatTheSchemaTakesTheAgentTakes(String values) throws Exception {
        assertThat(read(Chart.least().with(values))).isNotNull();
    }

    @Test
    void numbersArriveAsTheyWereWritten() throws Exception {
        AgentConfig config =
                read(
                        Chart.least()
                                .with("config: {buffer: {maxSize: 5368709120}, cluster: \"007\"}"));

        assertThat(config.buffer().maxSizeBytes()).isEqualTo(5_368_709_120L);
        assertThat(config.pipeline().cluster()).isEqualTo("007");
    }

    /** A credential in a variable of a Secret, for who has no other way. */
    @Test
    void aCredentialMayComeFromAVariable() throws Exception {
        AgentConfig config =
                read(
                        Chart.least()
                                .with("elasticsearch: {auth: {type: none, secret: \"\"}}")
                                .with("config: {elasticsearch: {auth: {apiKey: \"${API_KEY}\"}}}"));

        assertThat(config.elasticsearch().auth()).isInstanceOf(Auth.ApiKey.class);
    }

    private static AgentConfig read(Chart chart) throws ConfigurationException {
        Manifests made = chart.render();
        String yaml = "\n" + made.agentYaml().replace("/etc/sluice/", folder + "/");
        if (!yaml.contains("\nkubernetes:\n")) {
            yaml += "\nkubernetes:\n";
        }
        // The service account's files lie under a path that only a pod has.
        yaml =
                yaml.replace(
                        "\nkubernetes:\n",
                        "\nkubernetes:\n  tokenFile: %s/token\n  caFile: %s/ca.crt\n"
                                .formatted(folder, folder));
        return ConfigurationFile.parse(
                "agent.yaml",
                yaml,
                Map.of(
                        "NODE_NAME", "node-1",
                        "API_KEY", "aHVzaA==",
                        "KUBERNETES_SERVICE_HOST", "10.96.0.1"));
    }
}
