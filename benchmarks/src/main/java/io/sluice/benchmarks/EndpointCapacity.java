package io.sluice.benchmarks;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the endpoint could take, if nothing but it worked: an agent's bodies sent again as fast as
 * it answers, by one client that waits for each answer.
 *
 * @param gunzip what it unpacks with
 * @param megabytesPerSecond of the raw log that the bodies were made of
 * @param cpuSecondsPerGigabyte of that log
 */
record EndpointCapacity(String gunzip, double megabytesPerSecond, double cpuSecondsPerGigabyte) {
    /** The endpoint is a JVM, too: it is to be as warm as after some hundred megabytes of log. */
    private static final Duration WARM_UP = Duration.ofSeconds(3);

    private static final Duration MEASURED = Duration.ofSeconds(3);
    private static final int MOST_SAMPLE_BYTES = 64 << 20;

    /**
     * Measures a fresh endpoint.
     *
     * @param bodies as the endpoint of a run has kept them
     * @param rawBytesPerLine of the log they were made of
     * @return empty if there are none: the agent does not compress
     */
    static Optional<EndpointCapacity> measure(Path bodies, Path folder, double rawBytesPerLine)
            throws IOException {
        List<ByteBuffer> requests = requests(bodies);
        if (requests.isEmpty()) {
            return Optional.empty();
        }
        // Bodies are kept as in a run: writing them is part of what it does.
        try (EndpointProcess endpoint =
                EndpointProcess.start(folder.resolve("replayed"), 8L << 30)) {
            int port =
                    Integer.parseInt(endpoint.url().substring(endpoint.url().lastIndexOf(':') + 1));
            try (SocketChannel channel =
                    SocketChannel.open(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
                Client client = new Client(channel, requests);
                client.sendFor(WARM_UP);
                EndpointStats before = endpoint.stats();
                double cpuBefore = endpoint.cpuSeconds();
                long nanos = client.sendFor(MEASURED);
                double cpu = endpoint.cpuSeconds() - cpuBefore;
                double raw = (endpoint.stats().markers() - before.markers()) * rawBytesPerLine;
                return Optional.of(
                        new EndpointCapacity(
                                endpoint.gunzip(), raw / 1e6 / (nanos / 1e9), cpu / (raw / 1e9)));
            }
        }
    }

    private static List<ByteBuffer> requests(Path bodies) throws IOException {
        List<ByteBuffer> requests = new ArrayList<>();
        long[] bytes = {0};
        KeptBodies.forEach(
                bodies,
                (body, length) -> {
                    if (bytes[0] + length <= MOST_SAMPLE_BYTES) {
                        bytes[0] += length;
                        requests.add(request(body, Math.toIntExact(length)));
                    }
                });
        return requests;
    }

    private static ByteBuffer request(MemorySegment body, int length) {
        byte[] head =
                ("POST /logs/_bulk HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
                                + "Content-Length: "
                                + length
                                + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII);
        ByteBuffer request = ByteBuffer.allocateDirect(head.length + length);
        request.put(head);
        MemorySegment.copy(
                body,
                ValueLayout.JAVA_BYTE,
                0,
                MemorySegment.ofBuffer(request),
                ValueLayout.JAVA_BYTE,
                0,
                length);
        return request.clear();
    }

    private static final class Client {
        private static final String LENGTH = "Content-Length: ";

        private final SocketChannel channel;
        private final List<ByteBuffer> requests;
        private final ByteBuffer answer = ByteBuffer.allocateDirect(1 << 20);
        private int next;

        Client(SocketChannel channel, List<ByteBuffer> requests) {
            this.channel = channel;
            this.requests = requests;
        }

        /** Sends and waits for answers, for about so long; returns for how long really. */
        long sendFor(Duration duration) throws IOException {
            long start = System.nanoTime();
            long passed;
            do {
                ByteBuffer request = requests.get(next++ % requests.size()).duplicate();
                while (request.hasRemaining()) {
                    channel.write(request);
                }
                readAnswer();
                passed = System.nanoTime() - start;
            } while (passed < duration.toNanos());
            return passed;
        }

        private void readAnswer() throws IOException {
            answer.clear();
            long left = Long.MAX_VALUE;
            StringBuilder head = new StringBuilder();
            while (left > 0) {
                int read = channel.read(answer);
                if (read < 0) {
                    throw new IOException("the endpoint has closed the connection");
                }
                if (left == Long.MAX_VALUE) {
                    answer.flip();
                    head.append(StandardCharsets.ISO_8859_1.decode(answer));
                    int end = head.indexOf("\r\n\r\n");
                    if (end >= 0) {
                        int at = head.indexOf(LENGTH) + LENGTH.length();
                        int length = Integer.parseInt(head.substring(at, head.indexOf("\r\n", at)));
                        left = end + 4L + length - head.length();
                    }
                } else {
                    left -= read;
                }
                answer.clear();
            }
        }
    }
}
