package io.sluice.app;

import io.sluice.app.Sluice.LogFormat;
import io.sluice.app.config.AgentConfig;
import io.sluice.app.log.SelfLog;
import io.sluice.buffer.BufferException;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;

/** {@code sluice run}: the agent, until SIGTERM or a failure. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = "Ships logs until it is stopped.")
final class RunCommand implements Callable<Integer> {
    @CommandLine.Mixin private final ConfigOption config = new ConfigOption();

    @CommandLine.Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            defaultValue = "INFO",
            description = "ERROR, WARNING, INFO or DEBUG (default: ${DEFAULT-VALUE})")
    private System.Logger.Level level;

    @CommandLine.Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            defaultValue = "AUTO",
            description = "JSON, TEXT or AUTO: text on a terminal (default: ${DEFAULT-VALUE})")
    private LogFormat format;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter errors = spec.commandLine().getErr();
        Optional<AgentConfig> loaded = config.load(errors);
        if (loaded.isEmpty()) {
            return Sluice.TOLD_WRONG;
        }
        SelfLog.configure(level, Sluice.logFormat(format), System.err);
        AgentConfig agentConfig = loaded.get();
        AtomicReference<Optional<Agent>> running = new AtomicReference<>(Optional.empty());
        // SIGTERM and Ctrl-C: the virtual machine goes down with the hook, and its code is ours.
        // Before the agent is opened, because that may wait for the one before it to leave.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(running.get()), "stop"));
        Agent agent;
        try {
            agent =
                    new Agent(
                            agentConfig.withTail(
                                    OwnPod.exclude(agentConfig.tail(), System.getenv())));
        } catch (BufferException | IOException e) {
            errors.println("sluice: " + e.getMessage());
            errors.flush();
            return Sluice.TOLD_WRONG;
        }
        running.set(Optional.of(agent));
        agent.start();
        Optional<Throwable> failure = agent.run();
        agent.close();
        return failure.isPresent() ? Sluice.FAILED : Sluice.OK;
    }

    /** An agent that is not open has read nothing: there is nothing to bring to an end. */
    private static void stop(Optional<Agent> running) {
        running.ifPresent(
                agent -> {
                    agent.stop();
                    agent.close();
                });
        System.err.flush();
        Runtime.getRuntime().halt(Sluice.OK);
    }
}
