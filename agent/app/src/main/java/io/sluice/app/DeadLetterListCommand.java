package io.sluice.app;

import io.sluice.app.json.JsonObject;
import io.sluice.buffer.DeadLetter;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** {@code sluice dead-letter list}. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "Lists letters, the oldest first: when, which document, of whom, and why.")
final class DeadLetterListCommand implements Callable<Integer> {
    /** Time, id, pod, status; the reason follows, as long as it is. */
    private static final String ROW = "%-20s  %-22s  %-40s  %6s  %s%n";

    private static final int POD_CHARACTERS = 40;
    private static final int REASON_CHARACTERS = 200;

    @CommandLine.Mixin private final StateOption state = new StateOption();
    @CommandLine.Mixin private final LetterFilter filter = new LetterFilter();

    @CommandLine.Option(
            names = "--json",
            description = "one JSON object for each letter, without its document, and nothing else")
    private boolean json;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter errors = spec.commandLine().getErr();
        Optional<Path> directory = state.directory(errors);
        if (directory.isEmpty()) {
            return Sluice.TOLD_WRONG;
        }
        LetterFolder folder = LetterFolder.of(directory.get());
        try {
            Consumer<DeadLetter> print =
                    json ? letter -> out.println(json(letter)) : letter -> row(letter, out);
            if (!json) {
                out.printf(ROW, "TIME", "ID", "POD OR FILE", "STATUS", "REASON");
            }
            LetterFolder.Walk walk = folder.walk(filter::accepts, print);
            if (!json) {
                out.println(
                        LetterFolder.counted(walk.chosen())
                                + (walk.chosen() == walk.letters() ? "" : " of " + walk.letters()));
            }
            out.flush();
            folder.warn(walk, errors);
            return Sluice.OK;
        } catch (IOException e) {
            errors.println(folder.refusal(e));
            errors.flush();
            return Sluice.FAILED;
        }
    }

    private static void row(DeadLetter letter, PrintWriter out) {
        SourceName source = SourceName.of(letter.source());
        out.printf(
                ROW,
                Instant.ofEpochSecond(letter.epochMillis() / 1_000),
                Plain.line(letter.id()),
                Plain.line(
                        source.namespace().isEmpty()
                                ? letter.source()
                                : source.namespace() + "/" + source.pod(),
                        POD_CHARACTERS),
                letter.status(),
                Plain.line(letter.errorType() + ": " + letter.reason(), REASON_CHARACTERS));
    }

    private static JsonObject json(DeadLetter letter) {
        SourceName source = SourceName.of(letter.source());
        return new JsonObject()
                .put("time", Instant.ofEpochMilli(letter.epochMillis()).toString())
                .put("id", letter.id())
                .put("target", letter.target())
                .put("source", letter.source())
                .put("namespace", source.namespace())
                .put("pod", source.pod())
                .put("container", source.container())
                .put("status", letter.status())
                .put("errorType", letter.errorType())
                .put("reason", letter.reason())
                .put("attempts", letter.attempts());
    }
}
