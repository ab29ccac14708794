package io.sluice.benchmarks;

/**
 * What a line is found again by in whatever document an agent makes of it: raw text, a field of
 * parsed JSON, JSON escaped inside of JSON.
 *
 * <p>{@code ~<source>:<number>^} stands in every line, once. Numbers begin at 0 and have no gaps.
 * In a line that the runtime splits it is {@code ~<source>:<number>!}, and the line ends with
 * {@code ^<source>:<number>^}: both must be found in one document. None of these characters is ever
 * escaped, and the rest of a workload has neither {@code ~} nor {@code ^}.
 */
final class Marker {
    static final byte BEGIN = '~';
    static final byte END = '^';

    /** Ends the marker of a line that has another one at its end. */
    static final byte SPLIT = '!';

    private Marker() {}

    static void append(StringBuilder line, int source, long number) {
        line.append((char) BEGIN).append(source).append(':').append(number).append((char) END);
    }

    /** For a line that {@link #appendEnd} is behind. */
    static void appendSplit(StringBuilder line, int source, long number) {
        line.append((char) BEGIN).append(source).append(':').append(number).append((char) SPLIT);
    }

    static void appendEnd(StringBuilder line, int source, long number) {
        line.append((char) END).append(source).append(':').append(number).append((char) END);
    }
}
