package io.sluice.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The packaged agent from files to a bulk server that keeps nothing: CPU for each gigabyte, speed
 * and memory, as the kernel counted them for the agent's process.
 *
 * <p>The files are complete before the agent starts. The whole run counts from the agent's start,
 * its JVM's start and compilation included; the steady part counts from when half of the documents
 * had arrived.
 */
public final class AgentBenchmark {
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Pattern DOCUMENTS = Pattern.compile("\"documents\":(\\d+)");
    private static final Pattern REQUESTS = Pattern.compile("\"requests\":(\\d+)");

    private final Options options;
    private final Path folder;
    private final HttpClient http = HttpClient.newHttpClient();

    /**
     * @param agent command that starts the agent; {@code {config}} stands for its file
     * @param results folder the two files go to
     */
    record Options(
            Workload workload,
            int megabytes,
            int containers,
            List<String> agent,
            Path results,
            Duration patience) {

        static Options parse(List<String> args) {
            Workload workload = Workload.JSON;
            int megabytes = 1_000;
            int containers = 8;
            String agent = "agent/app/target/sluice/bin/sluice run --config {config}";
            Path results = Path.of("benchmarks/results");
            Duration patience = Duration.ofMinutes(10);
            for (int i = 0; i + 1 < args.size(); i += 2) {
                String value = args.get(i + 1);
                switch (args.get(i)) {
                    case "--workload" ->
                            workload = Workload.valueOf(value.toUpperCase(Locale.ROOT));
                    case "--megabytes" -> megabytes = Integer.parseInt(value);
                    case "--containers" -> containers = Integer.parseInt(value);
                    case "--agent" -> agent = value;
                    case "--results" -> results = Path.of(value);
                    case "--patience" -> patience = Duration.ofSeconds(Long.parseLong(value));
                    default -> throw usage(args.get(i) + " is no option");
                }
            }
            if (args.size() % 2 != 0) {
                throw usage(args.getLast() + " needs a value");
            }
            if (megabytes < 1 || containers < 1) {
                throw usage("megabytes and containers must be at least 1");
            }
            return new Options(
                    workload,
                    megabytes,
                    containers,
                    List.of(agent.strip().split("\\s+", -1)),
                    results,
                    patience);
        }

        private static IllegalArgumentException usage(String problem) {
            return new IllegalArgumentException(
                    problem
                            + "; usage: AgentBenchmark [--workload json|plain|mixed] [--megabytes"
                            + " N] [--containers N] [--agent \"COMMAND {config}\"] [--results"
                            + " FOLDER] [--patience SECONDS]");
        }
    }

    private AgentBenchmark(Options options, Path folder) {
        this.options = options;
        this.folder = folder;
    }

    /** See {@link Options}. Exit 1 where documents were lost or the agent ended before the end. */
    public static void main(String[] args) throws IOException {
        Options options;
        try {
            options = Options.parse(List.of(args));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        try {
            BenchmarkResult result = run(options);
            System.out.println(result.markdown());
            System.exit(result.lostDocuments() == 0 ? 0 : 1);
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    /** One run, its files written. */
    static BenchmarkResult run(Options options) throws IOException {
        Path folder = Files.createTempDirectory("sluice-benchmark-");
        try {
            BenchmarkResult result = new AgentBenchmark(options, folder).measure();
            result.write(options.results());
            return result;
        } finally {
            remove(folder);
        }
    }

    private BenchmarkResult measure() throws IOException {
        WorkloadFiles files =
                WorkloadFiles.write(
                        folder,
                        options.workload(),
                        options.containers(),
                        options.megabytes() * 1_000_000L);
        Process sink = startSink();
        try (BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(sink.getInputStream(), StandardCharsets.UTF_8))) {
            String url = out.readLine();
            if (url == null) {
                throw new IllegalStateException("the bulk server did not start; see its message");
            }
            Path config = writeConfig(files, url);
            Path log = folder.resolve("agent.log");
            long start = System.nanoTime();
            Process agent = startAgent(config, log);
            try {
                return follow(agent, files, URI.create(url + "/_stats"), start, log);
            } finally {
                end(agent);
            }
        } finally {
            end(sink);
        }
    }

    private BenchmarkResult follow(
            Process agent, WorkloadFiles files, URI stats, long start, Path log)
            throws IOException {
        ProcessUsage half = ProcessUsage.of(agent);
        long halfNanos = start;
        long halfDocuments = 0;
        long deadline = start + options.patience().toNanos();
        String last = "";
        while (System.nanoTime() - deadline < 0) {
            ProcessUsage usage = ProcessUsage.of(agent);
            if (!agent.isAlive()) {
                throw new IllegalStateException(
                        "the agent ended with "
                                + agent.exitValue()
                                + " before all had arrived: "
                                + last
                                + "\n"
                                + Files.readString(log));
            }
            last = fetch(stats);
            long now = System.nanoTime();
            long documents = number(DOCUMENTS, last);
            if (halfDocuments == 0 && documents >= files.lines() / 2) {
                half = usage;
                halfNanos = now;
                halfDocuments = documents;
            }
            if (documents >= files.lines()) {
                usage = ProcessUsage.of(agent);
                if (!agent.isAlive()) {
                    throw new IllegalStateException("the agent ended with its last document");
                }
                double steadyShare = 1 - (double) halfDocuments / documents;
                return new BenchmarkResult(
                        options.workload(),
                        options.containers(),
                        String.join(" ", options.agent()),
                        files.bytes(),
                        files.lines(),
                        documents,
                        number(REQUESTS, last),
                        usage.cpuSeconds(),
                        (now - start) / 1e9,
                        usage.cpuSeconds() - half.cpuSeconds(),
                        (now - halfNanos) / 1e9,
                        (long) (files.bytes() * steadyShare),
                        usage.peakBytes(),
                        Host.here());
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        throw new IllegalStateException(
                "not all of "
                        + files.lines()
                        + " documents arrived within "
                        + options.patience().toSeconds()
                        + " s: "
                        + last
                        + "\n"
                        + Files.readString(log));
    }

    private String fetch(URI stats) throws IOException {
        try {
            return http.send(
                            HttpRequest.newBuilder(stats).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static long number(Pattern field, String json) {
        Matcher found = field.matcher(json);
        if (!found.find()) {
            throw new IllegalStateException("no " + field + " in " + json);
        }
        return Long.parseLong(found.group(1));
    }

    private static Process startSink() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DiscardingBulk.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private Process startAgent(Path config, Path log) throws IOException {
        List<String> command = new ArrayList<>();
        for (String word : options.agent()) {
            command.add(word.replace("{config}", config.toString()));
        }
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    private Path writeConfig(WorkloadFiles files, String url) throws IOException {
        return Files.writeString(
                folder.resolve("sluice.yaml"),
                """
                containers:
                  path: "%s"
                kubernetes:
                  api: "off"
                buffer:
                  path: "%s"
                  minFree: 64MiB
                elasticsearch:
                  hosts: ["%s"]
                health:
                  listen: "127.0.0.1:0"
                """
                        .formatted(files.links(), folder.resolve("buffer"), url));
    }

    private static void end(Process process) {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static void remove(Path folder) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> paths = Files.walk(folder)) {
            deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.delete(path);
        }
    }
}
