package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/** It answers a real HTTP client as Elasticsearch would, and counts what came. */
class DiscardingBulkTest {
    private static final String TWO_DOCUMENTS =
            """
            {"create":{"_id":"a"}}
            {"message":"one"}
            {"create":{"_id":"b"}}
            {"message":"two"}
            """;
    private static final String TWO_CREATED =
            "{\"errors\":false,\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}";

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private DiscardingBulk server;

    @BeforeEach
    void listen() throws IOException {
        server = DiscardingBulk.listen(0);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    @Test
    void everyDocumentOfAGzipBodyIsAnswered() throws Exception {
        byte[] body = gzip(TWO_DOCUMENTS);

        HttpResponse<String> answer = bulk(BodyPublishers.ofByteArray(body), "gzip");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(TWO_CREATED);
        assertThat(server.stats())
                .isEqualTo(
                        "{\"requests\":1,\"documents\":2,\"compressedBytes\":%d,\"uncompressedBytes\":%d}"
                                .formatted(body.length, TWO_DOCUMENTS.length()));
    }

    @Test
    void aPlainBodyAndOneInChunksAreReadAsWell() throws Exception {
        byte[] plain = TWO_DOCUMENTS.getBytes(StandardCharsets.UTF_8);
        BodyPublisher chunked =
                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(unchecked()));

        assertThat(bulk(BodyPublishers.ofByteArray(plain), "identity").body())
                .isEqualTo(TWO_CREATED);
        assertThat(bulk(chunked, "gzip").body()).isEqualTo(TWO_CREATED);
        assertThat(server.stats()).startsWith("{\"requests\":2,\"documents\":4,");
    }

    private static byte[] unchecked() {
        try {
            return gzip(TWO_DOCUMENTS);
        } catch (IOException e) {
            throw new IllegalStateException("there is memory", e);
        }
    }

    @Test
    void aConnectionServesOneRequestAfterTheOther() throws Exception {
        StringBuilder large = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            large.append("{\"create\":{}}\n{\"message\":\"").append(i).append("\"}\n");
        }
        byte[] body = gzip(large.toString());

        for (int i = 1; i <= 5; i++) {
            assertThat(bulk(BodyPublishers.ofByteArray(body), "gzip").body())
                    .hasSize(TWO_CREATED.length() + 19_998 * 25 + 19_998);
            assertThat(get("/_stats")).startsWith("{\"requests\":" + i + ",\"documents\":");
        }
    }

    @Test
    void whatAClientAsksBeforeItSendsIsAnswered() throws Exception {
        assertThat(get("/")).contains("\"number\":\"9.5.3\"");
        assertThat(send("HEAD", "/", BodyPublishers.noBody()).body()).isEmpty();
        assertThat(send("PUT", "/_index_template/logs", BodyPublishers.ofString("{}")).body())
                .isEqualTo("{}");
    }

    @Test
    void asAProcessItSaysWhereItListensAndOnSigtermWhatItCounted() throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                DiscardingBulk.class.getName())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String url = out.readLine();
            assertThat(url).startsWith("http://127.0.0.1:");
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(url + "/logs-a-b/_bulk"))
                            .POST(BodyPublishers.ofString(TWO_DOCUMENTS))
                            .build();
            assertThat(client.send(request, BodyHandlers.ofString()).body()).isEqualTo(TWO_CREATED);

            // Process.destroy would close the stream that is read here.
            process.toHandle().destroy();

            assertThat(out.readLine()).startsWith("{\"requests\":1,\"documents\":2,");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private HttpResponse<String> bulk(BodyPublisher body, String encoding) throws Exception {
        return client.send(
                HttpRequest.newBuilder(
                                URI.create(
                                        server.url()
                                                + "/logs-a-b/_bulk?filter_path=errors,items.*.status"))
                        .header("Content-Encoding", encoding)
                        .header("Content-Type", "application/x-ndjson")
                        .POST(body)
                        .build(),
                BodyHandlers.ofString());
    }

    private String get(String path) throws Exception {
        return send("GET", path, BodyPublishers.noBody()).body();
    }

    private HttpResponse<String> send(String method, String path, BodyPublisher body)
            throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(server.url() + path))
                        .method(method, body)
                        .build(),
                BodyHandlers.ofString());
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }
}
