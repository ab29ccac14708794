package io.sluice.app.health;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A table of pages by HTTP: GET and HEAD, paths as they are in the table, nothing else. {@code /}
 * lists the pages.
 *
 * <p>Bounded: two threads, {@value #BACKLOG} requests waiting, {@value #MAX_CONNECTIONS}
 * connections. A request that has not arrived two seconds after its first byte, or whose answer is
 * not taken within five, is cut off: it holds a thread, and a probe may wait behind it.
 */
public final class PageServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.app.health");
    private static final int BACKLOG = 16;
    private static final int MAX_CONNECTIONS = 64;
    private static final int THREADS = 2;

    static {
        // Read once by the JDK's server, which has no other place to say it and no limits without.
        limit("sun.net.httpserver.maxReqTime", 2);
        limit("sun.net.httpserver.maxRspTime", 5);
        limit("sun.net.httpserver.maxIdleConnections", 8);
        limit("jdk.httpserver.maxConnections", MAX_CONNECTIONS);
    }

    private static void limit(String property, int value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, Integer.toString(value));
        }
    }

    private final String name;
    private final Map<String, Page> pages;
    private final HttpServer server;
    private final ThreadPoolExecutor threads;

    private PageServer(String name, Map<String, Page> pages, HttpServer server) {
        this.name = name;
        this.pages = pages;
        this.server = server;
        this.threads =
                new ThreadPoolExecutor(
                        THREADS,
                        THREADS,
                        30,
                        TimeUnit.SECONDS,
                        // Beyond it the JDK's server closes the connection.
                        new ArrayBlockingQueue<>(BACKLOG),
                        task -> Thread.ofPlatform().daemon().name("http-" + name).unstarted(task));
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Binds the address and answers from now on.
     *
     * @param name of its settings ({@code <name>.listen}) and threads ({@code http-<name>})
     * @param address with port 0 for any free one
     * @param pages by path, such as {@code /metrics}
     * @throws IOException if the address cannot be had; the message says which and what to do
     */
    public static PageServer start(String name, InetSocketAddress address, Map<String, Page> pages)
            throws IOException {
        Map<String, Page> table = new TreeMap<>(pages);
        table.putIfAbsent("/", () -> index(name, table));
        PageServer server = new PageServer(name, table, bind(name, address));
        server.server.setExecutor(server.threads);
        server.server.createContext("/", server::handle);
        server.server.start();
        return server;
    }

    private static HttpServer bind(String name, InetSocketAddress address) throws IOException {
        String listen = address.getHostString() + ":" + address.getPort();
        if (address.isUnresolved()) {
            throw new IOException(
                    name
                            + ".listen is "
                            + listen
                            + ", a host with no address; set an address of this machine, such as"
                            + " 0.0.0.0:"
                            + address.getPort());
        }
        try {
            return HttpServer.create(address, BACKLOG);
        } catch (IOException failure) {
            throw new IOException(
                    name
                            + ".listen is "
                            + listen
                            + ", which cannot be had ("
                            + failure.getMessage()
                            + "); end what listens there, or set another port or address of this"
                            + " machine",
                    failure);
        }
    }

    private static Page.Answer index(String name, Map<String, Page> pages) {
        StringBuilder html = new StringBuilder("<!DOCTYPE html>\n<title>Sluice: ");
        html.append(name).append("</title>\n<ul>\n");
        for (String path : pages.keySet()) {
            html.append("<li><a href=\"").append(path).append("\">").append(path);
            html.append("</a></li>\n");
        }
        return new Page.Answer(200, "text/html; charset=utf-8", html.append("</ul>\n").toString());
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Page.Answer answer = answer(exchange);
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", answer.contentType());
            exchange.getResponseHeaders().set("Cache-Control", "no-store");
            exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
            if (exchange.getRequestMethod().equals("HEAD") || body.length == 0) {
                exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
                exchange.sendResponseHeaders(answer.status(), -1);
            } else {
                exchange.sendResponseHeaders(answer.status(), body.length);
                exchange.getResponseBody().write(body);
            }
        }
    }

    private Page.Answer answer(HttpExchange exchange) {
        String method = exchange.getRequestMethod();
        if (!method.equals("GET") && !method.equals("HEAD")) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return text(405, "GET and HEAD only");
        }
        Optional<Page> page =
                Optional.ofNullable(exchange.getRequestURI().getPath()).map(pages::get);
        if (page.isEmpty()) {
            return text(404, "no such page; there are " + String.join(" ", pages.keySet()));
        }
        // The top of this thread's work: a page that fails takes no other one with it.
        try {
            return page.get().answer();
        } catch (RuntimeException failure) {
            LOG.log(
                    Level.ERROR,
                    "page " + exchange.getRequestURI().getPath() + " of " + name + " failed",
                    failure);
            return text(500, "this page failed; the agent's log says why");
        }
    }

    private static Page.Answer text(int status, String text) {
        return new Page.Answer(status, "text/plain; charset=utf-8", text + "\n");
    }

    /** The port it listens on. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** Stops at once. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
