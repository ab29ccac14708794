package io.sluice.app.demo;

import io.sluice.app.json.JsonObject;
import io.sluice.tail.Stream;

import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * What runs in the pods. Everything that happens has a number, {@code <service>-<number>}, in each
 * of its lines that has fields: a gap in the numbers is a lost line.
 */
enum DemoService {
    /** JSON, one object per request; now and then one that is longer than containerd's lines. */
    API {
        @Override
        void happen(DemoPod pod, RandomGenerator random) throws IOException {
            String id = id(pod);
            int status = pick(random, STATUSES);
            long took = 2L + random.nextInt(180);
            String level = status >= 500 ? "error" : status >= 400 ? "warn" : "info";
            String path = pick(random, PATHS);
            JsonObject line =
                    new JsonObject()
                            .put("level", random.nextInt(6) == 0 && status < 400 ? "debug" : level)
                            .put("message", "GET " + path + " " + status + " in " + took + " ms")
                            .put("event_id", id)
                            .put("path", path)
                            .put("status", status)
                            .put("took_ms", took);
            if (random.nextInt(400) == 0) {
                line.put("request_body", "0123456789abcdef".repeat(1_200));
            }
            pod.write(Stream.STDOUT, line.toString());
        }
    },

    /** JSON with fields of its own, and failures. */
    PAYMENT {
        @Override
        void happen(DemoPod pod, RandomGenerator random) throws IOException {
            String id = id(pod);
            String order = "order-" + (100_000 + random.nextInt(900_000));
            String provider = pick(random, List.of("visa", "sepa", "paypal"));
            boolean failed = random.nextInt(12) == 0;
            JsonObject line =
                    new JsonObject()
                            .put("level", failed ? "ERROR" : "INFO")
                            .put(
                                    "message",
                                    failed
                                            ? "payment of " + order + " was refused by " + provider
                                            : "payment of " + order + " is done")
                            .put("event_id", id)
                            .put("order", order)
                            .put("provider", provider)
                            .put("amount_cents", 199 + random.nextInt(20_000))
                            .put("currency", "EUR");
            if (failed) {
                line.put("reason", pick(random, List.of("limit exceeded", "card expired")));
            }
            pod.write(Stream.STDOUT, line.toString());
        }
    },

    /** A Java service with a plain layout; a failure is a stack trace on stderr, line by line. */
    INVOICE {
        @Override
        void happen(DemoPod pod, RandomGenerator random) throws IOException {
            String id = id(pod);
            String time = SERVICE_TIME.format(Instant.now());
            if (random.nextInt(40) != 0) {
                pod.write(
                        Stream.STDOUT,
                        time + " INFO  [worker-2] c.example.Invoices - event_id=" + id + " sent");
                return;
            }
            pod.write(
                    Stream.STDERR,
                    time + " ERROR [worker-2] c.example.Invoices - event_id=" + id + " not sent");
            for (String line : STACK_TRACE) {
                pod.write(Stream.STDERR, line);
            }
        }
    },

    /** Plain access lines of nginx. */
    NGINX {
        @Override
        void happen(DemoPod pod, RandomGenerator random) throws IOException {
            pod.write(
                    Stream.STDOUT,
                    "10.42.0."
                            + (2 + random.nextInt(250))
                            + " - - ["
                            + ACCESS_TIME.format(Instant.now())
                            + "] \"GET "
                            + pick(random, PATHS)
                            + " HTTP/1.1\" "
                            + pick(random, STATUSES)
                            + " "
                            + random.nextInt(50_000)
                            + " \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\" event_id="
                            + id(pod));
        }
    };

    private static final List<Integer> STATUSES = List.of(200, 200, 200, 200, 200, 204, 404, 503);
    private static final List<String> PATHS =
            List.of(
                    "/",
                    "/cart",
                    "/products/4711",
                    "/products/0815",
                    "/search?q=tea+pot",
                    "/healthz");
    private static final List<String> STACK_TRACE =
            List.of(
                    "java.io.UncheckedIOException: mail server does not answer",
                    "\tat com.example.mail.Mailer.send(Mailer.java:88)",
                    "\tat com.example.Invoices.send(Invoices.java:41)",
                    "\tat com.example.Invoices.run(Invoices.java:27)",
                    "\tat java.base/java.lang.Thread.run(Thread.java:1474)",
                    "Caused by: java.net.SocketTimeoutException: Connect timed out",
                    "\tat java.base/sun.nio.ch.NioSocketImpl.connect(NioSocketImpl.java:592)",
                    "\tat com.example.mail.Mailer.send(Mailer.java:81)",
                    "\t... 3 more");
    private static final DateTimeFormatter SERVICE_TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss,SSS", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter ACCESS_TIME =
            DateTimeFormatter.ofPattern("dd/MMM/uuuu:HH:mm:ss +0000", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    /** Writes what one thing that happens in the container makes it say: one line or several. */
    abstract void happen(DemoPod pod, RandomGenerator random) throws IOException;

    private static String id(DemoPod pod) {
        return pod.service() + "-" + pod.nextEvent();
    }

    private static <T> T pick(RandomGenerator random, List<T> from) {
        return from.get(random.nextInt(from.size()));
    }
}
