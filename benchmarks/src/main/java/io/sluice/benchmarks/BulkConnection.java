package io.sluice.benchmarks;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One client of {@link DiscardingBulk}: HTTP/1.1, request after request, as much of it as bulk
 * clients use. A body is read into native memory once, and unpacked, written to the file and looked
 * at from there.
 */
final class BulkConnection implements Runnable {
    private static final int INPUT_BYTES = 64 * 1024;
    private static final long FIRST_BODY_BYTES = 1 << 20;
    private static final long LARGEST_BODY_BYTES = 1 << 30;
    private static final int LONGEST_LINE = 64 * 1024;
    private static final byte[] CONTINUE =
            "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final String INFO =
            "{\"name\":\"discarding\",\"cluster_name\":\"discarding\",\"version\":"
                    + "{\"number\":\"9.5.3\",\"build_flavor\":\"default\"},"
                    + "\"tagline\":\"You Know, for Search\"}";

    private final DiscardingBulk server;
    private final SocketChannel channel;
    private final Gunzip gunzip = Gunzip.open();
    private final LineCounter counter = new LineCounter();
    private final List<Arrived> arrived = new ArrayList<>();
    private final MarkerScanner scanner = new MarkerScanner(new Arrivals());
    private final ByteBuffer input = ByteBuffer.allocateDirect(INPUT_BYTES).limit(0);
    private NativeBytes body = new NativeBytes(FIRST_BODY_BYTES);

    // guarded by this: a connection is not closed between a body that was counted and its answer
    private boolean answering;
    private boolean closed;

    private record Arrived(int source, long number, boolean torn) {}

    /** Collects the lines of one body: they count when it has been read as a whole. */
    private final class Arrivals implements MarkerScanner.Lines {
        @Override
        public void line(int source, long number) {
            arrived.add(new Arrived(source, number, false));
        }

        @Override
        public void torn(int source, long number) {
            arrived.add(new Arrived(source, number, true));
        }
    }

    /**
     * A request's head.
     *
     * @param path without its query
     * @param bodyBytes length of the body; negative where it comes in chunks
     * @param contentType what the client accepts: its media type with {@code compatible-with}
     */
    private record Head(
            String method,
            String path,
            long bodyBytes,
            boolean gzip,
            boolean expects,
            String contentType) {}

    BulkConnection(DiscardingBulk server, SocketChannel channel) {
        this.server = server;
        this.channel = channel;
    }

    @Override
    public void run() {
        try (channel) {
            channel.socket().setTcpNoDelay(true);
            String line = readRequestLine();
            while (!line.isEmpty()) {
                answer(readHead(line));
                line = readRequestLine();
            }
        } catch (ClosedChannelException _) {
            // The server is down, or was closed.
        } catch (IOException e) {
            // The client went away, or speaks no HTTP; it shows as lines missing.
            System.err.println("connection ended: " + e);
        } finally {
            gunzip.close();
            body.close();
            server.left(this);
        }
    }

    /** Ends the connection, behind the answer that is under way if there is one. Any thread. */
    synchronized void end() throws IOException {
        closed = true;
        if (!answering) {
            channel.close();
        }
    }

    private synchronized void beginAnswer() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
        answering = true;
    }

    private synchronized void endAnswer() throws IOException {
        answering = false;
        if (closed) {
            channel.close();
        }
    }

    private void answer(Head head) throws IOException {
        if (head.expects()) {
            channel.write(ByteBuffer.wrap(CONTINUE));
        }
        readBody(head.bodyBytes());
        beginAnswer();
        try {
            if (head.path().endsWith("/_bulk")) {
                long documents = take(head.gzip());
                respond(head, server.answer().parts(documents));
                tellArrived();
            } else {
                String json = head.path().equals("/") ? INFO : "{}";
                respond(head, ByteBuffer.wrap(json.getBytes(StandardCharsets.US_ASCII)));
            }
        } finally {
            endAnswer();
        }
    }

    /**
     * Counts what is in the body, and sees to it that its lines are checked now or later.
     *
     * @return documents in it
     */
    private long take(boolean gzip) throws IOException {
        int length = body.buffer.flip().remaining();
        boolean kept = gzip && server.keep(body.buffer.duplicate());
        counter.clear();
        arrived.clear();
        Pieces pieces = kept ? counter : this::countAndScan;
        long uncompressed = length;
        if (gzip) {
            uncompressed = gunzip.read(body.memory, length, pieces);
        } else {
            pieces.take(body.memory, length);
        }
        for (Arrived line : arrived) {
            if (line.torn()) {
                server.check().torn(line.source(), line.number());
            } else {
                server.check().line(line.source(), line.number());
            }
        }
        long documents = counter.newlines() / 2;
        long now = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        server.took(documents, counter.markers(), length, uncompressed, now);
        return documents;
    }

    private void countAndScan(MemorySegment bytes, int length) {
        counter.take(bytes, length);
        scanner.take(bytes, length);
    }

    private void tellArrived() {
        for (Arrived line : arrived) {
            server.listener().acknowledged(line.source(), line.number());
        }
    }

    private void respond(Head head, ByteBuffer... json) throws IOException {
        long length = 0;
        for (ByteBuffer part : json) {
            length += part.remaining();
        }
        String text =
                "HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\nContent-Type: "
                        + head.contentType()
                        + "\r\nContent-Length: "
                        + length
                        + "\r\n\r\n";
        ByteBuffer[] parts = new ByteBuffer[json.length + 1];
        parts[0] = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        System.arraycopy(json, 0, parts, 1, json.length);
        long left = parts[0].remaining() + (head.method().equals("HEAD") ? 0 : length);
        int count = head.method().equals("HEAD") ? 1 : parts.length;
        while (left > 0) {
            left -= channel.write(parts, 0, count);
        }
    }

    private Head readHead(String requestLine) throws IOException {
        String[] words = requestLine.split(" ", 3);
        if (words.length != 3) {
            throw new IOException("no request line: " + requestLine);
        }
        int query = words[1].indexOf('?');
        String path = query < 0 ? words[1] : words[1].substring(0, query);
        long length = 0;
        boolean gzip = false;
        boolean expects = false;
        String contentType = "application/json";
        for (String line = readLine(); !line.isEmpty(); line = readLine()) {
            int colon = line.indexOf(':');
            if (colon < 0) {
                throw new IOException("no header: " + line);
            }
            String value = line.substring(colon + 1).strip();
            switch (line.substring(0, colon).toLowerCase(Locale.ROOT)) {
                case "content-length" -> length = Long.parseLong(value);
                case "transfer-encoding" ->
                        length = value.equalsIgnoreCase("chunked") ? -1 : length;
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
        return new Head(words[0], path, length, gzip, expects, contentType);
    }

    private void readBody(long length) throws IOException {
        body.buffer.clear();
        if (length >= 0) {
            readInto(length);
            return;
        }
        while (true) {
            String size = readLine();
            int extension = size.indexOf(';');
            long chunk = Long.parseLong(extension < 0 ? size : size.substring(0, extension), 16);
            if (chunk == 0) {
                break;
            }
            readInto(chunk);
            readLine();
        }
        // Trailers, and the empty line behind them.
        while (!readLine().isEmpty()) {}
    }

    private void readInto(long count) throws IOException {
        makeRoom(count);
        int end = body.buffer.position() + Math.toIntExact(count);
        int ready = (int) Math.min(count, input.remaining());
        body.buffer.put(body.buffer.position(), input, input.position(), ready);
        input.position(input.position() + ready);
        body.buffer.position(body.buffer.position() + ready).limit(end);
        while (body.buffer.hasRemaining()) {
            if (channel.read(body.buffer) < 0) {
                throw new EOFException(body.buffer.remaining() + " bytes of the body are missing");
            }
        }
        body.buffer.limit(body.buffer.capacity());
    }

    private void makeRoom(long count) throws IOException {
        long needed = body.buffer.position() + count;
        if (needed <= body.buffer.capacity()) {
            return;
        }
        if (needed > LARGEST_BODY_BYTES) {
            throw new IOException("a body of more than " + LARGEST_BODY_BYTES + " bytes");
        }
        NativeBytes larger = new NativeBytes(2 * needed);
        larger.buffer.put(body.buffer.flip());
        body.close();
        body = larger;
    }

    /** Empty when the client has gone; between two requests it may go as it likes. */
    private String readRequestLine() throws IOException {
        try {
            return readLine();
        } catch (SocketException _) {
            return "";
        }
    }

    /** A line without its end; empty at a head's end and at the connection's. */
    private String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        while (line.length() < LONGEST_LINE) {
            if (!input.hasRemaining()) {
                int read = channel.read(input.clear());
                input.flip();
                if (read < 0) {
                    return line.toString();
                }
            }
            byte single = input.get();
            if (single == '\n') {
                return line.toString();
            }
            if (single != '\r') {
                line.append((char) single);
            }
        }
        throw new IOException("a line of more than " + LONGEST_LINE + " characters");
    }
}
