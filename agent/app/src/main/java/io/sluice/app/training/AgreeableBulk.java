package io.sluice.app.training;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPInputStream;

/**
 * A bulk endpoint on loopback that says of every document that it was created. It keeps nothing.
 *
 * <p>Thread: the server's own.
 */
public final class AgreeableBulk implements AutoCloseable {
    private static final String CREATED = "{\"create\":{\"status\":201}}";

    private final HttpServer server;

    private AgreeableBulk(HttpServer server) {
        this.server = server;
    }

    /** Starts it at any free port. */
    public static AgreeableBulk listen() throws IOException {
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        server.createContext("/", AgreeableBulk::answer);
        server.start();
        return new AgreeableBulk(server);
    }

    /** As {@code elasticsearch.hosts} takes it. */
    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private static void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] json;
            if (exchange.getRequestURI().getPath().endsWith("/_bulk")) {
                json = created(lines(exchange.getRequestBody()) / 2);
            } else {
                exchange.getRequestBody().readAllBytes();
                json = "{}".getBytes(StandardCharsets.US_ASCII);
            }
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.getResponseHeaders().set("X-elastic-product", "Elasticsearch");
            exchange.sendResponseHeaders(200, json.length);
            exchange.getResponseBody().write(json);
        }
    }

    private static int lines(InputStream gzip) throws IOException {
        int lines = 0;
        byte[] buffer = new byte[64 * 1024];
        try (InputStream in = new GZIPInputStream(gzip, buffer.length)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                for (int i = 0; i < read; i++) {
                    lines += buffer[i] == '\n' ? 1 : 0;
                }
            }
        }
        return lines;
    }

    private static byte[] created(int documents) {
        StringBuilder answer = new StringBuilder("{\"errors\":false,\"items\":[");
        for (int i = 0; i < documents; i++) {
            answer.append(i == 0 ? "" : ",").append(CREATED);
        }
        return answer.append("]}").toString().getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
