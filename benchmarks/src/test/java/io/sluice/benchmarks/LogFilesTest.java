package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Files as the kubelet lays them out. */
class LogFilesTest {
    @TempDir private Path root;

    @Test
    void filesLieWhereTheKubeletPutsThemAndHoldEveryLine() throws IOException {
        try (LogFiles logs = LogFiles.reproducible(root, Workload.PLAIN, 3, 1)) {
            logs.fill(2_000_000);
            logs.append(2, 5);

            List<Path> links = links(logs);
            assertThat(links).hasSize(3);
            assertThat(links.getFirst().getFileName().toString())
                    .matches("shop-0_bench_app-[0-9a-f]{64}\\.log");
            assertThat(links.getFirst().toRealPath().toString())
                    .endsWith("/bench_shop-0_00000000-0000-4000-8000-000000000000/app/0.log");
            long bytes = 0;
            for (int i = 0; i < 3; i++) {
                assertThat(Files.readAllLines(links.get(i))).hasSize((int) logs.lines()[i]);
                bytes += Files.size(links.get(i));
            }
            assertThat(bytes).isEqualTo(logs.bytes()).isBetween(2_000_000L, 2_002_000L);
            assertThat(logs.totalLines())
                    .isEqualTo(Stream.of(0, 1, 2).mapToLong(logs::lines).sum());
        }
    }

    @Test
    void aPodMayHaveSeveralContainers() throws IOException {
        try (LogFiles logs = LogFiles.live(root, Workload.JSON, 5, 2)) {
            logs.fillEach(3);

            assertThat(logs.lines()).containsExactly(3, 3, 3, 3, 3);
            assertThat(links(logs).stream().map(link -> link.getFileName().toString()))
                    .map(name -> name.substring(0, name.lastIndexOf('-')))
                    .containsExactly(
                            "shop-0_bench_app-0",
                            "shop-0_bench_app-1",
                            "shop-1_bench_app-0",
                            "shop-1_bench_app-1",
                            "shop-2_bench_app-0");
        }
    }

    private static List<Path> links(LogFiles logs) throws IOException {
        try (Stream<Path> entries = Files.list(logs.links())) {
            return entries.sorted().toList();
        }
    }
}
