package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The sidecar's image, built by its one command and run as a careful pod would run it. Needs root
 * and podman; where one is missing the tests say so.
 */
class ImageIT {
    private static final Path BUILD = Path.of("src/main/image/build").toAbsolutePath();
    private static final Path HOME = Path.of(System.getProperty("sidecar.home", "none"));
    private static final long BUILD_MINUTES = 5;

    /** A line of its shell that writes a file's lines: there is no cat. */
    private static final String READ =
            "while IFS= read -r line || [ -n \"$line\" ]; do printf '%s\\n' \"$line\"; done";

    @TempDir private static Path shared;
    private static String image;

    @TempDir private Path folder;
    private Path logs;

    @BeforeAll
    static void buildTheImage() throws Exception {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "needs root: containers with limits of their own");
        for (String program : List.of("podman", "runc", "conmon")) {
            assumeTrue(
                    isInstalled(program),
                    program
                            + " is not installed (apt-get install --no-install-recommends podman"
                            + " buildah runc)");
        }
        String name = "localhost/sluice-sidecar-test:" + Long.toHexString(System.nanoTime());
        Path said = shared.resolve("build");
        ProcessBuilder builder =
                new ProcessBuilder(BUILD.toString(), name)
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("SIDECAR_HOME", HOME.toString());
        Process process = builder.start();
        assertThat(process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(said)).isZero();
        image = name;
    }

    private static boolean isInstalled(String program) {
        String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin";
        return List.of(path.split(":", -1)).stream()
                .anyMatch(where -> Files.isExecutable(Path.of(where, program)));
    }

    @AfterAll
    static void removeTheImage() throws Exception {
        if (image != null) {
            assertThat(podman(shared, List.of("rmi", "--force", image)).code()).isZero();
        }
    }

    @BeforeEach
    void layOut() throws IOException {
        // The folder of the test is root's alone; what is mounted is a folder in it.
        logs = Files.createDirectory(folder.resolve("logs"));
    }

    @Test
    void itIsSmallAndSaysWhatItIs() throws Exception {
        String bytes = inspect("{{.Size}}");
        assertThat(Long.parseLong(bytes) / 1_000_000).as("MB, unpacked").isLessThanOrEqualTo(80);

        // It fails if what was learned at the build does not fit.
        Ended version =
                run(List.of("--env=SLUICE_SIDECAR_JAVA_OPTS=-XX:AOTMode=on"), List.of("--version"));
        assertThat(version.out()).as(version.errors()).startsWith("sluice-sidecar ");
        assertThat(inspect("{{.Labels}}"))
                .contains("org.opencontainers.image.title:Sluice sidecar")
                .contains("org.opencontainers.image.licenses:Apache-2.0")
                .contains(
                        "org.opencontainers.image.version:"
                                + version.out().replaceFirst("^\\S+ ", "").strip());
        assertThat(shell(READ + " </usr/share/sluice-sidecar/sbom.cdx.json").out().strip())
                .isEqualTo(Files.readString(HOME.resolve("sbom.cdx.json")).strip());
    }

    @Test
    void itNeedsNoRights() throws Exception {
        Ended ended =
                shell(
                        READ
                                + " </proc/self/status; for file in /x /tmp/x /opt/x; do"
                                + " (: >$file) 2>/dev/null && echo wrote $file; done; :");

        assertThat(ended.out())
                .containsPattern("Uid:\\s+65532\\s+65532")
                .containsPattern("Gid:\\s+65532\\s+65532")
                .containsPattern("CapEff:\\s+0000000000000000")
                .containsPattern("CapBnd:\\s+0000000000000000")
                .containsPattern("NoNewPrivs:\\s+1")
                .doesNotContain("wrote");
    }

    @Test
    void itCopiesAFileByteForByte() throws Exception {
        Path log = logs.resolve("app.log");
        Files.writeString(
                log,
                "a line with bytes that are no UTF-8: \377\376\n".repeat(20_000),
                StandardCharsets.ISO_8859_1);
        Files.createFile(logs.resolve("end"));

        Ended ended =
                run(
                        List.of("--volume=" + logs + ":/logs:ro"),
                        List.of("--file", "/logs/app.log", "--until-file", "/logs/end"));

        assertThat(ended.code()).as(ended.errors()).isZero();
        assertThat(Files.mismatch(log, folder.resolve("stdout"))).isEqualTo(-1);
    }

    /** libsystemd, and what that takes compressed fields apart with. */
    @Test
    void itReadsTheJournalOfANode() throws Exception {
        Optional<String> missing = Journald.missing();
        assumeTrue(missing.isEmpty(), missing::get);
        String text = "it is long: " + "x".repeat(900);
        try (Shell shell = Journald.start(folder)) {
            shell.tell(Journald.log("app", "user.info", text));
            shell.tell("until journalctl -D /var/log/journal | grep xxx; do sleep 0.05; done");
            shell.tell("kill $J; wait $J; cp -r /var/log/journal/* " + logs);
            shell.tell("chmod -R a+rX " + logs + "; touch " + logs + "/end; echo copied");
            await().atMost(RunningSidecar.PATIENCE)
                    .untilAsserted(() -> assertThat(shell.said()).contains("copied"));
        }

        Ended ended =
                run(
                        List.of("--volume=" + logs + ":/logs:ro"),
                        List.of("--journal-directory", "/logs", "--until-file", "/logs/end"));

        assertThat(ended.code()).as(ended.errors()).isZero();
        assertThat(ended.out().lines()).contains("app: " + text);
    }

    /** As docs/SIDECAR.md has it, and the image has no coreutils. */
    @Test
    void aProbeCanAskForTheHealthFile() throws Exception {
        List<String> probe = List.of("--entrypoint=[\"test\"]");

        assertThat(run(probe, List.of("-e", "/etc/passwd")).code()).isZero();
        assertThat(run(probe, List.of("-e", "/state/healthy")).code()).isEqualTo(1);
    }

    private Ended shell(String line) throws Exception {
        Ended ended = run(List.of("--entrypoint=[\"/bin/sh\"]"), List.of("-c", line));
        assertThat(ended.code()).as(ended.errors()).isZero();
        return ended;
    }

    /** What the image's container leaves that may do nothing but what the options say. */
    private Ended run(List<String> options, List<String> arguments) throws Exception {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--rm",
                                "--pull=never",
                                "--log-driver=none",
                                // A machine's root may not be allowed to raise them to podman's.
                                "--ulimit=nofile=16384:16384",
                                "--ulimit=nproc=16384:16384",
                                "--network=none",
                                "--read-only",
                                "--read-only-tmpfs=false",
                                "--cap-drop=all",
                                "--security-opt=no-new-privileges",
                                "--memory=64m"));
        command.addAll(options);
        command.add(image);
        command.addAll(arguments);
        return podman(folder, command);
    }

    private String inspect(String format) throws Exception {
        return podman(folder, List.of("image", "inspect", "--format", format, image)).out().strip();
    }

    private record Ended(int code, String out, String errors) {}

    /** Leaves {@code stdout} and {@code stderr} in the folder. */
    private static Ended podman(Path folder, List<String> arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("podman", "--runtime=runc"));
        command.addAll(arguments);
        Path out = folder.resolve("stdout");
        Path errors = folder.resolve("stderr");
        Process process =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(errors.toFile())
                        .start();
        assertThat(process.waitFor(RunningSidecar.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return new Ended(
                process.exitValue(),
                Files.readString(out, StandardCharsets.ISO_8859_1),
                Files.readString(errors));
    }
}
