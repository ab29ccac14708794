package io.sluice.app;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code sluice buffer}: what is in the state directory and not in Elasticsearch yet. */
@Command(
        name = "buffer",
        mixinStandardHelpOptions = true,
        description = {
            "Looks into the buffer, checks it, takes documents out of it, or delivers it.",
            "inspect, verify and export change nothing: they work beside a running agent, on a"
                    + " copy, and on a damaged directory."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  sluice buffer inspect                          # how much waits, since when, of"
                    + " whom",
            "  sluice buffer verify --path /backup/sluice     # every checksum of a copy",
            "  sluice buffer export --output waiting.ndjson   # for curl -XPOST .../_bulk"
                    + " --data-binary",
            "  sluice buffer drain --timeout 10m              # before a node goes, with its agent"
                    + " ended"
        },
        subcommands = {
            BufferInspectCommand.class,
            BufferVerifyCommand.class,
            BufferExportCommand.class,
            BufferDrainCommand.class
        })
final class BufferCommand implements Runnable {
    /** What the agent calls its output, and a buffer therefore knows it by. */
    static final String OUTPUT = "elasticsearch";

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "say what to do: inspect, verify, export or drain");
    }
}
