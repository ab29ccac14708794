package io.sluice.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.buffer.BufferConfig.Sync;
import io.sluice.buffer.BufferConfig.WhenFull;
import io.sluice.elasticsearch.Auth;
import io.sluice.elasticsearch.ElasticsearchConfig;
import io.sluice.elasticsearch.ElasticsearchConfig.SetupTemplate;
import io.sluice.kubernetes.KubernetesConfig.Api;
import io.sluice.pipeline.PipelineConfig.BodyFormat;
import io.sluice.tail.TailConfig;
import io.sluice.tail.TailConfig.From;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class ConfigurationFileTest {
    @TempDir Path folder;

    @Test
    void whatIsNotWrittenIsAsTheRoomsHaveItByDefault() throws Exception {
        AgentConfig config = Given.load();

        assertThat(config.tail().containers()).contains(Path.of("/var/log/containers"));
        assertThat(config.tail().from()).isEqualTo(new From.Beginning());
        assertThat(config.elasticsearch())
                .isEqualTo(ElasticsearchConfig.of(List.of(URI.create("http://localhost:9200"))));
        assertThat(config.pipeline().linger()).isEqualTo(Duration.ofMillis(200));
        assertThat(config.pipeline().maxRecordBytes()).isEqualTo(1 << 20);
        assertThat(config.pipeline().nodeName()).isEqualTo("node-1");
        assertThat(config.pipeline().maxCompressedBytes())
                .isEqualTo(config.buffer().maxBodyBytes());
        assertThat(config.buffer().maxSizeBytes()).isEqualTo(2L << 30);
        assertThat(config.buffer().segmentBytes()).isEqualTo(64L << 20);
        assertThat(config.buffer().outputs()).containsExactly("elasticsearch");
        assertThat(config.health()).hasToString("0.0.0.0:2021");
        assertThat(config.admin()).hasToString("127.0.0.1:2022");
        assertThat(config.drain()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.stallAfter()).isEqualTo(Duration.ofMinutes(5));
    }

    @Test
    void everySettingReachesItsRoom() throws Exception {
        AgentConfig config =
                Given.loadAll(
                        "cluster: east",
                        "containers: {path: /logs, from: 1h, exclude: [\"kube-system/*\", a/b],"
                                + " maxPinned: 2MiB, rotation: {maxSize: 1MiB, maxFiles: 3}}",
                        "files: [{path: /srv/*.log}, {path: /srv/other}]",
                        "kubernetes: {api: off, node: n2}",
                        "metadata: {wait: 1s, labels: false, annotations: [example.com/team]}",
                        "parse: {format: plain, target: body, maxFields: 20}",
                        "pipeline: {threads: 3, linger: 1s, schema: ecs, maxRecord: 512KiB,"
                                + " openRecords: 10MB}",
                        "buffer: {path: /b, maxSize: 96MiB, minFree: 5, whenFull: dropOldest,"
                                + " sync: always}",
                        "elasticsearch:",
                        "  hosts: [\"https://a:9200/es\", \"https://b/es\"]",
                        "  auth: {basic: {username: elastic, password: pass-word}}",
                        "  headers: {X-Team: logs}",
                        "  pipeline: ingest",
                        "  dataStream: {dataset: mine, namespace: prod}",
                        "  setupTemplate: false",
                        "health: {listen: \"[::1]:1\"}",
                        "admin: {listen: \"localhost:0\"}",
                        "shutdown: {drain: 1m}",
                        "stall: {after: 2h}");

        assertThat(config.tail().containers()).contains(Path.of("/logs"));
        assertThat(config.tail().from()).isEqualTo(new From.Within(Duration.ofHours(1)));
        assertThat(config.tail().exclude()).containsExactly("kube-system/*", "a/b");
        assertThat(config.tail().maxPinnedBytes()).isEqualTo(2 << 20);
        assertThat(config.tail().rotation()).isEqualTo(new TailConfig.Rotation(1 << 20, 3));
        assertThat(config.tail().files())
                .containsExactly(Path.of("/srv/*.log"), Path.of("/srv/other"));
        assertThat(config.kubernetes().api()).isEqualTo(new Api.Off());
        assertThat(config.kubernetes().metadataWait()).isEqualTo(Duration.ofSeconds(1));
        assertThat(config.kubernetes().labels()).isFalse();
        assertThat(config.kubernetes().annotations()).containsExactly("example.com/team");
        assertThat(config.pipeline().cluster()).isEqualTo("east");
        assertThat(config.pipeline().nodeName()).isEqualTo("n2");
        assertThat(config.pipeline().parse()).isEqualTo(BodyFormat.PLAIN);
        assertThat(config.pipeline().target()).isEqualTo("body");
        assertThat(config.pipeline().maxFields()).isEqualTo(20);
        assertThat(config.pipeline().encoders()).isEqualTo(3);
        assertThat(config.pipeline().linger()).isEqualTo(Duration.ofSeconds(1));
        assertThat(config.pipeline().maxRecordBytes()).isEqualTo(512 * 1024);
        assertThat(config.pipeline().openRecordBytes()).isEqualTo(10_000_000);
        assertThat(config.pipeline().dataStream()).isEqualTo("logs-mine-prod");
        assertThat(config.buffer().directory()).isEqualTo(Path.of("/b"));
        assertThat(config.buffer().maxSizeBytes()).isEqualTo(96 << 20);
        assertThat(config.buffer().segmentBytes()).isEqualTo(32 << 20);
        assertThat(config.buffer().minFreeBytes()).isEqualTo(5);
        assertThat(config.buffer().whenFull()).isEqualTo(WhenFull.DROP_OLDEST);
        assertThat(config.buffer().sync()).isEqualTo(new Sync.Always());
        assertThat(config.elasticsearch().hosts())
                .containsExactly(URI.create("https://a:9200/es"), URI.create("https://b/es"));
        assertThat(config.elasticsearch().auth()).isInstanceOf(Auth.Basic.class);
        assertThat(config.elasticsearch().headers()).isEqualTo(Map.of("X-Team", "logs"));
        assertThat(config.elasticsearch().pipeline()).isEqualTo("ingest");
        assertThat(config.elasticsearch().dataset()).isEqualTo("mine");
        assertThat(config.elasticsearch().namespace()).isEqualTo("prod");
        assertThat(config.elasticsearch().setupTemplate()).isEqualTo(SetupTemplate.LEAVE);
        assertThat(config.health()).isEqualTo(new HostPort("::1", 1));
        assertThat(config.admin()).isEqualTo(new HostPort("localhost", 0));
        assertThat(config.drain()).isEqualTo(Duration.ofMinutes(1));
        assertThat(config.stallAfter()).isEqualTo(Duration.ofHours(2));
    }

    @Test
    void elevenMistakesAreElevenProblemsOnTheirLines() {
        assertThat(
                        Given.problemsOfAll(
                                "clutser: east",
                                "containers:",
                                "  from: yesterday",
                                "  exclude:",
                                "    - kube-system/*",
                                "    - everything",
                                "kubernetes: {api: off}",
                                "parse: [auto]",
                                "pipeline:",
                                "  threads: many",
                                "  linger: 2 parsecs",
                                "  linger: 1s",
                                "  maxRecord: 12",
                                "buffer: {maxSize: 1MiB}",
                                "elasticsearch:",
                                "  pipeline: x",
                                "health: {listen: 2021}"))
                .satisfiesExactly(
                        p -> assertThat(p).startsWith("agent.yaml:1: clutser is no setting; did"),
                        p -> assertThat(p).startsWith("agent.yaml:3: containers.from is \"yest"),
                        p -> assertThat(p).startsWith("agent.yaml:6: containers.exclude[1] is \""),
                        p -> assertThat(p).startsWith("agent.yaml:8: parse is a section, but"),
                        p -> assertThat(p).startsWith("agent.yaml:10: pipeline.threads is \"many"),
                        p ->
                                assertThat(p)
                                        .isEqualTo(
                                                "agent.yaml:11: pipeline.linger is \"2 parsecs\";"
                                                    + " set a duration such as 200ms, 5s or 1h, or"
                                                    + " remove it for the default 200ms"),
                        p -> assertThat(p).startsWith("agent.yaml:12: pipeline.linger is there tw"),
                        p ->
                                assertThat(p)
                                        .isEqualTo(
                                                "agent.yaml:13: pipeline.maxRecord is \"12\"; set"
                                                        + " 1024 to 67108864, or remove it for the"
                                                        + " default 1MiB"),
                        p ->
                                assertThat(p)
                                        .isEqualTo(
                                                "agent.yaml:14: buffer.maxSize is \"1MiB\"; set at"
                                                    + " least 48MiB, or remove it for the default"
                                                    + " 2GiB"),
                        p -> assertThat(p).startsWith("agent.yaml:15: elasticsearch.hosts is not"),
                        p -> assertThat(p).startsWith("agent.yaml:17: health.listen is \"2021\";"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    buffer: {max_size: 1GiB}          | buffer.max_size is no setting; did you mean buffer.maxSize?
                    maxSize: 1GiB                     | maxSize is no setting; did you mean buffer.maxSize?
                    parse: {colour: red}              | parse.colour is no setting; known here: format, target, maxFields
                    pipeline: {schema: otel}          | pipeline.schema is "otel"; set ecs, the only one there is, or remove it for the default ecs
                    pipeline: {linger: 2m}            | pipeline.linger is "2m"; set 0 to 1 minute, or remove it for the default 200ms
                    pipeline: {linger: -1s}           | pipeline.linger is "-1s"; set a duration such as 200ms, 5s or 1h, or remove it for the default 200ms
                    pipeline: {linger: 9999999999999h} | pipeline.linger is "9999999999999h"; set a duration such as 200ms, 5s or 1h, or remove it for the default 200ms
                    pipeline: {linger: [1s]}          | pipeline.linger is a list; write one value, or remove it for the default 200ms
                    pipeline: {linger: ""}            | pipeline.linger is empty; set a duration such as 200ms, 5s or 1h, or remove it for the default 200ms
                    pipeline: {threads: 65}           | pipeline.threads is "65"; set 1 to 64, or remove it for the default auto
                    pipeline: {maxRecord: 3GiB}       | pipeline.maxRecord is "3GiB"; set a size such as 512KiB or 1MiB, or plain bytes, below 2GiB, or remove it for the default 1MiB
                    buffer: {whenFull: panic}         | buffer.whenFull is "panic"; set block or dropOldest, or remove it for the default block
                    buffer: {sync: 0s}                | buffer.sync is "0s"; set always, or a duration such as 1s, or remove it for the default 1s
                    buffer: {minFree: 1Gi}            | buffer.minFree is "1Gi"; set a size such as 64MiB, 1GiB, 10MB or plain bytes, or remove it for the default 1GiB
                    buffer: {maxSize: 40MiB}          | buffer.maxSize is "40MiB"; set at least 48MiB, or remove it for the default 2GiB
                    metadata: {wait: 1h}              | metadata.wait is "1h"; set 0s to 10m, or remove it for the default 5s
                    metadata: {labels: yes}           | metadata.labels is "yes"; set true or false, or remove it for the default true
                    metadata: {annotations: [""]}     | metadata.annotations[0] is empty; set a key such as example.com/team
                    metadata: {annotations: x}        | metadata.annotations is no list; write […, …], or each on a line behind "- "
                    parse: {maxFields: 0}             | parse.maxFields is "0"; set at least 1, or remove it for the default 1000
                    containers: {exclude: ["a/[b"]}   | containers.exclude[0] is "a/[b"; set a glob that is complete, such as "kube-system/*"
                    containers: {maxPinned: much}     | containers.maxPinned is "much"; set a size such as 64MiB, 1GiB, 10MB or plain bytes, or remove it for the default 1GiB
                    containers: {rotation: {maxFiles: 1}} | containers.rotation.maxFiles is "1"; set the kubelet's containerLogMaxFiles, at least 2, or remove it for the default 5
                    containers: {rotation: {maxSize: 0}} | containers.rotation.maxSize is "0"; set the kubelet's containerLogMaxSize, or remove it for the default 10MiB
                    containers: {path: ""}            | containers.path is empty; set it, or files: there is nothing to read, or remove it for the default /var/log/containers
                    files: [{path: logs/a.log}]       | files[0].path is "logs/a.log"; set an absolute path, such as /logs/*.log
                    files: [{path: /logs/*/a.log}]    | files[0].path is "/logs/*/a.log"; set a path with a glob in its last name only
                    files: [{pat: /logs/a.log}]       | files[0].pat is no setting; known here: path
                    files: [/logs/a.log]              | files[0] is no section; write path: …
                    admin: {listen: "127.0.0.1:2021"} | admin.listen is "127.0.0.1:2021"; set another port than the one of health.listen, or remove it for the default 127.0.0.1:2022
                    health: {listen: "::1:80"}        | health.listen is "::1:80"; set host:port, such as 127.0.0.1:2022 or [::1]:2022, or remove it for the default 0.0.0.0:2021
                    health: {listen: "h:65536"}       | health.listen is "h:65536"; set host:port, such as 127.0.0.1:2022 or [::1]:2022, or remove it for the default 0.0.0.0:2021
                    stall: {after: 1s}                | stall.after is "1s"; set at least 10s, or remove it for the default 5m
                    shutdown: {drain: 1h}             | shutdown.drain is "1h"; set 0s to 10m, or remove it for the default 5s
                    """)
    void aValueThatCannotBeIsReportedWithItsRemedy(String line, String problem) {
        List<String> problems = Given.problems(line);

        assertThat(problems).contains("agent.yaml:3: " + problem);
        if (!line.contains("pat:")) {
            assertThat(problems).hasSize(1);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    hosts: ["ftp://a:1"]            | elasticsearch.hosts[0] is "ftp://a:1"; set a URL such as https://elasticsearch:9200
                    hosts: ["http://a b"]           | elasticsearch.hosts[0] is "http://a b"; set a URL such as https://elasticsearch:9200
                    hosts: ["http://a", "a:9200"]   | elasticsearch.hosts[1] is "a:9200"; set a URL such as https://elasticsearch:9200
                    hosts: ["http://a/x", "http://b"] | elasticsearch.hosts have different paths, [, /x]; give all of them the same
                    hosts: http://a                 | elasticsearch.hosts is no list; write […, …], or each on a line behind "- "
                    hosts: []                       | elasticsearch.hosts is empty; set at least one URL, such as ["https://elasticsearch:9200"]
                    hosts:                          | elasticsearch.hosts is not set; set at least one URL, such as ["https://elasticsearch:9200"]
                    """)
    void aHostThatCannotBeIsReported(String line, String problem) {
        assertThat(Given.problemsOfAll("kubernetes: {api: off}", "elasticsearch:", "  " + line))
                .containsExactly("agent.yaml:3: " + problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing", "---", "{}"})
    void anEmptyFileLacksHostsAndACluster(String yaml) {
        assertThat(Given.problemsOfAll(yaml))
                .hasSize(2)
                .anyMatch(problem -> problem.contains("elasticsearch.hosts is not set"))
                .anyMatch(problem -> problem.contains("kubernetes.api is \"inCluster\", but KUB"));
    }

    @Test
    void aNullIsTheDefault() throws Exception {
        assertThat(Given.load("pipeline:", "  linger:", "buffer:", "metadata: {wait: ~}"))
                .isEqualTo(Given.load());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    pipeline: {linger: 1s⏎a: b      | 4
                    pipeline:⏎  linger: a: b        | 4
                    pipeline:⏎⇥linger: 1s           | 4
                    cluster: 'east⏎⏎                | 3
                    cluster: a⏎---⏎cluster: b       | 4
                    cluster: *east                  | 3
                    cluster: !a!b east              | 3
                    cluster: @east                  | 3
                    """)
    void whatIsNotYamlIsAProblemOnItsLine(String lines, int line) {
        assertThat(Given.problems(lines.replace("⏎", "\n").replace("⇥", "\t")))
                .singleElement()
                .asString()
                .startsWith("agent.yaml:" + line + ": is not YAML here: ")
                .doesNotContain("east");
    }

    @Test
    void aFileThatIsNotThereOrNotReadableIsAProblem() throws Exception {
        Path missing = folder.resolve("agent.yaml");
        Path latin = Files.write(folder.resolve("latin"), bytes("a: b\nc: \u00e9\n"));

        assertThat(failure(missing)).hasMessageContaining(missing + ": cannot be read (no such");
        assertThat(failure(folder)).hasMessageContaining(folder + ": cannot be read (Is a dir");
        assertThat(failure(latin)).hasMessageContaining(latin + ":2: is not UTF-8 here");
    }

    @Test
    void aFileWithAByteOrderMarkLoads() throws Exception {
        Path file = folder.resolve("agent.yaml");
        Files.writeString(
                file, "\uFEFFelasticsearch: {hosts: [\"http://ä:1\"]}\nkubernetes: {api: off}");
        Files.writeString(file, Files.readString(file).replace("ä", "a"));

        assertThat(ConfigurationFile.load(file, Map.of()).elasticsearch().hosts())
                .containsExactly(URI.create("http://a:1"));
    }

    @Test
    void filesAloneAreEnough() throws Exception {
        AgentConfig config =
                Given.load("containers: {path: \"\"}", "files: [{path: \"/logs/*.log\"}]");

        assertThat(config.tail().containers()).isEqualTo(Optional.empty());
    }

    private static ConfigurationException failure(Path file) {
        return catchThrowableOfType(
                ConfigurationException.class, () -> ConfigurationFile.load(file, Map.of()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
