package io.sluice.benchmarks;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@link AgentBenchmark} is told on its command line.
 *
 * @param megabytes size of Sluice's log files in throughput, 10^6 bytes
 * @param peerMegabytes the same for the others
 * @param containers how many files; empty for the workload's own number
 * @param rounds how often each agent is measured, in turn
 * @param rsyslog its program
 * @param sidecar command that becomes the streaming sidecar
 * @param splitMemory one more run of Sluice, to say what its memory is
 * @param seconds how long is measured in idle, scale and latency's flow
 * @param settle how long an idle agent is left alone before
 * @param warmUp how long lines flow in latency and catch-up before
 * @param files how many are idle
 * @param scale how many are idle, in turn
 * @param loneLines how many are written in latency
 * @param rate lines per second of latency's flow
 * @param outage how long the endpoint is away in catch-up
 * @param backlogRate lines per second of catch-up
 * @param folder where log files and state go; removed at the end
 * @param results where the results go
 * @param patience after which a run has failed
 * @param silence after which an agent that has not delivered all has lost the rest
 */
record BenchmarkOptions(
        List<Mode> modes,
        List<Workload> workloads,
        int megabytes,
        int peerMegabytes,
        OptionalInt containers,
        int rounds,
        SluiceShipper sluice,
        List<Shipper> peers,
        Path rsyslog,
        List<String> sidecar,
        boolean splitMemory,
        Duration seconds,
        Duration settle,
        Duration warmUp,
        int files,
        List<Integer> scale,
        int loneLines,
        int rate,
        Duration outage,
        int backlogRate,
        Path folder,
        Path results,
        Duration patience,
        Duration silence) {

    /** Every option with its default and what it means, in the order they are shown. */
    private static final List<Option> OPTIONS =
            List.of(
                    new Option(
                            "mode",
                            "throughput",
                            "throughput,idle,latency,catch-up,scale,sidecar or all"),
                    new Option("workload", "json", "json,plain,mixed: what the lines are"),
                    new Option(
                            "megabytes",
                            "2000",
                            "throughput: Sluice's log files; sidecar: the file; 10^6 bytes"),
                    new Option("peer-megabytes", "300", "throughput: the peers' log files"),
                    new Option("containers", "", "throughput: files; 8, or 50 for mixed"),
                    new Option("rounds", "1", "how often each agent is measured, in turn"),
                    new Option(
                            "peers",
                            "",
                            "rsyslog,rsyslog-bare,fluent-bit,fluent-bit-gzip,fluent-bit-bare"),
                    new Option("rsyslog", "/usr/sbin/rsyslogd", "its program"),
                    new Option("fluent-bit", "", "its program"),
                    new Option(
                            "agent",
                            "agent/app/target/sluice/bin/sluice run --config {config}",
                            "command that becomes Sluice"),
                    new Option(
                            "sidecar",
                            "sidecar/target/sluice-sidecar/bin/sluice-sidecar --file {file}",
                            "sidecar: command that becomes it"),
                    new Option("java-options", "", "more of them for Sluice's JVM"),
                    new Option("memory", "no", "throughput: yes for a run that splits its memory"),
                    new Option("seconds", "60", "idle, scale, sidecar, latency's flow: how long"),
                    new Option("settle", "15", "idle, scale, sidecar: seconds before"),
                    new Option("warm-up", "5", "latency, catch-up: seconds of lines before"),
                    new Option("files", "100", "idle: how many"),
                    new Option("scale", "10,100,1000,10000", "scale: how many, in turn"),
                    new Option("lone-lines", "100", "latency: how many"),
                    new Option("rate", "1000", "latency's flow: lines per second"),
                    new Option("outage", "30", "catch-up: seconds without an endpoint"),
                    new Option("backlog-rate", "20000", "catch-up: lines per second"),
                    new Option("folder", System.getProperty("java.io.tmpdir"), "for log files"),
                    new Option("results", "benchmarks/results", "where the results go"),
                    new Option("patience", "1200", "seconds until a run has failed"),
                    new Option("silence", "20", "seconds without news until lines are lost"));

    private record Option(String name, String byDefault, String meaning) {}

    BenchmarkOptions {
        check("megabytes", megabytes);
        check("peer-megabytes", peerMegabytes);
        check("containers", containers.orElse(1));
        check("rounds", rounds);
        check("files", files);
        scale.forEach(count -> check("scale", count));
        check("lone-lines", loneLines);
        check("rate", rate);
        check("backlog-rate", backlogRate);
        check("seconds", seconds.toMillis());
    }

    private static void check(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + "; set at least 1");
        }
    }

    /**
     * Reads {@code --name value} pairs.
     *
     * @throws IllegalArgumentException with all options, if there is something wrong
     */
    static BenchmarkOptions parse(List<String> args) {
        Map<String, String> values = new HashMap<>();
        OPTIONS.forEach(option -> values.put(option.name(), option.byDefault()));
        Set<String> names = new TreeSet<>(values.keySet());
        for (int i = 0; i < args.size(); i += 2) {
            String name = args.get(i).replaceFirst("^--", "");
            if (!args.get(i).startsWith("--") || !names.contains(name)) {
                throw new IllegalArgumentException(args.get(i) + " is no option\n" + usage());
            }
            if (i + 1 == args.size()) {
                throw new IllegalArgumentException(args.get(i) + " needs a value");
            }
            values.put(name, args.get(i + 1));
        }
        return new Values(values).options();
    }

    private static String usage() {
        StringBuilder usage = new StringBuilder("usage: AgentBenchmark [--OPTION VALUE]...\n");
        for (Option option : OPTIONS) {
            usage.append(
                    String.format(
                            Locale.ROOT,
                            "  --%-15s %s%s%n",
                            option.name(),
                            option.meaning(),
                            option.byDefault().isEmpty() ? "" : " (" + option.byDefault() + ")"));
        }
        return usage.toString();
    }

    /** All agents in the order of a round. */
    List<Shipper> shippers() {
        List<Shipper> all = new ArrayList<>();
        all.add(sluice);
        all.addAll(peers);
        return all;
    }

    /** The values of all options, as they are written. */
    private record Values(Map<String, String> byName) {
        BenchmarkOptions options() {
            return new BenchmarkOptions(
                    byName.get("mode").equals("all")
                            ? List.of(Mode.values())
                            : list("mode").stream().map(Mode::of).toList(),
                    list("workload").stream().map(Values::workload).toList(),
                    number("megabytes"),
                    number("peer-megabytes"),
                    byName.get("containers").isEmpty()
                            ? OptionalInt.empty()
                            : OptionalInt.of(number("containers")),
                    number("rounds"),
                    new SluiceShipper(words("agent"), words("java-options")),
                    Shipper.peers(
                            list("peers"), Path.of(byName.get("rsyslog")), path("fluent-bit")),
                    Path.of(byName.get("rsyslog")),
                    words("sidecar"),
                    yes("memory"),
                    seconds("seconds"),
                    seconds("settle"),
                    seconds("warm-up"),
                    number("files"),
                    list("scale").stream().map(value -> number("scale", value)).toList(),
                    number("lone-lines"),
                    number("rate"),
                    seconds("outage"),
                    number("backlog-rate"),
                    Path.of(byName.get("folder")),
                    Path.of(byName.get("results")),
                    seconds("patience"),
                    seconds("silence"));
        }

        private static Workload workload(String label) {
            for (Workload workload : Workload.values()) {
                if (workload.label().equals(label)) {
                    return workload;
                }
            }
            throw new IllegalArgumentException(
                    label + " is no workload; there are json, plain and mixed");
        }

        private List<String> list(String name) {
            return byName.get(name).isEmpty()
                    ? List.of()
                    : List.of(byName.get(name).split(",", -1));
        }

        private List<String> words(String name) {
            String value = byName.get(name).strip();
            return value.isEmpty() ? List.of() : List.of(value.split("\\s+", -1));
        }

        private Optional<Path> path(String name) {
            return byName.get(name).isEmpty()
                    ? Optional.empty()
                    : Optional.of(Path.of(byName.get(name)));
        }

        private boolean yes(String name) {
            return switch (byName.get(name)) {
                case "yes" -> true;
                case "no" -> false;
                default ->
                        throw new IllegalArgumentException(
                                name + " is " + byName.get(name) + "; say yes or no");
            };
        }

        private Duration seconds(String name) {
            return Duration.ofSeconds(number(name));
        }

        private int number(String name) {
            return number(name, byName.get(name));
        }

        private static int number(String name, String value) {
            try {
                return Integer.parseInt(value);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(name + " is " + value + "; give a number", e);
            }
        }
    }
}
