package io.sluice.benchmarks;

import java.util.Locale;

/** What a measurement comes to; the name in camel case is its key in the JSON result. */
enum Figure {
    MEGABYTES_PER_SECOND("MB/s of raw log, whole run", 1),
    STEADY_MEGABYTES_PER_SECOND("MB/s of raw log, second half", 1),
    EVENTS_PER_SECOND("lines/s, whole run", 0),
    COLD_CPU("CPU-s per GB, first GB", 2),
    STEADY_CPU("CPU-s per GB, second half", 2),
    USER_CPU("CPU-s per GB, whole run: user", 2),
    SYSTEM_CPU("CPU-s per GB, whole run: system", 2),
    FIRST_DOCUMENT("start to first document, s", 3),
    FIRST_LINE("start to first line, s", 3),
    PEAK_RSS("peak RSS, MB", 1),
    RSS("RSS at the end, MB", 1),
    ANONYMOUS_RSS("of it no file's, MB", 1),
    HEAP_USED("heap used at the end, MB", 1),
    HEAP_COMMITTED("heap committed at the end, MB", 1),
    REQUESTS("bulk requests", 0),
    DOCUMENTS("documents", 0),
    LOST("lines lost", 0),
    DOUBLED("lines doubled", 0),
    TORN("split lines torn", 0),
    ENDPOINT_CPU("endpoint: CPU-s per GB", 2),

    CORE_PERCENT("CPU, % of a core", 3),
    WAITS("waits of its threads per second", 1),
    ALL_DELIVERED("start to the last file's document, s", 2),
    BYTES_PER_FILE("RSS per file more, bytes", 0),

    LONE_P50("lone line p50, ms", 1),
    LONE_P99("lone line p99, ms", 1),
    LONE_WORST("lone line worst, ms", 1),
    STEADY_P50("steady flow p50, ms", 1),
    STEADY_P99("steady flow p99, ms", 1),
    STEADY_WORST("steady flow worst, ms", 1),
    FLOW_CPU("CPU in the steady flow, % of a core", 2),

    BACKLOG("backlog when the endpoint came back, MB", 1),
    FIRST_AGAIN("endpoint back to first document, s", 3),
    CATCH_UP_SECONDS("endpoint back to all caught up, s", 2),
    CATCH_UP_SPEED("MB/s of raw log, catching up", 1),
    CATCH_UP_CPU("CPU-s per GB, catching up", 2),
    OUTAGE_RSS("RSS before the endpoint came back, MB", 1);

    private final String label;
    private final int decimals;

    Figure(String label, int decimals) {
        this.label = label;
        this.decimals = decimals;
    }

    /** With its unit. */
    String label() {
        return label;
    }

    int decimals() {
        return decimals;
    }

    String key() {
        StringBuilder key = new StringBuilder();
        for (String word : name().toLowerCase(Locale.ROOT).split("_", -1)) {
            key.append(key.isEmpty() ? word.charAt(0) : Character.toUpperCase(word.charAt(0)));
            key.append(word, 1, word.length());
        }
        return key.toString();
    }
}
