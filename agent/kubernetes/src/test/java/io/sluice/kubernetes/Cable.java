package io.sluice.kubernetes;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A network cable on loopback that can be pulled: {@link #cut} closes what is connected, {@link
 * #freeze} lets it stand and carries nothing, as a firewall does that lost its state.
 */
final class Cable implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int target;
    private final List<Socket> ends = new CopyOnWriteArrayList<>();
    private final List<Socket> frozen = new CopyOnWriteArrayList<>();
    private volatile String last = "";

    Cable(int target) throws IOException {
        this.target = target;
        Thread.ofPlatform().name("cable").daemon().start(this::connect);
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    /** All connections of now break. */
    void cut() {
        ends.forEach(Cable::closeQuietly);
        ends.clear();
    }

    /** All connections of now fall silent, in both directions, for ever. */
    void freeze() {
        frozen.addAll(ends);
    }

    /**
     * Each connection falls silent as {@link #freeze} lets it, once it has carried this.
     *
     * @param text ASCII, and written in one go
     */
    void freezeBehind(String text) {
        last = text;
    }

    private void connect() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                ends.add(client);
                ends.add(server);
                carry(client, server);
                carry(server, client);
            } catch (IOException _) {
                // Closed, or the target is away: the client sees it, too.
            }
        }
    }

    private void carry(Socket from, Socket to) {
        Thread.ofPlatform()
                .name("cable")
                .daemon()
                .start(
                        () -> {
                            byte[] buffer = new byte[8_192];
                            try (from;
                                    to) {
                                InputStream in = from.getInputStream();
                                OutputStream out = to.getOutputStream();
                                for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
                                    if (frozen.contains(from)) {
                                        continue;
                                    }
                                    // First: what comes behind it is written as soon as it is seen.
                                    if (ends(buffer, n)) {
                                        frozen.addAll(List.of(from, to));
                                    }
                                    out.write(buffer, 0, n);
                                }
                            } catch (IOException _) {
                                // Cut.
                            }
                        });
    }

    private boolean ends(byte[] bytes, int length) {
        String text = new String(bytes, 0, length, StandardCharsets.US_ASCII);
        return !last.isEmpty() && text.contains(last);
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // It is gone either way.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }
}
