package io.sluice.sidecar;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What the sidecar was asked to do; {@link Arguments} reads it.
 *
 * @param positions where to keep how far it has come
 * @param drain what may pass between the end's being asked for and the end
 */
record Options(
        List<Wanted> sources,
        int maxLineBytes,
        Optional<Path> positions,
        Duration drain,
        Optional<Path> untilFile,
        Optional<Long> untilExitOf,
        Optional<Path> healthFile) {

    /**
     * A source and what is done to its lines.
     *
     * @param matches what of a journal is wanted, {@code FIELD=VALUE}; all if empty
     */
    record Wanted(Address address, Style style, List<String> matches) {
        Wanted {
            matches = List.copyOf(matches);
        }
    }

    Options {
        sources = List.copyOf(sources);
    }
}
