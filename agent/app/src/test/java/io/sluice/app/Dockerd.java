package io.sluice.app;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A Docker daemon of the test's own: its socket, its images, its containers, no network. */
final class Dockerd implements AutoCloseable {
    private static final Duration UP_WITHIN = Duration.ofSeconds(60);

    private final Path folder;
    private final Process daemon;

    private Dockerd(Path folder, Process daemon) {
        this.folder = folder;
        this.daemon = daemon;
    }

    /** Why there can be none here; empty if there can. */
    static Optional<String> missing() {
        if (!Podman.isRoot()) {
            return Optional.of("needs root: a daemon that runs containers");
        }
        for (String program : List.of("dockerd", "docker", "docker-init", "containerd", "runc")) {
            if (!Podman.isInstalled(program)) {
                return Optional.of(
                        program
                                + " is not on the PATH (apt-get download docker.io tini; dpkg -x"
                                + " each somewhere and put its usr/bin and usr/sbin on the PATH:"
                                + " the daemon need not be installed)");
            }
        }
        return Optional.empty();
    }

    /** Starts it and waits until it answers. */
    static Dockerd start(Path folder) throws IOException {
        List<String> command =
                List.of(
                        "dockerd",
                        "--data-root=" + folder.resolve("data"),
                        "--exec-root=" + folder.resolve("exec"),
                        "--host=" + socket(folder),
                        "--pidfile=" + folder.resolve("pid"),
                        "--iptables=false",
                        "--ip6tables=false",
                        "--bridge=none");
        Path log = folder.resolve("dockerd.log");
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        Dockerd dockerd = new Dockerd(folder, process);
        try {
            await("the daemon's start, see " + log)
                    .atMost(UP_WITHIN)
                    .pollInterval(Duration.ofMillis(200))
                    .failFast("it has ended: " + log, () -> !process.isAlive())
                    .until(() -> dockerd.run("version").code() == 0);
        } catch (RuntimeException e) {
            throw new IllegalStateException(Files.readString(log), e);
        } finally {
            if (dockerd.run("version").code() != 0) {
                dockerd.close();
            }
        }
        return dockerd;
    }

    private static String socket(Path folder) {
        return "unix://" + folder.resolve("sock");
    }

    /** Runs {@code docker} to its end. */
    Podman.Ended run(String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", "--host", socket(folder)));
        command.addAll(List.of(arguments));
        return Podman.run(command, Map.of(), folder);
    }

    /** As {@link #run}; a code other than 0 is an {@link IllegalStateException}. */
    String runOk(String... arguments) {
        Podman.Ended ended = run(arguments);
        if (ended.code() != 0) {
            throw new IllegalStateException(
                    "docker "
                            + List.of(arguments)
                            + " ended with "
                            + ended.code()
                            + ": "
                            + ended.output());
        }
        return ended.output().strip();
    }

    /** Ends the containers, the daemon, and its containerd. */
    @Override
    public void close() {
        for (String id : run("ps", "--all", "--quiet").output().split("\\s+", -1)) {
            if (!id.isEmpty()) {
                run("rm", "--force", id);
            }
        }
        daemon.destroy();
        boolean interrupted = false;
        while (daemon.isAlive()) {
            try {
                daemon.waitFor();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
