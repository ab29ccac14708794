package io.sluice.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * An Elasticsearch that keeps nothing: takes bulk requests as fast as it can, says of every
 * document what a real one would ({@code create}, 201), and knows of every line of ours whether it
 * came, and how often.
 *
 * <p>It unpacks a body to learn how many documents are in it, as a real one must answer each.
 * Looking for the lines in them can wait: gzip bodies are kept as they came, and searched by {@link
 * #verify}; others are searched at once. It is to run as a process of its own ({@link #main}) where
 * speed is measured, so that its CPU is not the agent's.
 *
 * <p>A thread for each connection.
 */
public final class DiscardingBulk implements AutoCloseable {
    private static final int BACKLOG = 64;

    private final Optional<KeptBodies> kept;
    private final Acknowledged listener;
    private final BulkAnswer answer = new BulkAnswer();
    private final LineCheck check = new LineCheck();
    private final Set<BulkConnection> connections = ConcurrentHashMap.newKeySet();
    private final LongAdder requests = new LongAdder();
    private final LongAdder documents = new LongAdder();
    private final LongAdder markers = new LongAdder();
    private final LongAdder compressedBytes = new LongAdder();
    private final LongAdder uncompressedBytes = new LongAdder();
    private final AtomicLong firstEpochMicros = new AtomicLong();
    private final AtomicLong lastEpochMicros = new AtomicLong();
    private final int port;

    /** Null while it is down; guarded by this. */
    private ServerSocketChannel socket;

    private boolean verified;

    /** Is told of lines whose bulk request was answered. Where bodies are kept, of none. */
    @FunctionalInterface
    interface Acknowledged {
        Acknowledged NOBODY = (source, number) -> {};

        /** The answer is with the kernel. On the connection's thread. */
        void acknowledged(int source, long number);
    }

    private DiscardingBulk(int port, Optional<KeptBodies> kept, Acknowledged listener)
            throws IOException {
        this.kept = kept;
        this.listener = listener;
        this.socket = bind(port);
        this.port = ((InetSocketAddress) socket.getLocalAddress()).getPort();
    }

    private static ServerSocketChannel bind(int port) throws IOException {
        return ServerSocketChannel.open()
                .setOption(StandardSocketOptions.SO_REUSEADDR, true)
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
    }

    /**
     * Listens on loopback, and checks every line as it comes.
     *
     * @param port 0 for any that is free
     */
    static DiscardingBulk listen(int port, Acknowledged listener) throws IOException {
        return listen(port, Optional.empty(), listener);
    }

    /**
     * Listens on loopback.
     *
     * @param port 0 for any that is free
     * @param kept where gzip bodies go until {@link #verify}
     */
    static DiscardingBulk listen(int port, Optional<KeptBodies> kept, Acknowledged listener)
            throws IOException {
        DiscardingBulk server = new DiscardingBulk(port, kept, listener);
        server.acceptFrom(server.socket);
        return server;
    }

    private void acceptFrom(ServerSocketChannel open) {
        Thread.ofPlatform().name("accept").daemon().start(() -> accept(open));
    }

    private void accept(ServerSocketChannel open) {
        while (true) {
            SocketChannel client;
            try {
                client = open.accept();
            } catch (IOException _) {
                // Closed: nobody can connect any more.
                return;
            }
            try {
                serve(open, client);
            } catch (IOException e) {
                System.err.println("connection not closed: " + e);
            }
        }
    }

    /** A client that came in time; one that was accepted while the server went down did not. */
    private synchronized void serve(ServerSocketChannel open, SocketChannel client)
            throws IOException {
        if (!open.isOpen()) {
            client.close();
            return;
        }
        BulkConnection connection = new BulkConnection(this, client);
        connections.add(connection);
        Thread.ofPlatform().name("connection").daemon().start(connection);
    }

    /** Where it listens, as a client wants it. */
    String url() {
        return "http://127.0.0.1:" + port;
    }

    /** Refuses connections from now on; what was taken is answered before this returns. */
    synchronized void down() throws IOException, InterruptedException {
        if (socket == null) {
            return;
        }
        socket.close();
        socket = null;
        for (BulkConnection connection : connections) {
            connection.end();
        }
        while (!connections.isEmpty()) {
            Thread.sleep(1);
        }
    }

    /** Takes connections again, at the same port. */
    synchronized void up() throws IOException {
        if (socket == null) {
            socket = bind(port);
            acceptFrom(socket);
        }
    }

    EndpointStats stats() {
        return new EndpointStats(
                requests.sum(),
                documents.sum(),
                markers.sum(),
                compressedBytes.sum(),
                uncompressedBytes.sum(),
                firstEpochMicros.get(),
                lastEpochMicros.get());
    }

    /**
     * Searches the bodies that were kept, and compares with what was written. Once, when nothing
     * comes any more.
     *
     * @param written lines by source
     */
    synchronized LineCheck.Outcome verify(long[] written) throws IOException {
        if (verified) {
            throw new IllegalStateException("verified already");
        }
        verified = true;
        if (kept.isPresent()) {
            MarkerScanner scanner = new MarkerScanner(check);
            try (Gunzip gunzip = Gunzip.open()) {
                kept.get().forEach((body, length) -> gunzip.read(body, length, scanner));
            }
        }
        return check.outcome(written);
    }

    // --- for its connections ---

    BulkAnswer answer() {
        return answer;
    }

    LineCheck check() {
        return check;
    }

    Acknowledged listener() {
        return listener;
    }

    /** Whether the body is kept; if not, its lines must be checked now. */
    boolean keep(ByteBuffer body) throws IOException {
        return kept.isPresent() && kept.get().keep(body);
    }

    void took(long documentsInIt, long markersInIt, long compressed, long uncompressed, long now) {
        requests.increment();
        documents.add(documentsInIt);
        markers.add(markersInIt);
        compressedBytes.add(compressed);
        uncompressedBytes.add(uncompressed);
        firstEpochMicros.compareAndSet(0, now);
        lastEpochMicros.accumulateAndGet(now, Math::max);
    }

    void left(BulkConnection connection) {
        connections.remove(connection);
    }

    @Override
    public void close() throws IOException {
        try {
            down();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        if (kept.isPresent()) {
            kept.get().close();
        }
    }

    /**
     * Says on its first line where it listens, and then answers each line of its input with one:
     * {@code stats}, {@code down}, {@code up}, {@code gunzip}, {@code verify 100,200} (lines by
     * source). Ends with its input, or by SIGTERM, and says {@code stats} once more.
     *
     * @param args the port (0 for any that is free), and, if gzip bodies are to be kept, a file for
     *     them and how many bytes it may take
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        int port = args.length > 0 ? Integer.parseInt(args[0]) : 0;
        Optional<KeptBodies> kept =
                args.length == 3
                        ? Optional.of(new KeptBodies(Path.of(args[1]), Long.parseLong(args[2])))
                        : Optional.empty();
        DiscardingBulk server = listen(port, kept, Acknowledged.NOBODY);
        System.out.println(server.url());
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .unstarted(() -> System.out.println(server.stats().line())));
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            System.out.println(server.obey(line));
        }
    }

    private String obey(String command) throws IOException, InterruptedException {
        String[] words = command.split(" ", 2);
        switch (words[0]) {
            case "stats" -> {
                return stats().line();
            }
            case "down" -> {
                down();
                return "down";
            }
            case "up" -> {
                up();
                return "up";
            }
            case "gunzip" -> {
                try (Gunzip gunzip = Gunzip.open()) {
                    return gunzip.name();
                }
            }
            case "verify" -> {
                long[] written =
                        Arrays.stream(words[1].split(",", -1)).mapToLong(Long::parseLong).toArray();
                LineCheck.Outcome outcome = verify(written);
                return "lost="
                        + outcome.lost()
                        + " doubled="
                        + outcome.doubled()
                        + " torn="
                        + outcome.torn();
            }
            default -> {
                return "unknown command " + command;
            }
        }
    }
}
