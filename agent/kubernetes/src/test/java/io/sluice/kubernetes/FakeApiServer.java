package io.sluice.kubernetes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ssl.SSLContext;

/**
 * An API server on loopback that knows pods and nothing else, and misbehaves on request.
 *
 * <p>Lists and watches as the real one does: pages, resource versions, one JSON object per line in
 * a chunked answer that stays open, bookmarks when asked for.
 */
final class FakeApiServer implements AutoCloseable {
    static final String NODE = "node1";

    /** What is done with the next request instead of answering it. */
    interface Misdeed {
        void commit(HttpExchange exchange) throws IOException;
    }

    /** One request as it came. */
    record Request(Map<String, String> query, String authorization) {
        boolean isWatch() {
            return "true".equals(query.get("watch"));
        }
    }

    private final HttpServer server;
    private final ExecutorService threads =
            Executors.newThreadPerTaskExecutor(
                    Thread.ofPlatform().name("fake-api-", 0).daemon().factory());
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final List<Watcher> watchers = new CopyOnWriteArrayList<>();
    private final AtomicInteger watchesOpened = new AtomicInteger();
    private final Queue<Misdeed> listMisdeeds = new ArrayDeque<>();
    private final Queue<Misdeed> watchMisdeeds = new ArrayDeque<>();

    // Guarded by this.
    private final Map<String, String> pods = new LinkedHashMap<>();
    private final List<Change> changes = new ArrayList<>();
    private long resourceVersion = 100;
    private String acceptedToken = "";
    private int pageSize = Integer.MAX_VALUE;

    private record Change(long resourceVersion, String line) {}

    /** An open watch: lines to be sent; the empty one ends it. */
    private record Watcher(BlockingQueue<String> lines) {}

    FakeApiServer() throws IOException {
        this(HttpServer.create(loopback(), 0));
    }

    FakeApiServer(SSLContext tls) throws IOException {
        this(secured(tls));
    }

    private FakeApiServer(HttpServer server) {
        this.server = server;
        server.setExecutor(threads);
        server.createContext("/api/v1/pods", this::answer);
        server.start();
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private static HttpServer secured(SSLContext tls) throws IOException {
        HttpsServer server = HttpsServer.create(loopback(), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        return server;
    }

    int port() {
        return server.getAddress().getPort();
    }

    URI uri() {
        return URI.create(
                (server instanceof HttpsServer ? "https" : "http") + "://127.0.0.1:" + port());
    }

    // --- what happens in the cluster ---

    synchronized void put(PodJson pod) {
        String type = pods.containsKey(pod.uid) ? "MODIFIED" : "ADDED";
        resourceVersion++;
        pods.put(pod.uid, pod.json(resourceVersion));
        change(type, pod.json(resourceVersion));
    }

    synchronized void delete(PodJson pod) {
        resourceVersion++;
        pods.remove(pod.uid);
        change("DELETED", pod.json(resourceVersion));
    }

    /** As if it had happened while the history was compacted: no event will ever tell. */
    synchronized void deleteUntold(PodJson pod) {
        resourceVersion++;
        pods.remove(pod.uid);
        changes.clear();
    }

    synchronized void bookmark() {
        resourceVersion++;
        send(
                "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\","
                        + "\"metadata\":{\"resourceVersion\":\""
                        + resourceVersion
                        + "\",\"creationTimestamp\":null},\"spec\":{\"containers\":null},"
                        + "\"status\":{}}}\n");
    }

    private void change(String type, String object) {
        String line = "{\"type\":\"" + type + "\",\"object\":" + object + "}\n";
        changes.add(new Change(resourceVersion, line));
        send(line);
    }

    // --- how the server behaves ---

    synchronized void accept(String token) {
        acceptedToken = token;
    }

    synchronized void pageSize(int size) {
        pageSize = size;
    }

    synchronized void nextList(Misdeed misdeed) {
        listMisdeeds.add(misdeed);
    }

    synchronized void nextWatch(Misdeed misdeed) {
        watchMisdeeds.add(misdeed);
    }

    /** To all open watches, as it is. */
    void send(String raw) {
        watchers.forEach(watcher -> watcher.lines().add(raw));
    }

    /** Ends all open watches, properly. */
    void endWatches() {
        send("");
    }

    static Misdeed status(int status, String reason, String message) {
        return exchange ->
                reply(
                        exchange,
                        status,
                        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
                                + "\"status\":\"Failure\",\"message\":\""
                                + message
                                + "\",\"reason\":\""
                                + reason
                                + "\",\"code\":"
                                + status
                                + "}");
    }

    static Misdeed body(String body) {
        return exchange -> reply(exchange, 200, body);
    }

    /** Announces more than it sends, and cuts the connection. */
    static Misdeed cutAfter(String body) {
        return exchange -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, bytes.length + 1_000);
            exchange.getResponseBody().write(bytes);
            exchange.getResponseBody().flush();
            throw new IOException("cut");
        };
    }

    /** Never answers. */
    static Misdeed hang() {
        return _ -> {
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                throw (IOException) new InterruptedIOException().initCause(e);
            }
        };
    }

    // --- what was asked ---

    List<Request> requests() {
        return List.copyOf(requests);
    }

    List<Request> lists() {
        return requests.stream().filter(request -> !request.isWatch()).toList();
    }

    List<Request> watches() {
        return requests.stream().filter(Request::isWatch).toList();
    }

    /** Watches so far that were opened, so that {@link #send} reaches the last of them. */
    int watchesOpened() {
        return watchesOpened.get();
    }

    // --- answering ---

    private void answer(HttpExchange exchange) throws IOException {
        Request request =
                new Request(
                        query(exchange.getRequestURI()),
                        String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        requests.add(request);
        try {
            Misdeed misdeed;
            boolean refused;
            synchronized (this) {
                refused =
                        !acceptedToken.isEmpty()
                                && !request.authorization().equals("Bearer " + acceptedToken);
                misdeed = (request.isWatch() ? watchMisdeeds : listMisdeeds).poll();
            }
            if (misdeed != null) {
                misdeed.commit(exchange);
            } else if (refused) {
                status(401, "Unauthorized", "Unauthorized").commit(exchange);
            } else if (!("spec.nodeName=" + NODE).equals(request.query().get("fieldSelector"))) {
                status(400, "BadRequest", "not the node's pods").commit(exchange);
            } else if (request.isWatch()) {
                watch(exchange, request);
            } else {
                list(exchange, request);
            }
        } catch (IOException e) {
            if (!"cut".equals(e.getMessage()) && !(e instanceof InterruptedIOException)) {
                throw new UncheckedIOException(e); // the client went away: ends this exchange
            }
            throw e;
        } finally {
            exchange.close();
        }
    }

    private void list(HttpExchange exchange, Request request) throws IOException {
        String body;
        synchronized (this) {
            List<String> all = List.copyOf(pods.values());
            int from = Integer.parseInt(request.query().getOrDefault("continue", "0"));
            int to = Math.min(all.size(), from + Math.min(pageSize, all.size()));
            body =
                    "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{"
                            + "\"resourceVersion\":\""
                            + resourceVersion
                            + (to < all.size()
                                    ? "\",\"continue\":\""
                                            + to
                                            + "\",\"remainingItemCount\":"
                                            + (all.size() - to)
                                    : "\"")
                            + "},\"items\":["
                            + String.join(",", all.subList(from, to))
                            + "]}";
        }
        reply(exchange, 200, body);
    }

    private void watch(HttpExchange exchange, Request request) throws IOException {
        long from = Long.parseLong(request.query().get("resourceVersion"));
        Watcher watcher = new Watcher(new LinkedBlockingQueue<>());
        synchronized (this) {
            for (Change change : changes) {
                if (change.resourceVersion() > from) {
                    watcher.lines().add(change.line());
                }
            }
            endWatches(); // there is one client
            watchers.clear();
            watchers.add(watcher);
            watchesOpened.incrementAndGet();
        }
        try {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 0);
            OutputStream body = exchange.getResponseBody();
            body.flush();
            for (String line = watcher.lines().take();
                    !line.isEmpty();
                    line = watcher.lines().take()) {
                body.write(line.getBytes(StandardCharsets.UTF_8));
                body.flush();
            }
        } catch (InterruptedException e) {
            throw (IOException) new InterruptedIOException().initCause(e);
        } finally {
            watchers.remove(watcher);
        }
    }

    private static void reply(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static Map<String, String> query(URI uri) {
        Map<String, String> query = new LinkedHashMap<>();
        for (String pair : String.valueOf(uri.getRawQuery()).split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                query.put(
                        pair.substring(0, equals),
                        URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        return query;
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
