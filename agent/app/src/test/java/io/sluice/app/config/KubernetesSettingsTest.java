package io.sluice.app.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.kubernetes.KubernetesConfig;
import io.sluice.kubernetes.KubernetesConfig.Credentials;
import io.sluice.kubernetes.KubernetesConfig.Trust;
import io.sluice.testing.TestCertificates;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class KubernetesSettingsTest {
    private static final Map<String, String> POD =
            Map.of("NODE_NAME", "node-1", "KUBERNETES_SERVICE_HOST", "10.96.0.1");

    @TempDir Path folder;

    @Test
    void withoutTheApiNothingOfItIsNeeded() throws Exception {
        KubernetesConfig off = load("{api: off}", Map.of());

        assertThat(off.nodeName()).isEmpty();
        assertThat(off.problems(Map.of())).isEmpty();
        assertThat(load("{api: off, node: \"${NODE_NAME}\"}", Map.of())).isEqualTo(off);
        assertThat(load("{api: off}", POD).nodeName()).isEqualTo("node-1");
        assertThat(load("{api: off, tokenFile: /nowhere}", Map.of())).isEqualTo(off);
    }

    @Test
    void aProxyInClearNeedsNeitherTokenNorCertificate() throws Exception {
        KubernetesConfig proxy = load("{api: \"http://127.0.0.1:8001\"}", POD);

        assertThat(proxy.credentials()).isEqualTo(new Credentials.Anonymous());
        assertThat(proxy.trust()).isEqualTo(new Trust.Platform());
    }

    @Test
    void aTokenThatIsWrittenIsUsedInClearToo() throws Exception {
        Path token = Files.writeString(folder.resolve("token"), "hush");

        KubernetesConfig config =
                load("{api: \"http://127.0.0.1:8001\", tokenFile: \"" + token + "\"}", POD);

        assertThat(config.credentials()).isEqualTo(new Credentials.TokenFile(token));
    }

    @Test
    void insideOfAPodTokenAndCertificateAreThere() throws Exception {
        Path token = Files.writeString(folder.resolve("token"), "hush");
        Path ca = TestCertificates.create(folder).caFile();

        KubernetesConfig config =
                load("{tokenFile: \"%s\", caFile: \"%s\"}".formatted(token, ca), POD);

        assertThat(config.api()).isEqualTo(new KubernetesConfig.Api.InCluster());
        assertThat(config.nodeName()).isEqualTo("node-1");
        assertThat(config.trust()).isEqualTo(new Trust.CaFile(ca));
        assertThat(config.toString()).doesNotContain("hush");
    }

    @Test
    void outsideOfAPodThatIsTheOneProblem() {
        assertThat(problems("", Map.of("NODE_NAME", "n")))
                .containsExactly(
                        "agent.yaml:2: kubernetes.api is \"inCluster\", but KUBERNETES_SERVICE_HOST"
                                + " is not set, so this is no pod; set api to off, or to the API"
                                + " server's address like https://10.96.0.1:443");
    }

    @Test
    void anAddressNeedsTokenAndCertificate() {
        assertThat(problems("{api: \"https://h:443\", tokenFile: /no/token, caFile: /no/ca}", POD))
                .satisfiesExactly(
                        problem ->
                                assertThat(problem)
                                        .startsWith(
                                                "agent.yaml:2: kubernetes.tokenFile is"
                                                        + " \"/no/token\", which cannot be read ("),
                        problem ->
                                assertThat(problem)
                                        .startsWith(
                                                "agent.yaml:2: kubernetes.caFile is \"/no/ca\","
                                                        + " which cannot be read ("));
    }

    @Test
    void aNodeWithoutANameIsReportedWhereTheApiIsAsked() {
        String proxy = "api: \"http://127.0.0.1:8001\"";
        String unset =
                "agent.yaml:2: kubernetes.node is \"${NODE_NAME}\", but the environment has no"
                        + " variable NODE_NAME; set it, or write ${NODE_NAME:-default}";

        assertThat(problems("{" + proxy + "}", Map.of())).containsExactly(unset);
        assertThat(problems("{" + proxy + ", node: \"${NODE_NAME}\"}", Map.of()))
                .containsExactly(unset);
        assertThat(problems("{" + proxy + ", node: \"\"}", Map.of()))
                .singleElement()
                .asString()
                .startsWith("agent.yaml:2: kubernetes.node is empty; set it to the node's name");
    }

    @Test
    void anAddressThatIsNoneIsReportedWithoutItsUser() {
        assertThat(problems("{api: \"https://me:hush@h\"}", POD))
                .containsExactly(
                        "agent.yaml:2: kubernetes.api is \"https://…@h\"; set inCluster, off, or an"
                                + " address like https://10.96.0.1:443, without a user, or remove"
                                + " it for the default inCluster");
    }

    private static KubernetesConfig load(String section, Map<String, String> environment)
            throws ConfigurationException {
        return ConfigurationFile.parse("agent.yaml", yaml(section), environment).kubernetes();
    }

    private static List<String> problems(String section, Map<String, String> environment) {
        try {
            load(section, environment);
            return List.of();
        } catch (ConfigurationException e) {
            return e.problems().stream().map(Problem::toString).toList();
        }
    }

    private static String yaml(String section) {
        return "elasticsearch: {hosts: [\"http://h:1\"]}\nkubernetes: " + section + "\n";
    }
}
