package io.sluice.app.health;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The port that kubelet and Prometheus reach: {@code /livez}, {@code /readyz}, {@code /metrics}.
 *
 * <p>The suppliers are asked once for each request, by two threads at most; they answer from
 * memory.
 */
public final class HealthServer implements AutoCloseable {
    private final PageServer server;

    /**
     * Binds the address and answers from now on.
     *
     * @param liveness why the agent should be restarted; empty while it is alive
     * @param readiness why it does not deliver now; empty while it does
     * @param metrics Prometheus' text format
     * @throws IOException if the address cannot be had; the message says which and what to do
     */
    public HealthServer(
            InetSocketAddress address,
            Supplier<List<Reason>> liveness,
            Supplier<List<Reason>> readiness,
            Supplier<String> metrics)
            throws IOException {
        this.server =
                PageServer.start(
                        "health",
                        address,
                        Map.of(
                                "/livez", Page.check("alive", liveness),
                                "/readyz", Page.check("ready", readiness),
                                "/metrics", Page.metrics(metrics)));
    }

    /** The port it listens on. */
    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        server.close();
    }
}
