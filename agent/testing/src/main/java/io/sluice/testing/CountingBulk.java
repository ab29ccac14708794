package io.sluice.testing;

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
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPInputStream;

/**
 * A bulk endpoint that keeps the books of a {@link CriLoad}: which line of which pod has come,
 * under which {@code _id}, how often; and that misbehaves by a seed, as a loaded cluster and its
 * network do.
 *
 * <p>It answers like Elasticsearch: 201 for an id it has not, 409 for one it has. What a fault did
 * not take, it has not. Any thread may ask; connections are served by threads of their own.
 */
public final class CountingBulk implements AutoCloseable {
    private static final byte[] ID = ascii("\"_id\":\"");
    private static final byte[] POD = ascii("\"pod\":{\"name\":\"");
    private static final byte[] JSON_SEQ = ascii("\"seq\":");
    private static final byte[] TEXT_SEQ = ascii("seq=");
    private static final int ID_CHARACTERS = 22;
    private static final long LEAST_ANSWER_MILLIS = 5;
    private static final int ANSWER_MILLIS_SPREAD = 40;
    private static final int SLOW_MILLIS = 600;

    /** What becomes of a request. */
    public enum Fault {
        /** All is taken and answered. */
        NONE(60),
        /** 429 for the request: nothing is taken. */
        BUSY(7),
        /** 429 for some items: the others are taken. */
        BUSY_ITEMS(8),
        /** All is taken, and the connection cut before the answer. */
        TAKEN_AND_CUT(8),
        /** The connection is cut, nothing is taken. */
        CUT(4),
        /** All is taken, and the answer ends in its middle, properly by HTTP. */
        HALF_ANSWERED(4),
        /** All is taken, and the answer comes late. */
        SLOW(9);

        /** Of a hundred requests. */
        private final int share;

        Fault(int share) {
            this.share = share;
        }

        private static Fault of(int percent) {
            int left = percent;
            for (Fault fault : values()) {
                left -= fault.share;
                if (left < 0) {
                    return fault;
                }
            }
            throw new IllegalArgumentException(percent + " of 100");
        }
    }

    /** What has come of one pod, by number of the line. Guarded by the endpoint. */
    private static final class Lines {
        private static final int FIRST_SIZE = 1 << 12;

        /** The id under which a line came first; both halves 0 for none. */
        private long[] idHigh = new long[FIRST_SIZE];

        private long[] idLow = new long[FIRST_SIZE];
        private int[] documentHash = new int[FIRST_SIZE];
        private int most;

        private void grow(int seq) {
            if (seq >= idHigh.length) {
                int size = Math.max(seq + 1, 2 * idHigh.length);
                idHigh = Arrays.copyOf(idHigh, size);
                idLow = Arrays.copyOf(idLow, size);
                documentHash = Arrays.copyOf(documentHash, size);
            }
            most = Math.max(most, seq);
        }
    }

    private record Item(String id, String pod, int seq, int documentHash) {}

    private final long seed;
    private final ServerSocket listener;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    // Guarded by this.
    private final Map<String, Lines> pods = new TreeMap<>();
    private final Map<Fault, Long> faults = new EnumMap<>(Fault.class);
    private final List<String> complaints = new ArrayList<>();
    private long requests;
    private long lines;
    private long repeated;
    private long doubled;
    private boolean calm;
    private boolean stalled;

    /** Listens on loopback. The same seed treats the n-th request the same. */
    public CountingBulk(long seed) {
        this.seed = seed;
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofPlatform().daemon().name("counting").start(this::accept);
    }

    /** Where it listens. */
    public URI url() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    /** No faults from now on. */
    public synchronized void calm() {
        calm = true;
    }

    /** Bulk requests wait from now on, neither taken nor answered, until {@link #flow}. */
    public synchronized void stall() {
        stalled = true;
    }

    /** Bulk requests go on. */
    public synchronized void flow() {
        stalled = false;
        notifyAll();
    }

    /** Lines that are there, each counted once. */
    public synchronized long lines() {
        return lines;
    }

    /** Times a document came that was there, under the same id: nothing is doubled by that. */
    public synchronized long repeated() {
        return repeated;
    }

    /** Times a line came under another id than before: in Elasticsearch it would be there twice. */
    public synchronized long doubled() {
        return doubled;
    }

    /** Bulk requests by what became of them. */
    public synchronized Map<Fault, Long> faults() {
        return new EnumMap<>(faults);
    }

    /**
     * What must not have come, at most the first few: lines doubled, ids with other documents,
     * bodies that are no whole gzip or hold something else.
     */
    public synchronized List<String> complaints() {
        return List.copyOf(complaints);
    }

    /**
     * The lines of a pod that are not there.
     *
     * @param written it has lines 1 to this
     * @return at most the first ten numbers
     */
    public synchronized List<Integer> missing(String pod, long written) {
        List<Integer> missing = new ArrayList<>();
        Lines of = pods.getOrDefault(pod, new Lines());
        for (int seq = 1; seq <= written && missing.size() < 10; seq++) {
            if (seq > of.most || (of.idHigh[seq] == 0 && of.idLow[seq] == 0)) {
                missing.add(seq);
            }
        }
        return missing;
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                sockets.add(socket);
                Thread.ofPlatform().daemon().name("counting-connection").start(() -> serve(socket));
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
            // The client went away: it is killed now and then.
        } finally {
            sockets.remove(socket);
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
        int length = contentLength(head.toString());
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            return false;
        }
        if (head.indexOf("POST") != 0) {
            answer(out, head.indexOf("GET") == 0 ? 404 : 200, "{}");
            return true;
        }
        List<Item> items;
        try {
            items = items(body);
        } catch (IOException | IllegalStateException e) {
            synchronized (this) {
                complain(e.toString());
            }
            return false;
        }
        return bulk(out, items);
    }

    private static int contentLength(String head) {
        return head.lines()
                .map(line -> line.toLowerCase(Locale.ROOT))
                .filter(line -> line.startsWith("content-length:"))
                .mapToInt(line -> Integer.parseInt(line.substring(15).strip()))
                .findFirst()
                .orElse(0);
    }

    private boolean bulk(OutputStream out, List<Item> items) throws IOException {
        SplittableRandom random;
        Fault fault;
        synchronized (this) {
            random = new SplittableRandom(seed * 31 + requests);
            // Neighbouring seeds give alike first numbers.
            random.nextLong();
            fault = calm ? Fault.NONE : Fault.of(random.nextInt(100));
            requests++;
            faults.merge(fault, 1L, Long::sum);
        }
        awaitFlow();
        // No server answers at once: what is in flight shall be in flight for a while.
        pause(LEAST_ANSWER_MILLIS + random.nextInt(ANSWER_MILLIS_SPREAD));
        switch (fault) {
            case NONE -> answer(out, 200, take(items, random, 0));
            case BUSY -> answer(out, 429, busy());
            case BUSY_ITEMS -> answer(out, 200, take(items, random, 25));
            case TAKEN_AND_CUT -> {
                String _ = take(items, random, 0);
                return false;
            }
            case CUT -> {
                return false;
            }
            case HALF_ANSWERED -> {
                String whole = take(items, random, 0);
                answer(out, 200, whole.substring(0, whole.length() / 2));
            }
            case SLOW -> {
                String taken = take(items, random, 0);
                pause(random.nextInt(SLOW_MILLIS));
                answer(out, 200, taken);
            }
        }
        return true;
    }

    private synchronized void awaitFlow() throws IOException {
        try {
            while (stalled && !listener.isClosed()) {
                wait();
            }
        } catch (InterruptedException e) {
            throw new IOException("nobody interrupts a connection", e);
        }
    }

    private static void pause(long millis) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        for (long left; (left = until - System.nanoTime()) > 0; ) {
            LockSupport.parkNanos(left);
        }
    }

    private static String busy() {
        return "{\"error\":{\"type\":\"es_rejected_execution_exception\",\"reason\":\"queue is"
                + " full\"},\"status\":429}";
    }

    /**
     * Takes the items but some.
     *
     * @param busyPercent so many are answered with 429 instead
     */
    private synchronized String take(List<Item> items, SplittableRandom random, int busyPercent) {
        StringBuilder answer = new StringBuilder("{\"errors\":true,\"items\":[");
        String separator = "";
        for (Item item : items) {
            answer.append(separator).append("{\"create\":{\"status\":");
            separator = ",";
            if (busyPercent > 0 && random.nextInt(100) < busyPercent) {
                answer.append(
                        "429,\"error\":{\"type\":\"es_rejected_execution_exception\","
                                + "\"reason\":\"queue is full\"}");
            } else if (take(item)) {
                answer.append(201);
            } else {
                answer.append(
                        "409,\"error\":{\"type\":\"version_conflict_engine_exception\","
                                + "\"reason\":\"document already exists\"}");
            }
            answer.append("}}");
        }
        return answer.append("]}").toString();
    }

    /** Whether it was not there yet. */
    private boolean take(Item item) {
        byte[] id = Base64.getUrlDecoder().decode(item.id);
        long high = 0;
        long low = 0;
        for (int i = 0; i < 8; i++) {
            high = high << 8 | (id[i] & 0xFF);
            low = low << 8 | (id[8 + i] & 0xFF);
        }
        Lines of = pods.computeIfAbsent(item.pod, _ -> new Lines());
        of.grow(item.seq);
        if (of.idHigh[item.seq] == 0 && of.idLow[item.seq] == 0) {
            of.idHigh[item.seq] = high;
            of.idLow[item.seq] = low;
            of.documentHash[item.seq] = item.documentHash;
            lines++;
            return true;
        }
        if (of.idHigh[item.seq] != high || of.idLow[item.seq] != low) {
            doubled++;
            complain("line " + item.seq + " of " + item.pod + " came again, under " + item.id);
            return true;
        }
        repeated++;
        if (of.documentHash[item.seq] != item.documentHash) {
            complain("under " + item.id + " came another document than before");
        }
        return false;
    }

    private void complain(String what) {
        if (complaints.size() < 10) {
            complaints.add(what);
        }
    }

    private static List<Item> items(byte[] gzip) throws IOException {
        byte[] ndjson;
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            ndjson = in.readAllBytes();
        }
        List<Item> items = new ArrayList<>();
        for (int from = 0; from < ndjson.length; ) {
            int document = end(ndjson, from) + 1;
            int end = end(ndjson, document);
            items.add(item(ndjson, from, document, end));
            from = end + 1;
        }
        return items;
    }

    private static Item item(byte[] ndjson, int action, int document, int end) {
        int id = after(ID, ndjson, action, document);
        int pod = after(POD, ndjson, document, end);
        int seq = after(JSON_SEQ, ndjson, document, end);
        if (seq < 0) {
            seq = after(TEXT_SEQ, ndjson, document, end);
        }
        if (id < 0 || pod < 0 || seq < 0) {
            throw new IllegalStateException(
                    "no document of the load: "
                            + new String(ndjson, action, end - action, StandardCharsets.UTF_8));
        }
        int podEnd = pod;
        while (ndjson[podEnd] != '"') {
            podEnd++;
        }
        int number = 0;
        for (; seq < end && ndjson[seq] >= '0' && ndjson[seq] <= '9'; seq++) {
            number = number * 10 + ndjson[seq] - '0';
        }
        int hash = 0;
        for (int i = document; i < end; i++) {
            hash = 31 * hash + ndjson[i];
        }
        return new Item(
                new String(ndjson, id, ID_CHARACTERS, StandardCharsets.US_ASCII),
                new String(ndjson, pod, podEnd - pod, StandardCharsets.UTF_8),
                number,
                hash);
    }

    private static int end(byte[] bytes, int from) {
        int at = from;
        while (bytes[at] != '\n') {
            at++;
        }
        return at;
    }

    /** Where the first {@code wanted} ends, or -1. */
    private static int after(byte[] wanted, byte[] bytes, int from, int to) {
        for (int at = from; at + wanted.length <= to; at++) {
            if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
                return at + wanted.length;
            }
        }
        return -1;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
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
            flow();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
