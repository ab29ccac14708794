package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The sidecar as a process of its own, its two streams in files. */
final class RunningSidecar implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    final Process process;
    final Path out;
    final Path errors;

    private RunningSidecar(Process process, Path out, Path errors) {
        this.process = process;
        this.out = out;
        this.errors = errors;
    }

    /** Starts one that appends to {@code stdout} and {@code stderr} in the folder. */
    static RunningSidecar start(Path folder, String... args) throws IOException {
        return start(folder, Map.of(), args);
    }

    static RunningSidecar start(Path folder, Map<String, String> environment, String... args)
            throws IOException {
        Path out = folder.resolve("stdout");
        Path errors = folder.resolve("stderr");
        ProcessBuilder builder = command(args);
        builder.environment().putAll(environment);
        Process process =
                builder.redirectOutput(ProcessBuilder.Redirect.appendTo(out.toFile()))
                        .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
                        .start();
        return new RunningSidecar(process, out, errors);
    }

    /** One whose stdout the test reads itself, or does not read. */
    static RunningSidecar startUnread(Path folder, String... args) throws IOException {
        Path errors = folder.resolve("stderr");
        Process process = command(args).redirectError(errors.toFile()).start();
        return new RunningSidecar(process, Path.of("/dev/null"), errors);
    }

    static ProcessBuilder command(String... args) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx24m",
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Sidecar.class.getName()));
        command.addAll(List.of(args));
        return new ProcessBuilder(command);
    }

    /** SIGTERM; what the process ended with. */
    int terminate() throws InterruptedException {
        process.toHandle().destroy();
        return awaitExit();
    }

    int awaitExit() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    List<String> lines() throws IOException {
        return lines(out);
    }

    List<String> errorLines() throws IOException {
        return lines(errors);
    }

    /** What it says itself on stderr, without its name. */
    List<String> said() throws IOException {
        String name = "sluice-sidecar: ";
        return errorLines().stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()))
                .toList();
    }

    private static List<String> lines(Path file) throws IOException {
        // One character for each byte, and only what a newline ends.
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        String whole = text.substring(0, text.lastIndexOf('\n') + 1);
        return whole.isEmpty()
                ? List.of()
                : List.of(whole.substring(0, whole.length() - 1).split("\n", -1));
    }

    void awaitLines(int count) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(lines()).hasSizeGreaterThanOrEqualTo(count));
    }

    void awaitErrorLines(int count) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(errorLines()).hasSizeGreaterThanOrEqualTo(count));
    }

    void awaitSaid(String words) {
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(said()).anyMatch(line -> line.contains(words)));
    }

    @Override
    public void close() {
        try {
            process.destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while the sidecar ended", e);
        }
    }
}
