package io.sluice.benchmarks;

import java.util.Locale;

/** What is measured of an agent. */
enum Mode {
    /** Complete files, as fast as it can: CPU for each gigabyte, speed, memory. */
    THROUGHPUT,
    /** Files that nobody writes to: CPU, memory. */
    IDLE,
    /** From a line's append until its bulk request is answered: a lone line, a steady flow. */
    LATENCY,
    /** The endpoint was away: how fast the backlog goes while new lines come. */
    CATCH_UP,
    /** Idle, by the number of files. */
    SCALE,
    /** The streaming sidecar, and what people use in its place: a file to stdout. */
    SIDECAR;

    /** As it is written on the command line and in file names. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Mode of(String label) {
        for (Mode mode : values()) {
            if (mode.label().equals(label)) {
                return mode;
            }
        }
        throw new IllegalArgumentException(
                label
                        + " is no mode; there are throughput, idle, latency, catch-up, scale,"
                        + " sidecar and all");
    }
}
