package io.sluice.app.config;

import java.util.List;
import java.util.Map;

/** What the tests here begin with: a file that loads outside of a cluster. */
final class Given {
    static final Map<String, String> ENVIRONMENT = Map.of("NODE_NAME", "node-1");

    private static final String SMALLEST =
            "elasticsearch: {hosts: [\"http://localhost:9200\"]}\nkubernetes: {api: off}\n";

    private Given() {}

    /** The lines given, behind two lines that are needed and right. */
    static AgentConfig load(String... lines) throws ConfigurationException {
        return ConfigurationFile.parse(
                "agent.yaml", SMALLEST + String.join("\n", lines), ENVIRONMENT);
    }

    /** A whole file. */
    static AgentConfig loadAll(String... lines) throws ConfigurationException {
        return ConfigurationFile.parse("agent.yaml", String.join("\n", lines), ENVIRONMENT);
    }

    static List<String> problems(String... lines) {
        return problemsOfAll(SMALLEST + String.join("\n", lines));
    }

    static List<String> problemsOfAll(String... lines) {
        try {
            loadAll(lines);
            return List.of();
        } catch (ConfigurationException e) {
            return e.problems().stream().map(Problem::toString).toList();
        }
    }
}
