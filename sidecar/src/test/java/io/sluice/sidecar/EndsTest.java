package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;

/** How the sidecar ends, and what it says of its health until then. */
class EndsTest {
    @TempDir private Path folder;

    @Test
    void itEndsWhenAFileIsThereAndCopiesTheLastLines() throws Exception {
        Path log = folder.resolve("app.log");
        Path done = folder.resolve("done");
        Files.writeString(log, "one\n");
        try (RunningSidecar sidecar =
                RunningSidecar.start(folder, "--until-file", done + "", log + "")) {
            sidecar.awaitLines(1);
            Files.writeString(log, "two\nlast words", StandardOpenOption.APPEND);
            Files.createFile(done);
            assertThat(sidecar.awaitExit()).isZero();
            assertThat(sidecar.lines()).containsExactly("one", "two", "last words");
            assertThat(sidecar.said())
                    .containsExactly(done + " is there; copies what is left and ends");
        }
    }

    @Test
    void itEndsWithAProcessAndCopiesWhatThatHasWrittenLast() throws Exception {
        Path log = folder.resolve("app.log");
        Process application =
                new ProcessBuilder(
                                "sh", "-c", "echo begins >" + log + "; read x; echo ends >>" + log)
                        .start();
        try (RunningSidecar sidecar =
                RunningSidecar.start(
                        folder, "--until-exit-of", application.pid() + "", "--file", log + "")) {
            sidecar.awaitLines(1);
            application.outputWriter().close();
            assertThat(sidecar.awaitExit()).isZero();
            assertThat(sidecar.lines()).containsExactly("begins", "ends");
            assertThat(sidecar.said().getFirst())
                    .startsWith("process " + application.pid() + " has ended");
        } finally {
            application.destroyForcibly().waitFor();
        }
        // The number is nobody's by now.
        try (RunningSidecar sidecar =
                RunningSidecar.start(
                        folder, "--until-exit-of", application.pid() + "", "--file", log + "")) {
            assertThat(sidecar.awaitExit()).isZero();
            sidecar.awaitSaid("process " + application.pid() + " is not there");
            assertThat(sidecar.lines()).containsExactly("begins", "ends", "begins", "ends");
        }
    }

    @Test
    void whatIsWrittenAfterSigtermIsCopiedUntilItIsQuiet() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(log, "0\n");
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--drain", "60s", log + "")) {
            sidecar.awaitLines(1);
            sidecar.process.toHandle().destroy();
            for (int i = 1; i <= 10; i++) {
                Files.writeString(log, i + "\n", StandardOpenOption.APPEND);
                sidecar.awaitLines(i + 1);
            }
            assertThat(sidecar.awaitExit()).isZero();
            assertThat(sidecar.lines()).hasSize(11);
        }
    }

    @Test
    void itEndsWithItsOwnCodeWhenNobodyReadsAnyMore() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(log, "line\n".repeat(100_000));
        try (RunningSidecar sidecar = RunningSidecar.startUnread(folder, log + "")) {
            sidecar.process.getInputStream().close();
            assertThat(sidecar.awaitExit()).isEqualTo(Sidecar.READER_GONE);
            sidecar.awaitSaid("stdout has no reader any more");
        }
    }

    @Test
    void whatCouldNotBeCopiedInTimeIsAnErrorAndThePositionSaysHowFarItCame() throws Exception {
        Path log = folder.resolve("app.log");
        Path positions = folder.resolve("positions");
        int lines = 100_000;
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < lines; i++) {
            text.append("line ").append(i).append('\n');
        }
        Files.writeString(log, text);
        long read;
        String[] args = {
            "--drain", "1s", "--positions", positions.toString(), "--file", log.toString()
        };
        try (RunningSidecar sidecar = RunningSidecar.startUnread(folder, args)) {
            // It has begun to write, and nobody reads.
            await().atMost(RunningSidecar.PATIENCE)
                    .until(() -> sidecar.process.getInputStream().available() > 0);
            sidecar.process.toHandle().destroy();
            assertThat(sidecar.awaitExit()).isEqualTo(Sidecar.LEFT_BEHIND);
            sidecar.awaitSaid("not everything is copied (tail)");
            read =
                    new String(
                                    sidecar.process.getInputStream().readAllBytes(),
                                    java.nio.charset.StandardCharsets.UTF_8)
                            .lines()
                            .count();
        }
        assertThat(read).isBetween(1L, lines - 1L);
        try (RunningSidecar sidecar = RunningSidecar.start(folder, args)) {
            await().atMost(RunningSidecar.PATIENCE)
                    .until(
                            () ->
                                    !sidecar.lines().isEmpty()
                                            && sidecar.lines()
                                                    .getLast()
                                                    .equals("line " + (lines - 1)));
            // Nothing is missing; what was in the write that was cut off may come twice.
            String first = sidecar.lines().getFirst();
            long next = Long.parseLong(first.substring(first.lastIndexOf(' ') + 1));
            assertThat(next).isLessThanOrEqualTo(read);
            assertThat(sidecar.lines()).hasSize((int) (lines - next));
            assertThat(sidecar.terminate()).isZero();
        }
    }

    @Test
    void theHealthFileIsThereWhileAllIsWell() throws Exception {
        Path log = folder.resolve("app.log");
        Path health = folder.resolve("healthy");
        Files.writeString(log, "line\n");
        Files.writeString(health, "of an earlier life\n");
        try (RunningSidecar sidecar =
                RunningSidecar.start(folder, "--health-file", health + "", log + "")) {
            // It may be gone between the two questions.
            await().atMost(RunningSidecar.PATIENCE)
                    .ignoreExceptions()
                    .until(() -> Files.exists(health) && Files.readString(health).equals("up\n"));
            sidecar.process.toHandle().destroy();
            assertThat(sidecar.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(health).doesNotExist();
        }
        Path nowhere = folder.resolve("no/healthy");
        try (RunningSidecar sidecar =
                RunningSidecar.start(folder, "--health-file", nowhere + "", log + "")) {
            sidecar.awaitSaid("--health-file " + nowhere + " cannot be written");
            assertThat(sidecar.terminate()).isZero();
        }
    }

    @Test
    void aRecordThatWaitsForTheReaderDoesNotHinderTheEnd() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(log, "2026 record\n and more\n".repeat(20_000));
        try (RunningSidecar sidecar =
                RunningSidecar.startUnread(
                        folder, "--drain", "2s", "--multiline", "^2026", log + "")) {
            await().atMost(RunningSidecar.PATIENCE)
                    .until(() -> sidecar.process.getInputStream().available() > 0);
            sidecar.process.toHandle().destroy();
            assertThat(sidecar.awaitExit()).isEqualTo(Sidecar.LEFT_BEHIND);
        }
    }
}
