package io.sluice.sidecar;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What is done to the lines of a source, and where they go.
 *
 * @param name what stands for the source; empty for the path or address itself
 * @param target where its lines go
 * @param stderrIf lines in which this is found go to stderr
 * @param stderrSeverity messages as grave as this go to stderr
 * @param begins the first line of a record; the lines up to the next one are folded into it
 * @param priority what becomes of syslog's {@code <13>}
 * @param wrapping what stands around a line
 * @param maxLineBytes longer lines are cut here; bytes, without the newline
 */
record Style(
        Optional<String> name,
        Outlets.Target target,
        Optional<Pattern> stderrIf,
        Optional<Severity> stderrSeverity,
        Optional<Pattern> begins,
        Priority priority,
        Wrapping wrapping,
        int maxLineBytes) {

    /** What stands around a line. */
    enum Wrapping {
        /** Nothing: a line is the bytes that came. */
        NONE,
        /** {@code [name] } before it. */
        PREFIX,
        /** {@code {"source":…,"message":…}}. */
        JSON
    }

    /** What becomes of the priority before a syslog message. */
    enum Priority {
        STRIPPED,
        KEPT
    }

    /** Whether nothing looks at single lines, if none is too long. */
    boolean isBlockwise() {
        return wrapping == Wrapping.NONE && stderrIf.isEmpty() && begins.isEmpty();
    }
}
