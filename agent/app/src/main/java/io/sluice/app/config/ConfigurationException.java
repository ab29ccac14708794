package io.sluice.app.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration that cannot be used. The message has a line for each problem. */
public final class ConfigurationException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    ConfigurationException(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** Everything that is wrong, in the order of the file's lines. */
    public List<Problem> problems() {
        return problems;
    }
}
