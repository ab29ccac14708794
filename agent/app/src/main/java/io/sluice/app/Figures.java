package io.sluice.app;

import java.time.Instant;
import java.util.Locale;

/** Figures as people read them. */
final class Figures {
    private Figures() {}

    /** {@code 12,345}. */
    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** {@code 12,345 documents}, {@code 1 document}. */
    static String count(long number, String thing) {
        return count(number) + " " + thing + (number == 1 ? "" : "s");
    }

    /** {@code 4.1 MiB}, {@code 312 KiB}, {@code 17 bytes}. */
    static String size(long bytes) {
        if (bytes >= 1 << 20) {
            return String.format(Locale.ROOT, "%,.1f MiB", bytes / (double) (1 << 20));
        }
        return bytes >= 1 << 10 ? (bytes >> 10) + " KiB" : count(bytes, "byte");
    }

    /** {@code 2026-11-24T10:00:00Z}; whole seconds. */
    static String time(long epochMillis) {
        return Instant.ofEpochSecond(Math.floorDiv(epochMillis, 1_000)).toString();
    }
}
