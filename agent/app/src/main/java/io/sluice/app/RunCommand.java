package io.sluice.app;

import io.sluice.app.Sluice.LogFormat;
import io.sluice.app.config.AgentConfig;
import io.sluice.app.log.SelfLog;
import io.sluice.buffer.BufferException;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;

/** {@code sluice run}: the agent, until SIGTERM or a failure. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = "Ships logs until it is stopped.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:it was stopped by SIGTERM or SIGINT; what is not delivered waits in the buffer",
            "1:it failed while it ran; the log says why",
            "2:it could not start: the configuration, a port, the state directory",
            "3:it was out of memory",
            "4:it hung for stall.after; the log has what every thread was at"
        },
        footer = {"", "After any end, kill -9 and power cuts too, the next start goes on."})
final class RunCommand implements Callable<Integer> {
    /** What reading, encoding, delivery and buffer have to end, besides {@code shutdown.drain}. */
    private static final Duration ORDERLY_END = Duration.ofSeconds(60);

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
        if (failure.isPresent() && failure.get() instanceof StalledException) {
            // Closing would wait for what hangs, and nothing needs it.
            return Sluice.STALLED;
        }
        if (failure.isPresent()) {
            LastResort.in(agentConfig.drain().plus(ORDERLY_END), Sluice.FAILED);
        }
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
