package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The folder that {@code package} leaves, as somebody runs it who has just unpacked it. */
class PackagedAgentIT {
    private static final Path HOME = Path.of(System.getProperty("sluice.home"));

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
