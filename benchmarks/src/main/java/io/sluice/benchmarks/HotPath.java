package io.sluice.benchmarks;

import io.sluice.buffer.ExcerptBenchmark;
import io.sluice.elasticsearch.BulkAnswerBenchmark;
import io.sluice.pipeline.CriBenchmark;
import io.sluice.pipeline.DocumentBenchmark;
import io.sluice.pipeline.GzipBenchmark;
import io.sluice.pipeline.JoinBenchmark;
import io.sluice.pipeline.JsonWalkBenchmark;
import io.sluice.pipeline.NewlineBenchmark;
import io.sluice.pipeline.RingBenchmark;
import io.sluice.pipeline.SpliceBenchmark;
import io.sluice.tail.ReadBenchmark;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Every step of the hot path by JMH, in the order a line takes them: time and memory for each unit,
 * as a table.
 */
public final class HotPath {
    /**
     * One benchmark.
     *
     * @param unit what it counts
     */
    private record Measured(Class<? extends Step> benchmark, String unit) {}

    private static final List<Measured> STEPS =
            List.of(
                    new Measured(ReadBenchmark.class, "chunk"),
                    new Measured(RingBenchmark.class, "chunk"),
                    new Measured(NewlineBenchmark.class, "line"),
                    new Measured(CriBenchmark.class, "line"),
                    new Measured(JoinBenchmark.class, "record"),
                    new Measured(JsonWalkBenchmark.class, "record"),
                    new Measured(SpliceBenchmark.class, "record"),
                    new Measured(DocumentBenchmark.class, "record"),
                    new Measured(GzipBenchmark.class, "document"),
                    new Measured(EncodeBenchmark.class, "line"),
                    new Measured(ExcerptBenchmark.class, "excerpt"),
                    new Measured(BulkAnswerBenchmark.class, "item"));

    /**
     * What a step came to.
     *
     * @param name its method, with its parameters
     * @param nanos for each unit
     * @param gigabytesPerSecond of what it went through; 0 where that is nothing
     * @param allocatedBytes for each unit, by all threads
     */
    record Row(
            String room,
            String name,
            String unit,
            double nanos,
            double gigabytesPerSecond,
            double allocatedBytes) {}

    private HotPath() {}

    /**
     * Runs all of them; about ten seconds each.
     *
     * @param args where the results go; benchmarks/results without one
     */
    public static void main(String[] args) throws IOException, RunnerException {
        Path folder = Path.of(args.length == 0 ? "benchmarks/results" : args[0]);
        Instant at = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        Host host = Host.here();
        List<Row> rows = run(UnaryOperator.identity());
        String name = at.toString().substring(0, 10) + "-hot-path";
        String markdown = markdown(at, host, rows);
        Files.createDirectories(folder);
        Files.writeString(folder.resolve(name + ".md"), markdown);
        Files.writeString(folder.resolve(name + ".json"), json(at, host, rows));
        System.out.println(markdown);
    }

    /**
     * Runs all of them.
     *
     * @param how what is different from what their annotations say
     */
    static List<Row> run(UnaryOperator<ChainedOptionsBuilder> how) throws RunnerException {
        List<Row> rows = new ArrayList<>();
        for (Measured step : STEPS) {
            ChainedOptionsBuilder options =
                    new OptionsBuilder()
                            .include("\\b" + step.benchmark().getSimpleName() + "\\b")
                            .addProfiler(GCProfiler.class)
                            .shouldFailOnError(true);
            if (step.benchmark() == GzipBenchmark.class && !GzipBenchmark.hasIgzip()) {
                options = options.param("compression", "DEFLATER");
            }
            for (RunResult result : new Runner(how.apply(options).build()).run()) {
                rows.add(row(step, result));
            }
        }
        return rows;
    }

    private static Row row(Measured step, RunResult result) {
        double operations = result.getPrimaryResult().getScore();
        double units = score(result, "units");
        double perOperation = score(result, "gc.alloc.rate.norm");
        StringBuilder name = new StringBuilder(result.getPrimaryResult().getLabel());
        for (String parameter : result.getParams().getParamsKeys()) {
            name.append(", ").append(result.getParams().getParam(parameter));
        }
        String type = step.benchmark().getPackageName();
        return new Row(
                type.substring(type.lastIndexOf('.') + 1),
                name.toString().toLowerCase(Locale.ROOT),
                step.unit(),
                1e9 / units,
                score(result, "gigabytes"),
                perOperation * operations / units);
    }

    private static double score(RunResult result, String name) {
        return result.getSecondaryResults().get(name).getScore();
    }

    static String markdown(Instant at, Host host, List<Row> rows) {
        StringBuilder text = new StringBuilder();
        text.append("# hot path, ").append(at).append("\n\n");
        text.append("| room | step | ns for each | GB/s | bytes allocated for each |\n");
        text.append("| --- | --- | ---: | ---: | ---: |\n");
        for (Row row : rows) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "| %s | %s | %s: %,.1f | %s | %,.1f |%n",
                            row.room(),
                            row.name(),
                            row.unit(),
                            row.nanos(),
                            row.gigabytesPerSecond() == 0
                                    ? ""
                                    : Report.rounded(row.gigabytesPerSecond(), 2),
                            row.allocatedBytes()));
        }
        text.append("\nHost: ").append(host.text()).append(".\n\nCommit: ");
        return text.append(host.commit())
                .append(". Command:\n\n```\n")
                .append("java -jar benchmarks/target/benchmarks/benchmarks.jar hot-path\n```\n")
                .toString();
    }

    private static String json(Instant at, Host host, List<Row> rows) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("date", at.toString());
        json.put("commit", host.commit());
        json.put("host", host.json());
        List<Object> steps = new ArrayList<>();
        for (Row row : rows) {
            Map<String, Object> step = new LinkedHashMap<>();
            step.put("room", row.room());
            step.put("step", row.name());
            step.put("unit", row.unit());
            step.put("nanosPerUnit", Math.round(row.nanos() * 100) / 100.0);
            step.put("gigabytesPerSecond", Math.round(row.gigabytesPerSecond() * 1e4) / 1e4);
            step.put("allocatedBytesPerUnit", Math.round(row.allocatedBytes() * 100) / 100.0);
            steps.add(step);
        }
        json.put("steps", steps);
        return Json.of(json);
    }
}
