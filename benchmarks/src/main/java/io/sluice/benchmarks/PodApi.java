package io.sluice.benchmarks;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The little of a Kubernetes API server that agents ask for metadata: the pods of the one node
 * (list, and a watch in which nothing happens), one pod, one namespace. Documents then carry what
 * they would in a cluster: labels, owner, node, image.
 */
final class PodApi implements AutoCloseable {
    static final String NODE = "bench-node";

    private static final long LONGEST_WATCH_SECONDS = 600;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closed = new CountDownLatch(1);

    /** JSON of a pod by its name. */
    private final Map<String, String> pods = new LinkedHashMap<>();

    private PodApi(LogFiles logs) throws IOException {
        Map<String, StringJoiner> containers = new LinkedHashMap<>();
        Map<String, StringJoiner> statuses = new LinkedHashMap<>();
        Map<String, LogFiles.Container> first = new LinkedHashMap<>();
        for (LogFiles.Container container : logs.containers()) {
            first.putIfAbsent(container.pod(), container);
            containers
                    .computeIfAbsent(container.pod(), _ -> new StringJoiner(","))
                    .add(
                            "{\"name\":\"%s\",\"image\":\"registry.example/shop:1.4.2\"}"
                                    .formatted(container.name()));
            statuses.computeIfAbsent(container.pod(), _ -> new StringJoiner(","))
                    .add(
                            """
                            {"name":"%s","image":"registry.example/shop:1.4.2",\
                            "imageID":"sha256:%2$s","containerID":"containerd://%2$s"}\
                            """
                                    .formatted(container.name(), container.id()));
        }
        first.forEach(
                (name, container) ->
                        pods.put(
                                name,
                                pod(
                                        container,
                                        containers.get(name).toString(),
                                        statuses.get(name).toString())));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
    }

    static PodApi start(LogFiles logs) throws IOException {
        PodApi api = new PodApi(logs);
        api.server.start();
        return api;
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private static String pod(LogFiles.Container of, String containers, String statuses) {
        return """
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"%1$s","namespace":"%2$s","uid":"%3$s",\
        "resourceVersion":"1","creationTimestamp":"2026-11-24T08:00:00Z",\
        "labels":{"app.kubernetes.io/name":"shop","app.kubernetes.io/version":"1.4.2",\
        "app.kubernetes.io/part-of":"store","pod-template-hash":"7d9c5b8f6","team":"orders"},\
        "annotations":{"kubernetes.io/config.seen":"2026-11-24T08:00:00Z"},\
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"shop-7d9c5b8f6",\
        "uid":"11111111-1111-4111-8111-111111111111","controller":true}]},\
        "spec":{"nodeName":"%4$s","containers":[%5$s]},\
        "status":{"phase":"Running","podIP":"10.244.0.7","hostIP":"10.0.0.1",\
        "podIPs":[{"ip":"10.244.0.7"}],"containerStatuses":[%6$s]}}\
        """
                .formatted(of.pod(), LogFiles.NAMESPACE, of.uid(), NODE, containers, statuses);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            URI uri = exchange.getRequestURI();
            String path = uri.getPath();
            String namespace = "/api/v1/namespaces/" + LogFiles.NAMESPACE;
            String query = uri.getRawQuery();
            if (path.equals("/api/v1/pods") && query != null && query.contains("watch=true")) {
                watch(exchange);
            } else if (path.equals("/api/v1/pods") || path.equals(namespace + "/pods")) {
                send(
                        exchange,
                        200,
                        "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"1\"},"
                            + "\"items\":["
                                + String.join(",", pods.values())
                                + "]}");
            } else if (path.equals(namespace)) {
                send(
                        exchange,
                        200,
                        "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\""
                                + LogFiles.NAMESPACE
                                + "\",\"uid\":\"22222222-2222-4222-8222-222222222222\"}}");
            } else {
                String pod = pods.get(path.substring(path.lastIndexOf('/') + 1));
                send(
                        exchange,
                        pod == null ? 404 : 200,
                        pod == null ? "{\"kind\":\"Status\",\"code\":404}" : pod);
            }
        }
    }

    /** Answers, and then has nothing to say. */
    private void watch(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().flush();
        try {
            boolean _ = closed.await(LONGEST_WATCH_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void send(HttpExchange exchange, int status, String json) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
