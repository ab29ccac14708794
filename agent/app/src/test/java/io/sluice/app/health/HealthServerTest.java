package io.sluice.app.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sluice.app.json.JsonObject;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

class HealthServerTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Reason> liveness = new CopyOnWriteArrayList<>();
    private final List<Reason> readiness = new CopyOnWriteArrayList<>();
    private final List<String> threads = new CopyOnWriteArrayList<>();
    private HealthServer server;

    @BeforeEach
    void start() throws IOException {
        server = new HealthServer(anyPort(), () -> liveness, () -> readiness, this::metrics);
    }

    @AfterEach
    void stop() {
        server.close();
        client.close();
    }

    private String metrics() {
        threads.add(Thread.currentThread().getName());
        return "sluice_up 1\n";
    }

    @Test
    void anAgentWithoutReasonsIsAliveAndReady() throws Exception {
        assertThat(ask("GET", "/livez").statusCode()).isEqualTo(200);
        HttpResponse<String> ready = ask("GET", "/readyz");
        assertThat(ready.statusCode()).isEqualTo(200);
        assertThat(ready.body()).isEqualTo("{\"ready\":true,\"reasons\":[]}\n");
    }

    @Test
    void whyItIsNotReadyIsInTheAnswer() throws Exception {
        readiness.add(new Reason("elasticsearch", "401: \"no such key\""));
        readiness.add(new Reason("buffer", "full"));

        HttpResponse<String> answer = ask("GET", "/readyz");

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(answer.body())
                .isEqualTo(
                        """
                        {"ready":false,"reasons":[\
                        {"part":"elasticsearch","reason":"401: \\"no such key\\""},\
                        {"part":"buffer","reason":"full"}]}
                        """);
        assertThat(ask("GET", "/livez").statusCode()).isEqualTo(200);
    }

    @Test
    void anAgentThatHangsIsNotAlive() throws Exception {
        liveness.add(new Reason("tail", "stands since 5m"));

        assertThat(ask("GET", "/livez").statusCode()).isEqualTo(503);
        assertThat(ask("GET", "/readyz").statusCode()).isEqualTo(200);
    }

    @Test
    void metricsAreTextFormat() throws Exception {
        HttpResponse<String> answer = ask("GET", "/metrics");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type"))
                .contains("text/plain; version=0.0.4; charset=utf-8");
        assertThat(answer.body()).isEqualTo("sluice_up 1\n");
        assertThat(threads).containsOnly("http-health");
    }

    @Test
    void headHasTheHeadersWithoutTheBody() throws Exception {
        HttpResponse<String> answer = ask("HEAD", "/metrics");

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Length")).contains("12");
        assertThat(answer.body()).isEmpty();
    }

    @Test
    void otherMethodsAndOtherPathsAreRefused() throws Exception {
        assertThat(ask("POST", "/livez").statusCode()).isEqualTo(405);
        assertThat(ask("DELETE", "/nothing").headers().firstValue("Allow")).contains("GET, HEAD");
        assertThat(ask("GET", "/livez/more").statusCode()).isEqualTo(404);
        assertThat(ask("GET", "/nothing").body()).contains("/livez", "/metrics", "/readyz");
        assertThat(ask("GET", "/readyz?verbose").statusCode()).isEqualTo(200);
    }

    @Test
    void theRootListsThePages() throws Exception {
        assertThat(ask("GET", "/").body()).contains("<a href=\"/livez\">", "<a href=\"/metrics\">");
    }

    @Test
    void aPortThatIsTakenIsNamedWithTheRemedy() {
        InetSocketAddress taken =
                new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());

        assertThatThrownBy(() -> new HealthServer(taken, List::of, List::of, () -> ""))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        "health.listen is ", ":" + server.port(), "in use", "set another port");
    }

    @Test
    void aHostWithoutAnAddressIsNamedWithTheRemedy() {
        InetSocketAddress nowhere = InetSocketAddress.createUnresolved("nowhere.invalid", 2021);

        assertThatThrownBy(() -> new HealthServer(nowhere, List::of, List::of, () -> ""))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("nowhere.invalid:2021", "0.0.0.0:2021");
    }

    @Test
    void aPageThatFailsTakesNoOtherOneWithIt() throws Exception {
        Map<String, Page> pages =
                Map.of(
                        "/status",
                        Page.json(() -> new JsonObject().put("version", "1")),
                        "/broken",
                        () -> {
                            throw new IllegalStateException("broken on purpose");
                        });
        try (PageServer admin = PageServer.start("admin", anyPort(), pages)) {
            assertThat(ask("GET", "/broken", admin.port()).statusCode()).isEqualTo(500);
            assertThat(ask("GET", "/status", admin.port()).body())
                    .isEqualTo("{\"version\":\"1\"}\n");
        }
    }

    @Test
    void connectionsThatSayNothingKeepNobodyOut() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try {
            for (int i = 0; i < 20; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
                socket.getOutputStream().write(i % 2 == 0 ? new byte[0] : "G".getBytes(UTF_8));
                idle.add(socket);
            }
            assertThat(ask("GET", "/livez").statusCode()).isEqualTo(200);
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }

    private HttpResponse<String> ask(String method, String path) throws Exception {
        return ask(method, path, server.port());
    }

    private HttpResponse<String> ask(String method, String path, int port) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build();
        return client.send(request, BodyHandlers.ofString());
    }

    private static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }
}
