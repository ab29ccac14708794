package io.sluice.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.awaitility.Awaitility;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The packaged agent as a process of its own, started by its launcher.
 *
 * <p>Its standard error goes to a file, behind what is there already: a test that starts the agent
 * again may name the same one. Standard output goes to a file beside it, {@code <name>.out}; only a
 * virtual machine that dies writes there.
 */
final class AgentProcess implements AutoCloseable {
    private static final Path LAUNCHER = Path.of(System.getProperty("sluice.home"), "bin/sluice");

    private static final Duration STARTED_WITHIN = Duration.ofSeconds(90);
    private static final Duration ANSWERED_WITHIN = Duration.ofSeconds(60);
    private static final Pattern HEALTH =
            Pattern.compile("answers  health on (\\S+):(\\d+), admin");

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Home home;
    private final Process process;
    private final Path log;
    private final long logFrom;

    /** What the agent lives in. */
    enum Home {
        /** A child of the test, with the pids that everybody sees. */
        CHILD,
        /**
         * A pid namespace of its own, where it is process 1 as in a container. Needs root and
         * util-linux.
         */
        PID_NAMESPACE
    }

    private AgentProcess(Home home, Process process, Path log, long logFrom) {
        this.home = home;
        this.process = process;
        this.log = log;
        this.logFrom = logFrom;
    }

    /**
     * Starts {@code sluice run}; does not wait for anything.
     *
     * @param log where standard error goes
     * @param environment added to that of the test; an empty value removes a variable
     */
    static AgentProcess start(Home home, Path config, Path log, Map<String, String> environment)
            throws IOException {
        return start(home, log, environment, "run", "--config", config.toString());
    }

    /** Starts the launcher with any arguments, otherwise as {@link #start}. */
    static AgentProcess start(
            Home home, Path log, Map<String, String> environment, String... arguments)
            throws IOException {
        List<String> before =
                switch (home) {
                    case CHILD -> List.of();
                    case PID_NAMESPACE ->
                            List.of(
                                    "unshare",
                                    "--pid",
                                    "--fork",
                                    "--mount-proc",
                                    "--kill-child=KILL");
                };
        return start(home, before, log, environment, arguments);
    }

    private static AgentProcess start(
            Home home,
            List<String> before,
            Path log,
            Map<String, String> environment,
            String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(before);
        command.add(LAUNCHER.toString());
        command.addAll(Arrays.asList(arguments));
        long logFrom = Files.exists(log) ? Files.size(log) : 0;
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .redirectOutput(
                                ProcessBuilder.Redirect.appendTo(
                                        log.resolveSibling(log.getFileName() + ".out").toFile()));
        Map<String, String> variables = builder.environment();
        // The Java of the test, whatever the PATH has.
        variables.put("JAVA_HOME", System.getProperty("java.home"));
        environment.forEach(
                (name, value) -> {
                    if (value.isEmpty()) {
                        variables.remove(name);
                    } else {
                        variables.put(name, value);
                    }
                });
        return new AgentProcess(home, builder.start(), log, logFrom);
    }

    /** Its pid, as the test sees it. */
    long pid() {
        return agent().map(ProcessHandle::pid).orElseThrow(() -> new IllegalStateException(end()));
    }

    /**
     * SIGKILL to the agent itself; {@link #awaitExit} then says 137, or what unshare makes of it.
     */
    void kill() {
        agent().ifPresent(ProcessHandle::destroyForcibly);
    }

    /**
     * SIGSTOP to the agent itself; returns when each of its threads stands still. So what it was
     * doing can be looked at, and stays as it is if {@link #kill} follows.
     */
    void freeze() throws IOException {
        long pid = pid();
        Signal.STOP.send(pid);
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path thread : threads.toList()) {
                while (isRunning(thread)) {
                    Thread.onSpinWait();
                }
            }
        }
    }

    private static boolean isRunning(Path thread) throws IOException {
        String stat = Files.readString(thread.resolve("stat"));
        char state = stat.charAt(stat.lastIndexOf(')') + 2);
        return state != 'T' && state != 'Z' && state != 'X';
    }

    /** SIGCONT: it goes on after {@link #freeze}. */
    void thaw() {
        Signal.CONTINUE.send(pid());
    }

    /** SIGTERM to the agent itself, as the kubelet sends it. */
    void terminate() {
        agent().ifPresent(ProcessHandle::destroy);
    }

    /** The agent; empty when it has ended. The launcher becomes it, so there is nobody between. */
    private Optional<ProcessHandle> agent() {
        if (home == Home.CHILD) {
            return Optional.of(process.toHandle()).filter(ProcessHandle::isAlive);
        }
        // unshare has no child for a moment after its start, and none when the agent has ended.
        Awaitility.await()
                .pollInterval(Duration.ofMillis(10))
                .until(() -> !process.isAlive() || process.children().findAny().isPresent());
        return process.children().findAny();
    }

    /** Whether it runs. */
    boolean isAlive() {
        return process.isAlive();
    }

    /**
     * Waits for the end.
     *
     * @return the exit code; 128 + n for a child's end by signal n
     * @throws AssertionError if it still runs after that time
     */
    int awaitExit(Duration atMost) throws InterruptedException {
        if (!process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("the agent still runs after " + atMost + ":\n" + log());
        }
        return process.exitValue();
    }

    /** What it has written to standard error since this start. */
    String log() {
        try (FileChannel channel = FileChannel.open(log, StandardOpenOption.READ)) {
            channel.position(logFrom);
            return new String(Channels.newInputStream(channel).readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The port of its health pages, as its first message says: waits for that. So {@code
     * health.listen} may have port 0.
     *
     * @throws AssertionError if the agent ends or is silent instead
     */
    int healthPort() {
        return Integer.parseInt(health().group(2));
    }

    private MatchResult health() {
        Awaitility.await("the agent's start:\n" + log())
                .atMost(STARTED_WITHIN)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> !process.isAlive() || written().isPresent());
        return written().orElseThrow(() -> new AssertionError(end()));
    }

    private Optional<MatchResult> written() {
        return HEALTH.matcher(log()).results().findFirst();
    }

    private String end() {
        return "the agent has ended"
                + (process.isAlive() ? "" : " with exit code " + process.exitValue())
                + ":\n"
                + log();
    }

    /**
     * The answer of a health page.
     *
     * @param path such as {@code /readyz}
     */
    HttpResponse<String> ask(String path) throws IOException, InterruptedException {
        MatchResult health = health();
        URI uri = URI.create("http://" + health.group(1) + ":" + health.group(2) + path);
        HttpRequest request = HttpRequest.newBuilder(uri).timeout(ANSWERED_WITHIN).build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }

    /**
     * A figure of {@code /metrics}; 0 where there is none of that name.
     *
     * @param name with its labels, if it has any
     */
    long metric(String name) throws IOException, InterruptedException {
        return ask("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
                .sum();
    }

    /** Waits until {@code /readyz} says yes. */
    void awaitReady(Duration atMost) {
        healthPort();
        Awaitility.await("readiness")
                .atMost(atMost)
                .pollInterval(Duration.ofMillis(100))
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> ask("/readyz").statusCode() == 200);
    }

    /** Kills what still lives, and waits until its locks and ports are free. */
    @Override
    public void close() {
        // unshare ends by itself, after its child: ended first, it would not say when that is gone.
        kill();
        boolean interrupted = false;
        while (process.isAlive()) {
            try {
                process.waitFor();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
