package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Each mode measures a small agent for a moment, and says what came of it. */
class AgentBenchmarkTest {
    private static final Path RSYSLOG = Path.of("/usr/sbin/rsyslogd");

    @TempDir private Path results;
    @TempDir private Path folder;

    private List<Report> run(String agent, String... more) throws Exception {
        List<String> args =
                new ArrayList<>(
                        List.of(
                                "--agent",
                                agent,
                                "--results",
                                results.toString(),
                                "--folder",
                                folder.toString(),
                                "--patience",
                                "120"));
        args.addAll(List.of(more));
        List<Report> reports = AgentBenchmark.run(BenchmarkOptions.parse(args), "command");
        // Logs and state are gone with the benchmark.
        assertThat(folder).isEmptyDirectory();
        return reports;
    }

    private static String plainShipper(String... faults) {
        return Path.of(System.getProperty("java.home"), "bin/java")
                + " -XX:+UseSerialGC -Xmx64m -cp "
                + System.getProperty("java.class.path")
                + " "
                + PlainShipper.class.getName()
                + " {config} "
                + String.join(" ", faults);
    }

    private static Figures only(Report report, String table) {
        Map<String, List<Figures>> columns =
                report.tables().stream()
                        .filter(each -> each.name().equals(table))
                        .findFirst()
                        .orElseThrow()
                        .columns();
        assertThat(columns).containsOnlyKeys("sluice");
        return columns.get("sluice").getFirst();
    }

    private static double value(Figures figures, Figure figure) {
        return figures.value(figure).orElseThrow(() -> new AssertionError("no " + figure));
    }

    private static void isPerfect(Figures figures) {
        assertThat(value(figures, Figure.LOST)).isZero();
        assertThat(value(figures, Figure.DOUBLED)).isZero();
        assertThat(value(figures, Figure.TORN)).isZero();
    }

    @Test
    void throughputOfEachWorkload() throws Exception {
        Report report =
                run(
                                plainShipper(),
                                "--workload",
                                "json,plain,mixed",
                                "--megabytes",
                                "10",
                                "--rounds",
                                "2")
                        .getFirst();

        assertThat(report.failures()).isEmpty();
        for (String workload : List.of("json", "plain", "mixed")) {
            Figures figures = only(report, workload);
            isPerfect(figures);
            assertThat(value(figures, Figure.MEGABYTES_PER_SECOND)).isPositive();
            assertThat(value(figures, Figure.STEADY_CPU)).isPositive();
            assertThat(value(figures, Figure.COLD_CPU)).isPositive();
            assertThat(value(figures, Figure.FIRST_DOCUMENT)).isBetween(0.01, 120.0);
            assertThat(value(figures, Figure.PEAK_RSS)).isGreaterThan(10);
            assertThat(value(figures, Figure.HEAP_USED)).isPositive();
            assertThat(value(figures, Figure.ENDPOINT_CPU)).isPositive();
        }
        assertThat(report.markdown())
                .contains("json, for sluice: ", "MB, 8 files.", "mixed, for sluice: ");
        try (Stream<Path> files = Files.list(results)) {
            assertThat(files.map(file -> file.getFileName().toString().substring(10)))
                    .containsExactlyInAnyOrder(
                            "-throughput.json", "-throughput.md", "-throughput.svg");
        }
    }

    @Test
    void whatIsLostAndWhatIsDoubledIsFoundAlthoughTheirNumbersAreEven() throws Exception {
        Report report =
                run(plainShipper("loses", "doubles"), "--megabytes", "1", "--silence", "10")
                        .getFirst();

        Figures figures = only(report, "json");
        assertThat(value(figures, Figure.LOST)).isEqualTo(1);
        assertThat(value(figures, Figure.DOUBLED)).isEqualTo(1);
        assertThat(report.failures())
                .containsExactly("sluice, json, round 1: 1 lines lost, 1 doubled, 0 torn");
    }

    @Test
    void idleFilesAndManyOfThem() throws Exception {
        List<Report> reports =
                run(
                        plainShipper(),
                        "--mode",
                        "idle,scale",
                        "--files",
                        "3",
                        "--scale",
                        "2,12",
                        "--settle",
                        "0",
                        "--seconds",
                        "4");

        Figures idle = only(reports.getFirst(), "3 quiet files");
        isPerfect(idle);
        assertThat(value(idle, Figure.CORE_PERCENT)).isBetween(0.0001, 300.0);
        assertThat(value(idle, Figure.RSS)).isGreaterThan(10);
        // It sleeps 5 ms between its looks at the files.
        assertThat(value(idle, Figure.WAITS)).isBetween(1.0, 1_000.0);
        Report.Table scale = reports.getLast().tables().getFirst();
        assertThat(scale.columns()).containsOnlyKeys("2 files", "12 files");
        isPerfect(scale.columns().get("12 files").getFirst());
        assertThat(scale.median("12 files", Figure.BYTES_PER_FILE)).isPresent();
        assertThat(scale.median("12 files", Figure.ALL_DELIVERED)).isPresent();
    }

    @Test
    void latencyOfALoneLineAndOfAFlow() throws Exception {
        Figures figures =
                only(
                        run(
                                        plainShipper(),
                                        "--mode",
                                        "latency",
                                        "--lone-lines",
                                        "4",
                                        "--rate",
                                        "100",
                                        "--warm-up",
                                        "1",
                                        "--seconds",
                                        "1")
                                .getFirst(),
                        "append to acknowledged, 100 lines/s in the flow");

        isPerfect(figures);
        assertThat(value(figures, Figure.LONE_P50))
                .isBetween(0.01, value(figures, Figure.LONE_P99));
        assertThat(value(figures, Figure.STEADY_P50))
                .isBetween(0.01, value(figures, Figure.STEADY_P99));
        assertThat(value(figures, Figure.STEADY_P99))
                .isBetween(0.01, value(figures, Figure.STEADY_WORST));
    }

    @Test
    void catchingUpWithAnOutage() throws Exception {
        Figures figures =
                only(
                        run(
                                        plainShipper(),
                                        "--mode",
                                        "catch-up",
                                        "--outage",
                                        "2",
                                        "--backlog-rate",
                                        "2000",
                                        "--warm-up",
                                        "1")
                                .getFirst(),
                        "2 s without an endpoint, 2000 lines/s");

        isPerfect(figures);
        assertThat(value(figures, Figure.BACKLOG)).isGreaterThan(0.5);
        assertThat(value(figures, Figure.CATCH_UP_SPEED)).isPositive();
        assertThat(value(figures, Figure.FIRST_AGAIN))
                .isBetween(0.0, value(figures, Figure.CATCH_UP_SECONDS));
    }

    @Test
    void rsyslogIsMeasuredBesideItInTheSameRun() throws Exception {
        assumeTrue(
                Files.isExecutable(RSYSLOG),
                "rsyslog is not installed (Debian: rsyslog, rsyslog-elasticsearch,"
                        + " rsyslog-kubernetes)");
        Report report =
                run(
                                plainShipper(),
                                "--megabytes",
                                "2",
                                "--peer-megabytes",
                                "2",
                                "--peers",
                                "rsyslog,rsyslog-bare",
                                "--silence",
                                "20")
                        .getFirst();

        assertThat(report.failures()).isEmpty();
        Report.Table table = report.tables().getFirst();
        assertThat(table.columns()).containsOnlyKeys("sluice", "rsyslog", "rsyslog bare");
        isPerfect(table.columns().get("rsyslog").getFirst());
        isPerfect(table.columns().get("rsyslog bare").getFirst());
        assertThat(report.markdown()).containsPattern("\\* rsyslog: rsyslogd +8\\.");
    }

    @Test
    void anAgentThatEndsIsToldWithItsLog() throws Exception {
        Report report = run("cat {config} /no/such/file", "--megabytes", "1").getFirst();

        assertThat(report.failures())
                .singleElement()
                .asString()
                .contains("sluice ended with 1; its log:", "kubernetes:", "/no/such/file");
        assertThat(report.markdown()).contains("**Failed:** sluice, json, round 1");
    }

    @Test
    void whatIsWrongOnTheCommandLineIsNamed() {
        assertThatThrownBy(() -> BenchmarkOptions.parse(List.of("--colour", "red")))
                .hasMessageContaining("--colour is no option")
                .hasMessageContaining("--workload");
        assertThatThrownBy(() -> BenchmarkOptions.parse(List.of("--rounds")))
                .hasMessage("--rounds needs a value");
        assertThatThrownBy(() -> BenchmarkOptions.parse(List.of("--rounds", "0")))
                .hasMessage("rounds is 0; set at least 1");
        assertThatThrownBy(() -> BenchmarkOptions.parse(List.of("--rate", "much")))
                .hasMessage("rate is much; give a number");
        assertThatThrownBy(() -> BenchmarkOptions.parse(List.of("--mode", "fast")))
                .hasMessageStartingWith("fast is no mode; there are throughput");
        assertThatThrownBy(() -> BenchmarkOptions.parse(List.of("--peers", "fluent-bit")))
                .hasMessage("fluent-bit needs its program: --fluent-bit PATH");
        assertThatThrownBy(
                        () ->
                                BenchmarkOptions.parse(
                                        List.of("--peers", "fluent-bit", "--fluent-bit", "/no")))
                .hasMessageStartingWith("/no cannot be run");
        assertThatThrownBy(() -> BenchmarkOptions.parse(List.of("--memory", "maybe")))
                .hasMessage("memory is maybe; say yes or no");
    }

    @Test
    void theSidecarIsMeasuredBesideTailAndRsyslogAndWhatItLosesIsAFailure() throws Exception {
        Path tail = Path.of("/usr/bin/tail");
        assumeTrue(Files.isExecutable(tail), "needs " + tail);
        Report whole = copied(tail + " -n +1 -F {file}");
        Report.Table table = whole.tables().getFirst();
        assertThat(whole.failures()).isEmpty();
        assertThat(table.columns()).containsKeys("sluice-sidecar", "tail -F");
        assertThat(table.columns().containsKey("rsyslog")).isEqualTo(Files.exists(RSYSLOG));
        table.columns()
                .forEach(
                        (name, runs) -> {
                            assertThat(runs).as(name).hasSize(1);
                            isPerfect(runs.getFirst());
                            assertThat(value(runs.getFirst(), Figure.FIRST_LINE)).isPositive();
                            assertThat(value(runs.getFirst(), Figure.COLD_CPU)).isPositive();
                            assertThat(value(runs.getFirst(), Figure.RSS)).isPositive();
                        });
        assertThat(results.toFile().list())
                .anyMatch(name -> name.endsWith("-sidecar.md"))
                .anyMatch(name -> name.endsWith("-sidecar.json"));

        Report lossy = copied(tail + " -n 100 -F {file}");
        assertThat(lossy.failures()).hasSize(1).first().asString().contains("lines lost");
        Report ended = copied("/usr/bin/head -n 100 {file}");
        assertThat(ended.failures()).hasSize(1).first().asString().contains("has ended");
    }

    private Report copied(String sidecar) throws Exception {
        return run(
                        plainShipper(),
                        "--mode",
                        "sidecar",
                        "--sidecar",
                        sidecar,
                        "--megabytes",
                        "3",
                        "--settle",
                        "0",
                        "--seconds",
                        "1",
                        "--silence",
                        "5")
                .getFirst();
    }
}
