package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** From a real systemd-journald to stdout. */
class JournalTest {
    @TempDir private Path folder;
    private Path out;
    private Path err;

    @BeforeEach
    void assumeJournald() {
        Optional<String> missing = Journald.missing();
        assumeTrue(missing.isEmpty(), missing::get);
        out = folder.resolve("stdout");
        err = folder.resolve("stderr");
    }

    private void startIn(Shell shell, String... args) throws IOException {
        shell.tell(
                Shell.quoted(RunningSidecar.command(args).command())
                        + " >> "
                        + out
                        + " 2>> "
                        + err
                        + " & S=$!");
    }

    private void awaitLine(String end) {
        await().atMost(RunningSidecar.PATIENCE)
                .ignoreExceptions()
                .untilAsserted(
                        () ->
                                assertThat(Files.readAllLines(out))
                                        .anyMatch(line -> line.endsWith(end)));
    }

    private void awaitShell(Shell shell, String words) {
        await().atMost(RunningSidecar.PATIENCE)
                .untilAsserted(() -> assertThat(shell.said()).contains(words));
    }

    @Test
    void entriesOfTheRunningJournalComeOnceOverARestartAndARotation() throws Exception {
        String[] args = {
            "--journal",
            "--journal-match",
            "SYSLOG_IDENTIFIER=app",
            "--stderr-severity",
            "err",
            "--positions",
            folder.resolve("positions").toString()
        };
        try (Shell shell = Journald.start(folder)) {
            shell.tell(Journald.log("app", "user.info", "before it starts"));
            startIn(shell, args);
            awaitLine("app: before it starts");
            shell.tell(Journald.log("other", "user.info", "not wanted"));
            shell.tell(Journald.log("app", "user.err", "it burns"));
            shell.tell(
                    "for i in $(seq 1 300); do "
                            + Journald.log("app", "user.info", "'$i'")
                            + "; done");
            awaitLine("app: 300");
            shell.tell("kill $S; wait $S; echo first exit $?");
            awaitShell(shell, "first exit 0");

            shell.tell(Journald.log("app", "user.info", "while it is down"));
            shell.tell("kill -USR2 $J");
            shell.tell("until ls /var/log/journal/*/system@*.journal; do sleep 0.05; done");
            shell.tell(Journald.log("app", "user.info", "after the rotation"));
            startIn(shell, args);
            awaitLine("app: after the rotation");
            shell.tell("kill $S; wait $S; echo second exit $?; kill $J");
            awaitShell(shell, "second exit 0");
        }
        List<String> lines = Files.readAllLines(out);
        assertThat(lines).hasSize(303).doesNotHaveDuplicates();
        assertThat(lines).startsWith("app: before it starts", "app: 1");
        assertThat(lines).endsWith("app: 300", "app: while it is down", "app: after the rotation");
        assertThat(Files.readAllLines(err)).containsOnlyOnce("app: it burns");
    }

    @Test
    void aFolderOfJournalFilesIsReadAndJsonSaysWhoAndHowGrave() throws Exception {
        try (Shell shell = Journald.start(folder)) {
            shell.tell(Journald.log("app", "user.warning", "look out"));
            shell.tell(
                    "until journalctl -D /var/log/journal | grep 'look out'; do sleep 0.05; done");
            shell.tell("kill $J; wait $J");
            startIn(shell, "--json", "--journal-directory", "/var/log/journal", "--name", "node");
            awaitLine(
                    "{\"source\":\"node\",\"severity\":\"warning\",\"identifier\":\"app\","
                            + "\"message\":\"look out\"}");
            shell.tell("kill $S; wait $S; echo exit $?");
            awaitShell(shell, "exit 0");
        }
    }

    @Test
    void withoutTheLibraryItSaysWhatToInstall() throws Exception {
        try (Shell shell = Shell.inOwnMounts(folder)) {
            // What is no library is as good as none.
            shell.tell(
                    "for f in $(ldconfig -p | sed -n 's/.*libsystemd.so.0.*=> //p'); do"
                            + " mount --bind /dev/null $(readlink -f $f); done");
            startIn(shell, "--journal");
            shell.tell("wait $S; echo exit $?");
            awaitShell(shell, "exit 2");
        }
        assertThat(Files.readString(err))
                .contains(
                        "libsystemd.so.0 is not here; install it, Debian's package is libsystemd0");
    }

    @Test
    void aFolderThatIsNotThereIsAnError() throws Exception {
        try (RunningSidecar sidecar =
                RunningSidecar.start(folder, "--journal-directory", folder.resolve("no") + "")) {
            assertThat(sidecar.awaitExit()).isEqualTo(Sidecar.UNUSABLE);
            sidecar.awaitSaid("the journal in " + folder.resolve("no") + " cannot be opened");
        }
    }
}
