package io.sluice.buffer;

import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.RollCycles;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.OptionalInt;

/**
 * What we fix about Chronicle Queue: that it is quiet, and how its segments are named.
 *
 * <p>Chronicle rolls by time. Our time is a logical clock that only moves when a segment is full:
 * one cycle is one segment, and the "dates" in the names of the files only count.
 */
public final class Chronicle {
    /** Small index pages, 2^30 excerpts in a segment, nothing that depends on the real time. */
    static final RollCycle ROLL_CYCLE = RollCycles.FIVE_MINUTELY;

    private static final String SUFFIX = ".cq4";
    private static final DateTimeFormatter NAME =
            DateTimeFormatter.ofPattern(ROLL_CYCLE.format()).withZone(ZoneOffset.UTC);

    private Chronicle() {}

    /**
     * Switches off what Chronicle's libraries do unasked: report their use over HTTP, print a
     * banner, watch the disk from a thread. Must run before their first class loads; the buffer
     * calls it itself.
     */
    public static void quiet() {
        System.setProperty("chronicle.analytics.disable", "true");
        System.setProperty("chronicle.announcer.disable", "true");
        System.setProperty("chronicle.disk.monitor.disable", "true");
    }

    /** What the logical clock shows in this cycle, in Chronicle's milliseconds. */
    static long clockMillis(int cycle) {
        return (long) cycle * ROLL_CYCLE.lengthInMillis();
    }

    static String fileName(int cycle) {
        return NAME.format(Instant.ofEpochMilli(clockMillis(cycle))) + SUFFIX;
    }

    /** The cycle of a segment's file name, or empty when it is no such name. */
    static OptionalInt cycleOf(String fileName) {
        if (!fileName.endsWith(SUFFIX)) {
            return OptionalInt.empty();
        }
        try {
            Instant time =
                    NAME.parse(
                            fileName.substring(0, fileName.length() - SUFFIX.length()),
                            Instant::from);
            long cycle = time.toEpochMilli() / ROLL_CYCLE.lengthInMillis();
            return cycle >= 0 && cycle < Integer.MAX_VALUE && fileName((int) cycle).equals(fileName)
                    ? OptionalInt.of((int) cycle)
                    : OptionalInt.empty();
        } catch (DateTimeParseException _) {
            return OptionalInt.empty();
        }
    }
}
