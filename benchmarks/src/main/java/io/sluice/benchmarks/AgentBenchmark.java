package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The packaged agent, and others beside it in turn, from files to a bulk endpoint that keeps
 * nothing: CPU for each gigabyte, speed, memory, latency, as seen from outside of the process.
 *
 * <p>One command, one report for each mode; see {@link BenchmarkOptions} and benchmarks/README.md.
 */
public final class AgentBenchmark {
    private static final int FILES_PER_POD = 10;

    private final BenchmarkOptions options;
    private final String command;
    private final Workbench bench;

    /** One run of one agent. */
    private interface Run {
        Figures of(Shipper shipper) throws IOException, InterruptedException;
    }

    private AgentBenchmark(BenchmarkOptions options, String command, Workbench bench) {
        this.options = options;
        this.command = command;
        this.bench = bench;
    }

    /**
     * See {@link BenchmarkOptions}.
     *
     * <p>Exit 1 where a run failed, or Sluice lost or doubled a line.
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        BenchmarkOptions options;
        try {
            options = BenchmarkOptions.parse(List.of(args));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        boolean good = true;
        for (Report report : run(options, command(args))) {
            System.out.println(report.markdown());
            good &= report.failures().isEmpty();
        }
        System.exit(good ? 0 : 1);
    }

    /** As it can be typed again. */
    private static String command(String[] args) {
        StringBuilder command =
                new StringBuilder("java -jar benchmarks/target/benchmarks/benchmarks.jar agent");
        for (String arg : args) {
            command.append(arg.matches("[\\w./,:=-]+") ? " " + arg : " '" + arg + "'");
        }
        return command.toString();
    }

    /** All modes, their files written. */
    static List<Report> run(BenchmarkOptions options, String command)
            throws IOException, InterruptedException {
        List<Report> reports = new ArrayList<>();
        try (Workbench bench = Workbench.open(options)) {
            for (Mode mode : options.modes()) {
                Report report = new AgentBenchmark(options, command, bench).measure(mode);
                report.write(options.results());
                reports.add(report);
            }
        }
        return reports;
    }

    private Report measure(Mode mode) throws IOException, InterruptedException {
        if (mode == Mode.SIDECAR) {
            return sidecar();
        }
        Map<String, String> about = new LinkedHashMap<>();
        for (Shipper shipper : options.shippers()) {
            about.put(shipper.name(), shipper.about());
        }
        Report report = new Report(mode, Instant.now(), command, Host.here(), about);
        switch (mode) {
            case THROUGHPUT -> throughput(report);
            case IDLE -> {
                String name = options.files() + " quiet files";
                QuietRun quiet = new QuietRun(bench);
                inTurn(report, name, shipper -> quiet.run(shipper, options.files(), 1));
            }
            case LATENCY -> {
                String name = "append to acknowledged, " + options.rate() + " lines/s in the flow";
                inTurn(report, name, shipper -> new LatencyRun(bench).run(shipper));
            }
            case CATCH_UP -> {
                String name =
                        options.outage().toSeconds()
                                + " s without an endpoint, "
                                + options.backlogRate()
                                + " lines/s";
                CatchUpRun catchUp = new CatchUpRun(bench);
                inTurn(report, name, catchUp::run);
            }
            case SCALE -> scale(report);
            case SIDECAR -> throw new AssertionError("measured apart");
        }
        return report;
    }

    /** No agents and no endpoint: programs that copy a file to their stdout. */
    private Report sidecar() throws IOException, InterruptedException {
        List<String> missing = new ArrayList<>();
        List<Copier> copiers = Copier.all(options, missing);
        Map<String, String> about = new LinkedHashMap<>();
        copiers.forEach(copier -> about.put(copier.name(), copier.about()));
        Report report = new Report(Mode.SIDECAR, Instant.now(), command, Host.here(), about);
        missing.forEach(what -> report.note("Not measured: " + what + "."));
        for (Workload workload : options.workloads()) {
            Path folder = bench.freshFolder();
            try (LogFiles logs = LogFiles.reproducible(folder, workload, 1, 1)) {
                bench.say("writing " + options.megabytes() + " MB of " + workload.label());
                logs.fill(options.megabytes() * 1_000_000L);
                sidecar(report, workload, copiers, logs);
            } finally {
                Workbench.remove(folder);
            }
        }
        return report;
    }

    private void sidecar(Report report, Workload workload, List<Copier> copiers, LogFiles logs)
            throws IOException, InterruptedException {
        CopyRun copy = new CopyRun(bench);
        String name = "a file of " + workload.label() + " lines to stdout";
        Report.Table table = report.table(name);
        for (int round = 1; round <= options.rounds(); round++) {
            for (Copier copier : copiers) {
                String where = name + ", round " + round;
                bench.say(report.tables().size() + ". " + where + ": " + copier.name());
                try {
                    Figures figures = copy.run(copier, logs);
                    table.add(copier.name(), figures);
                    if (copier.name().equals(Copier.SIDECAR)) {
                        judge(report, copier.name(), figures, where);
                    }
                } catch (IllegalStateException e) {
                    report.failure(copier.name() + ", " + where + ": " + e.getMessage());
                    bench.say("failed: " + e.getMessage());
                }
            }
        }
    }

    /** Each agent once, and that as often as there are rounds. */
    private void inTurn(Report report, String name, Run run)
            throws IOException, InterruptedException {
        Report.Table table = report.table(name);
        for (int round = 1; round <= options.rounds(); round++) {
            for (Shipper shipper : options.shippers()) {
                add(report, table, shipper.name(), shipper, run, name + ", round " + round);
            }
        }
    }

    private void add(
            Report report,
            Report.Table table,
            String column,
            Shipper shipper,
            Run run,
            String where)
            throws IOException, InterruptedException {
        bench.say(report.tables().size() + ". " + where + ": " + shipper.name());
        try {
            Figures figures = run.of(shipper);
            table.add(column, figures);
            if (shipper instanceof SluiceShipper) {
                judge(report, shipper.name(), figures, where);
            }
        } catch (IllegalStateException e) {
            // The other agents, and the other rounds, are worth measuring all the same.
            report.failure(shipper.name() + ", " + where + ": " + e.getMessage());
            bench.say("failed: " + e.getMessage());
        }
    }

    /** What others lose is a figure; what Sluice loses is a failure. */
    private static void judge(Report report, String who, Figures figures, String where) {
        double lost = figures.value(Figure.LOST).orElse(0.0);
        double doubled = figures.value(Figure.DOUBLED).orElse(0.0);
        double torn = figures.value(Figure.TORN).orElse(0.0);
        if (lost + doubled + torn > 0) {
            report.failure(
                    String.format(
                            Locale.ROOT,
                            "%s, %s: %.0f lines lost, %.0f doubled, %.0f torn",
                            who,
                            where,
                            lost,
                            doubled,
                            torn));
        }
    }

    private void throughput(Report report) throws IOException, InterruptedException {
        for (Workload workload : options.workloads()) {
            Path folder = bench.freshFolder();
            try {
                throughput(report, workload, folder);
            } finally {
                Workbench.remove(folder);
            }
        }
    }

    private void throughput(Report report, Workload workload, Path folder)
            throws IOException, InterruptedException {
        LogFiles ours = logs(folder.resolve("sluice"), workload, options.megabytes());
        LogFiles theirs =
                options.peers().isEmpty()
                        ? ours
                        : logs(folder.resolve("peers"), workload, options.peerMegabytes());
        ThroughputRun throughput = new ThroughputRun(bench);
        AtomicBoolean capacityIsKnown = new AtomicBoolean();
        inTurn(
                report,
                workload.label(),
                shipper -> {
                    boolean isOurs = shipper instanceof SluiceShipper;
                    ThroughputRun.Result result =
                            throughput.run(
                                    shipper,
                                    isOurs ? ours : theirs,
                                    (_, _) -> {},
                                    isOurs && !capacityIsKnown.getAndSet(true));
                    result.capacity().ifPresent(capacity -> note(report, workload, capacity));
                    return result.figures();
                });
        note(report, workload, SluiceShipper.NAME, ours);
        if (!options.peers().isEmpty()) {
            note(report, workload, "the others", theirs);
        }
        if (options.splitMemory()) {
            splitMemory(report, workload, throughput, ours);
        }
    }

    private LogFiles logs(Path folder, Workload workload, int megabytes) throws IOException {
        bench.say("writing " + megabytes + " MB of " + workload.label());
        int sources = options.containers().orElse(workload.sources());
        LogFiles logs = LogFiles.reproducible(folder, workload, sources, 1);
        logs.fill(megabytes * 1_000_000L);
        return logs;
    }

    private static void note(Report report, Workload workload, String whose, LogFiles logs) {
        report.note(
                String.format(
                        Locale.ROOT,
                        "%s, for %s: %,d lines, %.1f MB, %d files.",
                        workload.label(),
                        whose,
                        logs.totalLines(),
                        logs.bytes() / 1e6,
                        logs.containers().size()));
    }

    private static void note(Report report, Workload workload, EndpointCapacity capacity) {
        report.note(
                String.format(
                        Locale.ROOT,
                        "%s: the endpoint by itself, unpacking with %s, takes the same bodies of"
                                + " one client at %.0f MB/s of raw log, for %.2f CPU-s per GB.",
                        workload.label(),
                        capacity.gunzip(),
                        capacity.megabytesPerSecond(),
                        capacity.cpuSecondsPerGigabyte()));
    }

    /** A run of its own: keeping books on memory takes some. */
    private void splitMemory(
            Report report, Workload workload, ThroughputRun throughput, LogFiles logs)
            throws IOException, InterruptedException {
        StringBuilder note = new StringBuilder();
        add(
                report,
                new Report.Table(workload.label()),
                SluiceShipper.NAME,
                options.sluice().withNativeMemoryTracking(),
                shipper ->
                        throughput
                                .run(
                                        shipper,
                                        logs,
                                        (running, _) -> note.append(describe(running)),
                                        false)
                                .figures(),
                workload.label() + ", what the memory is");
        report.note(workload.label() + ", resident memory at the end of a run of its own" + note);
    }

    private static String describe(RunningShipper running) throws IOException {
        Optional<MemorySplit> split = MemorySplit.of(running.pid());
        if (split.isEmpty()) {
            return ": not known, there is no jcmd or the agent is no JVM that tracks its memory.";
        }
        StringBuilder text = new StringBuilder(", MB:\n\n| | MB |\n| --- | ---: |\n");
        for (MemorySplit.Part part : MemorySplit.Part.values()) {
            text.append("| ").append(part.label()).append(" | ");
            text.append(Report.rounded(split.get().bytes(part) / 1e6, 1)).append(" |\n");
        }
        return text.append("| sum | ")
                .append(Report.rounded(split.get().totalBytes() / 1e6, 1))
                .append(" |")
                .toString();
    }

    /** A table for each agent, a column for each number of files. */
    private void scale(Report report) throws IOException, InterruptedException {
        QuietRun quiet = new QuietRun(bench);
        int fewest = options.scale().getFirst();
        for (Shipper shipper : options.shippers()) {
            Report.Table table = report.table(shipper.name());
            for (int round = 1; round <= options.rounds(); round++) {
                Figures least = new Figures();
                for (int files : options.scale()) {
                    add(
                            report,
                            table,
                            files + " files",
                            shipper,
                            agent -> {
                                Figures figures = quiet.run(agent, files, FILES_PER_POD);
                                if (files == fewest) {
                                    least.putAll(figures);
                                } else {
                                    perFile(figures, least, files - fewest);
                                }
                                return figures;
                            },
                            files + " files, round " + round);
                }
            }
        }
    }

    private static void perFile(Figures figures, Figures least, int moreFiles) {
        double more =
                figures.value(Figure.RSS).orElse(Double.NaN)
                        - least.value(Figure.RSS).orElse(Double.NaN);
        figures.put(Figure.BYTES_PER_FILE, more * 1e6 / moreFiles);
    }
}
