package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** What is measured is what the yardstick was measured with. */
class WorkloadTest {
    @TempDir private Path root;

    @Test
    void linesAreAsLongAsTheyAreSaidToBe() {
        SplittableRandom random = new SplittableRandom(1);
        for (long number = 0; number < 10_000; number++) {
            assertThat(Workload.JSON.line(random, number)).hasSize(Workload.JSON_BYTES);
            assertThat(Workload.PLAIN.line(random, number)).hasSize(Workload.PLAIN_BYTES);
        }
    }

    @Test
    void aJsonLineIsACriLineAroundAnObject() {
        String line =
                new String(
                        Workload.JSON.line(new SplittableRandom(1), 3), StandardCharsets.US_ASCII);

        assertThat(line)
                .matches("2026-11-24T10:00:00\\.\\d{9}Z stdout F \\{\"level\":\"[^\\\\]*\"}\n");
    }

    @Test
    void filesLieWhereTheKubeletPutsThemAndHoldEveryLine() throws IOException {
        WorkloadFiles files = WorkloadFiles.write(root, Workload.MIXED, 3, 2_000_000);

        List<Path> links;
        try (Stream<Path> entries = Files.list(files.links())) {
            links = entries.sorted().toList();
        }
        assertThat(links).hasSize(3);
        assertThat(links.getFirst().getFileName().toString())
                .matches("shop-0_bench_app-[0-9a-f]{64}\\.log");
        assertThat(links.getFirst().toRealPath().toString())
                .endsWith("/bench_shop-0_00000000-0000-4000-8000-000000000000/app/0.log");
        long lines = 0;
        long bytes = 0;
        for (Path link : links) {
            lines += Files.readAllLines(link).size();
            bytes += Files.size(link);
        }
        assertThat(lines).isEqualTo(files.lines());
        assertThat(bytes).isEqualTo(files.bytes()).isBetween(2_000_000L, 2_001_000L);
    }
}
