package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

class IndexTemplateTest {
    @Test
    void whatIsPutIsTheFileThatIsDelivered() throws Exception {
        assertThat(new IndexTemplate("kubernetes.container_logs").json()).isEqualTo(file());
    }

    @Test
    void anotherDatasetHasAnotherPatternAndNothingElse() throws Exception {
        IndexTemplate other = new IndexTemplate("nginx");

        assertThat(other.path()).isEqualTo("/_index_template/sluice-logs-nginx");
        assertThat(other.json())
                .contains("\"index_patterns\": [\"logs-nginx-*\"]")
                .isEqualTo(file().replace("logs-kubernetes.container_logs-*", "logs-nginx-*"));
    }

    @Test
    void aServersVersionIsComparedWithTheFiles() throws Exception {
        assertThat(file()).contains("\n  \"version\": " + IndexTemplate.VERSION + ",\n");
        assertThat(isCurrent(IndexTemplate.VERSION - 1)).isFalse();
        assertThat(isCurrent(IndexTemplate.VERSION)).isTrue();
        assertThat(isCurrent(IndexTemplate.VERSION + 1)).isTrue();
    }

    private static boolean isCurrent(long version) {
        String body = "{\"index_templates\":[{\"index_template\":{\"version\":" + version + "}}]}";
        return IndexTemplate.isCurrent(
                new Answer.Answered(200, body.getBytes(StandardCharsets.UTF_8)));
    }

    /** Wherever the test was started. */
    private static String file() throws IOException {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path file = at.resolve("config/elasticsearch/index-template.json");
            if (Files.exists(file)) {
                return Files.readString(file);
            }
        }
        throw new IOException("no config/ above " + Path.of("").toAbsolutePath());
    }
}
