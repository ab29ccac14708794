package io.sluice.app;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.config.ConfigurationException;
import io.sluice.app.config.ConfigurationFile;
import io.sluice.app.config.Problem;
import io.sluice.app.demo.DemoFolder;
import io.sluice.app.demo.DemoQuestions;
import io.sluice.app.demo.DemoQuestions.Group;
import io.sluice.app.demo.DemoWorkload;
import io.sluice.app.log.SelfLog;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * {@code sluice demo}: pods that log, the agent as {@code run} starts it, and what Elasticsearch
 * then has. Each run has a data stream of its own, so that what is counted is what was written.
 */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Writes logs of a few pods, ships them, and shows what arrived.")
final class DemoCommand implements Callable<Integer> {
    private static final String DATASET = "kubernetes.container_logs";
    private static final int LINES_PER_SECOND = 500;
    private static final int SLOW_LINES_PER_SECOND = 20;
    private static final int TICKS_PER_SECOND = 10;
    private static final int DEFAULT_SECONDS = 10;
    private static final Duration DELIVERED_WITHIN = Duration.ofSeconds(30);

    /** How often the slow pace says that it is alive. */
    private static final int SLOW_REPORT_SECONDS = 30;

    @CommandLine.Option(
            names = "--hosts",
            paramLabel = "URL",
            required = true,
            description = "an Elasticsearch without credentials, such as http://localhost:9200")
    private URI host;

    @CommandLine.Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "0",
            description = "log so long and end; without it, stay up until Ctrl-C")
    private int seconds;

    @CommandLine.Option(
            names = "--dir",
            paramLabel = "DIR",
            defaultValue = "sluice-demo",
            description = "a folder for logs and state, emptied first (default: ${DEFAULT-VALUE})")
    private Path dir;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private PrintWriter out;
    private int second;

    @Override
    public Integer call() throws InterruptedException {
        out = spec.commandLine().getOut();
        PrintWriter errors = spec.commandLine().getErr();
        if (seconds < 0) {
            errors.println("sluice: --seconds is " + seconds + "; set at least 1, or leave it out");
            errors.flush();
            return Sluice.TOLD_WRONG;
        }
        try (DemoFolder folder = DemoFolder.open(dir)) {
            return show(folder.path());
        } catch (IOException e) {
            errors.println("sluice: " + e.getMessage());
            errors.flush();
            return Sluice.FAILED;
        }
    }

    private int show(Path folder) throws IOException, InterruptedException {
        String namespace = "demo" + Instant.now().getEpochSecond();
        Path log = folder.resolve("agent.log");
        PrintStream logTo =
                new PrintStream(Files.newOutputStream(log), true, StandardCharsets.UTF_8);
        SelfLog.configure(System.Logger.Level.INFO, SelfLog.Format.TEXT, logTo);
        String stream = "logs-" + DATASET + "-" + namespace;
        try (DemoWorkload workload = new DemoWorkload(folder);
                DemoQuestions questions = new DemoQuestions(host, stream);
                Agent agent = new Agent(configuration(namespace, workload.links(), folder))) {
            endWithCtrlC(agent);
            agent.start();
            Thread.ofPlatform().daemon().name("watch").start(() -> watch(agent));
            say("");
            say("Sluice " + Sluice.version() + " ships the logs of " + workload.pods() + " pods");
            say("  from  " + shown(workload.links()) + ", as kubelet and containerd write them");
            say("  to    " + stream + " at " + host);
            say("");
            int wanted = seconds == 0 ? DEFAULT_SECONDS : seconds;
            run(workload, agent, wanted);
            awaitDelivery(workload, agent);
            boolean passed = summary(workload, agent, questions);
            lookFurther(questions, agent, folder);
            if (seconds == 0) {
                stayUp(workload, agent);
            }
            return passed ? Sluice.OK : Sluice.FAILED;
        }
    }

    private AgentConfig configuration(String namespace, Path links, Path folder)
            throws IOException {
        String yaml =
                """
                cluster: demo
                containers: {path: "%s"}
                kubernetes: {api: off, node: demo-node}
                buffer: {path: "%s", maxSize: 192MiB, minFree: 64MiB}
                elasticsearch:
                  hosts: ["%s"]
                  dataStream: {dataset: %s, namespace: %s}
                health: {listen: "127.0.0.1:0"}
                admin: {listen: "127.0.0.1:0"}
                shutdown: {drain: 1s}
                """
                        .formatted(
                                quoted(links),
                                quoted(folder.resolve("state")),
                                host,
                                DATASET,
                                namespace);
        try {
            return ConfigurationFile.parse("demo", yaml, Map.of());
        } catch (ConfigurationException e) {
            List<String> problems = e.problems().stream().map(Problem::toString).toList();
            throw new IOException(String.join("\n", problems), e);
        }
    }

    /** Inside the quotes of YAML, and safe from the configuration's own variables. */
    private static String quoted(Path path) {
        return path.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("${", "$${");
    }

    /** The virtual machine goes down with the hook, as in {@code run}. */
    private static void endWithCtrlC(Agent agent) {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> {
                                    agent.stop();
                                    agent.close();
                                    Runtime.getRuntime().halt(Sluice.OK);
                                },
                                "stop"));
    }

    private void watch(Agent agent) {
        try {
            agent.run().ifPresent(failure::complete);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(DemoWorkload workload, Agent agent, int wantedSeconds)
            throws IOException, InterruptedException {
        int rotateAt = Math.max(1, wantedSeconds * 2 / 5);
        for (int i = 1; i <= wantedSeconds; i++) {
            writeForASecond(workload, LINES_PER_SECOND);
            if (i == rotateAt) {
                workload.rotate();
            }
            progress(workload, agent, i == rotateAt ? "   every log file was rotated" : "");
        }
    }

    private void writeForASecond(DemoWorkload workload, int lines)
            throws IOException, InterruptedException {
        long nextNanos = System.nanoTime();
        for (int tick = 0; tick < TICKS_PER_SECOND; tick++) {
            workload.write(lines / TICKS_PER_SECOND);
            nextNanos += Duration.ofSeconds(1).toNanos() / TICKS_PER_SECOND;
            Thread.sleep(Duration.ofNanos(Math.max(0, nextNanos - System.nanoTime())));
        }
        second++;
        failIfAgentFailed();
    }

    private void failIfAgentFailed() throws IOException {
        if (failure.isDone()) {
            Throwable cause = failure.join();
            throw new IOException("the agent ended: " + cause, cause);
        }
    }

    private void progress(DemoWorkload workload, Agent agent, String remark) {
        long delivered = agent.deliveredDocuments();
        say(
                String.format(
                        Locale.ROOT,
                        "%4d s   written %,8d   delivered %,8d   waiting %,6d%s",
                        second,
                        workload.written(),
                        delivered,
                        Math.max(0, workload.written() - delivered),
                        remark));
    }

    /** Nothing is written meanwhile. */
    private void awaitDelivery(DemoWorkload workload, Agent agent)
            throws IOException, InterruptedException {
        long deadlineNanos = System.nanoTime() + DELIVERED_WITHIN.toNanos();
        while (agent.deliveredDocuments() < workload.written()
                && System.nanoTime() - deadlineNanos < 0) {
            writeForASecond(workload, 0);
            progress(workload, agent, "   the pods pause");
        }
    }

    private boolean summary(DemoWorkload workload, Agent agent, DemoQuestions questions)
            throws IOException, InterruptedException {
        long written = workload.written();
        long delivered = agent.deliveredDocuments();
        long counted = questions.count();
        say("");
        say("What Elasticsearch has, by namespace and level (plain lines have none):");
        say("");
        table(questions.groups());
        say("");
        say("One of them, a refused payment:");
        say("");
        questions.document("payment", "error").lines().forEach(line -> say("  " + line));
        say("");
        boolean same = written == delivered && delivered == counted;
        say(
                String.format(
                        Locale.ROOT,
                        "%s: %,d lines written %s %,d delivered %s %,d documents in Elasticsearch",
                        same ? "PASS" : "FAIL",
                        written,
                        written == delivered ? "=" : "but",
                        delivered,
                        delivered == counted ? "=" : "but",
                        counted));
        return same;
    }

    private void table(List<Group> groups) {
        List<String> levels =
                Stream.of("error", "warn", "info", "debug", "")
                        .filter(level -> groups.stream().anyMatch(at(level)))
                        .toList();
        StringBuilder head = new StringBuilder(String.format(Locale.ROOT, "  %-12s", ""));
        levels.forEach(level -> head.append(cell(level.isEmpty() ? "no level" : level)));
        say(head.append(cell("all")).toString());
        TreeSet<String> namespaces = new TreeSet<>();
        groups.forEach(group -> namespaces.add(group.namespace()));
        for (String namespace : namespaces) {
            row(namespace, levels, groups.stream().filter(in(namespace)).toList());
        }
        row("all", levels, groups);
    }

    private static Predicate<Group> at(String level) {
        return group -> group.level().equals(level);
    }

    private static Predicate<Group> in(String namespace) {
        return group -> group.namespace().equals(namespace);
    }

    private void row(String name, List<String> levels, List<Group> groups) {
        StringBuilder row = new StringBuilder(String.format(Locale.ROOT, "  %-12s", name));
        for (String level : levels) {
            row.append(cell(number(sum(groups.stream().filter(at(level)).toList()))));
        }
        say(row.append(cell(number(sum(groups)))).toString());
    }

    private static long sum(List<Group> groups) {
        return groups.stream().mapToLong(Group::documents).sum();
    }

    private static String number(long value) {
        return value == 0 ? "-" : String.format(Locale.ROOT, "%,d", value);
    }

    private static String cell(String text) {
        return String.format(Locale.ROOT, "%10s", text);
    }

    private void lookFurther(DemoQuestions questions, Agent agent, Path folder) {
        say("");
        say("Look further:");
        if (seconds == 0) {
            String errors = "/_search?q=log.level:error&sort=@timestamp:desc&size=3&pretty";
            say("  curl '" + questions.address(errors) + "'");
            say("  curl '" + questions.address("/_count?q=kubernetes.namespace:shop&pretty") + "'");
            say("  curl 'http://127.0.0.1:" + agent.healthPort() + "/metrics'");
        }
        say("  the pods' logs       " + shown(folder.resolve("pods")));
        say("  the agent's buffer   " + shown(folder.resolve("state")));
        say("  the agent's own log  " + shown(folder.resolve("agent.log")));
        say("");
    }

    private void stayUp(DemoWorkload workload, Agent agent)
            throws IOException, InterruptedException {
        say("The pods log on, slowly. Ctrl-C ends everything.");
        say("");
        while (true) {
            for (int i = 0; i < SLOW_REPORT_SECONDS; i++) {
                writeForASecond(workload, SLOW_LINES_PER_SECOND);
            }
            progress(workload, agent, "");
        }
    }

    /** From here, if it is below. */
    private static Path shown(Path path) {
        Path here = Path.of("").toAbsolutePath();
        return path.startsWith(here) ? here.relativize(path) : path;
    }

    private void say(String line) {
        out.println(line);
        out.flush();
    }
}
