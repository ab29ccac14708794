package io.sluice.tail;

import java.util.Objects;

/**
 * How far a source has come, per stream: while one stream holds an open record its position stays
 * at that record's first byte, and the other's goes on.
 *
 * @param stdout position of {@link Stream#STDOUT}
 * @param stderr position of {@link Stream#STDERR}; the same as {@code stdout} unless a record is
 *     open
 */
public record SourcePosition(StreamPosition stdout, StreamPosition stderr) {
    public SourcePosition {
        Objects.requireNonNull(stdout, "stdout");
        Objects.requireNonNull(stderr, "stderr");
    }

    public StreamPosition of(Stream stream) {
        return switch (stream) {
            case STDOUT -> stdout;
            case STDERR -> stderr;
        };
    }
}
