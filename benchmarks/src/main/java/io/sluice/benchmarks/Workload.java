package io.sluice.benchmarks;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.SplittableRandom;

/**
 * What is in the log files of a measurement: CRI lines about as long as applications write them.
 * The same seed makes the same lines.
 */
public enum Workload {
    /** JSON objects with nine fields; 330 bytes a line. */
    JSON,
    /** Text; 185 bytes a line. */
    PLAIN,
    /** Half of the lines each. */
    MIXED;

    static final int JSON_BYTES = 330;
    static final int PLAIN_BYTES = 185;

    private static final Instant FIRST = Instant.parse("2026-11-24T10:00:00.000000001Z");
    private static final String[] LEVELS = {"debug", "info", "info", "warn", "error"};
    private static final String[] VERBS = {"placed", "updated", "cancelled", "shipped", "returned"};
    private static final String[] WORDS = {
        "order", "cart", "payment", "stock", "invoice", "basket", "voucher", "parcel", "customer"
    };

    /**
     * One line with its newline.
     *
     * @param number of the line in its file; makes the time and the id in it
     */
    byte[] line(SplittableRandom random, long number) {
        // A fraction of nine digits in every line, so that all are of one length.
        StringBuilder line = new StringBuilder(JSON_BYTES);
        line.append(FIRST.plusNanos(number * 1_000_010)).append(" stdout F ");
        boolean json = this == JSON || (this == MIXED && random.nextBoolean());
        if (json) {
            appendJson(line, random, number);
        } else {
            appendPlain(line, random, number);
        }
        return line.append('\n').toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static void appendJson(StringBuilder line, SplittableRandom random, long number) {
        line.append("{\"level\":\"")
                .append(any(LEVELS, random))
                .append("\",\"logger\":\"shop.orders.OrderService\",\"thread\":\"worker-")
                .append(random.nextInt(32))
                .append("\",\"seq\":")
                .append(number)
                .append(",\"ms\":")
                .append(random.nextInt(5_000))
                .append(",\"ok\":")
                .append(random.nextInt(20) != 0)
                .append(",\"user\":\"u-")
                .append(random.nextInt(100_000))
                .append("\",\"trace\":\"")
                .append(Long.toHexString(random.nextLong() | Long.MIN_VALUE))
                .append("\",\"msg\":\"");
        appendWords(line, random, JSON_BYTES - "\"}\n".length());
        line.append("\"}");
    }

    private static void appendPlain(StringBuilder line, SplittableRandom random, long number) {
        line.append(any(LEVELS, random))
                .append(" [worker-")
                .append(random.nextInt(32))
                .append("] seq=")
                .append(number)
                .append(' ');
        appendWords(line, random, PLAIN_BYTES - 1);
    }

    private static void appendWords(StringBuilder line, SplittableRandom random, int until) {
        while (line.length() < until) {
            line.append(any(WORDS, random))
                    .append(' ')
                    .append(random.nextInt(1_000_000))
                    .append(' ')
                    .append(any(VERBS, random))
                    .append(", ");
        }
        line.setLength(until);
    }

    private static String any(String[] choices, SplittableRandom random) {
        return choices[random.nextInt(choices.length)];
    }
}
