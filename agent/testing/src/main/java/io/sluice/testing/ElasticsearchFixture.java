package io.sluice.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.net.ssl.SSLContext;

/**
 * A real single-node Elasticsearch, ready to answer. Chosen in this order:
 *
 * <ol>
 *   <li>the system property {@value #URL_PROPERTY}: a server that runs already (its user in the
 *       URL);
 *   <li>Docker, when an engine answers: the full distribution, through Testcontainers;
 *   <li>the small distribution of Maven Central, unpacked by the build; the system property {@value
 *       #HOME_PROPERTY} says where.
 * </ol>
 *
 * <p>No server at all is a failure, never a skipped test. The small distribution has no module for
 * {@code GET /}, {@code _data_stream}, ILM, ES|QL or ingest pipelines: {@link #isFullDistribution}.
 *
 * <p>Any thread may ask; one thread starts and stops. Has no test framework in it: the demo uses it
 * too.
 */
public final class ElasticsearchFixture implements AutoCloseable {
    /** URL of a server to use instead of starting one. */
    public static final String URL_PROPERTY = "sluice.elasticsearch.url";

    /** Folder of the unpacked small distribution. */
    public static final String HOME_PROPERTY = "sluice.elasticsearch.home";

    private static final Duration READY_WITHIN = Duration.ofMinutes(2);
    private static final Duration POLL_EVERY = Duration.ofMillis(100);
    private static final Pattern COUNT = Pattern.compile("\"count\":(\\d+)");
    private static final Pattern ENCODED_KEY = Pattern.compile("\"encoded\":\"([^\"]+)\"");

    private static final Map<Security, ElasticsearchFixture> SHARED = new EnumMap<>(Security.class);

    private final ElasticsearchServer server;
    private final HttpClient http;

    /** Who may talk to the server, and how. */
    public enum Security {
        /** Plain HTTP, no users. */
        OFF,
        /** Plain HTTP; a user and password or an API key is asked for. */
        PASSWORD,
        /** As PASSWORD over HTTPS, with a CA made for this server. */
        TLS,
        /** As TLS, and the client must show a certificate of the same CA. */
        MUTUAL_TLS
    }

    /**
     * How the server is started.
     *
     * @param settings added to {@code elasticsearch.yml}
     */
    public record Options(Security security, Map<String, String> settings) {
        /** Without security and further settings. */
        public static final Options DEFAULT = new Options(Security.OFF, Map.of());

        public Options {
            settings = Map.copyOf(settings);
        }

        /** With that security and no further settings. */
        public static Options with(Security security) {
            return new Options(security, Map.of());
        }
    }

    /** An answer of the server, whatever its status. */
    public record Response(int status, String body) {
        /** True for 2xx. */
        public boolean ok() {
            return status / 100 == 2;
        }
    }

    private ElasticsearchFixture(ElasticsearchServer server) {
        this.server = server;
        this.http = httpClient(server);
    }

    /**
     * Starts a server of its own and waits until it answers.
     *
     * @throws IllegalStateException when there is nothing to start, or it does not start; says what
     *     to do
     */
    public static ElasticsearchFixture start(Options options) {
        ElasticsearchFixture fixture = new ElasticsearchFixture(choose(options));
        try {
            fixture.startServer();
        } catch (RuntimeException e) {
            fixture.close();
            throw e;
        }
        return fixture;
    }

    /**
     * One server for all tests of a JVM, started by the first who asks, stopped when the JVM ends.
     * Who uses it takes names (data streams, indexes) of its own and leaves the server running.
     */
    public static ElasticsearchFixture shared(Security security) {
        synchronized (SHARED) {
            return SHARED.computeIfAbsent(
                    security,
                    wanted -> {
                        ElasticsearchFixture fixture = start(Options.with(wanted));
                        Runtime.getRuntime().addShutdownHook(new Thread(fixture::close));
                        return fixture;
                    });
        }
    }

    private static ElasticsearchServer choose(Options options) {
        return choose(
                options,
                System.getProperty(URL_PROPERTY, ""),
                () -> DockerElasticsearch.engineAnswers() && DockerElasticsearch.imageAvailable(),
                System.getProperty(HOME_PROPERTY, ""));
    }

    /**
     * @param url of a running server; empty for none
     * @param docker whether it can be had from Docker; asked only where there is no URL
     * @param home of the unpacked small distribution; empty for none
     */
    static ElasticsearchServer choose(
            Options options, String url, BooleanSupplier docker, String home) {
        if (!url.isEmpty()) {
            return new RunningElasticsearch(URI.create(url), options);
        }
        if (docker.getAsBoolean()) {
            return new DockerElasticsearch(options);
        }
        if (!home.isEmpty()) {
            return ZipElasticsearch.unpackedAt(Path.of(home), options);
        }
        throw new IllegalStateException(
                "no Elasticsearch for this test: start Docker, or run it through Maven (which"
                        + " unpacks the server and sets "
                        + HOME_PROPERTY
                        + "), or set "
                        + URL_PROPERTY
                        + " to a running server");
    }

    /** Where it answers; the same after a restart. */
    public URI url() {
        return server.url();
    }

    /** A user that may do everything; means nothing without security. */
    public String username() {
        return server.username();
    }

    /** The password of {@link #username}. */
    public String password() {
        return server.password();
    }

    /** The certificates of a server with TLS. */
    public Optional<TestCertificates> certificates() {
        return server.certificates();
    }

    /** What runs, for a person: which distribution, where. */
    public String description() {
        return server.description();
    }

    /** True when every module is there; the small distribution lacks most of x-pack. */
    public boolean isFullDistribution() {
        return !(server instanceof ZipElasticsearch);
    }

    /** Stops the server; its data stay, and its port stays its own until {@link #startServer}. */
    public void stopServer() {
        server.stop();
    }

    /** Starts a stopped server again on the same port with the same data, and waits for it. */
    public void startServer() {
        server.start();
        long deadlineNanos = System.nanoTime() + READY_WITHIN.toNanos();
        while (!answers()) {
            if (!server.isRunning()) {
                throw new IllegalStateException(
                        description() + " ended while starting:\n" + server.log());
            }
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new IllegalStateException(
                        description()
                                + " did not answer within "
                                + READY_WITHIN
                                + ":\n"
                                + server.log());
            }
            pause();
        }
    }

    /** {@link #stopServer}, {@link #startServer}. */
    public void restart() {
        stopServer();
        startServer();
    }

    private boolean answers() {
        try {
            return send("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s", "").ok();
        } catch (IOException e) {
            // Refused, or reset while it starts.
            return false;
        }
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_EVERY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while Elasticsearch starts", e);
        }
    }

    /**
     * Asks the server, as {@link #username} when there is security.
     *
     * @param path with a leading slash, and query
     * @param body JSON; empty for none
     * @throws UncheckedIOException when it does not answer
     */
    public Response request(String method, String path, String body) {
        try {
            return send(method, path, body);
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + path + " of " + description(), e);
        }
    }

    /** As {@link #request}, but anything other than 2xx is an {@link IllegalStateException}. */
    public String requestOk(String method, String path, String body) {
        Response response = request(method, path, body);
        if (!response.ok()) {
            throw new IllegalStateException(
                    method + " " + path + ": " + response.status() + " " + response.body());
        }
        return response.body();
    }

    /** Makes everything written so far visible to searches. */
    public void refresh(String index) {
        requestOk("POST", "/" + index + "/_refresh?ignore_unavailable=true", "");
    }

    /** Documents in an index or data stream; 0 when there is none. Refreshes first. */
    public long count(String index) {
        return count(index, "{\"match_all\":{}}");
    }

    /**
     * Documents that match; 0 when there is no such index. Refreshes first.
     *
     * @param query a query of the query DSL
     */
    public long count(String index, String query) {
        refresh(index);
        String path = "/" + index + "/_count?ignore_unavailable=true";
        String asked = "{\"query\":" + query + "}";
        long giveUpNanos = System.nanoTime() + READY_WITHIN.toNanos();
        // An index that has just been made has no shard for a moment.
        while (request("POST", path, asked).status() == 503
                && giveUpNanos - System.nanoTime() > 0) {
            pause();
        }
        String body = requestOk("POST", path, asked);
        Matcher count = COUNT.matcher(body);
        if (!count.find()) {
            throw new IllegalStateException("no count in " + body);
        }
        return Long.parseLong(count.group(1));
    }

    /**
     * The answer of a search, as JSON. Refreshes first.
     *
     * @param body a search's body: {@code query}, {@code size}, {@code aggs}, …
     */
    public String search(String index, String body) {
        refresh(index);
        return requestOk("POST", "/" + index + "/_search?ignore_unavailable=true", body);
    }

    /**
     * A new API key with all rights of {@link #username}, as clients send it. Empty in the small
     * distribution: it checks keys but cannot keep any (the index for them needs an analyzer it
     * lacks).
     */
    public Optional<String> createApiKey(String name) {
        if (!isFullDistribution()) {
            return Optional.empty();
        }
        String body = requestOk("POST", "/_security/api_key", "{\"name\":\"" + name + "\"}");
        Matcher encoded = ENCODED_KEY.matcher(body);
        if (!encoded.find()) {
            throw new IllegalStateException("no key in the answer of _security/api_key");
        }
        return Optional.of(encoded.group(1));
    }

    private Response send(String method, String path, String body) throws IOException {
        HttpRequest.BodyPublisher publisher =
                body.isEmpty()
                        ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofString(body);
        HttpRequest.Builder request =
                HttpRequest.newBuilder(url().resolve(path))
                        .timeout(Duration.ofSeconds(60))
                        .header("Content-Type", "application/json")
                        .method(method, publisher);
        if (!server.password().isEmpty()) {
            String pair = server.username() + ":" + server.password();
            String token =
                    Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
            request.header("Authorization", "Basic " + token);
        }
        try {
            HttpResponse<String> response =
                    http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Response(response.statusCode(), response.body());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static HttpClient httpClient(ElasticsearchServer server) {
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(Duration.ofSeconds(30));
        Optional<SSLContext> context =
                server.certificates().map(TestCertificates::clientSslContext);
        context.ifPresent(builder::sslContext);
        return builder.build();
    }

    /** Stops the server for good and removes its files. */
    @Override
    public void close() {
        http.shutdownNow();
        server.stop();
        server.remove();
    }
}
