package io.sluice.benchmarks;

import java.util.Locale;

/** What is in the log files of a measurement; {@link LineSource} writes it. */
public enum Workload {
    /** JSON objects with nine fields; whole CRI lines of 300 to 400 bytes. */
    JSON(8),
    /** Text; whole CRI lines of 150 to 200 bytes. */
    PLAIN(8),
    /**
     * What a node has: JSON and text of 50 pods, stack traces on stderr, and now and then a line of
     * 20 to 60 KiB, which containerd splits at 16 KiB.
     */
    MIXED(50);

    private final int sources;

    Workload(int sources) {
        this.sources = sources;
    }

    /** How many containers write it, if nobody says otherwise. */
    int sources() {
        return sources;
    }

    /** As it is written on the command line. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
