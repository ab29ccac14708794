package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The sidecar as a process, with real files. */
class FilesTest {
    private static final Path SETPRIV = Path.of("/usr/bin/setpriv");

    @TempDir private Path folder;

    @Test
    void linesOfTwoFilesOverARotationComeOutOnceAndThoseBeforeSigtermAsWell() throws Exception {
        Path logs = Files.createDirectory(folder.resolve("logs"));
        Path access = logs.resolve("access.log");
        Path error = logs.resolve("error.log");
        List<String> written = new ArrayList<>();
        append(access, written, "access", 0, 1_000);
        append(error, written, "error", 0, 1_000);
        try (RunningSidecar sidecar = RunningSidecar.start(folder, logs + "/*.log")) {
            sidecar.awaitLines(2_000);

            append(access, written, "access", 1_000, 1_500);
            Files.move(access, logs.resolve("access.log.1"));
            append(access, written, "access", 1_500, 2_000);
            append(error, written, "error", 1_000, 2_000);

            assertThat(sidecar.terminate()).isZero();
            List<String> copied = sidecar.lines();
            assertThat(copied).containsExactlyInAnyOrderElementsOf(written);
            assertThat(copied.stream().filter(line -> line.startsWith("access")))
                    .containsExactlyElementsOf(
                            written.stream().filter(line -> line.startsWith("access")).toList());
            assertThat(sidecar.said()).containsExactly("SIGTERM; copies what is left and ends");
        }
    }

    @Test
    void severalGenerationsOfAFileComeOldestFirstAndTheLastLineNeedsNoNewline() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(folder.resolve("app.log.2"), "a1\na2\n");
        Files.writeString(folder.resolve("app.log.1"), "b1\n");
        Files.writeString(log, "c1\nlast words");
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--file", log.toString())) {
            sidecar.awaitLines(4);
            assertThat(sidecar.terminate()).isZero();
            assertThat(Files.readString(sidecar.out)).isEqualTo("a1\na2\nb1\nc1\nlast words\n");
        }
    }

    @Test
    void aFileThatIsCopiedAndTruncatedIsReadFromItsFirstByteAgain() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(log, "a first line\nand begun");
        try (RunningSidecar sidecar = RunningSidecar.start(folder, log.toString())) {
            sidecar.awaitLines(1);

            Files.copy(log, folder.resolve("app.log.1"));
            Files.writeString(log, "", StandardOpenOption.TRUNCATE_EXISTING);
            Files.writeString(log, "fresh\n", StandardOpenOption.APPEND);
            await().atMost(RunningSidecar.PATIENCE).until(() -> sidecar.lines().contains("fresh"));

            assertThat(sidecar.terminate()).isZero();
            // The copy has the begun line's bytes.
            assertThat(sidecar.lines()).containsExactly("a first line", "and begun", "fresh");
        }
    }

    @Test
    void aLineLongerThanAChunkIsNotMixedWithAnotherFiles() throws Exception {
        Path logs = Files.createDirectory(folder.resolve("logs"));
        String longLine = "x".repeat(5 * LineShaper.BLOCK_BYTES + 17);
        for (int i = 0; i < 4; i++) {
            Files.writeString(logs.resolve(i + ".log"), (i + longLine + "\n" + i + "\n").repeat(5));
        }
        try (RunningSidecar sidecar = RunningSidecar.start(folder, logs + "/*.log")) {
            sidecar.awaitLines(40);

            assertThat(sidecar.terminate()).isZero();
            List<String> lines = sidecar.lines();
            assertThat(lines).hasSize(40);
            for (int i = 0; i < 4; i++) {
                String file = Integer.toString(i);
                assertThat(lines.stream().filter((file + longLine)::equals)).hasSize(5);
                assertThat(lines.stream().filter(file::equals)).hasSize(5);
            }
        }
    }

    @Test
    void aLineOf100MebibytesIsCutAndMarkedAndTheNextOneIsWhole() throws Exception {
        Path log = folder.resolve("app.log");
        byte[] mebibyte = new byte[1 << 20];
        Arrays.fill(mebibyte, (byte) 'x');
        try (var file = Files.newOutputStream(log)) {
            for (int i = 0; i < 100; i++) {
                file.write(mebibyte);
            }
            file.write("\nwhole\n".getBytes(StandardCharsets.UTF_8));
        }
        try (RunningSidecar sidecar = RunningSidecar.start(folder, log.toString())) {
            sidecar.awaitLines(2);
            assertThat(sidecar.terminate()).isZero();
            List<String> lines = sidecar.lines();
            assertThat(lines).hasSize(2);
            assertThat(lines.getFirst())
                    .isEqualTo("x".repeat(1 << 20) + " [cut; bytes of this line: 104857600]");
            assertThat(lines.getLast()).isEqualTo("whole");
        }
    }

    @Test
    void bytesThatAreNoUtf8PassThrough() throws Exception {
        Path log = folder.resolve("app.log");
        byte[] bytes = new byte[64 * 256];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) i;
        }
        bytes[bytes.length - 1] = '\n';
        Files.write(log, bytes);
        try (RunningSidecar sidecar = RunningSidecar.start(folder, log.toString())) {
            await().atMost(RunningSidecar.PATIENCE)
                    .until(() -> Files.size(sidecar.out) == bytes.length);
            assertThat(sidecar.terminate()).isZero();
            assertThat(Files.readAllBytes(sidecar.out)).isEqualTo(bytes);
        }
    }

    @Test
    void aPathThatIsNotThereIsSpokenOfOnceAndFoundLater() throws Exception {
        Path logs = folder.resolve("logs");
        try (RunningSidecar sidecar =
                RunningSidecar.start(folder, logs + "/*.log", folder + "/single.txt")) {
            sidecar.awaitSaid(logs + " does not exist; it is looked for: " + logs + "/*.log");
            sidecar.awaitSaid(folder + "/single.txt is not there after 10 s");
            Files.createDirectory(logs);
            Files.writeString(logs.resolve("late.log"), "here I am\n");
            Files.writeString(folder.resolve("single.txt"), "me, too\n");

            sidecar.awaitLines(2);

            assertThat(sidecar.terminate()).isZero();
            assertThat(sidecar.lines()).containsExactlyInAnyOrder("here I am", "me, too");
            // One line for each, and that of the end.
            assertThat(sidecar.said()).hasSize(3);
        }
    }

    @Test
    void theEndOfAFileIsThereWithoutItBeingWatched() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(log, "0\n");
        try (RunningSidecar sidecar = RunningSidecar.start(folder, log.toString())) {
            for (int i = 1; i <= 20; i++) {
                sidecar.awaitLines(i);
                Files.writeString(log, i + "\n", StandardOpenOption.APPEND);
            }
            sidecar.awaitLines(21);
            assertThat(sidecar.terminate()).isZero();
        }
    }

    @Test
    void whatWasCopiedIsNotCopiedAgainWherePositionsAreKept() throws Exception {
        Path log = folder.resolve("app.log");
        Path positions = folder.resolve("positions");
        String[] args = {"--positions", positions.toString(), "--file", log.toString()};
        List<String> written = new ArrayList<>();
        append(log, written, "one", 0, 1_000);
        try (RunningSidecar sidecar = RunningSidecar.start(folder, args)) {
            sidecar.awaitLines(1_000);
            assertThat(sidecar.terminate()).isZero();
        }
        append(log, written, "two", 0, 1_000);
        Files.move(log, folder.resolve("app.log.1"));
        append(log, written, "three", 0, 1_000);
        try (RunningSidecar sidecar = RunningSidecar.start(folder, args)) {
            sidecar.awaitLines(3_000);
            assertThat(sidecar.terminate()).isZero();
            assertThat(sidecar.lines()).containsExactlyElementsOf(written);
        }
    }

    @Test
    void filesThatComeAndGoLeaveNoPositions() throws Exception {
        Path positions = folder.resolve("positions");
        Path logs = Files.createDirectory(folder.resolve("logs"));
        Path kept = logs.resolve("kept.log");
        Files.writeString(kept, "kept\n");
        try (RunningSidecar sidecar =
                RunningSidecar.start(
                        folder, "--positions", positions.toString(), logs + "/*.log")) {
            for (int i = 0; i < 5; i++) {
                Path hour = logs.resolve("hour-" + i + ".log");
                Files.writeString(hour, "hour " + i + "\n");
                sidecar.awaitLines(i + 2);
                Files.delete(hour);
            }
            Path file = positions.resolve("positions");
            await().atMost(RunningSidecar.PATIENCE)
                    .ignoreExceptions()
                    .until(
                            () -> {
                                String text = Files.readString(file);
                                return text.contains("kept.log") && !text.contains("hour-");
                            });
            assertThat(sidecar.terminate()).isZero();
            assertThat(sidecar.lines()).hasSize(6);
        }
    }

    @Test
    void afterAKillNothingIsMissingAndOnlyTheLastSecondComesTwice() throws Exception {
        Path log = folder.resolve("app.log");
        Path positions = folder.resolve("positions");
        String[] args = {"--positions", positions.toString(), "--file", log.toString()};
        List<String> written = new ArrayList<>();
        append(log, written, "one", 0, 1_000);
        try (RunningSidecar sidecar = RunningSidecar.start(folder, args)) {
            sidecar.awaitLines(1_000);
            await().atMost(RunningSidecar.PATIENCE)
                    .until(() -> Files.exists(positions.resolve("positions")));
            long size = Files.size(log);
            await().atMost(RunningSidecar.PATIENCE)
                    .until(
                            () ->
                                    Files.readString(positions.resolve("positions"))
                                            .contains(" " + size + " "));
            append(log, written, "two", 0, 10);
            sidecar.awaitLines(1_010);
        }
        append(log, written, "three", 0, 10);
        try (RunningSidecar sidecar = RunningSidecar.start(folder, args)) {
            await().atMost(RunningSidecar.PATIENCE)
                    .until(() -> sidecar.lines().getLast().equals("three line 9"));
            assertThat(sidecar.terminate()).isZero();
            List<String> copied = sidecar.lines();
            assertThat(copied.stream().distinct()).containsExactlyElementsOf(written);
            assertThat(copied.stream().filter(line -> line.startsWith("one"))).hasSize(1_000);
            assertThat(copied).hasSizeLessThanOrEqualTo(1_030);
        }
    }

    @Test
    void aFolderOfPositionsThatIsInUseIsRefused() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(log, "line\n");
        String[] args = {"--positions", folder.resolve("positions").toString(), log.toString()};
        try (RunningSidecar first = RunningSidecar.start(folder, args)) {
            first.awaitLines(1);
            try (RunningSidecar second = RunningSidecar.start(folder, args)) {
                assertThat(second.awaitExit()).isEqualTo(Sidecar.UNUSABLE);
                second.awaitSaid("is used by another process");
            }
            assertThat(first.terminate()).isZero();
        }
    }

    @Test
    void damagedPositionsAreLeftAsideAndEverythingIsCopied() throws Exception {
        Path log = folder.resolve("app.log");
        Path positions = Files.createDirectory(folder.resolve("positions"));
        Files.writeString(log, "line\n");
        Files.writeString(positions.resolve("positions"), "sluice-sidecar positions 1\nfile 12\n");
        try (RunningSidecar sidecar =
                RunningSidecar.start(folder, "--positions", positions.toString(), log.toString())) {
            sidecar.awaitLines(1);
            sidecar.awaitSaid("is damaged or of another version");
            assertThat(positions.resolve("positions.damaged")).exists();
            assertThat(sidecar.terminate()).isZero();
        }
    }

    @Test
    void aFileThatMayNotBeReadIsSpokenOfOnce() throws Exception {
        Path open = Files.createDirectory(folder.resolve("open"));
        Path log = open.resolve("secret.log");
        Files.writeString(log, "line\n");
        Files.setPosixFilePermissions(log, PosixFilePermissions.fromString("---------"));
        assumeTrue(
                !System.getProperty("user.name").equals("root") || Files.exists(SETPRIV),
                "root may read everything, and there is no setpriv to be somebody else");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path errors = folder.resolve("errors");
        ProcessBuilder builder = RunningSidecar.command(log.toString());
        if (System.getProperty("user.name").equals("root")) {
            builder.command()
                    .addAll(
                            0,
                            List.of(
                                    SETPRIV.toString(),
                                    "--reuid=65534",
                                    "--regid=65534",
                                    "--clear-groups"));
        }
        Process process =
                builder.redirectError(errors.toFile())
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        try {
            await().atMost(RunningSidecar.PATIENCE)
                    .untilAsserted(
                            () ->
                                    assertThat(Files.readString(errors))
                                            .contains("secret.log cannot be read"));
            // Some more looks at it.
            Path other = open.resolve("other.log");
            Files.writeString(other, "x\n");
            process.destroy();
            process.waitFor();
            assertThat(Files.readString(errors)).containsOnlyOnce("secret.log cannot be read");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static void append(Path file, List<String> written, String name, int from, int until)
            throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < until; i++) {
            String line = name + " line " + i;
            written.add(line);
            text.append(line).append('\n');
        }
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
