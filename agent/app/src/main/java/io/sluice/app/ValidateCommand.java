package io.sluice.app;

import io.sluice.app.config.AgentConfig;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * {@code sluice validate}: reads the configuration as {@code run} would, and says what is wrong.
 */
@Command(
        name = "validate",
        mixinStandardHelpOptions = true,
        description = "Reads the configuration and prints every problem in it.")
final class ValidateCommand implements Callable<Integer> {
    @CommandLine.Mixin private final ConfigOption config = new ConfigOption();
    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Optional<AgentConfig> loaded = config.load(spec.commandLine().getErr());
        if (loaded.isEmpty()) {
            return Sluice.TOLD_WRONG;
        }
        out.println(config.file() + " is valid");
        out.flush();
        return Sluice.OK;
    }
}
