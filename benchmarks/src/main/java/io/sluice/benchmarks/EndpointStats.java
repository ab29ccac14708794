package io.sluice.benchmarks;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What has come to {@link DiscardingBulk} so far.
 *
 * @param requests bulk ones
 * @param documents in them
 * @param markers of lines, repeated ones included; see {@link Marker}
 * @param compressedBytes of the bodies as they came
 * @param uncompressedBytes of their NDJSON
 * @param firstEpochMicros when the first document was there; 0 before
 * @param lastEpochMicros when the last one was
 */
record EndpointStats(
        long requests,
        long documents,
        long markers,
        long compressedBytes,
        long uncompressedBytes,
        long firstEpochMicros,
        long lastEpochMicros) {

    /** One line: {@code requests=1 documents=2 ...}. */
    String line() {
        return String.format(
                Locale.ROOT,
                "requests=%d documents=%d markers=%d compressedBytes=%d uncompressedBytes=%d"
                        + " firstEpochMicros=%d lastEpochMicros=%d",
                requests,
                documents,
                markers,
                compressedBytes,
                uncompressedBytes,
                firstEpochMicros,
                lastEpochMicros);
    }

    /** Reads what {@link #line} has written. */
    static EndpointStats parse(String line) {
        Map<String, Long> values = values(line);
        return new EndpointStats(
                values.get("requests"),
                values.get("documents"),
                values.get("markers"),
                values.get("compressedBytes"),
                values.get("uncompressedBytes"),
                values.get("firstEpochMicros"),
                values.get("lastEpochMicros"));
    }

    /** The numbers of a line of {@code name=number}. */
    static Map<String, Long> values(String line) {
        Map<String, Long> values = new HashMap<>();
        for (String pair : line.split(" ", -1)) {
            int equals = pair.indexOf('=');
            if (equals < 0) {
                throw new IllegalStateException("no name=number: " + line);
            }
            values.put(pair.substring(0, equals), Long.parseLong(pair.substring(equals + 1)));
        }
        return values;
    }
}
