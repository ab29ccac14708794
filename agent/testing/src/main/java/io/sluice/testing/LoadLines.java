package io.sluice.testing;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * The lines of one container of a {@link CriLoad}: mostly JSON, some plain ones, now and then a
 * stack trace or a line that the runtime has to split. Each carries its number.
 */
final class LoadLines {
    private static final int STACK_TRACE_EVERY = 500;
    private static final int LONG_LINE_EVERY = 2_000;
    private static final int LONG_LINE_BYTES = 40_000;

    private static final List<String> LEVELS = List.of("debug", "info", "info", "info", "warn");
    private static final List<String> MESSAGES =
            List.of(
                    "order placed",
                    "cart updated",
                    "payment authorised",
                    "cache refreshed",
                    "request served",
                    "stock of \"Grüner Tee\" is low");
    private static final List<String> PATHS =
            List.of("/api/cart", "/api/orders", "/api/products/42", "/healthz");
    private static final List<String> STACK_TRACE =
            List.of(
                    "java.lang.IllegalStateException: no rate for EUR",
                    "\tat shop.payment.Rates.of(Rates.java:87)",
                    "\tat shop.payment.Checkout.total(Checkout.java:142)",
                    "\tat shop.web.OrderResource.place(OrderResource.java:51)",
                    "Caused by: java.net.SocketTimeoutException: Read timed out",
                    "\t... 12 more");

    private final SplittableRandom random;

    /** The rest of a stack trace that was begun. */
    private final ArrayDeque<String> pending = new ArrayDeque<>();

    private long seq;

    LoadLines(long seed, int container) {
        this.random = new SplittableRandom(seed * 31 + container);
    }

    /**
     * @param seq 1 for a container's first line
     */
    record Line(long seq, CriLogs.Stream stream, String text) {}

    Line next() {
        seq++;
        if (pending.isEmpty() && random.nextInt(STACK_TRACE_EVERY) == 0) {
            pending.addAll(STACK_TRACE);
        }
        if (!pending.isEmpty()) {
            return new Line(seq, CriLogs.Stream.STDERR, pending.removeFirst() + " seq=" + seq);
        }
        if (random.nextInt(LONG_LINE_EVERY) == 0) {
            return stdout(
                    json(",\"payload\":\"" + "0123456789".repeat(LONG_LINE_BYTES / 10) + "\""));
        }
        return stdout(random.nextInt(10) < 7 ? json("") : plain());
    }

    private Line stdout(String text) {
        return new Line(seq, CriLogs.Stream.STDOUT, text);
    }

    private String json(String more) {
        return "{\"level\":\""
                + any(LEVELS)
                + "\",\"msg\":\""
                + any(MESSAGES).replace("\"", "\\\"")
                + "\",\"seq\":"
                + seq
                + ",\"ms\":"
                + random.nextInt(2_000)
                + ",\"user\":\"u-"
                + random.nextInt(10_000)
                + "\",\"path\":\""
                + any(PATHS)
                + "\",\"status\":"
                + (random.nextInt(50) == 0 ? 500 : 200)
                + ",\"trace\":{\"id\":\""
                + "%016x%016x".formatted(random.nextLong(), random.nextLong())
                + "\",\"sampled\":"
                + random.nextBoolean()
                + "}"
                + more
                + "}";
    }

    private String plain() {
        return any(LEVELS).toUpperCase(Locale.ROOT)
                + " [worker-"
                + random.nextInt(16)
                + "] "
                + any(MESSAGES)
                + " in "
                + random.nextInt(2_000)
                + " ms seq="
                + seq;
    }

    private String any(List<String> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
