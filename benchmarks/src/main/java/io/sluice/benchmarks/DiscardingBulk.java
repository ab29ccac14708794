package io.sluice.benchmarks;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import java.util.zip.GZIPInputStream;

/**
 * An Elasticsearch that keeps nothing: takes bulk requests as fast as it can, says of every
 * document what a real one would ({@code create}, 201), and counts.
 *
 * <p>It unpacks a body to learn how many documents are in it, as a real one must answer each. So it
 * is to run as a process of its own ({@link #main}), where its CPU is not the agent's.
 *
 * <p>HTTP/1.1 over plain sockets, a thread for each connection: no more than the requests of a bulk
 * client need.
 */
public final class DiscardingBulk implements AutoCloseable {
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final byte[] ITEM =
            "{\"create\":{\"status\":201}}".getBytes(StandardCharsets.US_ASCII);
    private static final String INFO =
            "{\"name\":\"discarding\",\"cluster_name\":\"discarding\",\"version\":{\"number\":\"9.5.3\",\"build_flavor\":\"default\"},\"tagline\":\"You"
                + " Know, for Search\"}";

    private final ServerSocket socket;
    private final LongAdder requests = new LongAdder();
    private final LongAdder documents = new LongAdder();
    private final LongAdder compressedBytes = new LongAdder();
    private final LongAdder uncompressedBytes = new LongAdder();

    private DiscardingBulk(ServerSocket socket) {
        this.socket = socket;
    }

    /**
     * Listens on loopback.
     *
     * @param port 0 for any that is free
     */
    public static DiscardingBulk listen(int port) throws IOException {
        ServerSocket socket = new ServerSocket(port, 64, InetAddress.getLoopbackAddress());
        DiscardingBulk server = new DiscardingBulk(socket);
        Thread.ofPlatform().name("accept").daemon().start(server::accept);
        return server;
    }

    /** Where it listens, as a client wants it. */
    public String url() {
        return "http://127.0.0.1:" + socket.getLocalPort();
    }

    /**
     * What has come so far, as JSON: {@code requests} (bulk ones), {@code documents}, {@code
     * compressedBytes} and {@code uncompressedBytes} of their bodies.
     */
    public String stats() {
        return String.format(
                Locale.ROOT,
                "{\"requests\":%d,\"documents\":%d,\"compressedBytes\":%d,\"uncompressedBytes\":%d}",
                requests.sum(),
                documents.sum(),
                compressedBytes.sum(),
                uncompressedBytes.sum());
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private void accept() {
        while (true) {
            Socket client;
            try {
                client = socket.accept();
            } catch (IOException _) {
                // Closed: nobody can connect any more.
                return;
            }
            Thread.ofPlatform().name("connection").daemon().start(() -> serve(client));
        }
    }

    private void serve(Socket client) {
        try (client) {
            client.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(client.getInputStream(), BUFFER_BYTES);
            OutputStream out = client.getOutputStream();
            byte[] buffer = new byte[BUFFER_BYTES];
            while (true) {
                String line = readLine(in);
                if (line.isEmpty()) {
                    return;
                }
                answer(Request.read(line, in, out), out, buffer);
            }
        } catch (IOException e) {
            // The client went away, or speaks no HTTP; the benchmark shows it as documents missing.
            System.err.println("connection ended: " + e);
        }
    }

    private void answer(Request request, OutputStream out, byte[] buffer) throws IOException {
        if (request.path().endsWith("/_bulk")) {
            long lines = countLines(request, buffer);
            long items = lines / 2;
            requests.increment();
            documents.add(items);
            respond(out, request, bulkAnswer(Math.toIntExact(items)));
            return;
        }
        skip(request.body(), buffer);
        String json =
                switch (request.path()) {
                    case "/" -> INFO;
                    case "/_stats" -> stats();
                    default -> "{}";
                };
        respond(out, request, json.getBytes(StandardCharsets.US_ASCII));
    }

    private long countLines(Request request, byte[] buffer) throws IOException {
        CountedBytes compressed = new CountedBytes(request.body());
        InputStream body =
                request.gzip() ? new GZIPInputStream(compressed, BUFFER_BYTES) : compressed;
        long lines = 0;
        long bytes = 0;
        for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
            for (int i = 0; i < read; i++) {
                if (buffer[i] == '\n') {
                    lines++;
                }
            }
            bytes += read;
        }
        // What stands behind the gzip stream belongs to this request all the same.
        skip(compressed, buffer);
        compressedBytes.add(compressed.bytes);
        uncompressedBytes.add(bytes);
        return lines;
    }

    private static void skip(InputStream body, byte[] buffer) throws IOException {
        while (body.read(buffer) >= 0) {}
    }

    private static byte[] bulkAnswer(int items) {
        byte[] head = "{\"errors\":false,\"items\":[".getBytes(StandardCharsets.US_ASCII);
        int itemBytes = items == 0 ? 0 : items * (ITEM.length + 1) - 1;
        byte[] answer = new byte[head.length + itemBytes + 2];
        System.arraycopy(head, 0, answer, 0, head.length);
        int at = head.length;
        for (int i = 0; i < items; i++) {
            if (i > 0) {
                answer[at++] = ',';
            }
            System.arraycopy(ITEM, 0, answer, at, ITEM.length);
            at += ITEM.length;
        }
        answer[at] = ']';
        answer[at + 1] = '}';
        return answer;
    }

    private static void respond(OutputStream out, Request request, byte[] json) throws IOException {
        String head =
                "HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\nContent-Type: "
                        + request.contentType()
                        + "\r\nContent-Length: "
                        + json.length
                        + "\r\n\r\n";
        byte[] headBytes = head.getBytes(StandardCharsets.US_ASCII);
        int bodyBytes = request.method().equals("HEAD") ? 0 : json.length;
        // One write: two of them would be two packets.
        byte[] whole = new byte[headBytes.length + bodyBytes];
        System.arraycopy(headBytes, 0, whole, 0, headBytes.length);
        System.arraycopy(json, 0, whole, headBytes.length, bodyBytes);
        out.write(whole);
        out.flush();
    }

    /** A line of the head, without its end; empty at the head's end and at the connection's. */
    private static String readLine(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int read = in.read(); read >= 0; read = in.read()) {
            if (read == '\n') {
                break;
            }
            if (read != '\r') {
                line.append((char) read);
            }
        }
        return line.toString();
    }

    /**
     * A request whose body is still to be read.
     *
     * @param path without its query
     * @param gzip whether the body is compressed
     * @param contentType what the client accepts: its media type with {@code compatible-with}
     * @param body ends where the request does
     */
    private record Request(
            String method, String path, boolean gzip, String contentType, InputStream body) {

        static Request read(String requestLine, InputStream in, OutputStream out)
                throws IOException {
            String[] parts = requestLine.split(" ", 3);
            if (parts.length != 3) {
                throw new IOException("no request line: " + requestLine);
            }
            int query = parts[1].indexOf('?');
            String path = query < 0 ? parts[1] : parts[1].substring(0, query);
            long length = 0;
            boolean chunked = false;
            boolean gzip = false;
            boolean expects = false;
            String contentType = "application/json";
            for (String line = readLine(in); !line.isEmpty(); line = readLine(in)) {
                int colon = line.indexOf(':');
                if (colon < 0) {
                    throw new IOException("no header: " + line);
                }
                String value = line.substring(colon + 1).strip();
                switch (line.substring(0, colon).toLowerCase(Locale.ROOT)) {
                    case "content-length" -> length = Long.parseLong(value);
                    case "transfer-encoding" -> chunked = value.equalsIgnoreCase("chunked");
                    case "content-encoding" -> gzip = value.equalsIgnoreCase("gzip");
                    case "expect" -> expects = true;
                    case "accept" -> {
                        if (value.contains("json") && !value.contains(",")) {
                            contentType = value;
                        }
                    }
                    default -> {}
                }
            }
            if (expects) {
                out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                out.flush();
            }
            InputStream body = chunked ? new ChunkedBody(in) : new FixedBody(in, length);
            return new Request(parts[0], path, gzip, contentType, body);
        }
    }

    /** A body of a length that was announced. */
    private static final class FixedBody extends FilterInputStream {
        private long left;

        FixedBody(InputStream in, long length) {
            super(in);
            this.left = length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int read = in.read(into, from, (int) Math.min(length, left));
            if (read < 0) {
                throw new EOFException(left + " bytes of the body are missing");
            }
            left -= read;
            return read;
        }

        /** GZIPInputStream looks for a further member only where something is available. */
        @Override
        public int available() throws IOException {
            return (int) Math.min(left, in.available());
        }
    }

    /** A body in chunks (RFC 9112, section 7.1). */
    private static final class ChunkedBody extends FilterInputStream {
        private long left;
        private boolean begun;
        private boolean ended;

        ChunkedBody(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (left == 0 && !ended) {
                nextChunk();
            }
            if (ended) {
                return -1;
            }
            int read = in.read(into, from, (int) Math.min(length, left));
            if (read < 0) {
                throw new EOFException("a chunk is cut off");
            }
            left -= read;
            return read;
        }

        private void nextChunk() throws IOException {
            if (begun) {
                readLine(in);
            }
            begun = true;
            String size = readLine(in);
            int extension = size.indexOf(';');
            left = Long.parseLong(extension < 0 ? size : size.substring(0, extension), 16);
            if (left == 0) {
                ended = true;
                while (!readLine(in).isEmpty()) {}
            }
        }

        @Override
        public int available() throws IOException {
            return (int) Math.min(left, in.available());
        }
    }

    private static final class CountedBytes extends FilterInputStream {
        private long bytes;

        CountedBytes(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            int read = in.read();
            bytes += read < 0 ? 0 : 1;
            return read;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            int read = in.read(into, from, length);
            bytes += Math.max(0, read);
            return read;
        }
    }

    /**
     * Says on its first line where it listens, and counts until SIGTERM; then prints {@link
     * #stats}.
     *
     * @param args the port; none for any that is free
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        DiscardingBulk server = listen(args.length == 0 ? 0 : Integer.parseInt(args[0]));
        System.out.println(server.url());
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform().unstarted(() -> System.out.println(server.stats())));
        Thread.currentThread().join();
    }
}
