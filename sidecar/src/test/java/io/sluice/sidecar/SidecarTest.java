package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The sidecar as a process, with real files. */
class SidecarTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir private Path folder;
    private Path out;
    private Path errors;
    private Process process;

    @AfterEach
    void end() throws InterruptedException {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    private void start(String... args) throws IOException {
        out = folder.resolve("stdout");
        errors = folder.resolve("stderr");
        process = command(args).redirectOutput(out.toFile()).redirectError(errors.toFile()).start();
    }

    private static ProcessBuilder command(String... args) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx16m",
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Sidecar.class.getName()));
        command.addAll(List.of(args));
        return new ProcessBuilder(command);
    }

    private int terminate() throws InterruptedException {
        process.toHandle().destroy();
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    private void awaitLines(int count) {
        await().atMost(PATIENCE).until(() -> Files.readAllLines(out).size() >= count);
    }

    @Test
    void linesOfTwoFilesOverARotationComeOutOnceAndThoseBeforeSigtermAsWell() throws Exception {
        Path logs = Files.createDirectory(folder.resolve("logs"));
        Path access = logs.resolve("access.log");
        Path error = logs.resolve("error.log");
        List<String> written = new ArrayList<>();
        append(access, written, "access", 0, 1_000);
        append(error, written, "error", 0, 1_000);
        start(logs + "/*.log");
        awaitLines(2_000);

        append(access, written, "access", 1_000, 1_500);
        Files.move(access, logs.resolve("access.log.1"));
        append(access, written, "access", 1_500, 2_000);
        append(error, written, "error", 1_000, 2_000);
        int exit = terminate();

        assertThat(exit).as(Files.readString(errors)).isZero();
        List<String> copied = Files.readAllLines(out);
        assertThat(copied).containsExactlyInAnyOrderElementsOf(written);
        assertThat(copied.stream().filter(line -> line.startsWith("access")))
                .containsExactlyElementsOf(
                        written.stream().filter(line -> line.startsWith("access")).toList());
    }

    @Test
    void aFileThatIsCopiedAndTruncatedIsReadFromItsFirstByteAgain() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(log, "a first line\nand begun");
        start(log.toString());
        awaitLines(1);

        Files.writeString(log, "", StandardOpenOption.TRUNCATE_EXISTING);
        // A truncation is seen if the file is looked at before it has grown past its old size.
        Files.writeString(log, "fresh\n", StandardOpenOption.APPEND);
        awaitLines(2);

        assertThat(terminate()).isZero();
        assertThat(Files.readAllLines(out)).containsExactly("a first line", "fresh");
    }

    @Test
    void aLineLongerThanAChunkIsNotMixedWithAnotherFiles() throws Exception {
        Path logs = Files.createDirectory(folder.resolve("logs"));
        String longLine = "x".repeat(5 * LineWriter.CHUNK_BYTES + 17);
        for (int i = 0; i < 4; i++) {
            Files.writeString(logs.resolve(i + ".log"), (i + longLine + "\n" + i + "\n").repeat(5));
        }

        start(logs + "/*.log");
        awaitLines(40);

        assertThat(terminate()).isZero();
        List<String> lines = Files.readAllLines(out);
        assertThat(lines).hasSize(40);
        for (int i = 0; i < 4; i++) {
            String file = Integer.toString(i);
            assertThat(lines.stream().filter((file + longLine)::equals)).hasSize(5);
            assertThat(lines.stream().filter(file::equals)).hasSize(5);
        }
    }

    @Test
    void aFileThatComesLaterIsFound() throws Exception {
        Path logs = folder.resolve("logs");
        start(logs + "/*.log");
        Files.createDirectory(logs);
        Files.writeString(logs.resolve("late.log"), "here I am\n");

        awaitLines(1);

        assertThat(terminate()).isZero();
        assertThat(Files.readAllLines(out)).containsExactly("here I am");
    }

    @Test
    void wrongArgumentsAreToldInOneLine() throws Exception {
        start();
        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(Files.readAllLines(errors)).hasSize(1).first().asString().contains("usage:");

        start("logs/*.log");
        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(Files.readAllLines(errors))
                .hasSize(1)
                .first()
                .asString()
                .contains("'logs/*.log' is not the absolute path");

        start("/logs/*/app.log");
        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(Files.readAllLines(errors)).hasSize(1).first().asString().contains("glob");
    }

    @Test
    void itEndsWithAnErrorWhenNobodyReadsAnyMore() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(log, "line\n".repeat(100_000));
        errors = folder.resolve("stderr");
        process = command(log.toString()).redirectError(errors.toFile()).start();

        process.getInputStream().close();

        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(1);
        assertThat(Files.readString(errors)).contains("cannot write to stdout");
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
