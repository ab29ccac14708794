package io.sluice.benchmarks;

import java.time.InstantSource;
import java.util.SplittableRandom;

/**
 * The lines of one container: CRI, about as long as applications write them, each with its {@link
 * Marker}. The same seed makes the same lines. One thread at a time.
 */
final class LineSource {
    static final int SHORTEST_JSON = 300;
    static final int LONGEST_JSON = 400;
    static final int SHORTEST_PLAIN = 150;
    static final int LONGEST_PLAIN = 200;
    static final int SHORTEST_SPLIT = 20 * 1024;
    static final int LONGEST_SPLIT = 60 * 1024;

    /** containerd splits what it reads from a container at this. */
    static final int PART_BYTES = 16 * 1024;

    private static final String STDOUT = " stdout F ";
    private static final String STDERR = " stderr F ";
    private static final String[] LEVELS = {"debug", "info", "info", "warn", "error"};
    private static final String[] VERBS = {"placed", "updated", "cancelled", "shipped", "returned"};
    private static final String[] WORDS = {
        "order", "cart", "payment", "stock", "invoice", "basket", "voucher", "parcel", "customer"
    };

    private final Workload workload;
    private final int source;
    private final InstantSource clock;
    private final SplittableRandom random;
    private final StringBuilder body = new StringBuilder();
    private long lines;

    /**
     * @param source its number among the sources of a measurement
     * @param clock the time in the lines' headers
     */
    LineSource(Workload workload, int source, InstantSource clock) {
        this.workload = workload;
        this.source = source;
        this.clock = clock;
        // Neighbouring seeds of SplittableRandom make unrelated numbers.
        this.random = new SplittableRandom(source);
    }

    /** How many lines it has made: the application's lines, so that a split one is one. */
    long lines() {
        return lines;
    }

    /** Appends what one event makes, newlines included: one line, or those of a stack trace. */
    void next(StringBuilder out) {
        switch (workload) {
            case JSON -> json(out);
            case PLAIN -> plain(out);
            case MIXED -> {
                int kind = random.nextInt(1_000);
                if (kind < 500) {
                    json(out);
                } else if (kind < 979) {
                    plain(out);
                } else if (kind < 999) {
                    stackTrace(out);
                } else {
                    split(out);
                }
            }
        }
    }

    private void json(StringBuilder out) {
        int until = out.length() + length(SHORTEST_JSON, LONGEST_JSON);
        out.append(clock.instant()).append(STDOUT);
        openObject(out);
        Marker.append(out, source, lines);
        words(out, until - "\"}\n".length());
        out.append("\"}\n");
        lines++;
    }

    private void openObject(StringBuilder out) {
        out.append("{\"level\":\"")
                .append(any(LEVELS))
                .append("\",\"logger\":\"shop.orders.OrderService\",\"thread\":\"worker-")
                .append(random.nextInt(32))
                .append("\",\"seq\":")
                .append(lines)
                .append(",\"ms\":")
                .append(random.nextInt(5_000))
                .append(",\"ok\":")
                .append(random.nextInt(20) != 0)
                .append(",\"user\":\"u-")
                .append(random.nextInt(100_000))
                .append("\",\"trace\":\"")
                .append(Long.toHexString(random.nextLong() | Long.MIN_VALUE))
                .append("\",\"msg\":\"");
    }

    private void plain(StringBuilder out) {
        int until = out.length() + length(SHORTEST_PLAIN, LONGEST_PLAIN);
        out.append(clock.instant()).append(STDOUT);
        openText(out, any(LEVELS));
        Marker.append(out, source, lines);
        words(out, until - 1);
        out.append('\n');
        lines++;
    }

    private void openText(StringBuilder out, String level) {
        out.append(level).append(" [worker-").append(random.nextInt(32)).append("] ");
    }

    /** Each frame is a line of the file, so each has a marker, as no real one has. */
    private void stackTrace(StringBuilder out) {
        out.append(clock.instant()).append(STDERR);
        openText(out, "error");
        Marker.append(out, source, lines++);
        out.append(" order ").append(random.nextInt(1_000_000)).append(" failed\n");
        out.append(clock.instant()).append(STDERR);
        out.append("java.lang.IllegalStateException: stock is ").append(random.nextInt(100));
        out.append(' ');
        Marker.append(out, source, lines++);
        out.append('\n');
        for (int frames = length(6, 24); frames > 0; frames--) {
            out.append(clock.instant()).append(STDERR);
            out.append("\tat io.shop.").append(any(WORDS)).append(".OrderService.");
            out.append(any(VERBS)).append("(OrderService.java:").append(random.nextInt(900));
            out.append(") ");
            Marker.append(out, source, lines++);
            out.append('\n');
        }
    }

    private void split(StringBuilder out) {
        int until = length(SHORTEST_SPLIT, LONGEST_SPLIT);
        body.setLength(0);
        boolean json = random.nextBoolean();
        if (json) {
            openObject(body);
        } else {
            openText(body, "info");
        }
        Marker.appendSplit(body, source, lines);
        words(body, until - 48);
        body.append(json ? "\",\"last\":\"" : " ");
        Marker.appendEnd(body, source, lines);
        body.append(json ? "\"}" : "");
        lines++;
        String time = clock.instant().toString();
        for (int from = 0; from < body.length(); from += PART_BYTES) {
            int to = Math.min(from + PART_BYTES, body.length());
            out.append(time).append(to < body.length() ? " stdout P " : STDOUT);
            out.append(body, from, to).append('\n');
        }
    }

    private void words(StringBuilder out, int until) {
        while (out.length() < until) {
            out.append(' ')
                    .append(any(WORDS))
                    .append(' ')
                    .append(random.nextInt(1_000_000))
                    .append(' ')
                    .append(any(VERBS))
                    .append(',');
        }
        out.setLength(until);
    }

    private int length(int shortest, int longest) {
        return shortest + random.nextInt(longest - shortest + 1);
    }

    private String any(String[] choices) {
        return choices[random.nextInt(choices.length)];
    }
}
