package io.sluice.elasticsearch;

import co.elastic.clients.transport.rest5_client.low_level.HttpAsyncResponseConsumerFactory;
import co.elastic.clients.transport.rest5_client.low_level.Node;
import co.elastic.clients.transport.rest5_client.low_level.Request;
import co.elastic.clients.transport.rest5_client.low_level.RequestOptions;
import co.elastic.clients.transport.rest5_client.low_level.Response;
import co.elastic.clients.transport.rest5_client.low_level.ResponseException;
import co.elastic.clients.transport.rest5_client.low_level.ResponseListener;
import co.elastic.clients.transport.rest5_client.low_level.Rest5Client;
import co.elastic.clients.transport.rest5_client.low_level.Rest5ClientBuilder;
import co.elastic.clients.transport.rest5_client.low_level.WarningsHandler;

import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.ContentTooLongException;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.nio.ssl.TlsStrategy;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.io.ModalCloseable;
import org.apache.hc.core5.reactor.IOReactorConfig;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * Elasticsearch's low-level client, set up for bulk requests: who we are, whom we believe, how long
 * we wait, and what came of a request as an {@link Answer} instead of exceptions.
 *
 * <p>Each request goes to the one host it is for ({@link Hosts}): the client's own choice leaves a
 * host alone for up to half an hour, and tries all others before it says anything. A host's name is
 * looked up for each new connection, and each of its addresses is tried; what the Java run-time
 * remembers of names is the application's to bound ({@code networkaddress.cache.ttl}).
 *
 * <p>Thread: {@code deliver} calls; answers come on the client's thread, {@code http}.
 */
final class BulkClient implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.elasticsearch");
    private static final ContentType NDJSON = ContentType.create("application/x-ndjson");

    /**
     * An answer larger than this is not read. One of the usual size has a tenth of it, when all is
     * well; a fault takes 150 to 500 bytes.
     */
    static final int LARGEST_ANSWER_BYTES = 1024 * 1024;

    /**
     * What is read of an answer: items by status, and what is said about those that failed; not
     * what only tells where in the cluster that was.
     */
    private static final String FILTER_PATH =
            "errors,error,status,items.*.status,items.*.error,items.*.failure_store"
                    + ",-items.*.error.index,-items.*.error.index_uuid,-items.*.error.shard";

    /**
     * A connection is not used longer: so the host's name is looked up again, and a load balancer
     * has new nodes used, while all goes well.
     */
    private static final Duration CONNECTION_LIFE = Duration.ofMinutes(5);

    private static final long FILES_EVERY_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final ElasticsearchConfig config;
    private final Timeout connectTimeout;
    private final Timeout answerTimeout;
    private final int connections;
    private final Duration connectionLife;
    private final LongSupplier nanoClock;
    private final FileStamps tlsFiles;
    private final FileStamps secretFiles;
    private long filesLookedAtNanos;
    private Optional<Rest5Client> client = Optional.empty();
    private RequestOptions options = RequestOptions.DEFAULT;
    private boolean optionsMade;

    /** Set when {@link #client} is closed, for its thread to see. */
    private AtomicBoolean closing = new AtomicBoolean();

    /**
     * Requests without an answer. Added by {@code deliver}, removed by the client's threads too.
     */
    private final Set<Listener> underWay = ConcurrentHashMap.newKeySet();

    /**
     * @param connections most requests at a time
     * @param answerTimeoutMillis how long an answer may take
     */
    BulkClient(
            ElasticsearchConfig config,
            int connections,
            int answerTimeoutMillis,
            LongSupplier nanoClock) {
        this(config, connections, answerTimeoutMillis, CONNECTION_LIFE, nanoClock);
    }

    BulkClient(
            ElasticsearchConfig config,
            int connections,
            int answerTimeoutMillis,
            Duration connectionLife,
            LongSupplier nanoClock) {
        this.config = config;
        this.connectionLife = connectionLife;
        this.connections = connections;
        this.connectTimeout = Timeout.ofMilliseconds(Math.min(5_000, answerTimeoutMillis));
        this.answerTimeout = Timeout.ofMilliseconds(answerTimeoutMillis);
        this.nanoClock = nanoClock;
        this.tlsFiles = new FileStamps(filesOf(config.tls()));
        this.secretFiles = new FileStamps(filesOf(config.auth()));
        this.filesLookedAtNanos = nanoClock.getAsLong();
    }

    /** No answer and no failure comes later than this after its request. */
    long longestNanos() {
        // For a connection that is free, or is made; for the answer; for looking up the name.
        return TimeUnit.MILLISECONDS.toNanos(
                2 * answerTimeout.toMilliseconds() + connectTimeout.toMilliseconds() + 30_000);
    }

    /**
     * Sends one bulk request.
     *
     * @param host the one it is for
     * @param target data stream or index
     * @param gzip the body, array-backed; must not change until the answer
     * @param answered called once, on the client's thread or this one
     */
    void bulk(URI host, String target, ByteBuffer gzip, Consumer<Answer> answered) {
        Request request = new Request("POST", "/" + target + "/_bulk");
        request.addParameter("filter_path", FILTER_PATH);
        if (!config.pipeline().isEmpty()) {
            request.addParameter("pipeline", config.pipeline());
        }
        request.setEntity(new RequestBody(gzip, NDJSON, Optional.of("gzip")));
        send(host, request, answered);
    }

    /**
     * Sends a small request and waits for its answer.
     *
     * @param host the one it is for
     * @param path with a leading slash
     * @param json the body; empty for none
     */
    Answer call(URI host, String method, String path, String json) throws InterruptedException {
        Request request = new Request(method, path);
        if (!json.isEmpty()) {
            ByteBuffer body = ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8));
            request.setEntity(
                    new RequestBody(body, ContentType.APPLICATION_JSON, Optional.empty()));
        }
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        send(host, request, answer::complete);
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw new AssertionError("the answer is never completed exceptionally", e);
        }
    }

    private void send(URI host, Request request, Consumer<Answer> answered) {
        Rest5Client ready;
        try {
            lookAtFiles();
            ready = ready();
            request.setOptions(options);
        } catch (IOException e) {
            answered.accept(new Answer.NotSent(e.getMessage()));
            return;
        }
        Listener listener = new Listener(answered);
        underWay.add(listener);
        try {
            // Only this thread sends, and a request keeps the nodes it began with.
            ready.setNodes(List.of(new Node(address(host))));
            ready.performRequestAsync(request, listener);
        } catch (IllegalStateException closed) {
            listener.answer(new Answer.NotSent("the client is closed"));
        }
    }

    private void lookAtFiles() {
        long now = nanoClock.getAsLong();
        if (now - filesLookedAtNanos < FILES_EVERY_NANOS && client.isPresent() && optionsMade) {
            return;
        }
        filesLookedAtNanos = now;
        if (tlsFiles.changed()) {
            // What is under way breaks and is sent again.
            close();
        }
        if (secretFiles.changed()) {
            optionsMade = false;
        }
    }

    private Rest5Client ready() throws IOException {
        if (!optionsMade) {
            options = options();
            optionsMade = true;
        }
        if (client.isPresent() && !client.get().isRunning()) {
            // Its thread has ended by a failure, and takes no request any more.
            close();
        }
        if (client.isEmpty()) {
            client = Optional.of(connect());
        }
        return client.get();
    }

    private RequestOptions options() throws IOException {
        RequestOptions.Builder builder = RequestOptions.DEFAULT.toBuilder();
        builder.setWarningsHandler(WarningsHandler.PERMISSIVE);
        builder.setHttpAsyncResponseConsumerFactory(
                new HttpAsyncResponseConsumerFactory.BasicAsyncResponseConsumerFactory(
                        LARGEST_ANSWER_BYTES));
        config.headers().forEach(builder::addHeader);
        Optional<String> authorization = authorization();
        if (authorization.isPresent()) {
            builder.addHeader("Authorization", authorization.get());
        }
        return builder.build();
    }

    private Optional<String> authorization() throws IOException {
        return switch (config.auth()) {
            case Auth.None() -> Optional.empty();
            case Auth.Basic(String username, Secret password) -> {
                byte[] pair = (username + ":" + password.read()).getBytes(StandardCharsets.UTF_8);
                yield Optional.of("Basic " + Base64.getEncoder().encodeToString(pair));
            }
            case Auth.ApiKey(Secret encoded) -> Optional.of("ApiKey " + encoded.read());
            case Auth.Bearer(Secret token) -> Optional.of("Bearer " + token.read());
        };
    }

    private Rest5Client connect() throws IOException {
        boolean encrypted =
                config.hosts().stream().anyMatch(host -> "https".equals(host.getScheme()));
        AtomicBoolean over = new AtomicBoolean();
        closing = over;
        Rest5ClientBuilder builder = Rest5Client.builder(address(config.hosts().getFirst()));
        if (!config.pathPrefix().isEmpty()) {
            builder.setPathPrefix(config.pathPrefix());
        }
        Optional<TlsStrategy> tls =
                encrypted
                        ? Optional.of(new VerifiedTls(TlsContext.of(config.tls())))
                        : Optional.empty();
        builder.setHttpClientConfigCallback(
                http ->
                        http.disableContentCompression()
                                .disableAutomaticRetries()
                                .disableRedirectHandling()
                                .disableCookieManagement()
                                .disableAuthCaching()
                                .setIoReactorExceptionCallback(
                                        failure -> threadFailed(failure, over))
                                .setThreadFactory(
                                        work ->
                                                Thread.ofPlatform()
                                                        .name("http")
                                                        .daemon()
                                                        .unstarted(work))
                                .setIOReactorConfig(
                                        IOReactorConfig.custom()
                                                .setIoThreadCount(1)
                                                .setTcpNoDelay(true)
                                                .setSoKeepAlive(true)
                                                .build()));
        builder.setConnectionManagerCallback(
                pool -> {
                    pool.setMaxConnPerRoute(connections)
                            .setMaxConnTotal(config.hosts().size() * connections);
                    tls.ifPresent(pool::setTlsStrategy);
                });
        builder.setConnectionConfigCallback(
                connection ->
                        connection
                                .setConnectTimeout(connectTimeout)
                                .setSocketTimeout(answerTimeout)
                                .setTimeToLive(TimeValue.of(connectionLife)));
        builder.setRequestConfigCallback(
                request ->
                        request.setResponseTimeout(answerTimeout)
                                .setConnectionRequestTimeout(answerTimeout));
        return builder.build();
    }

    private static void threadFailed(Exception failure, AtomicBoolean over) {
        // Closing a client makes its own thread stumble.
        if (!over.get()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the connections to Elasticsearch have broken; they are made anew",
                    failure);
        }
    }

    private static HttpHost address(URI host) {
        int port = host.getPort() < 0 ? 9200 : host.getPort();
        return new HttpHost(host.getScheme(), host.getHost(), port);
    }

    private static List<Path> filesOf(Tls tls) {
        List<Path> files = new ArrayList<>();
        tls.caFile().ifPresent(files::add);
        tls.certificateFile().ifPresent(files::add);
        tls.keyFile().ifPresent(files::add);
        return files;
    }

    private static List<Path> filesOf(Auth auth) {
        Optional<Secret> secret =
                switch (auth) {
                    case Auth.None() -> Optional.empty();
                    case Auth.Basic(String _, Secret password) -> Optional.of(password);
                    case Auth.ApiKey(Secret encoded) -> Optional.of(encoded);
                    case Auth.Bearer(Secret token) -> Optional.of(token);
                };
        return secret.filter(Secret.InFile.class::isInstance)
                .map(file -> List.of(((Secret.InFile) file).path()))
                .orElse(List.of());
    }

    /** Ends what is under way; the next request connects anew. */
    @Override
    public void close() {
        closing.set(true);
        client.ifPresent(BulkClient::end);
        client = Optional.empty();
        // The client forgets requests when it is closed; whoever waits for them must not.
        underWay.forEach(listener -> listener.answer(new Answer.Broken("the client was closed")));
    }

    private static void end(Rest5Client old) {
        // Its own close waits five seconds for what is under way.
        if (old.getHttpClient() instanceof ModalCloseable http) {
            http.close(CloseMode.IMMEDIATE);
        }
        try {
            old.close();
        } catch (IOException _) {
            // It is gone either way.
        }
    }

    /** Makes an {@link Answer} of what the client reports: one, whoever comes first. */
    private final class Listener implements ResponseListener {
        private final Consumer<Answer> answered;

        Listener(Consumer<Answer> answered) {
            this.answered = answered;
        }

        void answer(Answer answer) {
            if (underWay.remove(this)) {
                answered.accept(answer);
            }
        }

        @Override
        public void onSuccess(Response response) {
            answer(read(response));
        }

        @Override
        public void onFailure(Exception failure) {
            answer(
                    failure instanceof ResponseException refused
                            ? read(refused.getResponse())
                            : reason(failure));
        }

        private static Answer read(Response response) {
            HttpEntity entity = response.getEntity();
            if (entity == null) {
                return new Answer.Answered(response.getStatusCode(), new byte[0]);
            }
            try (InputStream in = entity.getContent()) {
                // It is in memory: one copy of the right size. Of unknown length it is only if
                // somebody between has compressed it, although nobody asked for that.
                byte[] body =
                        entity.getContentLength() >= 0
                                ? in.readAllBytes()
                                : in.readNBytes(LARGEST_ANSWER_BYTES + 1);
                return body.length > LARGEST_ANSWER_BYTES
                        ? new Answer.TooLong("the answer is too long when it is uncompressed")
                        : new Answer.Answered(response.getStatusCode(), body);
            } catch (IOException e) {
                return new Answer.Broken("the answer could not be read: " + Reasons.of(e));
            }
        }

        private static Answer reason(Exception failure) {
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                if (cause instanceof ContentTooLongException) {
                    return new Answer.TooLong("the answer is too long: " + cause.getMessage());
                }
                if (isBeforeTheRequest(cause)) {
                    return new Answer.NotSent(Reasons.of(cause));
                }
            }
            return new Answer.Broken(Reasons.of(failure));
        }

        /** No connection, or nobody on it whom we believe. */
        private static boolean isBeforeTheRequest(Throwable cause) {
            return cause instanceof ConnectException
                    || cause instanceof ConnectTimeoutException
                    || cause instanceof ConnectionRequestTimeoutException
                    || cause instanceof UnknownHostException
                    || cause instanceof NoRouteToHostException
                    || cause instanceof UnresolvedAddressException
                    || cause instanceof SSLHandshakeException
                    || cause instanceof SSLPeerUnverifiedException
                    // Somebody who speaks no TLS has no exception of its own.
                    || (cause instanceof SSLException
                            && String.valueOf(cause.getMessage()).contains("SSL message"));
        }
    }
}
