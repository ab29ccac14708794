package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * A benchmark that nobody runs stops working: each step is run, too shortly to mean anything but
 * that it works, and that it allocates nothing for a line.
 */
class HotPathTest {
    /** What JMH itself allocates in so short a time, for each line; one object is 16 bytes more. */
    private static final double NOTHING = 8;

    private static final Set<String> PER_LINE = Set.of("line", "record", "document", "item");

    @Test
    void everyStepWorksAndNoneAllocatesForALine() throws RunnerException, IOException {
        List<HotPath.Row> rows =
                HotPath.run(
                        options ->
                                options.forks(0)
                                        .warmupIterations(1)
                                        .warmupTime(TimeValue.milliseconds(200))
                                        .measurementIterations(1)
                                        .measurementTime(TimeValue.milliseconds(200))
                                        .verbosity(VerboseMode.SILENT));

        assertThat(rows)
                .extracting(HotPath.Row::room)
                .contains("tail", "pipeline", "benchmarks", "buffer", "elasticsearch");
        assertThat(rows)
                .hasSizeGreaterThanOrEqualTo(20)
                .allSatisfy(row -> assertThat(row.nanos()).isBetween(0.001, 1e9));
        assertThat(rows)
                .filteredOn(row -> PER_LINE.contains(row.unit()))
                // An answer with a fault in it is parsed by Jackson, once in a blue moon.
                .filteredOn(row -> !row.name().contains("conflict"))
                .allSatisfy(
                        row ->
                                assertThat(row.allocatedBytes())
                                        .as(row.toString())
                                        .isLessThan(NOTHING));
        assertThat(HotPath.markdown(Instant.EPOCH, Host.here(), rows))
                .contains(
                        "| pipeline | newline, json | line: ",
                        "| buffer | appendandread | excerpt: ");
    }
}
