package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Unix datagrams: what real programs send by syslog(3). */
class SyslogTest {
    private static final Path LOGGER = Path.of("/usr/bin/logger");

    @TempDir private Path folder;

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
    }

    private static void awaitPath(Path path) {
        await().atMost(RunningSidecar.PATIENCE).until(() -> Files.exists(path));
    }

    @Test
    void messagesComeWithoutTheirPriorityAndGraveOnesGoToStderr() throws Exception {
        assumeTrue(Files.exists(LOGGER), "needs " + LOGGER + ", of bsdutils");
        Path path = folder.resolve("log");
        try (RunningSidecar sidecar =
                RunningSidecar.start(folder, "--syslog", path + "", "--stderr-severity", "err")) {
            awaitPath(path);
            run(LOGGER + "", "-u", path + "", "-t", "app", "-p", "user.info", "all is well");
            run(LOGGER + "", "-u", path + "", "-t", "app", "-p", "user.err", "it burns");
            sidecar.awaitLines(1);
            sidecar.awaitErrorLines(1);
            assertThat(sidecar.terminate()).isZero();
            assertThat(sidecar.lines()).hasSize(1).first().asString().endsWith("app: all is well");
            assertThat(sidecar.lines().getFirst()).doesNotContain("<");
            assertThat(sidecar.errorLines().getFirst()).endsWith("app: it burns");
            assertThat(path).doesNotExist();
        }
    }

    @Test
    void thePriorityStaysIfAskedForAndJsonNamesTheSeverity() throws Exception {
        assumeTrue(Files.exists(LOGGER), "needs " + LOGGER + ", of bsdutils");
        Path path = folder.resolve("log");
        Path other = folder.resolve("other");
        String[] args = {
            "--json",
            "--syslog",
            path + "",
            "--keep-priority",
            "--name",
            "kept",
            "--unix-datagram",
            other + "",
            "--name",
            "raw"
        };
        try (RunningSidecar sidecar = RunningSidecar.start(folder, args)) {
            awaitPath(path);
            awaitPath(other);
            run(LOGGER + "", "-u", path + "", "-t", "app", "-p", "local0.warning", "one");
            sidecar.awaitLines(1);
            run(LOGGER + "", "-u", other + "", "-t", "app", "-p", "local0.warning", "two");
            sidecar.awaitLines(2);
            assertThat(sidecar.lines().get(0))
                    .startsWith(
                            "{\"source\":\"kept\",\"severity\":\"warning\",\"message\":\"<132>");
            assertThat(sidecar.lines().get(1))
                    .startsWith("{\"source\":\"raw\",\"message\":\"<132>");
            assertThat(sidecar.terminate()).isZero();
        }
    }

    @Test
    void aSocketThatAKilledSidecarHasLeftIsTakenOverAndOneInUseIsNot() throws Exception {
        assumeTrue(Files.exists(LOGGER), "needs " + LOGGER + ", of bsdutils");
        Path path = folder.resolve("log");
        try (RunningSidecar _ = RunningSidecar.start(folder, "--syslog", path + "")) {
            awaitPath(path);
        }
        assertThat(path).exists();
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--syslog", path + "")) {
            await().atMost(RunningSidecar.PATIENCE)
                    .untilAsserted(
                            () -> {
                                run(LOGGER + "", "-u", path + "", "hello");
                                assertThat(sidecar.lines()).isNotEmpty();
                            });
            try (RunningSidecar second = RunningSidecar.start(folder, "--syslog", path + "")) {
                assertThat(second.awaitExit()).isEqualTo(Sidecar.UNUSABLE);
                second.awaitSaid("--syslog " + path + " is in use");
            }
            assertThat(sidecar.terminate()).isZero();
        }
    }

    /** A C program that writes so many lines by syslog(3), compiled here. */
    private Path program() throws Exception {
        assumeTrue(Files.exists(Path.of("/usr/bin/gcc")), "needs gcc and libc6-dev");
        Path source = folder.resolve("old.c");
        Files.writeString(
                source,
                """
                #include <stdlib.h>
                #include <syslog.h>
                int main(int argc, char **argv) {
                    openlog("old", LOG_PID, LOG_DAEMON);
                    for (int i = 0; i < atoi(argv[1]); i++)
                        syslog(i % 10 ? LOG_INFO : LOG_ERR, "line %d of an old program", i);
                    return 0;
                }
                """);
        Path program = folder.resolve("old");
        run("gcc", "-o", program + "", source + "");
        return program;
    }

    /** A namespace with a /dev of its own, in which nobody else's /dev/log is. */
    private Shell shellWithOwnDev() throws Exception {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "needs root for a mount namespace with its own /dev/log");
        Shell shell = Shell.inOwnMounts(folder);
        Path old = Files.createDirectory(folder.resolve("dev"));
        shell.tell("mount --rbind /dev " + old + " && mount -t tmpfs tmpfs /dev");
        shell.tell(
                "for n in null zero random urandom full; do touch /dev/$n; mount --bind "
                        + old
                        + "/$n /dev/$n; done");
        return shell;
    }

    @Test
    void aProgramThatCallsSyslogWritesToDevLogAndEveryLineComes() throws Exception {
        Path program = program();
        Path out = folder.resolve("stdout");
        Path err = folder.resolve("stderr");
        List<String> command =
                RunningSidecar.command("--syslog", "/dev/log", "--stderr-severity", "err")
                        .command();
        try (Shell shell = shellWithOwnDev()) {
            shell.tell(Shell.quoted(command) + " > " + out + " 2> " + err + " & S=$!");
            shell.tell("until [ -S /dev/log ]; do sleep 0.05; done");
            shell.tell(program + " 1000");
            shell.tell("kill $S; wait $S; echo exit $?");
            await().atMost(RunningSidecar.PATIENCE).until(() -> shell.said().contains("exit"));
            assertThat(shell.said()).as(Files.readString(err)).contains("exit 0");
        }
        List<String> lines = new ArrayList<>(Files.readAllLines(out));
        assertThat(lines).hasSize(900).allMatch(line -> line.matches(".* old\\[\\d+]: line .*"));
        assertThat(Files.readAllLines(err).stream().filter(line -> line.contains("old program")))
                .hasSize(100);
    }

    @Test
    void whoSendsDatagramsWaitsWhileNobodyReadsAndLosesNothing() throws Exception {
        Path program = program();
        Path fifo = folder.resolve("out");
        run("mkfifo", fifo + "");
        List<String> command = RunningSidecar.command("--syslog", "/dev/log").command();
        int lines = 20_000;
        try (Shell shell = shellWithOwnDev()) {
            Path err = folder.resolve("stderr");
            shell.tell(Shell.quoted(command) + " > " + fifo + " 2> " + err + " & S=$!");
            shell.tell("until [ -S /dev/log ]; do sleep 0.05; done");
            try (BufferedReader out =
                    new BufferedReader(
                            new InputStreamReader(
                                    new FileInputStream(fifo.toFile()), StandardCharsets.UTF_8))) {
                shell.tell(program + " " + lines + "; echo sent; kill $S; wait $S; echo exit $?");
                // Nobody reads until the sidecar writes in vain.
                await().atMost(RunningSidecar.PATIENCE)
                        .during(java.time.Duration.ofSeconds(1))
                        .until(() -> out.ready() && !shell.said().contains("sent"));
                for (int i = 0; i < lines; i++) {
                    assertThat(out.readLine()).endsWith(": line " + i + " of an old program");
                }
                assertThat(out.readLine()).isNull();
            }
            await().atMost(RunningSidecar.PATIENCE).until(() -> shell.said().contains("exit"));
            assertThat(shell.said()).as(Files.readString(err)).contains("exit 0");
        }
    }
}
