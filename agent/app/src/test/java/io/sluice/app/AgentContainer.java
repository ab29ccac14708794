package io.sluice.app;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The agent's image as a container of podman: process 1, a root file system that is read-only, no
 * capability but the given ones, limited memory, the network of the host.
 *
 * <p>Folders are mounted where they are, so that a configuration for a process is one for a
 * container, too.
 */
final class AgentContainer implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Pattern HIGH_WATER = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    private final Podman podman;
    private final String id;

    private AgentContainer(Podman podman, String id) {
        this.podman = podman;
        this.id = id;
    }

    /**
     * How a container is limited.
     *
     * @param user a uid; the image's own is 0
     * @param capabilities without {@code CAP_}
     */
    record Limits(int user, List<String> capabilities, int memoryMebibytes) {
        /** What a DaemonSet would say. */
        static final Limits DEFAULT = new Limits(0, List.of("DAC_READ_SEARCH"), 192);

        Limits withCapabilities(String... others) {
            return new Limits(user, List.of(others), memoryMebibytes);
        }

        Limits withUser(int other) {
            return new Limits(other, capabilities, memoryMebibytes);
        }

        Limits withMemory(int mebibytes) {
            return new Limits(user, capabilities, mebibytes);
        }
    }

    /**
     * Starts {@code sluice run} in it.
     *
     * @param readable folders that it sees, read-only
     */
    static AgentContainer start(
            Podman podman,
            String image,
            Path config,
            Path state,
            List<Path> readable,
            Limits limits)
            throws IOException {
        // The kubelet makes a hostPath of type DirectoryOrCreate the same way.
        Files.createDirectories(state);
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--detach",
                                // Where the test itself is killed.
                                "--timeout=900",
                                "--pull=never",
                                "--network=host",
                                "--read-only",
                                "--read-only-tmpfs=false",
                                "--cap-drop=all",
                                "--security-opt=no-new-privileges",
                                "--user=" + limits.user(),
                                "--memory=" + limits.memoryMebibytes() + "m",
                                "--volume=" + config + ":/etc/sluice/agent.yaml:ro",
                                "--volume=" + state + ":" + state));
        limits.capabilities().forEach(capability -> command.add("--cap-add=" + capability));
        readable.forEach(folder -> command.add("--volume=" + folder + ":" + folder + ":ro"));
        command.add(image);
        String[] output = podman.runOk(command).split("\n", -1);
        return new AgentContainer(podman, output[output.length - 1]);
    }

    /** What it has written to its outputs. */
    String log() {
        return podman.run("logs", id).output();
    }

    /** Waits until it has written that. */
    void awaitLog(String text, Duration atMost) {
        await("the agent to say: " + text)
                .atMost(atMost)
                .pollInterval(POLL)
                .failFast("the agent has ended", () -> !isRunning() && !log().contains(text))
                .until(() -> log().contains(text));
    }

    boolean isRunning() {
        return state("{{.State.Running}}").equals("true");
    }

    /** The most physical memory its process has had so far, in MiB. */
    int highWaterMebibytes() {
        try {
            String status = Files.readString(Path.of("/proc", state("{{.State.Pid}}"), "status"));
            Matcher matcher = HIGH_WATER.matcher(status);
            if (!matcher.find()) {
                throw new IllegalStateException("no VmHWM in " + status);
            }
            return Integer.parseInt(matcher.group(1)) / 1024;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a line of shell inside. */
    String inside(String line) {
        return podman.runOk("exec", id, "/bin/sh", "-c", line);
    }

    /** SIGKILL to its process 1, and waits until that is gone. */
    void kill() {
        podman.runOk("kill", "--signal=KILL", id);
        awaitExit(Duration.ofSeconds(30));
    }

    /** SIGTERM to its process 1. */
    void terminate() {
        podman.runOk("kill", "--signal=TERM", id);
    }

    /**
     * Waits for its end.
     *
     * @return the exit code; 137 after SIGKILL
     */
    int awaitExit(Duration atMost) {
        await("the agent's end").atMost(atMost).pollInterval(POLL).until(() -> !isRunning());
        return Integer.parseInt(state("{{.State.ExitCode}}"));
    }

    private String state(String format) {
        return podman.runOk("inspect", "--format", format, id);
    }

    /** Ends and removes it; what it has written to its state directory stays. */
    @Override
    public void close() {
        podman.run("rm", "--force", "--volumes", "--time=0", id);
    }
}
