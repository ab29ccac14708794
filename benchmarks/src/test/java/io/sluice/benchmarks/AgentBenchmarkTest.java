package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The measuring itself, with a small process in the agent's place. */
class AgentBenchmarkTest {
    @TempDir private Path results;

    @Test
    void aRunSaysWhatTheAgentsProcessTookAndThatNothingWasLost() throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        String agent =
                String.join(
                        " ",
                        java,
                        "-cp",
                        System.getProperty("java.class.path"),
                        PlainShipper.class.getName(),
                        "{config}");

        BenchmarkResult result =
                AgentBenchmark.run(
                        AgentBenchmark.Options.parse(
                                List.of(
                                        "--workload",
                                        "plain",
                                        "--megabytes",
                                        "20",
                                        "--containers",
                                        "2",
                                        "--agent",
                                        agent,
                                        "--results",
                                        results.toString())));

        assertThat(result.lostDocuments()).isZero();
        assertThat(result.documents()).isEqualTo(result.lines()).isGreaterThan(100_000);
        assertThat(result.cpuSeconds()).isPositive();
        assertThat(result.peakBytes()).isGreaterThan(10_000_000);
        assertThat(result.steadyBytes()).isBetween(1L, result.rawBytes() * 6 / 10);
        try (Stream<Path> files = Files.list(results)) {
            assertThat(files.map(file -> file.getFileName().toString()).sorted().toList())
                    .hasSize(2)
                    .first()
                    .asString()
                    .matches("\\d{4}-\\d{2}-\\d{2}-plain\\.json");
        }
    }

    @Test
    void anAgentThatEndsIsToldWithItsLog() {
        AgentBenchmark.Options options =
                AgentBenchmark.Options.parse(
                        List.of(
                                "--megabytes",
                                "1",
                                "--agent",
                                "cat {config} /no/such/file",
                                "--results",
                                results.toString()));

        assertThatThrownBy(() -> AgentBenchmark.run(options))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the agent ended with 1")
                .hasMessageContaining("kubernetes:")
                .hasMessageContaining("/no/such/file");
        assertThat(results).isEmptyDirectory();
    }
}
