package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.CriLogs;
import io.sluice.testing.FaultyElasticsearch;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** {@code sluice buffer} on what the packaged agent has buffered while Elasticsearch was away. */
class BufferToolsIT {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final int LINES = 300;

    @TempDir Path folder;

    private FaultyElasticsearch server;
    private AgentYaml yaml;
    private Path config;

    /** A buffer with the lines of two containers; its agent has been killed. */
    @BeforeEach
    void fillTheBuffer() throws Exception {
        server = new FaultyElasticsearch();
        server.stop();
        CriLogs logs = new CriLogs(folder.resolve("logs")).keepAll();
        yaml = new AgentYaml(folder).containers(logs.links());
        config = yaml.write(server.url());
        try (CriLogs.Container cart = logs.container("shop", "cart", "uid-1", "web");
                CriLogs.Container till = logs.container("bank", "till", "uid-2", "app");
                AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
            agent.healthPort();
            for (int i = 0; i < LINES; i++) {
                (i % 3 == 0 ? till : cart).write("line " + i);
            }
            await().atMost(LONG)
                    .untilAsserted(
                            () ->
                                    assertThat(
                                                    agent.metric(
                                                            "sluice_buffer_appended_documents_total"))
                                            .as(agent.log())
                                            .isEqualTo(LINES));
            Commands beside = run("inspect");
            assertThat(beside.exitCode()).as(beside.errors()).isZero();
            assertThat(beside.output()).contains("used by an agent", "waiting: 300 documents");
            assertThat(run("verify").exitCode()).isZero();
            Commands drain = run("drain");
            assertThat(drain.exitCode()).as("an agent runs").isEqualTo(2);
            assertThat(drain.errors()).contains("is in use by another agent");
        }
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void inspectSaysWhatWaitsAndHowFarEachSourceWasRead() throws Exception {
        Map<String, Long> before = files();

        Commands inspect = run("inspect", "--sources", "--excerpts");

        assertThat(inspect.exitCode()).as(inspect.errors()).isZero();
        assertThat(inspect.output())
                .contains("not in use", "SEQUENCE", "snapshot", "batch", "waiting: 300 documents")
                .containsPattern("shop_cart_uid-1/web +0\\.log\\+\\d+ +200 ")
                .containsPattern("bank_till_uid-2/app +0\\.log\\+\\d+ +100 ");
        Commands json = run("inspect", "--json", "--sources");
        assertThat(json.lines()).allMatch(line -> line.startsWith("{\"type\":\""));
        assertThat(json.lines().getLast()).contains("\"waitingDocuments\":300", "\"damages\":0");
        assertThat(files()).as("nothing was changed").isEqualTo(before);
    }

    @Test
    void whatIsExportedIsABulkBodyOfAllThatWaits() throws Exception {
        Path file = folder.resolve("out.ndjson");

        Commands export = run("export", "--output", file.toString());

        assertThat(export.exitCode()).isZero();
        assertThat(export.errors()).contains("exported 300 documents");
        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(2 * LINES);
        assertThat(lines.getFirst())
                .matches(
                        "\\{\"create\":\\{\"_index\":\""
                                + yaml.stream()
                                + "\",\"_id\":\"\\S{22}\"}}");
        assertThat(lines.get(1)).contains("\"message\":\"line ");
        assertThat(run("export", "--output", file.toString()).exitCode()).isEqualTo(2);

        Path ofOne = folder.resolve("bank.ndjson");
        run("export", "-o", ofOne.toString(), "--documents", "--namespace", "bank");
        assertThat(Files.readAllLines(ofOne))
                .hasSize(100)
                .allMatch(line -> line.contains("\"namespace\":\"bank\""));

        try (AgentProcess process =
                AgentProcess.start(
                        Home.CHILD,
                        folder.resolve("export"),
                        Map.of(),
                        "buffer",
                        "export",
                        "--path",
                        yaml.state().toString())) {
            assertThat(process.awaitExit(LONG)).as(process.log()).isZero();
        }
        assertThat(Files.readAllLines(folder.resolve("export.out"), UTF_8)).isEqualTo(lines);
    }

    @Test
    void damageIsNamedWithWhatItCostsEachContainerAndTheRestIsExported() throws Exception {
        assertThat(run("verify").output()).contains("every checksum is right");
        Path segment = lastSegment();
        byte[] bytes = Files.readAllBytes(segment);
        // The last gzip body in it: its header says whose documents it has.
        int body = last(bytes, new byte[] {0x1f, (byte) 0x8b, 8});
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(body + 30);
            file.write(bytes[body + 30] ^ 1);
        }

        Commands verify = run("verify");

        assertThat(verify.exitCode()).isEqualTo(1);
        assertThat(verify.output())
                .contains(segment.toString(), "are damaged", "not delivered and damaged: ")
                .containsPattern("(shop_cart_uid-1/web|bank_till_uid-2/app): \\d+ records?, ");
        assertThat(run("verify", "--json").output()).contains("\"cost\":[{\"source\":\"");
        assertThat(run("inspect").exitCode()).isZero();
        Path file = folder.resolve("rest.ndjson");
        Commands export = run("export", "-o", file.toString());
        assertThat(export.exitCode()).isEqualTo(1);
        assertThat(export.errors()).contains("known to be left out");
        assertThat(Files.readAllLines(file)).hasSizeLessThan(2 * LINES);
    }

    @Test
    void drainDeliversEverythingReadsNothingAndEnds() throws Exception {
        Commands away = run("drain", "--timeout", "2s");
        assertThat(away.exitCode()).isEqualTo(1);
        assertThat(away.output()).contains("0 of 300 documents delivered", "the rest waits");

        server.start();
        try (AgentProcess drain =
                AgentProcess.start(
                        Home.CHILD,
                        folder.resolve("drain"),
                        Map.of(),
                        "buffer",
                        "drain",
                        "--config",
                        config.toString(),
                        "--timeout",
                        "90s")) {
            assertThat(drain.awaitExit(LONG)).as(drain.log()).isZero();
        }
        assertThat(Files.readString(folder.resolve("drain.out")))
                .contains("300 of 300 documents delivered", "the buffer is empty");
        assertThat(server.documents()).hasSize(LINES);
        assertThat(run("inspect").output()).contains("nothing waits to be delivered");
        assertThat(run("drain").output()).contains("0 of 0 documents", "the buffer is empty");

        try (AgentProcess next = yaml.start(Home.CHILD, server.url())) {
            next.awaitReady(LONG);
            next.terminate();
            assertThat(next.awaitExit(LONG)).as(next.log()).isZero();
        }
        assertThat(server.documents()).as("stored once").hasSize(LINES);
    }

    private Commands run(String action, String... arguments) {
        List<String> all = new ArrayList<>(List.of("buffer", action));
        all.addAll(List.of("--config", config.toString()));
        all.addAll(List.of(arguments));
        return Commands.run(all.toArray(new String[0]));
    }

    private Path lastSegment() throws IOException {
        try (Stream<Path> paths = Files.walk(yaml.state())) {
            return paths.filter(path -> path.toString().endsWith(".cq4"))
                    .max(Path::compareTo)
                    .orElseThrow();
        }
    }

    private static int last(byte[] bytes, byte[] wanted) {
        for (int at = bytes.length - wanted.length; at >= 0; at--) {
            int matched = 0;
            while (matched < wanted.length && bytes[at + matched] == wanted[matched]) {
                matched++;
            }
            if (matched == wanted.length) {
                return at;
            }
        }
        throw new AssertionError("no gzip body");
    }

    /** Size and time of every file. */
    private Map<String, Long> files() throws IOException {
        Map<String, Long> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(yaml.state())) {
            for (Path path : paths.toList()) {
                files.put(
                        path + " of " + Files.size(path),
                        Files.getLastModifiedTime(path).toMillis());
            }
        }
        return files;
    }
}
