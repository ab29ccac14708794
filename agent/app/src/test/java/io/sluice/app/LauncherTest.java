package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * {@code bin/sluice} itself, on a machine of fake JDKs whose java prints what it was called with.
 */
class LauncherTest {
    private static final Path LAUNCHER = Path.of("src/main/launcher/sluice");

    @TempDir Path machine;

    private final Map<String, String> environment = new TreeMap<>();
    private Path home;
    private Path launcher;

    @BeforeEach
    void install() throws IOException {
        machine = machine.toRealPath();
        home = Files.createDirectories(machine.resolve("opt/the sluice"));
        launcher = Files.createDirectories(home.resolve("bin")).resolve("sluice");
        String script =
                Files.readString(LAUNCHER)
                        .replace("/usr/lib/jvm/", machine + "/usr/lib/jvm/")
                        .replace("/opt/java", machine + "/opt/java")
                        .replace("/opt/jdk", machine + "/opt/jdk")
                        .replace("/usr/java/", machine + "/usr/java/");
        writeProgram(launcher, script);
        environment.put("PATH", machine + "/bin:/usr/bin:/bin");
        environment.put("HOME", machine + "/root");
        Path bin = Files.createDirectories(machine.resolve("bin"));
        // The java of the machine that runs this test shall not be found.
        Files.createSymbolicLink(
                bin.resolve("java"), jdk("usr/lib/jvm/java-17", "17.0.15").resolve("bin/java"));
    }

    @Test
    void javaHomeIsTakenWhenItIsNewEnough() throws Exception {
        Path javaHome = jdk("home of java", "25.0.3");
        environment.put("JAVA_HOME", javaHome.toString());
        jdk("usr/lib/jvm/java-26", "26");

        Result result = run("version");

        assertThat(result.exitCode()).isZero();
        assertThat(result.java()).isEqualTo(javaHome.resolve("bin/java").toString());
        assertThat(result.errors()).isEmpty();
    }

    @Test
    void javaOfThePathIsTakenWhenJavaHomeIsTooOld() throws Exception {
        environment.put("JAVA_HOME", jdk("old", "21.0.7").toString());
        Path newer = jdk("newer", "25");
        environment.put("PATH", newer.resolve("bin") + ":/usr/bin:/bin");

        assertThat(run("version").java()).isEqualTo(newer.resolve("bin/java").toString());
    }

    @Test
    void java25HomeIsTakenWhenJavaHomeIsTooOld() throws Exception {
        environment.put("JAVA_HOME", jdk("old", "21.0.7").toString());
        Path newer = jdk("newer", "25.0.1");
        environment.put("JAVA25_HOME", newer.toString());

        assertThat(run("version").java()).isEqualTo(newer.resolve("bin/java").toString());
    }

    @Test
    void anInstalledJdkIsFoundWhenJavaHomeAndPathAreTooOld() throws Exception {
        environment.put("JAVA_HOME", jdk("old", "1.8.0_402").toString());
        Path installed = jdk("usr/lib/jvm/temurin-25", "25.0.3");

        assertThat(run("version").java()).isEqualTo(installed.resolve("bin/java").toString());
    }

    @Test
    void aJdkOfEachUsualFolderIsFound() throws Exception {
        for (String folder :
                List.of(
                        "usr/lib/jvm/x",
                        "opt/java-25",
                        "opt/java/openjdk",
                        "opt/jdk-25",
                        "usr/java/latest",
                        "root/.sdkman/candidates/java/25-tem",
                        "root/.jdks/temurin-25",
                        "root/.m2/jdks/25",
                        "root/.gradle/jdks/25",
                        "root/.jenv/versions/25",
                        "root/.jbang/cache/jdks/25",
                        "root/.asdf/installs/java/25",
                        "root/.jabba/jdk/25")) {
            Path installed = jdk(folder, "25.0.1");
            assertThat(run("version").java()).isEqualTo(installed.resolve("bin/java").toString());
            Files.delete(installed.resolve("bin/java"));
        }
    }

    @Test
    void withoutAReleaseFileTheJavaIsAsked() throws Exception {
        Path javaHome = jdk("asked", "26-ea");
        Files.delete(javaHome.resolve("release"));
        environment.put("JAVA_HOME", javaHome.toString());

        assertThat(run("version").java()).isEqualTo(javaHome.resolve("bin/java").toString());
    }

    @Test
    void whereNoneIsNewEnoughOneLineSaysWhatWasSeenAndWhatToInstall() throws Exception {
        environment.put("JAVA_HOME", jdk("old", "21.0.7").toString());

        Result result = run("version");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.output()).isEmpty();
        assertThat(result.errors())
                .singleElement()
                .asString()
                .startsWith("sluice: needs Java 25 or newer")
                .contains(machine + "/old/bin/java is Java 21")
                .contains(machine + "/bin/java is Java 17")
                .contains(machine + "/usr/lib/jvm/*", ".sdkman/candidates/java/*")
                .contains("install a JRE 25", "JAVA_HOME");
    }

    @Test
    void aJavaHomeThatIsNoJdkIsNamedInThatLine() throws Exception {
        environment.put("JAVA_HOME", machine + "/nowhere");

        assertThat(run("version").errors())
                .singleElement()
                .asString()
                .contains("JAVA_HOME (" + machine + "/nowhere)");
    }

    @Test
    void theFolderIsFoundThroughSymbolicLinks() throws Exception {
        jdk("usr/lib/jvm/temurin-25", "25.0.3");
        Path first = Files.createSymbolicLink(home.resolve("bin/first"), Path.of("sluice"));
        launcher = Files.createSymbolicLink(machine.resolve("bin/second"), first);

        assertThat(run("version").arguments()).contains(home + "/lib/sluice.jar");
    }

    @Test
    void argumentsArriveAsTheyAre() throws Exception {
        jdk("usr/lib/jvm/temurin-25", "25.0.3");

        assertThat(run("run", "two words", "*", "").arguments())
                .endsWith("-jar", home + "/lib/sluice.jar", "run", "two words", "*", "");
    }

    @Test
    void ownOptionsComeAfterTheDefaultsSoThatTheyWin() throws Exception {
        jdk("usr/lib/jvm/temurin-25", "25.0.3");
        environment.put("SLUICE_JAVA_OPTS", "-Xmx96m  -Dhosts=*");

        assertThat(run("version").arguments())
                .contains("-XX:+UseSerialGC", "-Xss512k", "-XX:+ExitOnOutOfMemoryError")
                .containsSubsequence("-Xmx48m", "-Xmx96m", "-Dhosts=*", "-jar");
    }

    @Test
    void whatWasLearnedAtPackagingIsUsedWhereItIsThere() throws Exception {
        jdk("usr/lib/jvm/temurin-25", "25.0.3");
        environment.put("SLUICE_JAVA_OPTS", "-XX:AOTMode=off");
        assertThat(run("version").arguments())
                .noneMatch(argument -> argument.startsWith("-XX:AOTCache"));

        Files.createDirectories(home.resolve("lib"));
        Files.createFile(home.resolve("lib/sluice.aot"));

        assertThat(run("version").arguments())
                .containsSubsequence(
                        "-XX:AOTCache=" + home + "/lib/sluice.aot", "-XX:AOTMode=off", "-jar");
    }

    @Test
    void theAgentHasMoreMemoryThanTheCommandsBesideIt() throws Exception {
        jdk("usr/lib/jvm/temurin-25", "25.0.3");
        for (String[] agent : new String[][] {{"run", "-c", "x"}, {"demo"}, {"buffer", "drain"}}) {
            assertThat(run(agent).arguments())
                    .contains("-Xmx84m")
                    .noneMatch(argument -> argument.contains("Tiered"));
        }
        for (String[] command :
                new String[][] {{}, {"--help"}, {"dead-letter", "list"}, {"buffer", "verify"}}) {
            assertThat(run(command).arguments())
                    .contains("-Xmx48m", "-XX:TieredStopAtLevel=1")
                    .doesNotContain("-Xmx84m")
                    .endsWith(command);
        }
    }

    @Test
    void nativeMemoryHasOneArenaUnlessSomebodySaidOtherwise() throws Exception {
        jdk("usr/lib/jvm/temurin-25", "25.0.3");

        assertThat(run("version").output()).contains("MALLOC_ARENA_MAX=1");
        environment.put("MALLOC_ARENA_MAX", "4");
        assertThat(run("version").output()).contains("MALLOC_ARENA_MAX=4");
    }

    /** A JDK whose java prints its name, an environment variable and its arguments, one a line. */
    private Path jdk(String folder, String version) throws IOException {
        Path jdk = machine.resolve(folder);
        Files.createDirectories(jdk.resolve("bin"));
        Files.writeString(
                jdk.resolve("release"),
                "IMPLEMENTOR=\"Fake\"\nJAVA_VERSION=\"" + version + "\"\nOS_NAME=\"Linux\"\n");
        writeProgram(
                jdk.resolve("bin/java"),
                """
                #!/bin/sh
                if [ "$1" = -version ]; then
                    echo 'Picked up JAVA_TOOL_OPTIONS: -Dnothing="1"' >&2
                    echo 'openjdk version "%s" 2026-01-01' >&2
                    exit 0
                fi
                printf '%%s\\n' "$0" "MALLOC_ARENA_MAX=$MALLOC_ARENA_MAX" "$@"
                """
                        .formatted(version));
        return jdk;
    }

    private static void writeProgram(Path file, String script) throws IOException {
        Files.writeString(file, script);
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private Result run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(arguments));
        Path output = machine.resolve("output");
        Path errors = machine.resolve("errors");
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectOutput(output.toFile())
                        .redirectError(errors.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Result(
                process.exitValue(), Files.readAllLines(output), Files.readAllLines(errors));
    }

    private record Result(int exitCode, List<String> output, List<String> errors) {
        String java() {
            assertThat(output).as("output; errors are %s", errors).isNotEmpty();
            return output.getFirst();
        }

        List<String> arguments() {
            assertThat(output).as("output; errors are %s", errors).hasSizeGreaterThan(2);
            return output.subList(2, output.size());
        }
    }
}
