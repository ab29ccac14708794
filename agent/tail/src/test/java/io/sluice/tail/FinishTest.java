package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/** A tailer that is asked to read what is there and to end. */
class FinishTest extends RealFiles {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsThereIsReadToItsLastByteAndTheLoopEnds(boolean inotify) throws Exception {
        Path log = root.resolve("app.log");
        Files.writeString(log, "one\n");
        TailConfig config = config(inotify).withFiles(List.of(root.resolve("*.log")));
        try (RunningTailer running = start(config, Map.of())) {
            awaitText(sink, log.toString(), "one\n");
            Files.writeString(log, "two\nthr", StandardOpenOption.APPEND);
            Path never = root.resolve("never-seen.log");
            Files.writeString(never, "x".repeat(100_000) + "\nno newline");
            Files.createFile(root.resolve("empty.log"));

            running.tailer.finish();
            await().until(() -> !running.isAlive());

            assertThat(sink.text(log.toString())).isEqualTo("one\ntwo\nthr");
            assertThat(sink.text(never.toString())).isEqualTo("x".repeat(100_000) + "\nno newline");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatWasReadToItsEndGoesOnThereAfterAStart(boolean inotify) throws Exception {
        Path log = root.resolve("app.log");
        Files.writeString(log, "one\ntw");
        TailConfig config = config(inotify).withFiles(List.of(log));
        Map<String, SourcePosition> positions;
        try (RunningTailer running = start(config, Map.of())) {
            running.tailer.finish();
            await().until(() -> !running.isAlive());
            positions = sink.positions();
        }
        Files.writeString(log, "o\nthree\n", StandardOpenOption.APPEND);
        try (RunningTailer _ = start(config, positions)) {
            awaitText(sink, log.toString(), "one\ntwo\nthree\n");
        }
        assertThat(sink.losses(log.toString())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void generationsThatAreNotReadYetAreReadInOrder(boolean inotify) throws Exception {
        Path log = root.resolve("app.log");
        Files.writeString(root.resolve("app.log.2"), "a\n");
        Files.writeString(root.resolve("app.log.1"), "b\n");
        Files.writeString(log, "c\n");
        TailConfig config = config(inotify).withFiles(List.of(log));
        try (RunningTailer running = start(config, Map.of())) {
            running.tailer.finish();
            await().until(() -> !running.isAlive());
        }
        assertThat(sink.text(log.toString())).isEqualTo("a\nb\nc\n");
    }
}
