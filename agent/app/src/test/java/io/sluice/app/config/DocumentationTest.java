package io.sluice.app.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.testing.TestCertificates;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is delivered beside the loader says what the loader does. */
class DocumentationTest {
    private static final Pattern ROW =
            Pattern.compile("^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$");

    @TempDir Path folder;

    @Test
    void theDocumentationHasEverySettingWithItsTypeAndDefault() throws Exception {
        List<String> documented =
                Files.readAllLines(project().resolve("docs/CONFIGURATION.md")).stream()
                        .map(ROW::matcher)
                        .filter(Matcher::matches)
                        .map(row -> row.group(1) + " | " + row.group(2) + " | " + row.group(3))
                        .toList();

        assertThat(documented)
                .containsExactlyElementsOf(
                        Settings.ALL.stream().map(DocumentationTest::row).toList());
    }

    @Test
    void theFileThatIsDeliveredLoadsInAPodAndSaysTheDefaults() throws Exception {
        // Both files lie under a path that only a pod has: everything else is the file as it is.
        Path token = Files.writeString(folder.resolve("token"), "hush");
        Path ca = TestCertificates.create(folder).caFile();
        String yaml =
                Files.readString(project().resolve("config/agent.yaml"))
                        .replace("/var/run/secrets/kubernetes.io/serviceaccount/token", "" + token)
                        .replace("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", "" + ca);
        String least =
                "elasticsearch: {hosts: [\"http://localhost:9200\"]}\n"
                        + "kubernetes: {tokenFile: \"%s\", caFile: \"%s\"}".formatted(token, ca);
        Map<String, String> pod =
                Map.of("NODE_NAME", "node-1", "KUBERNETES_SERVICE_HOST", "10.96.0.1");

        AgentConfig config = ConfigurationFile.parse("agent.yaml", yaml, pod);

        assertThat(config.elasticsearch().hosts())
                .containsExactly(URI.create("http://localhost:9200"));
        assertThat(config).isEqualTo(ConfigurationFile.parse("agent.yaml", least, pod));
    }

    /** Taken off their comments, the examples are settings, too. */
    @Test
    void theExamplesInTheFileThatIsDeliveredAreSettings() throws Exception {
        String yaml =
                Files.readString(project().resolve("config/agent.yaml"))
                        .replaceAll("(?m)^  # (auth:|tls:|  [a-zA-Z]+:)", "  $1");

        assertThat(Given.problemsOfAll(yaml))
                .filteredOn(problem -> problem.contains("elasticsearch"))
                .hasSize(8)
                .allMatch(
                        problem ->
                                problem.contains("which cannot be read (no such file)")
                                        || problem.contains("is set together with"));
    }

    private static String row(Setting setting) {
        String byDefault = setting.byDefault().isEmpty() ? "–" : "`" + setting.byDefault() + "`";
        return setting.name()
                + " | "
                + setting.type()
                + " | "
                + (setting.equals(Settings.HOSTS) ? "required" : byDefault);
    }

    /** The folder that has docs/ and config/, wherever the test was started. */
    private static Path project() throws IOException {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.exists(at.resolve("config/agent.yaml"))) {
                return at;
            }
        }
        throw new IOException("no config/agent.yaml above " + Path.of("").toAbsolutePath());
    }
}
