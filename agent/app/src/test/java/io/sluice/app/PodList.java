package io.sluice.app;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * An API server on loopback that knows the pods of one node, in which nothing changes: a list, and
 * a watch that has nothing to say.
 */
final class PodList implements AutoCloseable {
    static final String NODE = "node-1";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final List<String> pods = new ArrayList<>();

    PodList() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/api/v1/pods", this::answer);
    }

    /**
     * Adds a pod; before {@link #start}.
     *
     * @param owner its controller: {@code apps/v1 ReplicaSet cart-7d9c}; empty for a bare pod
     */
    PodList pod(String namespace, String name, String uid, String owner) {
        String[] parts = owner.split(" ", -1);
        // A Deployment's ReplicaSet is known by it.
        String labels =
                owner.contains(" ReplicaSet ")
                        ? "\"pod-template-hash\":\""
                                + owner.substring(owner.lastIndexOf('-') + 1)
                                + "\""
                        : "";
        String owners =
                owner.isEmpty()
                        ? ""
                        : """
                        {"apiVersion":"%s","kind":"%s","name":"%s","uid":"o","controller":true}\
                        """
                                .formatted(parts[0], parts[1], parts[2]);
        pods.add(
                """
                {"metadata":{"namespace":"%s","name":"%s","uid":"%s","resourceVersion":"1",
                "creationTimestamp":"2026-11-24T08:00:00Z","labels":{%s},
                "ownerReferences":[%s]},"spec":{"nodeName":"%s","containers":[]},
                "status":{"phase":"Running","podIP":"10.244.0.7"}}\
                """
                        .formatted(namespace, name, uid, labels, owners, NODE));
        return this;
    }

    PodList start() {
        server.start();
        return this;
    }

    /** What {@code kubernetes.api} is set to. */
    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            if (exchange.getRequestURI().getRawQuery().contains("watch=true")) {
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().flush();
                closed.await();
                return;
            }
            byte[] list =
                    ("{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":["
                                    + String.join(",", pods)
                                    + "]}")
                            .getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, list.length);
            exchange.getResponseBody().write(list);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
