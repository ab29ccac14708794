package io.sluice.elasticsearch;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;

/**
 * A bulk endpoint on loopback that misbehaves on request; only for what a real Elasticsearch cannot
 * be asked to do. Keeps what it took by id, and answers 409 for what it has.
 */
final class FaultyElasticsearch implements AutoCloseable {

    /** What becomes of one bulk request. */
    sealed interface Reply {
        /** As a healthy server would. */
        record Take() implements Reply {}

        /** This status and body, nothing taken. */
        record Refuse(int status, String body) implements Reply {}

        /** Everything is taken, and then the connection is cut before the answer. */
        record TakeAndCut() implements Reply {}

        /** Everything is taken, and the answer ends in its middle, properly by HTTP. */
        record TakeAndTruncate() implements Reply {}

        /** The connection is cut while the request is read. */
        record Cut() implements Reply {}

        /** Items for which {@code faulty} says so are answered with this; the others are taken. */
        record Items(Predicate<String> faulty, int status, String error) implements Reply {}
    }

    /** Decides about a request, by its number from 0 and its documents. */
    @FunctionalInterface
    interface Behaviour {
        Reply to(int request, List<BulkBody.Item> items, int compressedBytes);
    }

    private final ServerSocket listener;
    private final AtomicInteger bulks = new AtomicInteger();
    private final AtomicInteger concurrent = new AtomicInteger();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    /** Ids that were taken. */
    final Set<String> taken = ConcurrentHashMap.newKeySet();

    /** Documents that were taken, as they came. */
    final List<String> documents = new CopyOnWriteArrayList<>();

    /** Times an id came that was there. */
    final AtomicInteger alreadyThere = new AtomicInteger();

    /** Most requests that were read and not yet answered, at a time. */
    final AtomicInteger mostConcurrent = new AtomicInteger();

    /** Headers and first line of the last request. */
    volatile String lastHead = "";

    volatile Behaviour behaviour = (request, items, bytes) -> new Reply.Take();

    FaultyElasticsearch() {
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofPlatform().daemon().name("faulty").start(this::accept);
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    int bulks() {
        return bulks.get();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                sockets.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException _) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket;
                InputStream in = new BufferedInputStream(socket.getInputStream());
                OutputStream out = socket.getOutputStream()) {
            while (one(in, out)) {
                // The next request of the connection.
            }
        } catch (IOException _) {
            // The client went away.
        }
    }

    /** Whether the connection goes on. */
    private boolean one(InputStream in, OutputStream out) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return false;
            }
            head.append((char) next);
        }
        lastHead = head.toString();
        int length = 0;
        for (String line : lastHead.lines().toList()) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).strip());
            }
        }
        byte[] body = in.readNBytes(length);
        if (!lastHead.startsWith("POST")) {
            answer(out, lastHead.startsWith("GET") ? 404 : 200, "{}");
            return true;
        }
        int number = bulks.getAndIncrement();
        mostConcurrent.accumulateAndGet(concurrent.incrementAndGet(), Math::max);
        try {
            return bulk(out, number, body);
        } finally {
            concurrent.decrementAndGet();
        }
    }

    private boolean bulk(OutputStream out, int number, byte[] body) throws IOException {
        List<BulkBody.Item> items;
        try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(body))) {
            items = items(new String(gzip.readAllBytes(), StandardCharsets.UTF_8));
        }
        Reply reply = behaviour.to(number, items, body.length);
        switch (reply) {
            case Reply.Take() -> answer(out, 200, take(items, _ -> false, 0, ""));
            case Reply.Refuse(int status, String text) -> answer(out, status, text);
            case Reply.TakeAndCut() -> {
                take(items, _ -> false, 0, "");
                return false;
            }
            case Reply.TakeAndTruncate() -> {
                String whole = take(items, _ -> false, 0, "");
                answer(out, 200, whole.substring(0, whole.length() / 2));
            }
            case Reply.Cut() -> {
                return false;
            }
            case Reply.Items(var faulty, int status, String error) ->
                    answer(out, 200, take(items, faulty, status, error));
        }
        return true;
    }

    private static List<BulkBody.Item> items(String ndjson) {
        List<BulkBody.Item> items = new ArrayList<>();
        List<String> lines = ndjson.lines().toList();
        for (int i = 0; i < lines.size(); i += 2) {
            items.add(
                    new BulkBody.Item(
                            lines.get(i).getBytes(StandardCharsets.UTF_8),
                            lines.get(i + 1).getBytes(StandardCharsets.UTF_8)));
        }
        return items;
    }

    private String take(
            List<BulkBody.Item> items, Predicate<String> faulty, int status, String error) {
        StringBuilder answer = new StringBuilder("{\"errors\":true,\"items\":[");
        String separator = "";
        for (BulkBody.Item item : items) {
            String document = new String(item.document(), StandardCharsets.UTF_8);
            answer.append(separator).append("{\"create\":{\"status\":");
            separator = ",";
            if (faulty.test(document)) {
                answer.append(status).append(",\"error\":").append(error);
            } else if (taken.add(item.id())) {
                documents.add(document);
                answer.append(201);
            } else {
                alreadyThere.incrementAndGet();
                answer.append(
                        "409,\"error\":{\"type\":\"version_conflict_engine_exception\","
                                + "\"reason\":\"document already exists\"}");
            }
            answer.append("}}");
        }
        return answer.append("]}").toString();
    }

    private static void answer(OutputStream out, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head =
                "HTTP/1.1 "
                        + status
                        + " X\r\nContent-Type: application/json\r\nContent-Length: "
                        + bytes.length
                        + "\r\n\r\n";
        out.write(head.getBytes(StandardCharsets.US_ASCII));
        out.write(bytes);
        out.flush();
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
