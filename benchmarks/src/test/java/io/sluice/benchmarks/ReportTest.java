package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;

import javax.xml.parsers.DocumentBuilderFactory;

/** A report says what was measured, of whom, on what, and how to do it again. */
class ReportTest {
    private static final Host HOST =
            new Host(2, 24_000_000_000L, "A \"CPU\"", "Linux 6", "JVM 25", "abc1234+", 0.07);

    @TempDir private Path folder;
    private Report report;

    @BeforeEach
    void measure() {
        report = report(Mode.THROUGHPUT);
        Report.Table table = report.table("json");
        for (double cpu : List.of(5.0, 4.0, 40.0)) {
            table.add("sluice", new Figures().put(Figure.STEADY_CPU, cpu).put(Figure.LOST, 0));
        }
        table.add("rsyslog", new Figures().put(Figure.STEADY_CPU, 98).put(Figure.DOUBLED, 1_234));
        report.note("A note.");
    }

    private static Report report(Mode mode) {
        return new Report(
                mode,
                Instant.parse("2026-11-26T12:34:56.789Z"),
                "java -cp x AgentBenchmark --agent 'a {config}'",
                HOST,
                Map.of("sluice", "all of it"));
    }

    @Test
    void theMarkdownHasMediansAndWhatTheyWereMeasuredOn() {
        assertThat(report.markdown())
                .startsWith("# throughput, 2026-11-26T12:34:56Z\n")
                .contains("## json\n\n| | sluice | rsyslog |\n| --- | ---: | ---: |\n")
                .contains("| CPU-s per GB, second half | 5.00 | 98.00 |\n")
                .contains("| lines doubled |  | 1,234 |\n")
                .contains("A note.\n")
                .contains("* sluice: all of it\n")
                .contains("2 processors (A \"CPU\"), 24 GB, Linux 6, JVM 25; load average")
                .contains("Commit: abc1234+. Command:\n\n```\njava -cp x");
    }

    @Test
    void theJsonHasEveryRun() {
        assertThat(report.json())
                .contains("\"mode\": \"throughput\"")
                .contains("\"cpu\": \"A \\\"CPU\\\"\"")
                .contains("\"median\": {\n            \"steadyCpu\": 5.0")
                .contains("\"steadyCpu\": 40.0")
                .contains("\"commit\": \"abc1234+\"");
    }

    @Test
    void filesAreNamedByDateAndMode() throws Exception {
        report.write(folder);

        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "2026-11-26-throughput.json",
                            "2026-11-26-throughput.md",
                            "2026-11-26-throughput.svg");
        }
        assertThat(parse(Files.readString(folder.resolve("2026-11-26-throughput.svg"))))
                .contains("CPU-s per GB, second half", "sluice", "5.00", "98.00");
    }

    @Test
    void whatWasMeasuredByTheNumberOfFilesIsACurve() throws Exception {
        Report scale = report(Mode.SCALE);
        Report.Table table = scale.table("sluice & others");
        for (int files : List.of(10, 100, 1_000)) {
            table.add(
                    files + " files",
                    new Figures()
                            .put(Figure.RSS, 100 + files / 100.0)
                            .put(Figure.CORE_PERCENT, 0.1));
        }

        assertThat(parse(Charts.of(Mode.SCALE, scale.tables()).orElseThrow()))
                .contains("RSS at the end, MB, by the number of files", "1000", "sluice & others");
    }

    @Test
    void nothingMeasuredMakesNoChart() {
        for (Mode mode : Mode.values()) {
            assertThat(Charts.of(mode, List.of(new Report.Table("empty")))).isEmpty();
        }
    }

    @Test
    void theMedianOfTwoIsTheirMean() {
        Figures median =
                Figures.median(
                        List.of(
                                new Figures().put(Figure.RSS, 1),
                                new Figures().put(Figure.RSS, 2),
                                new Figures().put(Figure.RSS, Double.NaN)));

        assertThat(median.value(Figure.RSS)).hasValue(1.5);
        assertThat(median.value(Figure.LOST)).isEmpty();
    }

    /** Text of an SVG that an XML parser takes. */
    private static String parse(String svg) throws Exception {
        assertThat(svg).contains("prefers-color-scheme: dark");
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)))
                .getDocumentElement()
                .getTextContent();
    }

    @Test
    void aHostIsTold() throws IOException {
        Host here = Host.here();

        assertThat(here.processors()).isPositive();
        assertThat(here.memoryBytes()).isGreaterThan(100_000_000);
        assertThat(here.kernel()).startsWith("Linux");
        assertThat(here.commit()).matches("[0-9a-f]{12}\\+?|unknown");
    }
}
