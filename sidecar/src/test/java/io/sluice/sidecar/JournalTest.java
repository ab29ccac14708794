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

/** A real systemd-journald, without systemd, in a mount namespace of its own. */
class JournalTest {
    private static final Path JOURNALD = Path.of("/lib/systemd/systemd-journald");

    @TempDir private Path folder;
    private Path out;
    private Path err;

    @BeforeEach
    void assumeJournald() {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "needs root for a mount namespace with its own /run");
        assumeTrue(Files.exists(JOURNALD), "needs " + JOURNALD + ", of systemd");
        out = folder.resolve("stdout");
        err = folder.resolve("stderr");
    }

    private Shell shellWithJournald() throws IOException {
        Shell shell = Shell.inOwnMounts(folder);
        shell.tell("mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/log");
        shell.tell("mkdir -p /run/systemd/journald.conf.d /var/log/journal");
        for (String line : List.of("[Journal]", "Storage=persistent", "ReadKMsg=no", "Audit=no")) {
            shell.tell("echo '" + line + "' >> /run/systemd/journald.conf.d/test.conf");
        }
        shell.tell("echo RateLimitBurst=0 >> /run/systemd/journald.conf.d/test.conf");
        shell.tell(JOURNALD + " & J=$!");
        shell.tell("until [ -S /run/systemd/journal/dev-log ]; do sleep 0.05; done");
        // Out of /run, to /var/log/journal.
        shell.tell("kill -USR1 $J");
        shell.tell("until ls /var/log/journal/*/system.journal; do sleep 0.05; done");
        return shell;
    }

    private static String log(String tag, String priority, String text) {
        return "logger -u /run/systemd/journal/dev-log -t "
                + tag
                + " -p "
                + priority
                + " '"
                + text
                + "'";
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
        try (Shell shell = shellWithJournald()) {
            shell.tell(log("app", "user.info", "before it starts"));
            startIn(shell, args);
            awaitLine("app: before it starts");
            shell.tell(log("other", "user.info", "not wanted"));
            shell.tell(log("app", "user.err", "it burns"));
            shell.tell("for i in $(seq 1 300); do " + log("app", "user.info", "'$i'") + "; done");
            awaitLine("app: 300");
            shell.tell("kill $S; wait $S; echo first exit $?");
            awaitShell(shell, "first exit 0");

            shell.tell(log("app", "user.info", "while it is down"));
            shell.tell("kill -USR2 $J");
            shell.tell("until ls /var/log/journal/*/system@*.journal; do sleep 0.05; done");
            shell.tell(log("app", "user.info", "after the rotation"));
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
        try (Shell shell = shellWithJournald()) {
            shell.tell(log("app", "user.warning", "look out"));
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
