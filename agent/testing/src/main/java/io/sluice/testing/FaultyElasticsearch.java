package io.sluice.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;

import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLContext;

/**
 * A bulk endpoint on loopback that misbehaves on request: for what a real Elasticsearch cannot be
 * asked to do. Keeps what it took by id, and answers 409 for what it has; so whatever it did to its
 * clients, {@link #taken} says what arrived and {@link #documents} that nothing was stored twice.
 *
 * <p>Any thread may ask and change its behaviour. Each connection has a thread of its own.
 */
public final class FaultyElasticsearch implements AutoCloseable {
    /** What a server without memory for the moment says of an item. */
    public static final String REJECTED =
            "{\"type\":\"es_rejected_execution_exception\",\"reason\":\"rejected execution of"
                    + " coordinating operation\"}";

    /** What a server says of an item that its mapping cannot take. */
    public static final String MAPPING_FAULT =
            "{\"type\":\"document_parsing_exception\",\"reason\":\"[1:2] failed to parse field"
                    + " [app.n]\"}";

    /** What a server says of an item whose index is blocked. */
    public static final String BLOCKED =
            "{\"type\":\"cluster_block_exception\",\"reason\":\"index [x] blocked by:"
                    + " [FORBIDDEN/8/index write (api)];\"}";

    /**
     * One document of a bulk request.
     *
     * @param action its action line
     * @param source the document itself
     */
    public record Document(String id, String action, String source) {}

    /**
     * What an item that is not taken is answered with.
     *
     * @param error JSON
     */
    public record Fault(int status, String error) {}

    /** What becomes of one bulk request. */
    public sealed interface Reply {
        /** As a healthy server would. */
        record Take() implements Reply {}

        /** As a healthy server would, after a while. */
        record TakeAfter(Duration delay) implements Reply {}

        /** This status and body, nothing taken. */
        record Refuse(int status, String body) implements Reply {}

        /** Everything is taken, and then the connection is closed before the answer. */
        record TakeAndCut() implements Reply {}

        /** Everything is taken, and then the connection is reset before the answer. */
        record TakeAndReset() implements Reply {}

        /** Everything is taken, and the answer ends in its middle, properly by HTTP. */
        record TakeAndTruncate() implements Reply {}

        /** Everything is taken, and the connection is closed in the middle of the answer. */
        record TakeAndCutAnswer() implements Reply {}

        /** Everything is taken, and the answer's items lack the last one. */
        record TakeAndForgetAnItem() implements Reply {}

        /** Everything is taken, and nothing is ever said. */
        record TakeAndHang() implements Reply {}

        /** The connection is closed after the request was read, nothing taken. */
        record Cut() implements Reply {}

        /** Nothing is taken, nothing is ever said. */
        record Hang() implements Reply {}

        /** Each item as the function says; where it says nothing, it is taken. */
        record Mixed(Function<Document, Optional<Fault>> faults) implements Reply {}

        /** As {@link Mixed}, and then the connection is closed before the answer. */
        record MixedAndCut(Function<Document, Optional<Fault>> faults) implements Reply {}

        /** Items for which {@code faulty} says so are answered with this; the others are taken. */
        static Reply items(Predicate<Document> faulty, int status, String error) {
            Fault fault = new Fault(status, error);
            return new Mixed(
                    document -> faulty.test(document) ? Optional.of(fault) : Optional.empty());
        }
    }

    /** Decides about a request, by its number from 0, its documents and its compressed size. */
    @FunctionalInterface
    public interface Behaviour {
        Reply to(int request, List<Document> documents, int compressedBytes);
    }

    private static final Duration LONGEST_HANG = Duration.ofMinutes(2);

    private final String scheme;
    private volatile ServerSocketFactory sockets;
    private final InetAddress address;
    private final AtomicInteger bulks = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger concurrent = new AtomicInteger();
    private final AtomicInteger mostConcurrent = new AtomicInteger();
    private final AtomicInteger alreadyThere = new AtomicInteger();
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private final Set<String> taken = ConcurrentHashMap.newKeySet();
    private final Queue<Document> documents = new ConcurrentLinkedQueue<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final int port;
    private volatile ServerSocket listener;

    /** Until it has left its call the kernel keeps the port for it. */
    private volatile Thread accepting;

    private volatile String lastHead = "";
    private volatile Behaviour behaviour = (request, items, bytes) -> new Reply.Take();
    private volatile int largestUploadBytes = Integer.MAX_VALUE;
    private volatile Reply.Refuse putAnswer = new Reply.Refuse(200, "{}");

    /** On a free port of loopback, without TLS. */
    public FaultyElasticsearch() {
        this("http", ServerSocketFactory.getDefault(), InetAddress.getLoopbackAddress(), 0);
    }

    private FaultyElasticsearch(
            String scheme, ServerSocketFactory sockets, InetAddress address, int port) {
        this.scheme = scheme;
        this.sockets = sockets;
        this.address = address;
        this.listener = listen(port);
        this.port = listener.getLocalPort();
    }

    /** With a certificate of its own. */
    public static FaultyElasticsearch withTls(SSLContext context) {
        return new FaultyElasticsearch(
                "https", context.getServerSocketFactory(), InetAddress.getLoopbackAddress(), 0);
    }

    /**
     * Without TLS on a certain address.
     *
     * @param port 0 for a free one
     */
    public static FaultyElasticsearch at(InetAddress address, int port) {
        return new FaultyElasticsearch("http", ServerSocketFactory.getDefault(), address, port);
    }

    private ServerSocket listen(int wantedPort) {
        try {
            ServerSocket socket = sockets.createServerSocket();
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(address, wantedPort), 50);
            accepting = Thread.ofPlatform().daemon().name("faulty").start(() -> accept(socket));
            return socket;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where it listens, the address as digits. */
    public URI url() {
        return URI.create(scheme + "://" + address.getHostAddress() + ":" + port);
    }

    /** The port it keeps, over {@link #stop} and {@link #start}, too. */
    public int port() {
        return port;
    }

    /** What becomes of the requests from now on. */
    public void behave(Behaviour next) {
        behaviour = next;
    }

    /** What a template that is put is answered with from now on; it is not there in any case. */
    public void answerTemplates(int status, String body) {
        putAnswer = new Reply.Refuse(status, body);
    }

    /** Resets a connection in the middle of a body that is larger, as some proxies do. */
    public void cutUploadsOver(int compressedBytes) {
        largestUploadBytes = compressedBytes;
    }

    /** Refuses connections and resets those that are there. */
    public void stop() {
        try {
            listener.close();
            accepting.join();
            for (Socket socket : open) {
                reset(socket);
            }
            open.clear();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the server stops", e);
        }
    }

    /** Listens again after {@link #stop}, with what it had. */
    public void start() {
        listener = listen(port);
    }

    /** As {@link #start}, showing another certificate. */
    public void startWith(SSLContext context) {
        sockets = context.getServerSocketFactory();
        start();
    }

    /** Bulk requests read so far. */
    public int bulks() {
        return bulks.get();
    }

    /** Connections accepted so far. */
    public int connections() {
        return connections.get();
    }

    /** Ids that were taken. */
    public Set<String> taken() {
        return taken;
    }

    /** Documents that were taken, as they came. */
    public List<Document> documents() {
        return List.copyOf(documents);
    }

    /** Times an id came that was there. */
    public int alreadyThere() {
        return alreadyThere.get();
    }

    /** Most requests that were read and not yet answered, at a time. */
    public int mostConcurrent() {
        return mostConcurrent.get();
    }

    /** First line and headers of the last request. */
    public String lastHead() {
        return lastHead;
    }

    private void accept(ServerSocket from) {
        while (!from.isClosed()) {
            try {
                Socket socket = from.accept();
                open.add(socket);
                if (from.isClosed()) {
                    // Accepted while it was stopped: nobody is to be served any more.
                    reset(socket);
                    return;
                }
                connections.incrementAndGet();
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
            while (one(socket, in, out)) {
                // The next request of the connection.
            }
        } catch (IOException _) {
            // The client went away, or never believed us.
        } finally {
            open.remove(socket);
        }
    }

    /** Whether the connection goes on. */
    private boolean one(Socket socket, InputStream in, OutputStream out) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return false;
            }
            if (head.isEmpty() && !Character.isLetter(next)) {
                // No HTTP; TLS, perhaps.
                answer(out, 400, "");
                return false;
            }
            head.append((char) next);
        }
        // Of this request: another connection may set the last one's any time.
        String request = head.toString();
        lastHead = request;
        int length = 0;
        for (String line : request.lines().toList()) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                length = Integer.parseInt(line.substring(15).strip());
            }
        }
        if (length > largestUploadBytes) {
            in.readNBytes(Math.min(length / 2, largestUploadBytes));
            reset(socket);
            return false;
        }
        byte[] body = in.readNBytes(length);
        if (socket.isClosed()) {
            // By stop: the thread that waited in a read may still be given what came meanwhile.
            return false;
        }
        if (request.startsWith("GET")) {
            return answer(out, 404, "{}");
        }
        if (!request.startsWith("POST")) {
            return answer(out, putAnswer.status(), putAnswer.body());
        }
        int number = bulks.getAndIncrement();
        mostConcurrent.accumulateAndGet(concurrent.incrementAndGet(), Math::max);
        try {
            return bulk(socket, out, number, body);
        } finally {
            concurrent.decrementAndGet();
        }
    }

    private boolean bulk(Socket socket, OutputStream out, int number, byte[] body)
            throws IOException {
        List<Document> request;
        try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(body))) {
            request = documents(new String(gzip.readAllBytes(), StandardCharsets.UTF_8));
        }
        Function<Document, Optional<Fault>> none = _ -> Optional.empty();
        return switch (behaviour.to(number, request, body.length)) {
            case Reply.Take() -> answer(out, 200, take(request, none));
            case Reply.TakeAfter(Duration delay) -> {
                pause(delay);
                yield answer(out, 200, take(request, none));
            }
            case Reply.Mixed(var faults) -> answer(out, 200, take(request, faults));
            case Reply.Refuse(int status, String text) -> answer(out, status, text);
            case Reply.TakeAndTruncate() -> {
                String whole = take(request, none);
                yield answer(out, 200, whole.substring(0, whole.length() / 2));
            }
            case Reply.TakeAndForgetAnItem() -> {
                String whole = take(request, none);
                int last = whole.lastIndexOf("{\"create\"");
                int end = last > 0 && whole.charAt(last - 1) == ',' ? last - 1 : last;
                yield answer(out, 200, whole.substring(0, end) + "]}");
            }
            case Reply.TakeAndCutAnswer() -> {
                byte[] whole = response(200, take(request, none));
                out.write(whole, 0, whole.length / 2);
                out.flush();
                yield false;
            }
            case Reply.TakeAndCut() -> {
                take(request, none);
                yield false;
            }
            case Reply.MixedAndCut(var faults) -> {
                take(request, faults);
                yield false;
            }
            case Reply.TakeAndReset() -> {
                take(request, none);
                reset(socket);
                yield false;
            }
            case Reply.TakeAndHang() -> {
                take(request, none);
                pause(LONGEST_HANG);
                yield false;
            }
            case Reply.Hang() -> {
                pause(LONGEST_HANG);
                yield false;
            }
            case Reply.Cut() -> false;
        };
    }

    private static List<Document> documents(String ndjson) {
        List<Document> found = new ArrayList<>();
        List<String> lines = ndjson.lines().toList();
        for (int i = 0; i < lines.size(); i += 2) {
            found.add(new Document(id(lines.get(i)), lines.get(i), lines.get(i + 1)));
        }
        return found;
    }

    private static String id(String action) {
        int from = action.indexOf("\"_id\":\"") + 7;
        return from < 7 ? "" : action.substring(from, action.indexOf('"', from));
    }

    private String take(List<Document> request, Function<Document, Optional<Fault>> faults) {
        StringBuilder answer = new StringBuilder("{\"errors\":true,\"items\":[");
        String separator = "";
        for (Document document : request) {
            answer.append(separator).append("{\"create\":{\"status\":");
            separator = ",";
            Optional<Fault> fault = faults.apply(document);
            if (fault.isPresent()) {
                answer.append(fault.get().status())
                        .append(",\"error\":")
                        .append(fault.get().error());
            } else if (taken.add(document.id())) {
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

    /** Until the time is over or the server closed. */
    private void pause(Duration delay) {
        try {
            closed.await(delay.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void reset(Socket socket) throws IOException {
        try {
            socket.setSoLinger(true, 0);
        } catch (SocketException _) {
            // Closed already.
        }
        socket.close();
    }

    private static boolean answer(OutputStream out, int status, String body) throws IOException {
        out.write(response(status, body));
        out.flush();
        return true;
    }

    private static byte[] response(int status, String body) {
        int length = body.getBytes(StandardCharsets.UTF_8).length;
        return ("HTTP/1.1 "
                        + status
                        + " X\r\nContent-Type: application/json\r\nContent-Length: "
                        + length
                        + "\r\n\r\n"
                        + body)
                .getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        closed.countDown();
        stop();
    }
}
