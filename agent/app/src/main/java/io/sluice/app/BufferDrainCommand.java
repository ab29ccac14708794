package io.sluice.app;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.log.SelfLog;
import io.sluice.buffer.Buffer;
import io.sluice.buffer.BufferException;
import io.sluice.buffer.DeadLetterFiles;
import io.sluice.buffer.SavedBody;
import io.sluice.buffer.SavedBuffer;
import io.sluice.buffer.SavedExcerpt;
import io.sluice.elasticsearch.BulkSender;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/**
 * {@code sluice buffer drain}: the end of the line's way without its beginning. Whoever ends it in
 * the middle ends it as an agent: the next one goes on.
 */
@Command(
        name = "drain",
        mixinStandardHelpOptions = true,
        description = {
            "Delivers everything in the buffer and reads no log files, then ends.",
            "For a node that goes, or an agent that is not to come back. No agent may run: it has"
                    + " the state directory to itself."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:the buffer is empty",
            "1:it is not, after --timeout or a failure; the rest waits, and may be drained later",
            "2:the configuration is wrong, or an agent uses the state directory"
        })
final class BufferDrainCommand implements Callable<Integer> {
    private static final Duration SAY_EVERY = Duration.ofSeconds(5);

    @CommandLine.Mixin private final StateOption state = new StateOption();

    @CommandLine.Option(
            names = "--timeout",
            paramLabel = "DURATION",
            converter = Age.class,
            description = "give up after so long (default: never)")
    private Optional<Duration> timeout = Optional.empty();

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter errors = spec.commandLine().getErr();
        Optional<AgentConfig> loaded = state.configuration(errors);
        if (loaded.isEmpty()) {
            return Sluice.TOLD_WRONG;
        }
        SelfLog.configure(System.Logger.Level.WARNING, SelfLog.Format.TEXT, System.err);
        AgentConfig config = loaded.get();
        long waiting;
        try {
            waiting = waiting(config);
        } catch (IOException e) {
            errors.println("sluice: " + e.getMessage());
            errors.flush();
            return Sluice.FAILED;
        }
        try (Buffer buffer = Buffer.open(config.buffer().withLockWait(Duration.ZERO))) {
            return drain(config, buffer, waiting, out);
        } catch (BufferException e) {
            errors.println("sluice: " + e.getMessage());
            errors.flush();
            return Sluice.TOLD_WRONG;
        }
    }

    private static long waiting(AgentConfig config) throws IOException {
        long[] documents = new long[1];
        new SavedBuffer(config.buffer().directory(), config.buffer().outputs())
                .walk(
                        new SavedBuffer.Finder() {
                            @Override
                            public void excerpt(SavedExcerpt excerpt) {
                                for (SavedBody body : excerpt.bodies()) {
                                    documents[0] += body.isDelivered() ? 0 : body.documents();
                                }
                            }
                        });
        return documents[0];
    }

    private int drain(AgentConfig config, Buffer buffer, long waiting, PrintWriter out) {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        long start = System.nanoTime();
        boolean drained = false;
        BulkSender sender;
        try (DeadLetterFiles letters = DeadLetterFiles.open(buffer, 0, Agent.DEAD_LETTER_BYTES)) {
            sender = new BulkSender(config.elasticsearch(), buffer.outbox(0), letters);
            try (sender) {
                sender.start(failure::complete);
                while (!drained && !failure.isDone() && left(start).isPositive()) {
                    drained = sender.drain(least(SAY_EVERY, left(start)));
                    if (!drained) {
                        say(progress(sender, waiting), out);
                        sender.troubles().forEach(trouble -> say("  " + trouble, out));
                    }
                }
            }
        }
        say(progress(sender, waiting), out);
        if (failure.isDone()) {
            say("delivery failed: " + failure.join(), out);
        }
        say(drained ? "the buffer is empty" : "not everything is delivered; the rest waits", out);
        return drained ? Sluice.OK : Sluice.FAILED;
    }

    private Duration left(long startNanos) {
        return timeout.map(longest -> longest.minusNanos(System.nanoTime() - startNanos))
                .orElse(SAY_EVERY);
    }

    private static Duration least(Duration some, Duration other) {
        return some.compareTo(other) < 0 ? some : other;
    }

    private static String progress(BulkSender sender, long waiting) {
        long delivered = sender.stats().deliveredDocuments();
        long dead = sender.stats().deadLetteredDocuments();
        return Figures.count(delivered)
                + " of "
                + Figures.count(waiting, "document")
                + " delivered ("
                + Figures.count(sender.stats().alreadyThereDocuments())
                + " were there already), "
                + Figures.count(dead, "dead letter");
    }

    private static void say(String line, PrintWriter out) {
        out.println(Plain.line(line));
        out.flush();
    }
}
