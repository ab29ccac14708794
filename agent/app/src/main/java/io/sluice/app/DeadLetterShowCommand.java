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

/** {@code sluice dead-letter show}. */
@Command(
        name = "show",
        mixinStandardHelpOptions = true,
        description = "Prints everything about one letter: its reason, its action, its document.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:it was printed", "1:there is no such letter"})
final class DeadLetterShowCommand implements Callable<Integer> {
    private static final String MEMBER = "%-10s %s%n";

    @CommandLine.Mixin private final StateOption state = new StateOption();

    @CommandLine.Parameters(paramLabel = "ID", description = "the _id of the document")
    private String id;

    @CommandLine.Option(names = "--json", description = "as one JSON object on one line")
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
            // One document may have been refused by several targets.
            LetterFolder.Walk walk =
                    folder.walk(letter -> letter.id().equals(id), letter -> print(letter, out));
            out.flush();
            if (walk.chosen() == 0) {
                errors.println(
                        "sluice: there is no letter "
                                + id
                                + " among "
                                + LetterFolder.counted(walk.letters())
                                + " in "
                                + directory.get()
                                + "; sluice dead-letter list shows them");
                errors.flush();
                return Sluice.FAILED;
            }
            return Sluice.OK;
        } catch (IOException e) {
            errors.println(folder.refusal(e));
            errors.flush();
            return Sluice.FAILED;
        }
    }

    private void print(DeadLetter letter, PrintWriter out) {
        String time = Instant.ofEpochMilli(letter.epochMillis()).toString();
        if (json) {
            out.println(
                    new JsonObject()
                            .put("id", letter.id())
                            .put("target", letter.target())
                            .put("source", letter.source())
                            .put("rawBytes", letter.rawBytes())
                            .put("action", letter.action())
                            .put("document", letter.document())
                            .put("status", letter.status())
                            .put("errorType", letter.errorType())
                            .put("reason", letter.reason())
                            .put("attempts", letter.attempts())
                            .put("time", time));
            return;
        }
        SourceName source = SourceName.of(letter.source());
        out.printf(MEMBER, "id", Plain.line(letter.id()));
        out.printf(MEMBER, "target", Plain.line(letter.target()));
        out.printf(MEMBER, "time", time);
        out.printf(MEMBER, "source", Plain.line(letter.source()));
        out.printf(MEMBER, "namespace", Plain.line(source.namespace()));
        out.printf(MEMBER, "pod", Plain.line(source.pod()));
        out.printf(MEMBER, "container", Plain.line(source.container()));
        out.printf(MEMBER, "status", letter.status());
        out.printf(MEMBER, "type", Plain.line(letter.errorType()));
        out.printf(MEMBER, "reason", Plain.line(letter.reason()));
        out.printf(MEMBER, "attempts", letter.attempts());
        out.printf(MEMBER, "action", Plain.line(letter.action()));
        out.printf(MEMBER, "document", Plain.text(letter.document()));
    }
}
