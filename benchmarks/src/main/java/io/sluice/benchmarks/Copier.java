package io.sluice.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A program that repeats a file's lines on its stdout and goes on when more come: the streaming
 * sidecar, and what people use in its place.
 *
 * @param about what it is, for the report
 * @param command its words; <code>{file}</code> and <code>{config}</code> are filled in
 * @param config a file of benchmarks/peers; empty for none
 */
record Copier(String name, String about, List<String> command, String config) {
    /** The one whose losses are failures. */
    static final String SIDECAR = "sluice-sidecar";

    private static final Path TAIL = Path.of("/usr/bin/tail");

    Copier {
        command = List.copyOf(command);
    }

    /**
     * The sidecar, and those of the others that are installed here.
     *
     * @param missing takes what is not
     */
    static List<Copier> all(BenchmarkOptions options, List<String> missing) throws IOException {
        List<Copier> all = new ArrayList<>();
        Path sidecar = Path.of(options.sidecar().getFirst());
        if (!Files.isExecutable(sidecar)) {
            throw new IllegalArgumentException(
                    sidecar + " cannot be run; run ./mvnw package, or say --sidecar COMMAND");
        }
        all.add(new Copier(SIDECAR, String.join(" ", options.sidecar()), options.sidecar(), ""));
        if (Files.isExecutable(TAIL)) {
            List<String> tail = List.of(TAIL.toString(), "-n", "+1", "-F", "{file}");
            all.add(
                    new Copier(
                            "tail -F",
                            RunningShipper.firstLineOf(List.of(TAIL.toString(), "--version")),
                            tail,
                            ""));
        } else {
            missing.add("tail: there is no " + TAIL);
        }
        Path rsyslog = options.rsyslog();
        if (Files.isExecutable(rsyslog)) {
            all.add(
                    new Copier(
                            "rsyslog",
                            RunningShipper.firstLineOf(List.of(rsyslog.toString(), "-v"))
                                    + "; imfile to omfile"
                                    + " (`benchmarks/peers/rsyslog-sidecar.conf`)",
                            List.of(rsyslog.toString(), "-n", "-f", "{config}", "-i", "NONE"),
                            "rsyslog-sidecar.conf"));
        } else {
            missing.add("rsyslog: there is no " + rsyslog + "; say --rsyslog PATH");
        }
        return all;
    }

    /**
     * What to type.
     *
     * @param folder its own, empty
     */
    List<String> words(Path file, Path folder) throws IOException {
        Path written = config.isEmpty() ? folder : write(file, folder);
        return command.stream()
                .map(word -> word.replace("{file}", file.toString()))
                .map(word -> word.replace("{config}", written.toString()))
                .toList();
    }

    private Path write(Path file, Path folder) throws IOException {
        try (InputStream in = Copier.class.getResourceAsStream("/peers/" + config)) {
            if (in == null) {
                throw new IllegalStateException("peers/" + config + " is not in the jar");
            }
            String text =
                    new String(in.readAllBytes(), StandardCharsets.UTF_8)
                            .replace("{file}", file.toString())
                            .replace("{state}", folder.toString());
            return Files.writeString(folder.resolve(config), text);
        }
    }
}
