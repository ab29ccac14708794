package io.sluice.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Podman with runc, as root; no daemon.
 *
 * <p>Limits are set low: a machine's root may not have the right to raise them to what podman asks
 * for by default.
 */
final class Podman {
    private static final String CONF =
            """
            [containers]
            default_ulimits = ["nofile=16384:16384", "nproc=16384:16384"]
            log_driver = "k8s-file"
            [engine]
            runtime = "runc"
            """;

    private final Path folder;
    private final Path conf;

    /** Keeps its configuration in that folder, and runs there. */
    Podman(Path folder) {
        this.folder = folder;
        this.conf = folder.resolve("containers.conf");
        try {
            Files.writeString(conf, CONF);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Why it cannot be used here; empty if it can. */
    static Optional<String> missing() {
        if (!isRoot()) {
            return Optional.of("needs root: containers with limits of their own");
        }
        for (String program : List.of("podman", "runc", "conmon")) {
            if (!isInstalled(program)) {
                return Optional.of(
                        program
                                + " is not installed (apt-get install --no-install-recommends"
                                + " podman buildah runc)");
            }
        }
        return Optional.empty();
    }

    /** Whether this JVM runs as root. */
    static boolean isRoot() {
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a program is on the PATH, or where Debian has programs for root. */
    static boolean isInstalled(String program) {
        String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin";
        for (String folder : path.split(":", -1)) {
            if (Files.isExecutable(Path.of(folder, program))) {
                return true;
            }
        }
        return false;
    }

    /** What a program left. */
    record Ended(int code, String output) {}

    /**
     * Runs {@code podman} to its end.
     *
     * @return both its outputs
     */
    Ended run(String... arguments) {
        return run(List.of(arguments));
    }

    /** As {@link #run(String...)}. */
    Ended run(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of("podman"));
        command.addAll(arguments);
        // conmon leaves a file called "oom" where it runs.
        return run(command, environment(), folder);
    }

    /** As {@link #run(String...)}; a code other than 0 is an {@link IllegalStateException}. */
    String runOk(String... arguments) {
        return runOk(List.of(arguments));
    }

    /** As {@link #runOk(String...)}. */
    String runOk(List<String> arguments) {
        Ended ended = run(arguments);
        if (ended.code() != 0) {
            throw new IllegalStateException(
                    "podman " + arguments + " ended with " + ended.code() + ": " + ended.output());
        }
        return ended.output().strip();
    }

    /** What makes any podman run as this one does. */
    Map<String, String> environment() {
        return Map.of("CONTAINERS_CONF", conf.toString());
    }

    /** Runs any program to its end. */
    static Ended run(List<String> command, Map<String, String> environment, Path where) {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).directory(where.toFile());
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            return new Ended(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(command.toString(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in " + command, e);
        }
    }
}
