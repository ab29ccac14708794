package io.sluice.app.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.kubernetes.DownwardConfig;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Whose the plain files are is what somebody wrote, and nothing that only lies around. */
class PodSettingsTest {
    private static final Map<String, String> IN_A_POD =
            Map.of(
                    "NODE_NAME", "node-1",
                    "POD_NAMESPACE", "shop",
                    "POD_NAME", "cart-7d9c5b8f6-x2x4z",
                    "POD_UID", "9a0c5f66-0000-4000-8000-3b0c7e1d2a4f",
                    "POD_IP", "10.244.0.7");

    @TempDir Path folder;

    /** A node's agent has these variables, too. */
    @Test
    void nothingIsTakenFromTheEnvironmentThatIsNotWritten() throws Exception {
        assertThat(load("").pod()).isEmpty();
        assertThat(load("pod: {}").pod()).isEmpty();
        assertThat(load("pod: {namespace: \"\", name: null, labelsFile: \"\"}").pod()).isEmpty();
        assertThat(load("pod: {name: \"${NOBODY:-}\"}").pod()).isEmpty();
    }

    @Test
    void whatIsWrittenIsTaken() throws Exception {
        Path labels = Files.writeString(folder.resolve("labels"), "app=\"cart\"");

        AgentConfig config =
                load(
                        """
                        pod:
                          namespace: ${POD_NAMESPACE}
                          name: ${POD_NAME}
                          uid: ${POD_UID}
                          ip: ${POD_IP}
                          container: app
                          labelsFile: %s
                          annotationsFile: %s
                        metadata: {labels: false, annotations: [a/team]}
                        """
                                .formatted(labels, labels));

        assertThat(config.pod())
                .contains(
                        new DownwardConfig(
                                "shop",
                                "cart-7d9c5b8f6-x2x4z",
                                "9a0c5f66-0000-4000-8000-3b0c7e1d2a4f",
                                "10.244.0.7",
                                "app",
                                Optional.of(labels),
                                Optional.of(labels),
                                false,
                                Set.of("a/team")));
        assertThat(config.kubernetes().nodeName()).isEqualTo("node-1");
    }

    @Test
    void onlyNamespaceAndNameAreNeeded() throws Exception {
        assertThat(load("pod: {namespace: a, name: b.c, ip: \"fd00::7\"}").pod()).isPresent();
        assertThat(problems("pod: {container: app}"))
                .containsExactly(
                        "agent.yaml:4: pod.namespace is empty; set it, in a pod ${POD_NAMESPACE}"
                                + " from the field metadata.namespace",
                        "agent.yaml:4: pod.name is empty; set it, in a pod ${POD_NAME} from the"
                                + " field metadata.name");
    }

    @Test
    void aVariableThatIsMissingIsNoEmptyName() {
        assertThat(problems("pod: {namespace: a, name: \"${HOST_NAME}\"}"))
                .containsExactly(
                        "agent.yaml:4: pod.name is \"${HOST_NAME}\", but the environment has no"
                                + " variable HOST_NAME; set it, or write ${HOST_NAME:-default}");
    }

    @Test
    void everythingThatIsWrongIsSaidAtOnce() {
        Path none = folder.resolve("none");

        assertThat(
                        problems(
                                """
                                pod:
                                  namespace: $POD_NAMESPACE
                                  name: Cart
                                  uid: a b
                                  ip: 10.244.7
                                  container: my_app
                                  labelsFile: %s
                                  annotationsFile: %s
                                """
                                        .formatted(none, none)))
                .containsExactly(
                        "agent.yaml:5: pod.namespace is \"$POD_NAMESPACE\"; set a name as"
                                + " Kubernetes allows it, in a pod ${POD_NAMESPACE} from the field"
                                + " metadata.namespace, or remove it",
                        "agent.yaml:6: pod.name is \"Cart\"; set a name as Kubernetes allows it, in"
                                + " a pod ${POD_NAME} from the field metadata.name, or remove it",
                        "agent.yaml:7: pod.uid is \"a b\"; set a pod's UID, in a pod ${POD_UID}"
                                + " from the field metadata.uid, or remove it",
                        "agent.yaml:8: pod.ip is \"10.244.7\"; set an IP address, in a pod"
                                + " ${POD_IP} from the field status.podIP, or remove it",
                        "agent.yaml:9: pod.container is \"my_app\"; set the name of the container"
                                + " that writes the files, as the pod's specification has it, or"
                                + " remove it",
                        "agent.yaml:10: pod.labelsFile is \""
                                + none
                                + "\", which cannot be read (no such file); name a file of a"
                                + " downwardAPI volume with the field metadata.labels, or remove"
                                + " it",
                        "agent.yaml:11: pod.annotationsFile is \""
                                + none
                                + "\", but metadata.annotations names none to keep; name some"
                                + " there, or remove it");
    }

    @Test
    void aFileOfAnotherKindIsNotRepeated() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "hush");

        assertThat(problems("pod: {namespace: a, name: b, labelsFile: \"" + secret + "\"}"))
                .containsExactly(
                        "agent.yaml:4: pod.labelsFile is \""
                                + secret
                                + "\", which is something else: its line 1 is no key=\"…\"; name a"
                                + " file of a downwardAPI volume with the field metadata.labels, or"
                                + " remove it");
    }

    @Test
    void aPodWithoutFilesIsAMistake() {
        String yaml =
                """
                elasticsearch: {hosts: ["http://localhost:9200"]}
                kubernetes: {api: off}
                pod: {namespace: a, name: b}
                """;

        assertThat(Given.problemsOfAll(yaml))
                .containsExactly(
                        "agent.yaml:3: pod says which pod writes the files, but none are read; set"
                                + " files, or remove it");
    }

    private static AgentConfig load(String section) throws ConfigurationException {
        return ConfigurationFile.parse("agent.yaml", yaml(section), IN_A_POD);
    }

    private static List<String> problems(String section) {
        try {
            load(section);
            return List.of();
        } catch (ConfigurationException e) {
            return e.problems().stream().map(Problem::toString).toList();
        }
    }

    private static String yaml(String section) {
        return """
        elasticsearch: {hosts: ["http://localhost:9200"]}
        kubernetes: {api: off}
        files: [{path: "/logs/*.log"}]
        """
                + section;
    }
}
