package io.sluice.app.chart;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code charts/sluice} with values, each text of them over the ones before. */
final class Chart {
    static final String RELEASE = "sluice";
    static final String NAMESPACE = "logging";

    /** Helm asks no cluster here; its own guess is older than what the chart takes. */
    private static final String KUBERNETES = "1.34.0";

    private final List<String> values;

    private Chart(List<String> values) {
        this.values = List.copyOf(values);
    }

    /** Without any value of an operator's. */
    static Chart bare() {
        return new Chart(List.of());
    }

    /** With all that an operator has to say. */
    static Chart least() {
        return bare().with(
                        """
                        elasticsearch:
                          hosts: ["https://elasticsearch:9200"]
                          auth: {secret: sluice-elasticsearch}
                        """);
    }

    /** With these, too: YAML, as in a values file. */
    Chart with(String yaml) {
        List<String> more = new ArrayList<>(values);
        more.add(yaml);
        return new Chart(more);
    }

    /**
     * {@code helm template}.
     *
     * @throws IllegalStateException with Helm's words, if the schema or a template refuses a value
     */
    Manifests render() {
        TemplateCommand command =
                new Helm(folder())
                        .template()
                        .withName(RELEASE)
                        .withNamespace(NAMESPACE)
                        .withKubeVersion(KUBERNETES);
        List<Path> files = new ArrayList<>();
        try {
            for (String yaml : values) {
                Path file = Files.createTempFile("values", ".yaml");
                files.add(file);
                command.withValuesFile(Files.writeString(file, yaml));
            }
            return Manifests.parse(command.call());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            files.forEach(Chart::delete);
        }
    }

    /** {@code helm lint --strict}, with the chart's own values. */
    static LintResult lint() {
        return new Helm(folder()).lint().strict().call();
    }

    /** The chart's folder, wherever the test was started. */
    static Path folder() {
        return project().resolve("charts/sluice");
    }

    /** The folder that has charts/ and docs/. */
    static Path project() {
        Path here = Path.of("").toAbsolutePath();
        for (Path at = here; at != null; at = at.getParent()) {
            if (Files.exists(at.resolve("charts/sluice/Chart.yaml"))) {
                return at;
            }
        }
        throw new IllegalStateException("no charts/sluice/Chart.yaml above " + here);
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
