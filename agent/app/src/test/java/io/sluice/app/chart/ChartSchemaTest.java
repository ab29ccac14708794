package io.sluice.app.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What is wrong is refused before anything is installed, by the value's name. */
class ChartSchemaTest {
    private static final Pattern SETTING = Pattern.compile("^\\| `([a-zA-Z.]+)` \\|.*");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            textBlock =
                    """
                    replicas: 2                                          | additional properties 'replicas'
                    docker: {enable: true}                               | '/docker': additional properties 'enable'
                    docker: {enabled: maybe}                             | '/docker/enabled': got string, want boolean
                    elasticsearch: {hosts: 'https://e'}                  | '/elasticsearch/hosts': got string, want array
                    elasticsearch: {hosts: ['e:9200']}                   | '/elasticsearch/hosts/0': 'e:9200'
                    elasticsearch: {hosts: ['https://u:p@e:9200']}       | '/elasticsearch/hosts/0'
                    elasticsearch: {auth: {apiKey: abc}}                 | '/elasticsearch/auth': additional properties 'apiKey'
                    elasticsearch: {auth: {type: key}}                   | '/elasticsearch/auth/type': value must be one of
                    elasticsearch: {auth: {secret: Not_A_Name}}          | '/elasticsearch/auth/secret'
                    elasticsearch: {tls: {ca: x}}                        | '/elasticsearch/tls': additional properties 'ca'
                    image: {tag: 1.5}                                    | '/image/tag': got number, want string
                    image: {pullPolicy: Sometimes}                       | '/image/pullPolicy'
                    buffer: {hostPath: state}                            | '/buffer/hostPath': 'state'
                    updateStrategy: {maxSurge: 1}                        | '/updateStrategy': additional properties 'maxSurge'
                    updateStrategy: {maxUnavailable: 0}                  | '/updateStrategy/maxUnavailable'
                    updateStrategy: {maxUnavailable: 110%}               | '/updateStrategy/maxUnavailable'
                    tolerations: {operator: Exists}                      | '/tolerations': got object, want array
                    resources: {memory: 1Gi}                             | '/resources': additional properties 'memory'
                    podLabels: {a: 1}                                    | '/podLabels/a': got number, want string
                    terminationGracePeriodSeconds: 30s                   | '/terminationGracePeriodSeconds'
                    config: {bufer: {}}                                  | '/config': additional properties 'bufer'
                    config: {buffer: {max_size: 1GiB}}                   | '/config/buffer': additional properties 'max_size'
                    config: {buffer: {maxSize: 1 parsec}}                | '/config/buffer/maxSize': '1 parsec'
                    config: {buffer: {whenFull: drop}}                   | '/config/buffer/whenFull': 'drop'
                    config: {buffer: {sync: never}}                      | '/config/buffer/sync': 'never'
                    config: {pipeline: {linger: 5}}                      | '/config/pipeline/linger': got number
                    config: {metadata: {labels: 1}}                      | '/config/metadata/labels': got number
                    config: {kubernetes: {api: on}}                      | '/config/kubernetes/api'
                    config: {health: {listen: 2021}}                     | '/config/health/listen': got number
                    config: {elasticsearch: {hosts: ['https://e']}}      | '/config/elasticsearch': additional properties 'hosts'
                    config: {containers: {exclude: kube-system}}         | '/config/containers/exclude': got string
                    config: {files: ['/logs/a.log']}                     | '/config/files/0': got string, want object
                    """)
    void aWrongValueIsRefusedByItsName(String values, String complaint) {
        assertThatIllegalStateException()
                .isThrownBy(() -> Chart.least().with(values).render())
                .withMessageContaining("specifications of the schema")
                .withMessageContaining(complaint);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            textBlock =
                    """
                    elasticsearch: {hosts: []}                              | elasticsearch.hosts is not set; name at least one node
                    elasticsearch: {auth: {secret: ''}}                     | elasticsearch.auth.secret is not set; name a Secret of namespace logging whose key apiKey
                    elasticsearch: {auth: {type: none}}                     | elasticsearch.auth.secret is set, but elasticsearch.auth.type is none; set
                    elasticsearch: {auth: {type: basic}}                    | elasticsearch.auth.username is not set; set the user's name
                    config: {elasticsearch: {auth: {bearerFile: /x}}}       | config.elasticsearch.auth is set together with elasticsearch.auth.type apiKey; keep one
                    config: {health: {listen: '127.0.0.1:2021'}}            | config.health.listen is 127.0.0.1:2021, where the kubelet cannot ask; set 0.0.0.0:2021
                    config: {health: {listen: '${WHERE}'}}                  | config.health.listen is ${WHERE}; set host:port
                    config: {buffer: {path: state}}                         | config.buffer.path is state; set an absolute path
                    """)
    void whatTheSchemaCannotSeeIsRefusedWithARemedy(String values, String complaint) {
        assertThatIllegalStateException()
                .isThrownBy(() -> Chart.least().with(values).render())
                .withMessageContaining(complaint);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {apiKey: aHVzaA==}                       | apiKey
                    {bearer: hush}                           | bearer
                    {basic: {username: a, password: hush}}   | basic.password
                    {apiKey: "x${API_KEY}"}                  | apiKey
                    """)
    void aCredentialIsNeverInTheConfigMap(String auth, String name) {
        Chart chart =
                Chart.least()
                        .with("elasticsearch: {auth: {type: none, secret: \"\"}}")
                        .with("config: {elasticsearch: {auth: " + auth + "}}");

        assertThatIllegalStateException()
                .isThrownBy(chart::render)
                .withMessageContaining(
                        "config.elasticsearch.auth." + name + " would put a credential")
                .withMessageContaining("elasticsearch.auth.secret");
    }

    @Test
    void theFirstThingToSayIsWhereElasticsearchIs() {
        assertThatIllegalStateException()
                .isThrownBy(() -> Chart.bare().render())
                .withMessageContaining("elasticsearch.hosts is not set; name at least one node");
    }

    /** All of docs/CONFIGURATION.md, which another test holds against the agent's code. */
    @Test
    void theSchemaHasEverySettingOfTheAgent() throws IOException {
        List<String> documented =
                Files.readAllLines(Chart.project().resolve("docs/CONFIGURATION.md")).stream()
                        .map(SETTING::matcher)
                        .filter(Matcher::matches)
                        .map(row -> row.group(1))
                        .filter(name -> !name.equals("elasticsearch.hosts")) // A value of its own.
                        .toList();

        assertThat(documented).hasSizeGreaterThan(40);
        assertThat(leaves("", Manifests.at(schema(), "properties", "config")))
                .containsExactlyElementsOf(documented);
    }

    @Test
    void theSchemaHasEveryValueOfTheChartAndDescribesIt() throws IOException {
        Object defaults = Manifests.yaml(Files.readString(Chart.folder().resolve("values.yaml")));

        compare("", schema(), defaults);
    }

    @Test
    void theDocumentationHasEveryValueWithItsDefault() throws IOException {
        Object defaults = Manifests.yaml(Files.readString(Chart.folder().resolve("values.yaml")));
        List<String> rows = new ArrayList<>();
        describe("", schema(), defaults, rows);

        assertThat(
                        Files.readAllLines(Chart.project().resolve("docs/CHART.md")).stream()
                                .filter(line -> line.startsWith("| `")))
                .containsExactlyElementsOf(rows);
    }

    /** The agent's settings have a page of their own; {@code global} is Helm's. */
    private static void describe(String name, Object schema, Object value, List<String> rows) {
        if (Manifests.at(schema, "properties") instanceof Map<?, ?> properties
                && !List.of("config", "seLinuxOptions").contains(name)) {
            properties.forEach(
                    (key, inner) ->
                            describe(
                                    name.isEmpty() ? "" + key : name + "." + key,
                                    inner,
                                    Manifests.at(value, key),
                                    rows));
        } else if (!name.equals("global")) {
            rows.add(
                    "| `%s` | %s | %s |"
                            .formatted(
                                    name,
                                    value == null ? "–" : "`" + flow(value) + "`",
                                    Manifests.at(schema, "description")));
        }
    }

    /** As one would write it in a line of YAML. */
    private static String flow(Object value) {
        return switch (value) {
            case String text -> text.isEmpty() ? "\"\"" : text;
            case List<?> list -> list.stream().map(ChartSchemaTest::flow).toList().toString();
            case Map<?, ?> map ->
                    map.entrySet().stream()
                            .map(entry -> entry.getKey() + ": " + flow(entry.getValue()))
                            .collect(Collectors.joining(", ", "{", "}"));
            default -> value.toString();
        };
    }

    private static void compare(String name, Object schema, Object value) {
        Object properties = Manifests.at(schema, "properties");
        if (!name.isEmpty()) {
            assertThat(Manifests.at(schema, "description")).as(name).isInstanceOf(String.class);
        }
        if (properties == null || name.equals("config")) {
            return;
        }
        Map<?, ?> described = (Map<?, ?>) properties;
        Map<?, ?> set = (Map<?, ?>) value;
        assertThat(Manifests.at(schema, "additionalProperties")).as(name).isEqualTo(false);
        for (Object key : set.keySet()) {
            assertThat(described.containsKey(key)).as(name + "." + key).isTrue();
            compare(name.isEmpty() ? "" + key : name + "." + key, described.get(key), set.get(key));
        }
    }

    private static List<String> leaves(String name, Object schema) {
        assertThat(Manifests.at(schema, "description")).as(name).isInstanceOf(String.class);
        if (!(Manifests.at(schema, "properties") instanceof Map<?, ?> properties)) {
            return List.of(name);
        }
        List<String> all = new ArrayList<>();
        properties.forEach(
                (key, inner) ->
                        all.addAll(leaves(name.isEmpty() ? "" + key : name + "." + key, inner)));
        return all;
    }

    private static Object schema() throws IOException {
        return Manifests.yaml(Files.readString(Chart.folder().resolve("values.schema.json")));
    }
}
