package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Real sockets of this host's loopback and file system. */
class SocketsTest {
    @TempDir private Path folder;

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static SocketChannel connect(SocketAddress address) {
        return await().atMost(RunningSidecar.PATIENCE)
                .ignoreExceptions()
                .until(() -> SocketChannel.open(address), channel -> true);
    }

    private static void write(SocketChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Test
    void linesOfManyConnectionsAreWholeAndWhatAConnectionLeavesBegunIsALine() throws Exception {
        int port = freePort();
        Path path = folder.resolve("app.sock");
        try (RunningSidecar sidecar =
                RunningSidecar.start(
                        folder,
                        "--prefix",
                        "--tcp",
                        port + "",
                        "--name",
                        "tcp",
                        "--unix",
                        path + "")) {
            List<SocketChannel> channels = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                channels.add(
                        connect(
                                i % 2 == 0
                                        ? new InetSocketAddress(
                                                InetAddress.getLoopbackAddress(), port)
                                        : UnixDomainSocketAddress.of(path)));
            }
            List<String> expected = new ArrayList<>();
            for (int line = 0; line < 50; line++) {
                for (int i = 0; i < channels.size(); i++) {
                    String text = "connection " + i + " line " + line + " " + "x".repeat(100);
                    write(channels.get(i), text.substring(0, 20));
                    write(channels.get(i), text.substring(20) + "\n");
                    expected.add((i % 2 == 0 ? "[tcp] " : "[" + path + "] ") + text);
                }
            }
            write(channels.getFirst(), "no newline");
            expected.add("[tcp] no newline");
            for (SocketChannel channel : channels) {
                channel.close();
            }
            sidecar.awaitLines(expected.size());
            assertThat(sidecar.lines()).containsExactlyInAnyOrderElementsOf(expected);
            assertThat(sidecar.terminate()).isZero();
            assertThat(path).doesNotExist();
        }
    }

    @Test
    void whatWasSentBeforeSigtermIsWrittenAndAnOpenConnectionDoesNotHinderTheEnd()
            throws Exception {
        Path path = folder.resolve("app.sock");
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--unix", path + "");
                SocketChannel channel = connect(UnixDomainSocketAddress.of(path))) {
            write(channel, "one\ntwo");
            assertThat(sidecar.terminate()).isZero();
            assertThat(sidecar.lines()).containsExactly("one", "two");
        }
    }

    @Test
    void moreConnectionsThanAreTakenWaitUntilOneEnds() throws Exception {
        Path path = folder.resolve("app.sock");
        int taken = 256;
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--unix", path + "")) {
            List<SocketChannel> channels = new ArrayList<>();
            UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
            for (int i = 0; i < taken + 20; i++) {
                channels.add(i == 0 ? connect(address) : SocketChannel.open(address));
                write(channels.get(i), "connection " + i + "\n");
            }
            sidecar.awaitSaid(taken + " connections are open; others wait");
            sidecar.awaitLines(taken);
            for (int i = 0; i < 20; i++) {
                channels.get(i).close();
            }
            sidecar.awaitLines(taken + 20);
            assertThat(sidecar.lines()).doesNotHaveDuplicates().hasSize(taken + 20);
            for (SocketChannel channel : channels) {
                channel.close();
            }
            assertThat(sidecar.terminate()).isZero();
        }
    }

    @Test
    void aStreamFeelsThatNobodyReadsAndLosesNothing() throws Exception {
        int port = freePort();
        int lines = 100_000;
        String rest = " " + "x".repeat(190) + "\n";
        try (RunningSidecar sidecar = RunningSidecar.startUnread(folder, "--tcp", port + "");
                SocketChannel channel =
                        connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
            AtomicLong sent = new AtomicLong();
            Thread sender =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        try {
                                            for (int i = 0; i < lines; i++) {
                                                write(channel, i + rest);
                                                sent.incrementAndGet();
                                            }
                                        } catch (IOException e) {
                                            sent.set(-1);
                                        }
                                    });
            // The same number in two looks that are half a second apart: it waits.
            await().atMost(RunningSidecar.PATIENCE)
                    .pollInterval(java.time.Duration.ofMillis(500))
                    .until(new Still(sent)::isStill);
            assertThat(sent.get()).isBetween(1L, lines - 1L);

            BufferedReader out =
                    new BufferedReader(
                            new InputStreamReader(
                                    sidecar.process.getInputStream(), StandardCharsets.UTF_8));
            for (int i = 0; i < lines; i++) {
                assertThat(out.readLine() + "\n").isEqualTo(i + rest);
            }
            sender.join();
            assertThat(sent.get()).isEqualTo(lines);
            assertThat(sidecar.terminate()).isZero();
        }
    }

    /** Whether a number that has begun to grow has stopped. */
    private static final class Still {
        private final AtomicLong number;
        private long before;

        Still(AtomicLong number) {
            this.number = number;
        }

        boolean isStill() {
            long now = number.get();
            boolean still = now > 0 && now == before;
            before = now;
            return still;
        }
    }

    @Test
    void aDatagramIsAMessageAndDroppedOnesAreCounted() throws Exception {
        int port = freePort();
        try (RunningSidecar sidecar =
                        RunningSidecar.startUnread(folder, "--json", "--udp", port + "");
                DatagramSocket socket = new DatagramSocket()) {
            awaitUdp(port);
            BufferedReader out =
                    new BufferedReader(
                            new InputStreamReader(
                                    sidecar.process.getInputStream(), StandardCharsets.UTF_8));
            send(socket, port, "one\ntwo\n");
            assertThat(out.readLine())
                    .isEqualTo(
                            "{\"source\":\"udp:127.0.0.1:"
                                    + port
                                    + "\",\"message\":\"one\\ntwo\"}");
            // More than the kernel keeps of a port, and nobody reads.
            int sent = 2_000;
            String text = "x".repeat(10_000);
            for (int i = 0; i < sent; i++) {
                send(socket, port, text);
            }
            send(socket, port, "after");
            // Without this the process would wait for the test.
            int received = 0;
            sidecar.process.toHandle().destroy();
            String line = out.readLine();
            while (line != null) {
                received++;
                line = out.readLine();
            }
            assertThat(sidecar.awaitExit()).isZero();
            Matcher dropped =
                    Pattern.compile("has dropped \\d+ datagrams, (\\d+) in all")
                            .matcher(String.join("\n", sidecar.said()));
            int drops = 0;
            while (dropped.find()) {
                drops = Integer.parseInt(dropped.group(1));
            }
            assertThat(drops).isPositive();
            assertThat(received + drops).isEqualTo(sent + 1);
        }
    }

    private static void send(DatagramSocket socket, int port, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        socket.send(
                new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), port));
    }

    /** Nobody answers a datagram: that the port is there is in the kernel's table. */
    private static void awaitUdp(int port) {
        String local = String.format(":%04X ", port);
        await().atMost(RunningSidecar.PATIENCE)
                .until(
                        () ->
                                (Files.readString(Path.of("/proc/net/udp"))
                                                + Files.readString(Path.of("/proc/net/udp6")))
                                        .contains(local));
    }

    @Test
    void aPathThatNobodyListensAtIsTakenOverAndOneInUseIsNot() throws Exception {
        Path path = folder.resolve("app.sock");
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--unix", path + "");
                SocketChannel channel = connect(UnixDomainSocketAddress.of(path))) {
            write(channel, "hello\n");
            sidecar.awaitLines(1);
            try (RunningSidecar second = RunningSidecar.start(folder, "--unix", path + "")) {
                assertThat(second.awaitExit()).isEqualTo(Sidecar.UNUSABLE);
                second.awaitSaid("--unix " + path + " is in use: another process listens there");
            }
            assertThat(path).exists();
            assertThat(sidecar.terminate()).isZero();
        }
        Files.writeString(path, "not a socket");
        try (RunningSidecar third = RunningSidecar.start(folder, "--unix", path + "")) {
            assertThat(third.awaitExit()).isEqualTo(Sidecar.UNUSABLE);
            third.awaitSaid("is no socket; it is left as it is");
        }
        assertThat(path).hasContent("not a socket");
    }

    @Test
    void aPortInUseIsAnError() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = taken.getLocalPort() + "";
            try (RunningSidecar sidecar = RunningSidecar.start(folder, "--tcp", port)) {
                assertThat(sidecar.awaitExit()).isEqualTo(Sidecar.UNUSABLE);
                sidecar.awaitSaid("--tcp 127.0.0.1:" + port + " is in use by another socket");
            }
            try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), taken.getLocalPort())) {
                assertThat(taken.isClosed()).isFalse();
            }
        }
        try (DatagramSocket taken = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                RunningSidecar sidecar =
                        RunningSidecar.start(folder, "--udp", taken.getLocalPort() + "")) {
            assertThat(sidecar.awaitExit()).isEqualTo(Sidecar.UNUSABLE);
            sidecar.awaitSaid("--udp 127.0.0.1:" + taken.getLocalPort() + " is in use");
        }
    }
}
