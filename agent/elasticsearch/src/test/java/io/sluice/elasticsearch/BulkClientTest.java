package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** What a single request says, and what becomes of it when the client is closed. */
class BulkClientTest {
    private static final int ANSWER_TIMEOUT_MILLIS = 60_000;

    /** Less than the time-out of an answer, and time enough on a busy machine. */
    private static final int SOON_SECONDS = 30;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private final BlockingQueue<HttpExchange> unanswered = new LinkedBlockingQueue<>();
    private HttpServer server;

    @BeforeEach
    void startServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.createContext("/silent", unanswered::add);
        server.createContext("/compressed", BulkClientTest::compress);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            heard.add(
                    exchange.getRequestMethod()
                            + " "
                            + exchange.getRequestURI().getPath()
                            + " "
                            + exchange.getRequestHeaders().getFirst("Authorization"));
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(200, -1);
        }
    }

    private static void compress(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders().add("Content-Encoding", "gzip");
            exchange.sendResponseHeaders(200, 0);
            try (GZIPOutputStream out = new GZIPOutputStream(exchange.getResponseBody())) {
                out.write("{\"errors\":false}".getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    @AfterEach
    void stopServer() {
        server.stop(0);
        threads.shutdownNow();
    }

    private static Stream<Arguments> credentials() {
        return Stream.of(
                Arguments.of(new Auth.None(), "null"),
                Arguments.of(
                        new Auth.Basic("me", new Secret.Given("pass:wörd")),
                        "Basic bWU6cGFzczp3w7ZyZA=="),
                Arguments.of(new Auth.ApiKey(new Secret.Given("aWQ6a2V5")), "ApiKey aWQ6a2V5"),
                Arguments.of(new Auth.Bearer(new Secret.Given("token")), "Bearer token"));
    }

    @ParameterizedTest
    @MethodSource("credentials")
    void credentialsGoWithEveryRequest(Auth auth, String header) throws Exception {
        try (BulkClient client = client(auth)) {
            client.call(host(), "GET", "/small", "");
            assertThat(heard.take()).isEqualTo("GET /small " + header);

            CompletableFuture<Answer> answer = new CompletableFuture<>();
            client.bulk(host(), "logs", body(), answer::complete);
            answer.get(SOON_SECONDS, TimeUnit.SECONDS);
            assertThat(heard.take()).isEqualTo("POST /logs/_bulk " + header);
        }
    }

    @Test
    void anAnswerThatSomebodyHasCompressedIsRead() throws Exception {
        try (BulkClient client = client(new Auth.None())) {
            CompletableFuture<Answer> answer = new CompletableFuture<>();
            client.bulk(host(), "compressed", body(), answer::complete);
            assertThat(answer.get(SOON_SECONDS, TimeUnit.SECONDS))
                    .isInstanceOfSatisfying(
                            Answer.Answered.class,
                            answered ->
                                    assertThat(answered.body())
                                            .asString(StandardCharsets.UTF_8)
                                            .isEqualTo("{\"errors\":false}"));
        }
    }

    @Test
    void closingAnswersWhatIsUnderWayAndTheNextRequestConnectsAnew() throws Exception {
        Warnings warnings = new Warnings();
        Logger logger = Logger.getLogger("io.sluice.elasticsearch");
        logger.addHandler(warnings);
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        BulkClient client = client(new Auth.None());
        try {
            client.bulk(host(), "silent", body(), answer::complete);
            assertThat(unanswered.poll(SOON_SECONDS, TimeUnit.SECONDS)).isNotNull();

            client.close();

            assertThat(answer.get(SOON_SECONDS, TimeUnit.SECONDS))
                    .isInstanceOf(Answer.Broken.class);
            assertThat(client.call(host(), "GET", "/again", ""))
                    .isInstanceOf(Answer.Answered.class);
            assertThat(warnings.heard).isEmpty();
        } finally {
            client.close();
            logger.removeHandler(warnings);
        }
    }

    @Test
    void aClientWhoseThreadHasDiedIsReplaced() throws Exception {
        try (BulkClient client = client(new Auth.None())) {
            client.bulk(
                    host(),
                    "logs",
                    body(),
                    _ -> {
                        throw new StackOverflowError("for this test");
                    });
            assertThat(heard.take()).startsWith("POST /logs");
            await().dontCatchUncaughtExceptions()
                    .atMost(Duration.ofSeconds(SOON_SECONDS))
                    .until(
                            () ->
                                    client.call(host(), "GET", "/again", "")
                                            instanceof Answer.Answered);
        }
    }

    private URI host() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private BulkClient client(Auth auth) {
        ElasticsearchConfig config =
                new ElasticsearchConfig(
                        List.of(host()),
                        auth,
                        Tls.PLATFORM,
                        Map.of(),
                        "",
                        "client",
                        "default",
                        ElasticsearchConfig.SetupTemplate.LEAVE);
        return new BulkClient(config, 4, ANSWER_TIMEOUT_MILLIS, System::nanoTime);
    }

    private static ByteBuffer body() {
        return new BulkBody(Sending.documents("d", 0, 1)).encode();
    }

    private static final class Warnings extends Handler {
        final ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();

        @Override
        public void publish(LogRecord logged) {
            if (logged.getLevel().intValue() >= Level.WARNING.intValue()) {
                heard.add(logged.getMessage() + " " + logged.getThrown());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
