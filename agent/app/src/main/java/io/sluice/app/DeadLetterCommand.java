package io.sluice.app;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code sluice dead-letter}: what Elasticsearch has refused for good. */
@Command(
        name = "dead-letter",
        mixinStandardHelpOptions = true,
        description = {
            "Lists, shows, sends again or removes documents that Elasticsearch refused for good.",
            "Works beside a running agent and without one."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  sluice dead-letter list --since 1h",
            "  sluice dead-letter show Zk3J8wAAAAEAAAAAgAAAPw",
            "  sluice dead-letter replay --namespace shop        # after the mapping was mended",
            "  sluice dead-letter replay --to-index rejected     # somewhere that takes them",
            "  sluice dead-letter purge --older-than 30d --yes"
        },
        subcommands = {
            DeadLetterListCommand.class,
            DeadLetterShowCommand.class,
            DeadLetterReplayCommand.class,
            DeadLetterPurgeCommand.class
        })
final class DeadLetterCommand implements Runnable {
    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "say what to do: list, show, replay or purge");
    }
}
