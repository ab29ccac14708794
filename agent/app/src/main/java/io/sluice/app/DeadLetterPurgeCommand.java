package io.sluice.app;

import io.sluice.buffer.DeadLetter;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code sluice dead-letter purge}. */
@Command(
        name = "purge",
        mixinStandardHelpOptions = true,
        description = {
            "Removes letters for good. Says how many it would remove, until --yes is said, too."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:the letters are gone",
            "1:the disk refused; what is not said to be gone is still there",
            "2:not said which letters, or without --yes: nothing was removed"
        })
final class DeadLetterPurgeCommand implements Callable<Integer> {
    @CommandLine.Mixin private final StateOption state = new StateOption();
    @CommandLine.Mixin private final LetterFilter filter = new LetterFilter();

    @CommandLine.Option(names = "--all", description = "every letter")
    private boolean all;

    @CommandLine.Option(
            names = "--older-than",
            paramLabel = "AGE",
            converter = Age.Ago.class,
            description = "letters given up so long ago or longer: 12h, 30d")
    private Optional<Instant> olderThan = Optional.empty();

    @CommandLine.Option(names = "--yes", description = "really remove them")
    private boolean confirmed;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter errors = spec.commandLine().getErr();
        if (all == (filter.isNarrow() || olderThan.isPresent())) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    all
                            ? "--all goes with no other choice"
                            : "say which letters: --all, --older-than, --id, …");
        }
        Optional<Path> directory = state.directory(errors);
        if (directory.isEmpty()) {
            return Sluice.TOLD_WRONG;
        }
        LetterFolder folder = LetterFolder.of(directory.get());
        long removed = 0;
        try {
            if (!confirmed) {
                LetterFolder.Walk walk = folder.walk(this::isChosen, _ -> {});
                out.println(
                        "would remove "
                                + LetterFolder.counted(walk.chosen())
                                + " of "
                                + walk.letters()
                                + "; say --yes to remove");
                out.flush();
                return Sluice.TOLD_WRONG;
            }
            for (Path file : folder.store().files()) {
                removed += folder.store().remove(file, this::isChosen);
            }
            out.println("removed " + LetterFolder.counted(removed));
            out.flush();
            return Sluice.OK;
        } catch (IOException e) {
            errors.println(
                    folder.refusal(e)
                            + "; "
                            + LetterFolder.counted(removed)
                            + " had been removed before");
            errors.flush();
            return Sluice.FAILED;
        }
    }

    private boolean isChosen(DeadLetter letter) {
        return filter.accepts(letter)
                && olderThan.map(time -> letter.epochMillis() <= time.toEpochMilli()).orElse(true);
    }
}
