package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPOutputStream;

/** It answers a real HTTP client as Elasticsearch would, and knows what came. */
class DiscardingBulkTest {
    private static final String TWO_DOCUMENTS =
            """
            {"create":{"_id":"a"}}
            {"message":"~0:0^ one"}
            {"create":{"_id":"b"}}
            {"message":"~1:0^ two"}
            """;
    private static final String TWO_CREATED =
            "{\"errors\":false,\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}";

    @TempDir private Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<String> acknowledged = new CopyOnWriteArrayList<>();
    private DiscardingBulk server;

    @BeforeEach
    void listen() throws IOException {
        server =
                DiscardingBulk.listen(
                        0, (source, number) -> acknowledged.add(source + ":" + number));
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
        EndpointStats stats = server.stats();
        assertThat(stats.requests()).isEqualTo(1);
        assertThat(stats.documents()).isEqualTo(2);
        assertThat(stats.markers()).isEqualTo(2);
        assertThat(stats.compressedBytes()).isEqualTo(body.length);
        assertThat(stats.uncompressedBytes()).isEqualTo(TWO_DOCUMENTS.length());
        assertThat(stats.firstEpochMicros()).isPositive().isEqualTo(stats.lastEpochMicros());
        assertThat(EndpointStats.parse(stats.line())).isEqualTo(stats);
    }

    @Test
    void aPlainBodyAndOneInChunksAreReadAsWell() throws Exception {
        BodyPublisher chunked =
                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(gzip(TWO_DOCUMENTS)));

        assertThat(bulk(BodyPublishers.ofString(TWO_DOCUMENTS), "identity").body())
                .isEqualTo(TWO_CREATED);
        assertThat(bulk(chunked, "gzip").body()).isEqualTo(TWO_CREATED);
        assertThat(server.stats().documents()).isEqualTo(4);
        // Each line came twice.
        assertThat(server.verify(new long[] {1, 2})).isEqualTo(new LineCheck.Outcome(1, 2, 0));
    }

    @Test
    void aConnectionServesOneRequestAfterTheOtherHoweverLarge() throws Exception {
        StringBuilder large = new StringBuilder();
        for (int i = 0; i < 60_000; i++) {
            large.append("{\"create\":{}}\n{\"message\":\"").append(i).append("\"}\n");
        }

        for (int i = 1; i <= 3; i++) {
            assertThat(bulk(BodyPublishers.ofByteArray(gzip(large.toString())), "gzip").body())
                    .hasSize(TWO_CREATED.length() + 59_998 * 25 + 59_998);
            assertThat(bulk(BodyPublishers.ofString(large.toString()), "identity").statusCode())
                    .isEqualTo(200);
            assertThat(server.stats().documents()).isEqualTo(i * 120_000L);
        }
    }

    @Test
    void whatAClientAsksBeforeItSendsIsAnswered() throws Exception {
        assertThat(send("GET", "/", BodyPublishers.noBody()).body())
                .contains("\"number\":\"9.5.3\"");
        assertThat(send("HEAD", "/", BodyPublishers.noBody()).body()).isEmpty();
        assertThat(send("PUT", "/_index_template/logs", BodyPublishers.ofString("{}")).body())
                .isEqualTo("{}");
    }

    @Test
    void linesAreToldWhenTheyAreAnswered() throws Exception {
        bulk(BodyPublishers.ofByteArray(gzip(TWO_DOCUMENTS)), "gzip");
        // The same connection: the first answer was told before the second is read.
        bulk(BodyPublishers.ofString("{\"create\":{}}\n{\"m\":\"~3:9! cut\"}\n"), "identity");
        send("GET", "/", BodyPublishers.noBody());

        assertThat(acknowledged).containsExactly("0:0", "1:0", "3:9");
        assertThat(server.verify(new long[] {1, 1, 0, 10}))
                .isEqualTo(new LineCheck.Outcome(9, 0, 1));
    }

    @Test
    void whileItIsDownNobodyConnectsAndAfterwardsAllIsAsBefore() throws Exception {
        bulk(BodyPublishers.ofString(TWO_DOCUMENTS), "identity");

        server.down();
        assertThatThrownBy(() -> bulk(BodyPublishers.ofString(TWO_DOCUMENTS), "identity"))
                .isInstanceOf(ConnectException.class);
        server.up();

        assertThat(bulk(BodyPublishers.ofString(TWO_DOCUMENTS), "identity").body())
                .isEqualTo(TWO_CREATED);
        assertThat(server.stats().requests()).isEqualTo(2);
    }

    @Test
    void bodiesThatWereKeptAreSearchedInTheEndAndTheOthersAtOnce() throws Exception {
        byte[] first = gzip(TWO_DOCUMENTS);
        Path bodies = folder.resolve("bodies");
        // Room for one of them.
        KeptBodies kept = new KeptBodies(bodies, first.length + 20);
        try (DiscardingBulk keeping =
                DiscardingBulk.listen(0, Optional.of(kept), DiscardingBulk.Acknowledged.NOBODY)) {
            URI uri = URI.create(keeping.url() + "/_bulk");
            bulk(uri, BodyPublishers.ofByteArray(first), "gzip");
            assertThat(keeping.check().lines()).isZero();
            bulk(
                    uri,
                    BodyPublishers.ofByteArray(gzip(TWO_DOCUMENTS.replace(":0^", ":1^"))),
                    "gzip");
            assertThat(keeping.check().lines()).isEqualTo(2);
            assertThat(Files.size(bodies)).isEqualTo(first.length + 4L);

            assertThat(keeping.verify(new long[] {2, 3})).isEqualTo(new LineCheck.Outcome(1, 0, 0));
        }
    }

    @Test
    void asAProcessItDoesWhatItIsTold() throws Exception {
        try (EndpointProcess process = EndpointProcess.start(folder.resolve("bodies"), 1_000_000)) {
            URI uri = URI.create(process.url() + "/logs/_bulk");
            assertThat(bulk(uri, BodyPublishers.ofByteArray(gzip(TWO_DOCUMENTS)), "gzip").body())
                    .isEqualTo(TWO_CREATED);
            process.down();
            assertThatThrownBy(() -> bulk(uri, BodyPublishers.ofString(TWO_DOCUMENTS), "identity"))
                    .isInstanceOf(ConnectException.class);
            process.up();
            bulk(uri, BodyPublishers.ofString(TWO_DOCUMENTS), "identity");

            assertThat(process.stats().documents()).isEqualTo(4);
            assertThat(process.gunzip()).isNotBlank();
            assertThat(process.cpuSeconds()).isPositive();
            assertThat(process.verify(new long[] {1, 1, 1}))
                    .isEqualTo(new LineCheck.Outcome(1, 2, 0));
        }
    }

    private HttpResponse<String> bulk(BodyPublisher body, String encoding) throws Exception {
        return bulk(
                URI.create(server.url() + "/logs-a-b/_bulk?filter_path=errors,items.*.status"),
                body,
                encoding);
    }

    private HttpResponse<String> bulk(URI uri, BodyPublisher body, String encoding)
            throws Exception {
        return client.send(
                HttpRequest.newBuilder(uri)
                        .header("Content-Encoding", encoding)
                        .header("Content-Type", "application/x-ndjson")
                        .POST(body)
                        .build(),
                BodyHandlers.ofString());
    }

    private HttpResponse<String> send(String method, String path, BodyPublisher body)
            throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(server.url() + path))
                        .method(method, body)
                        .build(),
                BodyHandlers.ofString());
    }

    private static byte[] gzip(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IllegalStateException("there is memory", e);
        }
        return bytes.toByteArray();
    }
}
