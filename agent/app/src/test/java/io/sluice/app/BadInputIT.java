package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.sluice.testing.CriLogs;
import io.sluice.testing.ElasticsearchFixture;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the packaged agent makes of a bad world: each thing is named with its remedy, the other
 * files go on, nothing that was read is lost.
 */
class BadInputIT {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String NEW_LINE = "2026-11-26T10:00:00.123456789Z stdout F ";
    private static final int HUGE_BYTES = 20 * 1024 * 1024;

    private final ElasticsearchFixture elasticsearch =
            ElasticsearchFixture.shared(ElasticsearchFixture.Security.OFF);

    @TempDir Path folder;

    @Test
    void everyLineIsADocumentWhateverIsInIt() throws Exception {
        CriLogs logs = new CriLogs(folder.resolve("logs"));
        AgentYaml yaml = new AgentYaml(folder).stream("bad_lines").containers(logs.links());
        try (CriLogs.Container fine = logs.container("shop", "fine", "uid-1", "web");
                CriLogs.Container astray = logs.container("shop", "astray", "uid-2", "web");
                CriLogs.Container huge = logs.container("shop", "huge", "uid-3", "web");
                CriLogs.Container bytes = logs.container("shop", "bytes", "uid-4", "web");
                CriLogs.Container json = logs.container("shop", "json", "uid-5", "web");
                AgentProcess agent = yaml.start(AgentProcess.Home.CHILD, elasticsearch.url())) {
            for (int i = 0; i < 100; i++) {
                fine.write("line " + i);
            }
            append(astray, "Traceback (most recent call last):");
            append(astray, "");
            append(astray, "{\"level\":\"error\"}");
            append(astray, "2026-13-99T10:00:00Z stdout F no such day");
            append(astray, NEW_LINE + "and one as it should be");
            append(huge, NEW_LINE + "x".repeat(HUGE_BYTES));
            huge.write("{\"msg\":\"" + "y".repeat(HUGE_BYTES) + "\"}");
            huge.write("after");
            append(bytes, NEW_LINE + "bad \u00ff\u00fe \u00c0\u00af \u00ed\u00a0\u0080 end");
            append(bytes, NEW_LINE + "{\"msg\":\"bad \u00ff\",\"k\u00ff\":1}");
            append(bytes, NEW_LINE + "nul \0 bell \7 escape \33[31m delete \177");
            append(bytes, NEW_LINE + "{\"msg\":\"nul \0\"}");
            append(bytes, NEW_LINE + "{\"a\\u0000b\":1,\"msg\":\"\\u0000\"}");
            append(bytes, "\0".repeat(5_000));
            json.write("{\"a\":1,\"a\":2,\"msg\":\"twice\"}");
            json.write("{\"a\":".repeat(5_000) + "1" + "}".repeat(5_000));
            json.write("[".repeat(100_000));
            json.write(
                    "{\"kubernetes\":{\"namespace\":\"bank\",\"pod\":{\"name\":\"vault\"}},"
                            + "\"@timestamp\":\"1999-01-01T00:00:00Z\",\"msg\":\"forged\"}");
            json.write(
                    "{\"@timestamp\":\"1999-01-01T00:00:00Z\",\"log.level\":\"info\",\"kubernetes\":{\"namespace\":\"bank\"},\"message\":\"ECS,"
                        + " forged\"}");
            json.write("{\"" + "k".repeat(100_000) + "\":1}");
            json.write("{\"n\":1e400,\"o\":123456789012345678901234567890}");
            json.write("{\"n\":{\"p\":1}}");
            json.write("{\"\":1,\".\":2}");

            yaml.awaitDocuments(agent, elasticsearch, 123);

            String stream = yaml.stream();
            assertThat(elasticsearch.count(stream)).isEqualTo(123);
            assertThat(count(stream, pod("fine"))).isEqualTo(100);
            assertThat(count(stream, pod("astray"))).isEqualTo(5);
            assertThat(count(stream, pod("astray"), flag("not_cri"))).isEqualTo(4);
            assertThat(count(stream, pod("huge"))).isEqualTo(3);
            assertThat(count(stream, pod("huge"), flag("truncated"))).isEqualTo(2);
            assertThat(count(stream, pod("bytes"))).isEqualTo(6);
            assertThat(count(stream, pod("bytes"), flag("invalid_utf8"))).isEqualTo(2);
            assertThat(count(stream, pod("json"))).isEqualTo(9);
            assertThat(count(stream, pod("json"), "{\"term\":{\"app.a\":2}}")).isEqualTo(1);
            // Who has forged nothing is who they are, and when it was.
            assertThat(count(stream, "{\"term\":{\"kubernetes.namespace\":\"shop\"}}"))
                    .isEqualTo(123);
            assertThat(count(stream, "{\"range\":{\"@timestamp\":{\"gte\":\"2026\"}}}"))
                    .isEqualTo(123);
            assertThat(agent.ask("/metrics").body().lines())
                    .contains(
                            "sluice_dead_letters_kept 0.0",
                            "sluice_delivery_repaired_documents_total 0.0",
                            "sluice_pipeline_truncated_records_total 2.0",
                            "sluice_pipeline_not_cri_records_total 5.0",
                            "sluice_pipeline_invalid_utf8_records_total 2.0");
            assertThat(agent.log())
                    .contains("a record of shop_astray_uid-2/web at offset 0 is in no format")
                    .contains("a record of shop_huge_uid-3/web at offset 0 was cut")
                    .contains("a record of shop_bytes_uid-4/web at offset 0 has bytes that are no")
                    .contains("begins like a JSON object but cannot be used as one");
        }
    }

    @Test
    void aMissingFolderIsNamedAndReadWhenItIsThere() throws Exception {
        Path links = folder.resolve("logs/containers");
        AgentYaml yaml = new AgentYaml(folder).stream("bad_folder").containers(links);
        try (AgentProcess agent = yaml.start(AgentProcess.Home.CHILD, elasticsearch.url())) {
            await().atMost(SOON)
                    .until(
                            () ->
                                    agent.log()
                                            .contains(
                                                    links
                                                            + " does not exist; set"
                                                            + " containers.path"));

            CriLogs logs = new CriLogs(folder.resolve("logs"));
            assertThat(logs.links()).isEqualTo(links);
            try (CriLogs.Container late = logs.container("shop", "late", "uid", "web")) {
                late.write("here");
                yaml.awaitDocuments(agent, elasticsearch, 1);
            }
        }
    }

    @Test
    void whatIsReadWhileElasticsearchIsAbsentIsDeliveredByTheNextStart() throws Exception {
        URI nobody;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = URI.create("http://127.0.0.1:" + free.getLocalPort());
        }
        CriLogs logs = new CriLogs(folder.resolve("logs"));
        AgentYaml yaml =
                new AgentYaml(folder)
                        .stream("absent").containers(logs.links()).with("shutdown: {drain: 100ms}");
        try (CriLogs.Container container = logs.container("shop", "cart", "uid", "web")) {
            for (int i = 0; i < 50; i++) {
                container.write("line " + i);
            }
            try (AgentProcess agent = yaml.start(AgentProcess.Home.CHILD, nobody)) {
                await().atMost(SOON)
                        .until(
                                () ->
                                        agent.ask("/metrics")
                                                .body()
                                                .contains(
                                                        "\nsluice_buffer_appended_documents_total"
                                                                + " 50.0\n"));
                await().atMost(SOON).until(() -> agent.ask("/readyz").statusCode() == 503);
                HttpResponse<String> ready = agent.ask("/readyz");
                assertThat(ready.body())
                        .contains(nobody.toString())
                        .contains("cannot be reached", "check elasticsearch.hosts");
                assertThat(agent.ask("/livez").statusCode()).isEqualTo(200);

                agent.terminate();

                assertThat(agent.awaitExit(SOON)).as(agent.log()).isZero();
                assertThat(agent.log()).contains("the rest waits in the buffer");
            }
            // The buffer has them now; the file is not needed any more.
            container.delete();
            try (AgentProcess agent = yaml.start(AgentProcess.Home.CHILD, elasticsearch.url())) {
                yaml.awaitDocuments(agent, elasticsearch, 50);
                assertThat(elasticsearch.count(yaml.stream())).isEqualTo(50);
            }
        }
    }

    @Test
    void aStateDirectoryThatCannotBeUsedIsOneLineAndExitCode2() throws Exception {
        AgentYaml yaml = new AgentYaml(folder).containers(folder);
        Files.createFile(yaml.state());
        try (AgentProcess agent = yaml.start(AgentProcess.Home.CHILD, elasticsearch.url())) {
            assertThat(agent.awaitExit(SOON)).isEqualTo(2);
            assertThat(agent.log().lines())
                    .singleElement()
                    .asString()
                    .startsWith("sluice: buffer.path " + yaml.state() + " cannot be made")
                    .contains("make it a directory that this user may write, or set another");
        }
    }

    @Test
    void whoeverWaitsForAnotherAgentsStateDirectoryObeysSigterm() throws Exception {
        AgentYaml yaml = new AgentYaml(folder).containers(folder);
        Path lock = Files.createDirectories(yaml.state()).resolve("lock");
        try (FileChannel channel =
                        FileChannel.open(
                                lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock();
                AgentProcess agent = yaml.start(AgentProcess.Home.CHILD, elasticsearch.url())) {
            await().atMost(SOON).until(() -> hasOpen(agent.pid(), lock));

            agent.terminate();

            assertThat(agent.awaitExit(SOON)).as(agent.log()).isZero();
            assertThat(held.isValid()).isTrue();
        }
    }

    /** Whether a process holds a file open. */
    private static boolean hasOpen(long pid, Path file) throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path descriptor : (Iterable<Path>) descriptors::iterator) {
                if (Files.isSymbolicLink(descriptor)
                        && Files.readSymbolicLink(descriptor).equals(file.toRealPath())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** A line as it is, each character one byte. */
    private static void append(CriLogs.Container container, String line) throws IOException {
        Files.write(
                container.activeFile(),
                (line + "\n").getBytes(ISO_8859_1),
                StandardOpenOption.APPEND);
    }

    private static String pod(String name) {
        return "{\"term\":{\"kubernetes.pod.name\":\"" + name + "\"}}";
    }

    private static String flag(String name) {
        return "{\"term\":{\"log.flags\":\"" + name + "\"}}";
    }

    private long count(String stream, String... filters) {
        return elasticsearch.count(
                stream, "{\"bool\":{\"filter\":[" + String.join(",", List.of(filters)) + "]}}");
    }
}
