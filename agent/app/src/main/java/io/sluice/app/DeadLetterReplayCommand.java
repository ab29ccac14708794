package io.sluice.app;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.json.JsonObject;
import io.sluice.app.log.SelfLog;
import io.sluice.buffer.DeadLetter;
import io.sluice.buffer.DeadLetterReader;
import io.sluice.elasticsearch.ElasticsearchConfig;
import io.sluice.elasticsearch.LetterReplay;
import io.sluice.elasticsearch.LetterReplay.Fate;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;

/**
 * {@code sluice dead-letter replay}.
 *
 * <p>A letter is removed only after Elasticsearch has taken it, file by file. Whoever ends the
 * command in between leaves letters that were delivered; the next replay finds them there by their
 * ids.
 */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        description = {
            "Sends letters to Elasticsearch again, each with its own id, and removes those that it"
                    + " takes. The others stay, and are printed with the reason.",
            "All letters, unless it is said which. May be run again at any time."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all of them were taken",
            "1:some were refused again, or not sent; they are kept",
            "2:the configuration is wrong"
        })
final class DeadLetterReplayCommand implements Callable<Integer> {
    @CommandLine.Mixin private final StateOption state = new StateOption();
    @CommandLine.Mixin private final LetterFilter filter = new LetterFilter();

    @CommandLine.Option(
            names = "--to-index",
            paramLabel = "NAME",
            description = "send them to this index or data stream, not to where they were for")
    private Optional<String> target = Optional.empty();

    @CommandLine.Option(
            names = "--pipeline",
            paramLabel = "NAME",
            description =
                    "send them through this ingest pipeline; _none for none"
                            + " (default: elasticsearch.pipeline of the configuration)")
    private Optional<String> pipeline = Optional.empty();

    @CommandLine.Option(
            names = "--timeout",
            paramLabel = "DURATION",
            defaultValue = "60s",
            converter = Age.class,
            description = "give up when nothing was taken for so long (default: ${DEFAULT-VALUE})")
    private Duration patience;

    @CommandLine.Option(
            names = "--json",
            description = "one JSON object for each letter, and nothing else")
    private boolean json;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    private long taken;
    private long repaired;
    private long alreadyThere;
    private long refused;
    private long waiting;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter errors = spec.commandLine().getErr();
        Optional<AgentConfig> loaded = state.configuration(errors);
        if (loaded.isEmpty()) {
            return Sluice.TOLD_WRONG;
        }
        SelfLog.configure(System.Logger.Level.WARNING, SelfLog.Format.TEXT, System.err);
        AgentConfig config = loaded.get();
        ElasticsearchConfig elasticsearch =
                pipeline.map(config.elasticsearch()::withPipeline).orElse(config.elasticsearch());
        LetterFolder folder = LetterFolder.of(config.buffer().directory());
        boolean all = true;
        try (LetterReplay replay = new LetterReplay(elasticsearch, target, patience)) {
            for (Path file : folder.store().files()) {
                all &= replay(file, folder, replay, out);
                if (!all) {
                    break;
                }
            }
        } catch (IOException e) {
            all = false;
            errors.println(
                    folder.refusal(e)
                            + "; letters that were taken may be there still, which does"
                            + " no harm: send them again");
        }
        if (!json) {
            summarise(all, out);
        }
        out.flush();
        errors.flush();
        return all && refused + waiting == 0 ? Sluice.OK : Sluice.FAILED;
    }

    /** Which document for whom; a letter is kept once for each. */
    private record Key(String id, String target) {
        static Key of(DeadLetter letter) {
            return new Key(letter.id(), letter.target());
        }
    }

    private boolean replay(Path file, LetterFolder folder, LetterReplay replay, PrintWriter out)
            throws IOException, InterruptedException {
        Set<Key> delivered = new HashSet<>();
        boolean all;
        try (DeadLetterReader reader = folder.store().read(file)) {
            all =
                    replay.send(
                            () -> nextChosen(reader),
                            (letter, fate) -> {
                                count(fate);
                                print(letter, fate, out);
                                if (fate instanceof Fate.Delivered) {
                                    delivered.add(Key.of(letter));
                                }
                            });
        }
        if (!delivered.isEmpty()) {
            long _ = folder.store().remove(file, letter -> delivered.contains(Key.of(letter)));
        }
        return all;
    }

    private Optional<DeadLetter> nextChosen(DeadLetterReader reader) throws IOException {
        Optional<DeadLetter> next = reader.next();
        while (next.isPresent() && !filter.accepts(next.get())) {
            next = reader.next();
        }
        return next;
    }

    private void count(Fate fate) {
        switch (fate) {
            case Fate.Delivered(var as) -> {
                taken++;
                switch (as) {
                    case ITSELF -> {}
                    case REPAIRED -> repaired++;
                    case ALREADY_THERE -> alreadyThere++;
                }
            }
            case Fate.Refused(var _) -> refused++;
            case Fate.Waits(var _) -> waiting++;
        }
    }

    private void print(DeadLetter letter, Fate fate, PrintWriter out) {
        String word =
                switch (fate) {
                    case Fate.Delivered(var as) ->
                            switch (as) {
                                case ITSELF -> "delivered";
                                case REPAIRED -> "repaired";
                                case ALREADY_THERE -> "alreadyThere";
                            };
                    case Fate.Refused(var _) -> "refused";
                    case Fate.Waits(var _) -> "waits";
                };
        String reason =
                switch (fate) {
                    case Fate.Delivered(var _) -> "";
                    case Fate.Refused(String why) -> why;
                    case Fate.Waits(String why) -> why;
                };
        if (json) {
            out.println(
                    new JsonObject()
                            .put("id", letter.id())
                            .put("target", target.orElse(letter.target()))
                            .put("fate", word)
                            .put("reason", reason));
        } else if (!(fate instanceof Fate.Delivered)) {
            out.println("%-8s %s  %s".formatted(word, Plain.line(letter.id()), Plain.line(reason)));
        }
    }

    private void summarise(boolean all, PrintWriter out) {
        long sent = taken + refused + waiting;
        StringBuilder summary = new StringBuilder();
        summary.append(LetterFolder.counted(sent)).append(" sent: ").append(taken);
        summary.append(" delivered and removed");
        if (repaired + alreadyThere > 0) {
            summary.append(" (").append(repaired).append(" of them repaired, ");
            summary.append(alreadyThere).append(" were there already)");
        }
        summary.append(", ").append(refused).append(" refused again, ");
        summary.append(waiting).append(" must wait");
        out.println(summary);
        if (!all) {
            out.println("stopped there: the others were not sent; all that was not taken is kept");
        }
    }
}
