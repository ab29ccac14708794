package io.sluice.kubernetes;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

import javax.net.ssl.SSLException;

/**
 * Asks the API server, with the token and the certificate authorities as they are at that moment:
 * both are short-lived files, and a request every few minutes can afford to read them.
 *
 * <p>Owned by the {@code kubernetes} thread.
 */
final class ApiClient implements AutoCloseable {

    /** What a request came to. */
    sealed interface Answer {
        /** 200; the body is read, and closed, by the caller. */
        record Ok(ReplyBody body) implements Answer {}

        /**
         * Any other status.
         *
         * @param message what the server says, or empty
         * @param retryAfter how long it wants to be left alone; zero if it does not say
         */
        record Refused(int status, String message, Duration retryAfter) implements Answer {}

        /** No answer; the reason says what to do about it. */
        record Unreachable(String reason) implements Answer {}

        /** The request could not even be made: token or certificate authority are at fault. */
        record Unequipped(String reason) implements Answer {}
    }

    private static final int LONGEST_REFUSAL_BYTES = 64 * 1024;
    private static final Duration LONGEST_RETRY_AFTER = Duration.ofSeconds(60);

    private final KubernetesConfig config;
    private final URI server;
    private final Duration patience;
    private final LongSupplier duties;
    private final PodReader reader;
    private final boolean showsToken;

    /** The client's own work needs one thread, and only while there is some. */
    private final ThreadPoolExecutor worker =
            new ThreadPoolExecutor(
                    1,
                    1,
                    10,
                    TimeUnit.SECONDS,
                    new LinkedBlockingQueue<>(),
                    Thread.ofPlatform().name("kubernetes-http").daemon().factory());

    private HttpClient http;
    private String authorities = "";
    private String token = "";

    /**
     * @param patience for the headers of an answer
     * @param duties see {@link ReplyBody}
     */
    ApiClient(
            KubernetesConfig config,
            URI server,
            Duration patience,
            LongSupplier duties,
            PodReader reader) {
        this.config = config;
        this.server = server;
        this.patience = patience;
        this.duties = duties;
        this.reader = reader;
        this.showsToken = "https".equals(server.getScheme()) || isLoopback(server.getHost());
        worker.allowCoreThreadTimeOut(true);
    }

    /** A token must not cross a network that anybody can read. */
    private static boolean isLoopback(String host) {
        try {
            return host.equals("localhost")
                    || (host.matches("[0-9.]+|\\[.*]")
                            && InetAddress.getByName(host).isLoopbackAddress());
        } catch (UnknownHostException _) {
            return false;
        }
    }

    /** Whether the token stays at home: the API server is reached over plain HTTP. */
    boolean keepsTokenBack() {
        return !showsToken
                && !(config.credentials() instanceof KubernetesConfig.Credentials.Anonymous);
    }

    /**
     * One GET.
     *
     * @param path with its query, beginning with a slash
     * @param longestSilence within the body
     * @throws InterruptedException when the agent stops
     */
    Answer get(String path, Duration longestSilence) throws InterruptedException {
        HttpRequest request;
        try {
            equip();
            var builder =
                    HttpRequest.newBuilder(URI.create(server + path))
                            .header("Accept", "application/json")
                            .header("User-Agent", "sluice");
            if (showsToken && !token.isEmpty()) {
                builder.header("Authorization", "Bearer " + token);
            }
            request = builder.build();
        } catch (IOException e) {
            return new Answer.Unequipped(e.getMessage());
        }
        CompletableFuture<HttpResponse<ReplyBody>> pending =
                http.sendAsync(request, _ -> new ReplyBody(longestSilence, duties));
        try {
            HttpResponse<ReplyBody> response =
                    pending.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            return response.statusCode() == 200
                    ? new Answer.Ok(response.body())
                    : refused(response);
        } catch (TimeoutException _) {
            pending.cancel(true);
            return new Answer.Unreachable(
                    "no answer from " + server + " within " + patience.toMillis() + " ms");
        } catch (ExecutionException e) {
            return new Answer.Unreachable(unreachable(e.getCause()));
        } catch (InterruptedException e) {
            pending.cancel(true);
            throw e;
        }
    }

    /** Token and certificates as they are now. */
    private void equip() throws IOException {
        token = config.token();
        String current =
                "https".equals(server.getScheme()) ? Certificates.read(config.trust()) : "";
        if (http == null || !current.equals(authorities)) {
            HttpClient.Builder builder =
                    HttpClient.newBuilder()
                            // One watch and a rare list: nothing to share a connection for.
                            .version(HttpClient.Version.HTTP_1_1)
                            .followRedirects(HttpClient.Redirect.NEVER)
                            .proxy(HttpClient.Builder.NO_PROXY)
                            .connectTimeout(patience)
                            .executor(worker);
            if ("https".equals(server.getScheme())) {
                builder.sslContext(Certificates.context(current));
            }
            if (http != null) {
                http.shutdownNow();
            }
            http = builder.build();
            authorities = current;
        }
    }

    /** Whether there is by now another token than the one the last request showed. */
    boolean tokenChanged() {
        try {
            return !config.token().equals(token);
        } catch (IOException _) {
            return false;
        }
    }

    private Answer refused(HttpResponse<ReplyBody> response) throws InterruptedException {
        Duration retryAfter =
                response.headers()
                        .firstValue("Retry-After")
                        .filter(value -> value.matches("[0-9]{1,6}"))
                        .map(value -> Duration.ofSeconds(Long.parseLong(value)))
                        .map(
                                wish ->
                                        wish.compareTo(LONGEST_RETRY_AFTER) > 0
                                                ? LONGEST_RETRY_AFTER
                                                : wish)
                        .orElse(Duration.ZERO);
        return new Answer.Refused(response.statusCode(), message(response.body()), retryAfter);
    }

    /** The API server explains itself in a Status; a proxy in whatever it likes. */
    private String message(ReplyBody body) throws InterruptedException {
        byte[] bytes;
        try (body) {
            bytes = body.readNBytes(LONGEST_REFUSAL_BYTES);
        } catch (InterruptedIOException e) {
            throw (InterruptedException) new InterruptedException().initCause(e);
        } catch (IOException _) {
            return "";
        }
        try (var json = reader.open(new ByteArrayInputStream(bytes))) {
            if (json.nextToken() == JsonToken.START_OBJECT) {
                return reader.read(json).message();
            }
        } catch (JacksonException _) {
            // No Status: its beginning will do.
        }
        String text = new String(bytes, StandardCharsets.UTF_8).strip().replaceAll("\\s+", " ");
        return text.length() > 200 ? text.substring(0, 200) + "…" : text;
    }

    private String unreachable(Throwable cause) {
        String reason = server + " cannot be reached (" + Reasons.of(cause) + "); ";
        if (cause instanceof SSLException) {
            return reason
                    + "set caFile to the certificate authority of the API server, and api to a name"
                    + " or address its certificate holds";
        }
        return reason
                + "check kubernetes.api, and whether a network policy keeps the agent from it";
    }

    @Override
    public void close() {
        if (http != null) {
            http.shutdownNow();
        }
        worker.shutdown();
    }
}
