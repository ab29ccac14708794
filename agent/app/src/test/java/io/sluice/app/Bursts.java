package io.sluice.app;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The folder {@code /go} of a {@link WriterImage}'s containers, seen from outside. */
final class Bursts {
    private static final Duration WRITTEN_WITHIN = Duration.ofMinutes(5);
    private static final Duration POLL = Duration.ofMillis(100);

    private final Path folder;

    /** Makes the folder. */
    Bursts(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
    }

    /** What is mounted to {@code /go}. */
    Path folder() {
        return folder;
    }

    /** Lets all write that burst. */
    void begin(int burst) throws IOException {
        Files.writeString(folder.resolve(Integer.toString(burst)), "");
    }

    /** Waits until those have written it. */
    void awaitWritten(int burst, List<String> names) {
        await("burst " + burst + " of " + names)
                .atMost(WRITTEN_WITHIN)
                .pollInterval(POLL)
                .until(
                        () ->
                                names.stream()
                                        .allMatch(
                                                name ->
                                                        Files.exists(
                                                                folder.resolve(
                                                                        name + "." + burst))));
    }
}
