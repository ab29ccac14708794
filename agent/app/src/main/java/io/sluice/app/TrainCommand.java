package io.sluice.app;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.config.ConfigurationException;
import io.sluice.app.config.ConfigurationFile;
import io.sluice.app.config.Problem;
import io.sluice.app.demo.DemoFolder;
import io.sluice.app.demo.DemoWorkload;
import io.sluice.app.log.SelfLog;
import io.sluice.app.training.AgreeableBulk;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * {@code sluice train}: ships made-up logs to a server inside of this process, so that the virtual
 * machine learns what the agent does. Run once, when the agent is packaged, with {@code
 * -XX:AOTCacheOutput}: what was learned starts every later agent warm (JEP 483, JEP 515).
 */
@Command(
        name = "train",
        hidden = true,
        mixinStandardHelpOptions = true,
        description = "Runs the agent once over made-up logs, for the AOT cache.")
final class TrainCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /** Written in parts, so that reading what grows is learned, too, and rotation. */
    private static final int PARTS = 10;

    @CommandLine.Option(
            names = "--dir",
            paramLabel = "DIR",
            required = true,
            description = "a folder for logs and state, emptied first")
    private Path dir;

    @CommandLine.Option(
            names = "--lines",
            paramLabel = "N",
            defaultValue = "200000",
            description = "how many lines to ship (default: ${DEFAULT-VALUE})")
    private int lines;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter errors = spec.commandLine().getErr();
        SelfLog.configure(System.Logger.Level.WARNING, SelfLog.Format.TEXT, System.err);
        try (DemoFolder folder = DemoFolder.open(dir);
                DemoWorkload workload = new DemoWorkload(folder.path());
                AgreeableBulk server = AgreeableBulk.listen();
                Agent agent =
                        new Agent(configuration(workload.links(), folder.path(), server.url()))) {
            agent.start();
            return ship(workload, agent) ? Sluice.OK : Sluice.FAILED;
        } catch (IOException e) {
            errors.println("sluice: " + e.getMessage());
            errors.flush();
            return Sluice.FAILED;
        }
    }

    private boolean ship(DemoWorkload workload, Agent agent)
            throws IOException, InterruptedException {
        CompletableFuture<Optional<Throwable>> ended = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("watch").start(() -> watch(agent, ended));
        long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        for (int part = 0; part < PARTS; part++) {
            workload.write(lines / PARTS);
            if (part == PARTS / 2) {
                workload.rotate();
            }
        }
        while (agent.deliveredDocuments() < workload.written()) {
            if (System.nanoTime() - deadlineNanos > 0 || hasFailed(ended)) {
                return false;
            }
        }
        return true;
    }

    private static void watch(Agent agent, CompletableFuture<Optional<Throwable>> ended) {
        try {
            ended.complete(agent.run());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Looks ten times a second. */
    private static boolean hasFailed(CompletableFuture<Optional<Throwable>> ended)
            throws InterruptedException {
        try {
            return ended.get(100, TimeUnit.MILLISECONDS).isPresent();
        } catch (TimeoutException _) {
            return false;
        } catch (ExecutionException e) {
            throw new AssertionError("the end is never completed exceptionally", e);
        }
    }

    private static AgentConfig configuration(Path links, Path folder, String url)
            throws IOException {
        String yaml =
                """
                cluster: training
                containers: {path: "%s"}
                kubernetes: {api: off, node: training-node}
                buffer: {path: "%s", maxSize: 192MiB, minFree: 64MiB}
                elasticsearch: {hosts: ["%s"]}
                health: {listen: "127.0.0.1:0"}
                admin: {listen: "127.0.0.1:0"}
                """
                        .formatted(links, folder.resolve("state"), url);
        try {
            return ConfigurationFile.parse("training", yaml, Map.of());
        } catch (ConfigurationException e) {
            List<String> problems = e.problems().stream().map(Problem::toString).toList();
            throw new IOException(String.join("\n", problems), e);
        }
    }
}
