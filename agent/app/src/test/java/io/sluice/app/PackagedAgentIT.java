package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The folder that {@code package} leaves, as somebody runs it who has just unpacked it. */
class PackagedAgentIT {
    private static final Path HOME = Path.of(System.getProperty("sluice.home"));

    /** Of Maven's: name, version, classifier. */
    private static final Pattern PURL =
            Pattern.compile(
                    "\"purl\" :"
                        + " \"pkg:maven/[^/]+/([^@]+)@([^?]+)\\?(?:classifier=([^&]+)&)?type=jar\"");

    @Test
    void theLauncherStartsIt() throws Exception {
        assertThat(output(HOME.resolve("bin/sluice").toString(), "version"))
                .anyMatch(line -> line.matches("Sluice \\d.*"));
    }

    /** Without it the agent would start all the same, only colder: nobody would see it. */
    @Test
    void whatWasLearnedAtPackagingFits() throws Exception {
        assertThat(HOME.resolve("lib/sluice.aot")).isRegularFile();
        assertThat(
                        output(
                                "env",
                                "SLUICE_JAVA_OPTS=-XX:AOTMode=on",
                                HOME.resolve("bin/sluice").toString(),
                                "version"))
                .anyMatch(line -> line.matches("Sluice \\d.*"));
    }

    /** By name and by content. */
    @Test
    void theBillOfMaterialsHasEachJarAndNoOther() throws Exception {
        String bill = Files.readString(HOME.resolve("sbom.cdx.json"));
        List<String> named =
                PURL.matcher(bill).results().map(PackagedAgentIT::jarName).sorted().toList();
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        List<String> jars = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(HOME.resolve("lib"), "*.jar")) {
            for (Path jar : files) {
                String name = jar.getFileName().toString();
                // What the bill is about has no version in its name, and no digest in the bill.
                if (name.equals("sluice.jar")) {
                    continue;
                }
                jars.add(name);
                assertThat(bill)
                        .as(name)
                        .contains(HexFormat.of().formatHex(digest.digest(Files.readAllBytes(jar))));
            }
        }
        Collections.sort(jars);

        assertThat(bill).contains("\"bomFormat\" : \"CycloneDX\"");
        assertThat(jars).hasSizeGreaterThan(20);
        assertThat(named).filteredOn(name -> !name.startsWith("sluice-app-")).isEqualTo(jars);
        assertThat(bill.split("\"purl\"", -1)).as("one for itself").hasSize(jars.size() + 2);
    }

    /** As Maven names the file of a package URL. */
    private static String jarName(MatchResult purl) {
        String classifier = purl.group(3) == null ? "" : "-" + purl.group(3);
        return purl.group(1) + "-" + purl.group(2) + classifier + ".jar";
    }

    @Test
    void plainJavaStartsIt() throws Exception {
        String java = System.getProperty("java.home") + "/bin/java";

        assertThat(output(java, "-jar", HOME.resolve("lib/sluice.jar").toString(), "version"))
                .anyMatch(line -> line.matches("Sluice \\d.*"))
                .noneMatch(line -> line.contains("WARNING"));
    }

    private static List<String> output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output.lines().toList();
    }
}
