package io.sluice.app;

import io.sluice.app.config.AgentConfig;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Which state directory a command is about. */
final class StateOption {
    @CommandLine.Mixin private final ConfigOption config = new ConfigOption();

    @CommandLine.Option(
            names = "--path",
            paramLabel = "FOLDER",
            description =
                    "the state directory, or a copy of one, instead of buffer.path in the agent's"
                            + " file")
    private Optional<Path> path = Optional.empty();

    /**
     * The directory; empty when it cannot be told or is not there, after it was said why. The
     * configuration is read only where it is needed.
     */
    Optional<Path> directory(PrintWriter errors) {
        return path.or(() -> config.load(errors).map(loaded -> loaded.buffer().directory()))
                .filter(directory -> isThere(directory, errors));
    }

    /** The configuration with that directory; empty when it is wrong, after it was said why. */
    Optional<AgentConfig> configuration(PrintWriter errors) {
        return config.load(errors)
                .map(loaded -> path.map(loaded::withState).orElse(loaded))
                .filter(loaded -> isThere(loaded.buffer().directory(), errors));
    }

    private static boolean isThere(Path directory, PrintWriter errors) {
        boolean there = Files.isDirectory(directory);
        if (!there) {
            errors.println(
                    "sluice: there is no state directory "
                            + directory
                            + "; give the one of the agent with --path, or its file with --config");
            errors.flush();
        }
        return there;
    }
}
