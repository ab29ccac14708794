package io.sluice.app;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.config.ConfigurationException;
import io.sluice.app.config.ConfigurationFile;
import io.sluice.app.config.Problem;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;

/** {@code --config}, and what is said when the file is wrong. */
final class ConfigOption {
    @CommandLine.Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            defaultValue = "/etc/sluice/agent.yaml",
            description = "the agent's YAML file (default: ${DEFAULT-VALUE})")
    private Path file;

    Path file() {
        return file;
    }

    /** The configuration; empty when it is wrong, after every problem was printed. */
    Optional<AgentConfig> load(PrintWriter errors) {
        try {
            return Optional.of(ConfigurationFile.load(file, System.getenv()));
        } catch (ConfigurationException e) {
            for (Problem problem : e.problems()) {
                errors.println(problem);
            }
            errors.flush();
            return Optional.empty();
        }
    }
}
