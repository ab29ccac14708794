package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** The packaged folder: launcher, linked Java, cache. */
class SidecarIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** The goal is 40 MB; another kernel or C library may need somewhat more. */
    private static final long MOST_RSS_KIB = 48 * 1024;

    private static final Path HOME = Path.of(System.getProperty("sidecar.home", "none"));

    @TempDir private Path folder;
    private Process process;

    @AfterEach
    void end() throws InterruptedException {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    private void start(Map<String, String> environment, Path launcher, String... args)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        // Nothing of this machine's: neither a Java nor its options.
        builder.environment().keySet().removeIf(name -> name.contains("JAVA"));
        builder.environment().put("PATH", "/usr/bin:/bin");
        builder.environment().putAll(environment);
        process =
                builder.redirectOutput(folder.resolve("stdout").toFile())
                        .redirectError(folder.resolve("stderr").toFile())
                        .start();
    }

    private String out() throws IOException {
        return Files.readString(folder.resolve("stdout"));
    }

    private int exit() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    @Test
    void itCopiesAFileInLittleMemoryAndSaysNothingElse() throws Exception {
        Path log = folder.resolve("app.log");
        Files.writeString(
                log,
                "a line of a hundred bytes or so, as applications write them\n".repeat(500_000));
        Path launcher = folder.resolve("link");
        Files.createSymbolicLink(launcher, HOME.resolve("bin/sluice-sidecar"));
        start(Map.of("SLUICE_SIDECAR_FILE", log.toString()), launcher);
        await().atMost(PATIENCE)
                .until(() -> Files.size(folder.resolve("stdout")) == Files.size(log));

        assertThat(rssKiB()).isLessThan(MOST_RSS_KIB);
        process.toHandle().destroy();
        assertThat(exit()).isZero();
        assertThat(Files.mismatch(log, folder.resolve("stdout"))).isEqualTo(-1);
        assertThat(Files.readString(folder.resolve("stderr")))
                .isEqualTo("sluice-sidecar: SIGTERM; copies what is left and ends\n");
    }

    private long rssKiB() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("the kernel tells no VmRSS");
    }

    @Test
    void itsJavaHasNothingButTheBaseAndTheCacheFitsIt() throws Exception {
        Process java =
                new ProcessBuilder(HOME.resolve("java/bin/java").toString(), "--list-modules")
                        .start();
        String modules = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(java.waitFor()).isZero();
        assertThat(modules.strip()).startsWith("java.base@25").doesNotContain("\n");

        // With "on" a cache that does not fit is an error.
        start(
                Map.of("SLUICE_SIDECAR_JAVA_OPTS", "-XX:AOTMode=on"),
                HOME.resolve("bin/sluice-sidecar"),
                "--version");
        assertThat(exit()).as(Files.readString(folder.resolve("stderr"))).isZero();
        assertThat(out()).startsWith("sluice-sidecar ");
    }

    /** By name and by content. */
    @Test
    void theBillOfMaterialsHasEachJarAndNoOther() throws Exception {
        String bill = Files.readString(HOME.resolve("sbom.cdx.json"));
        Pattern purl =
                Pattern.compile("\"purl\" : \"pkg:maven/io.sluice/([^@]+)@([^?]+)\\?type=jar\"");
        List<String> named =
                purl.matcher(bill).results().map(r -> r.group(1) + "-" + r.group(2)).toList();
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        List<String> jars = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(HOME.resolve("lib"), "*.jar")) {
            for (Path jar : files) {
                String name = jar.getFileName().toString().replaceFirst("\\.jar$", "");
                // What the bill is about has no version in its name, and no digest in the bill.
                if (name.equals("sluice-sidecar")) {
                    continue;
                }
                jars.add(name);
                assertThat(bill)
                        .as(name)
                        .contains(HexFormat.of().formatHex(digest.digest(Files.readAllBytes(jar))));
            }
        }

        assertThat(bill).contains("\"bomFormat\" : \"CycloneDX\"");
        assertThat(jars).isNotEmpty();
        assertThat(named).filteredOn(name -> !name.startsWith("sluice-sidecar-")).isEqualTo(jars);
        assertThat(bill.split("\"purl\"", -1)).as("one for itself").hasSize(jars.size() + 2);
    }

    @Test
    void withoutAnyJavaTheLauncherSaysWhatItNeeds() throws Exception {
        Path bin = Files.createDirectories(folder.resolve("home/bin"));
        Path launcher = bin.resolve("sluice-sidecar");
        Files.copy(HOME.resolve("bin/sluice-sidecar"), launcher);
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
        start(Map.of(), launcher, "--help");
        assertThat(exit()).isEqualTo(2);
        assertThat(Files.readString(folder.resolve("stderr")))
                .startsWith("sluice-sidecar: there is no java in ")
                .contains("JAVA_HOME (not set); let it name a Java 25");
    }
}
