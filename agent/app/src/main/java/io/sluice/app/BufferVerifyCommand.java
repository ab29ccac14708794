package io.sluice.app;

import io.sluice.app.json.JsonObject;
import io.sluice.buffer.Amount;
import io.sluice.buffer.BufferDamage;
import io.sluice.buffer.SavedBody;
import io.sluice.buffer.SavedBuffer;
import io.sluice.buffer.SavedExcerpt;
import io.sluice.buffer.SavedSegment;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/** {@code sluice buffer verify}. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = {
            "Checks every checksum and that no excerpt is missing.",
            "Prints what is damaged, and what of each container is lost with it if its log files"
                    + " are gone: the agent's next start reads them again from before the damage."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:everything is as it was written", "1:something is damaged"})
final class BufferVerifyCommand implements Callable<Integer> {
    @CommandLine.Mixin private final StateOption state = new StateOption();

    @CommandLine.Option(
            names = "--json",
            description = "one JSON object for each damage, and one for the whole")
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
        Findings findings = new Findings(out);
        try {
            new SavedBuffer(directory.get(), List.of(BufferCommand.OUTPUT)).walk(findings);
        } catch (IOException e) {
            out.flush();
            errors.println("sluice: the buffer in " + directory.get() + " cannot be read: " + e);
            errors.flush();
            return Sluice.FAILED;
        }
        findings.end();
        out.flush();
        return findings.damages == 0 ? Sluice.OK : Sluice.FAILED;
    }

    /** Checks bodies as they come, and prints what is damaged. */
    private final class Findings implements SavedBuffer.Finder {
        private final PrintWriter out;
        private final Map<String, Amount> cost = new TreeMap<>();
        private Optional<SavedSegment> segment = Optional.empty();
        private long segments;
        private long excerpts;
        private long documents;
        private long damages;
        private long missing;
        private boolean moreMayBeMissing;

        Findings(PrintWriter out) {
            this.out = out;
        }

        @Override
        public void segment(SavedSegment next) {
            segment = Optional.of(next);
            segments++;
        }

        @Override
        public void excerpt(SavedExcerpt excerpt) {
            excerpts++;
            for (SavedBody body : excerpt.bodies()) {
                documents += body.documents();
                if (!body.isWhole()) {
                    damage(
                            new BufferDamage(
                                    segment.orElseThrow().file(),
                                    "excerpt "
                                            + excerpt.sequence()
                                            + ": its "
                                            + Figures.count(body.documents(), "document")
                                            + " for "
                                            + body.output()
                                            + " are damaged"
                                            + (body.isDelivered()
                                                    ? ", and were delivered before"
                                                    : ""),
                                    OptionalLong.of(body.isDelivered() ? 0 : 1),
                                    body.isDelivered() ? Map.of() : body.sources()));
                }
            }
        }

        @Override
        public void damage(BufferDamage damage) {
            damages++;
            missing += damage.cost().isEmpty() ? damage.excerpts().orElse(0) : 0;
            moreMayBeMissing |= damage.excerpts().isEmpty();
            damage.cost().forEach((source, amount) -> cost.merge(source, amount, Amount::plus));
            if (json) {
                out.println(
                        new JsonObject()
                                .put("file", damage.file().toString())
                                .put("damage", damage.what())
                                .put("cost", costs(damage.cost())));
                return;
            }
            out.println(damage.file() + ": " + damage.what());
            damage.cost()
                    .forEach(
                            (source, amount) ->
                                    out.println(
                                            "    "
                                                    + Plain.line(source)
                                                    + ": "
                                                    + Figures.count(amount.records(), "record")
                                                    + ", "
                                                    + Figures.count(amount.bytes(), "byte")));
        }

        private static List<JsonObject> costs(Map<String, Amount> cost) {
            List<JsonObject> costs = new ArrayList<>();
            cost.forEach(
                    (source, amount) ->
                            costs.add(
                                    new JsonObject()
                                            .put("source", source)
                                            .put("records", amount.records())
                                            .put("bytes", amount.bytes())));
            return costs;
        }

        void end() {
            Amount all = cost.values().stream().reduce(Amount.NONE, Amount::plus);
            if (json) {
                out.println(
                        new JsonObject()
                                .put("segments", segments)
                                .put("excerpts", excerpts)
                                .put("documents", documents)
                                .put("damages", damages)
                                .put("records", all.records())
                                .put("bytes", all.bytes())
                                .put("missingExcerpts", missing)
                                .put("moreMayBeMissing", moreMayBeMissing)
                                .put("cost", costs(cost)));
                return;
            }
            String looked =
                    Figures.count(segments, "segment")
                            + ", "
                            + Figures.count(excerpts, "excerpt")
                            + ", "
                            + Figures.count(documents, "document");
            if (damages == 0) {
                out.println(looked + ": every checksum is right, nothing is missing");
                return;
            }
            out.println();
            out.println(looked + "; " + Figures.count(damages, "damage"));
            out.println(
                    "not delivered and damaged: "
                            + Figures.count(all.records(), "record")
                            + " of "
                            + Figures.count(cost.size(), "source")
                            + "; missing: "
                            + Figures.count(missing, "excerpt")
                            + (moreMayBeMissing ? ", perhaps more" : "")
                            + ", whose cannot be told");
            out.println(
                    "The agent's next start reads again what is still in the log files. sluice"
                            + " buffer export takes out what is whole.");
        }
    }
}
