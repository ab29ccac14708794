package io.sluice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.testing.FaultyElasticsearch.Document;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.zip.GZIPOutputStream;

/** What the other rooms' tests believe of it. */
class FaultyElasticsearchTest {
    private final FaultyElasticsearch server = new FaultyElasticsearch();
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void stop() {
        http.shutdownNow();
        server.close();
    }

    private HttpResponse<String> send(String... ids) throws IOException, InterruptedException {
        StringBuilder body = new StringBuilder();
        for (String id : ids) {
            body.append("{\"create\":{\"_id\":\"").append(id).append("\"}}\n{\"n\":1}\n");
        }
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
            out.write(body.toString().getBytes(StandardCharsets.UTF_8));
        }
        URI bulk = server.url().resolve("/logs/_bulk");
        return http.send(
                HttpRequest.newBuilder(bulk)
                        .timeout(Duration.ofSeconds(60))
                        .POST(BodyPublishers.ofByteArray(gzip.toByteArray()))
                        .build(),
                BodyHandlers.ofString());
    }

    @Test
    void keepsEachDocumentOnceAndSaysSo() throws Exception {
        assertThat(send("a", "b").body()).contains("201").doesNotContain("409");
        assertThat(send("b", "c").body()).contains("201").contains("409");
        assertThat(server.taken()).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(server.documents())
                .extracting(Document::source)
                .containsExactly("{\"n\":1}", "{\"n\":1}", "{\"n\":1}");
        assertThat(server.alreadyThere()).isEqualTo(1);
        assertThat(server.bulks()).isEqualTo(2);
    }

    @Test
    void refusesItemsAndRequestsWithoutTakingThem() throws Exception {
        server.behave(
                (_, _, _) ->
                        Reply.items(
                                document -> "a".equals(document.id()),
                                429,
                                FaultyElasticsearch.REJECTED));
        assertThat(send("a", "b").body()).contains("429").contains("201");
        assertThat(server.taken()).containsExactly("b");
        server.behave((_, _, _) -> new Reply.Refuse(503, "no"));
        assertThat(send("c").statusCode()).isEqualTo(503);
        assertThat(server.taken()).containsExactly("b");
    }

    @Test
    void breaksConnectionsBeforeAndAfterItTookWhatTheyCarried() {
        int number = 0;
        for (Reply reply :
                new Reply[] {
                    new Reply.TakeAndCut(), new Reply.TakeAndReset(), new Reply.TakeAndCutAnswer()
                }) {
            server.behave((_, _, _) -> reply);
            String id = "taken-" + number++;
            assertThatThrownBy(() -> send(id)).isInstanceOf(IOException.class);
            assertThat(server.taken()).contains(id);
        }
        server.behave((_, _, _) -> new Reply.Cut());
        assertThatThrownBy(() -> send("cut")).isInstanceOf(IOException.class);
        assertThat(server.taken()).doesNotContain("cut");
        server.cutUploadsOver(10);
        server.behave((_, _, _) -> new Reply.Take());
        assertThatThrownBy(() -> send("long")).isInstanceOf(IOException.class);
        assertThat(server.taken()).doesNotContain("long");
    }

    @Test
    void answersLessThanItTook() throws Exception {
        server.behave((_, _, _) -> new Reply.TakeAndTruncate());
        assertThat(send("a", "b").body()).doesNotEndWith("]}");
        server.behave((_, _, _) -> new Reply.TakeAndForgetAnItem());
        assertThat(send("c", "d").body()).endsWith("]}").containsOnlyOnce("201");
        assertThat(server.taken()).containsExactlyInAnyOrder("a", "b", "c", "d");
    }

    @Test
    void stopsAndStartsOnThePortItHas() throws Exception {
        send("a");
        server.stop();
        assertThatThrownBy(() -> send("b")).isInstanceOf(IOException.class);
        server.start();
        assertThat(send("b").body()).contains("201");
        assertThat(server.taken()).containsExactlyInAnyOrder("a", "b");
    }
}
