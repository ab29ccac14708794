package io.sluice.benchmarks;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A workload's lines in memory, for the steps that are measured by themselves. */
public final class SampleLog {
    private static final InstantSource TIME =
            InstantSource.fixed(Instant.parse("2026-11-24T10:00:00.123456789Z"));

    private SampleLog() {}

    /**
     * Whole lines in pieces as the tail cuts them.
     *
     * @param chunkBytes no chunk is longer; each ends with a newline
     */
    public static List<byte[]> chunks(Workload workload, int count, int chunkBytes) {
        LineSource source = new LineSource(workload, 0, TIME);
        List<byte[]> chunks = new ArrayList<>();
        StringBuilder chunk = new StringBuilder();
        StringBuilder event = new StringBuilder();
        while (chunks.size() < count) {
            event.setLength(0);
            source.next(event);
            if (chunk.length() + event.length() > chunkBytes) {
                chunks.add(chunk.toString().getBytes(StandardCharsets.US_ASCII));
                chunk.setLength(0);
            }
            chunk.append(event);
        }
        return chunks;
    }

    /** How many lines end in a chunk. */
    public static int lines(byte[] chunk) {
        int lines = 0;
        for (byte single : chunk) {
            lines += single == '\n' ? 1 : 0;
        }
        return lines;
    }

    /** The lines of a chunk, without their newlines. */
    public static List<byte[]> split(byte[] chunk) {
        List<byte[]> lines = new ArrayList<>();
        int from = 0;
        for (int at = 0; at < chunk.length; at++) {
            if (chunk[at] == '\n') {
                lines.add(Arrays.copyOfRange(chunk, from, at));
                from = at + 1;
            }
        }
        return lines;
    }
}
