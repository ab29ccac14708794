package io.sluice.sidecar;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A real systemd-journald, without systemd, in a shell's mount namespace of its own. */
final class Journald {
    private static final Path PROGRAM = Path.of("/lib/systemd/systemd-journald");

    private Journald() {}

    /** Why it cannot be used here; empty if it can. */
    static Optional<String> missing() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return Optional.of("needs root for a mount namespace with its own /run");
        }
        return Files.exists(PROGRAM)
                ? Optional.empty()
                : Optional.of("needs " + PROGRAM + ", of systemd");
    }

    /**
     * Starts one that keeps its journal in the shell's {@code /var/log/journal}; {@code $J} is its
     * process.
     */
    static Shell start(Path folder) throws IOException {
        Shell shell = Shell.inOwnMounts(folder);
        shell.tell("mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/log");
        shell.tell("mkdir -p /run/systemd/journald.conf.d /var/log/journal");
        for (String line : List.of("[Journal]", "Storage=persistent", "ReadKMsg=no", "Audit=no")) {
            shell.tell("echo '" + line + "' >> /run/systemd/journald.conf.d/test.conf");
        }
        shell.tell("echo RateLimitBurst=0 >> /run/systemd/journald.conf.d/test.conf");
        shell.tell(PROGRAM + " & J=$!");
        shell.tell("until [ -S /run/systemd/journal/dev-log ]; do sleep 0.05; done");
        // Out of /run, to /var/log/journal.
        shell.tell("kill -USR1 $J");
        shell.tell("until ls /var/log/journal/*/system.journal; do sleep 0.05; done");
        return shell;
    }

    /** A command that logs. */
    static String log(String tag, String priority, String text) {
        return "logger -u /run/systemd/journal/dev-log -t "
                + tag
                + " -p "
                + priority
                + " '"
                + text
                + "'";
    }
}
