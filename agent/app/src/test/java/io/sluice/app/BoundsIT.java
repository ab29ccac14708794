package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.CriLogs;
import io.sluice.testing.FaultyElasticsearch;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Everything that has a bound is filled to it, at the same time, in the packaged agent with its
 * launcher's own options: dead letters, buffer, ring, open records of both streams of 110 pods,
 * files held that are deleted. It stays within what it printed at its start, and goes on.
 */
class BoundsIT {
    private static final int PODS = 110;
    private static final int LOUD_PODS = 8;
    private static final int BLOB_BYTES = 9_000;
    private static final int PIECES = 6;
    private static final Duration FILLED_WITHIN = Duration.ofMinutes(4);
    private static final long MIB = 1 << 20;

    /** Of the 16 MiB that all open records may have together. */
    private static final double OPEN = 14 * MIB;

    /** What Java takes for itself: classes, compiled code, threads, its own tables. */
    private static final long JAVA_ITSELF = 112 * MIB;

    private static final Pattern PRINTED =
            Pattern.compile("memory {3}at most (\\d+) MiB: .*?heap at most (\\d+) MiB");

    @TempDir Path folder;

    /** The highest that was seen of each figure. */
    private final Map<String, Double> highest = new TreeMap<>();

    private final Random random = new Random(1);
    private final List<CriLogs.Container> loud = new ArrayList<>();

    @Test
    void memoryStaysUnderThePrintedSumWhenEveryBoundIsReached() throws Exception {
        CriLogs logs = new CriLogs(folder.resolve("logs")).keepAll();
        for (int i = 0; i < LOUD_PODS; i++) {
            loud.add(logs.container("shop", "loud-" + i, "uid-loud-" + i, "app"));
        }
        List<CriLogs.Container> silent = new ArrayList<>();
        for (int i = 0; i < PODS; i++) {
            silent.add(logs.container("shop", "pod-" + i, "uid-" + i, "app"));
        }
        try (FaultyElasticsearch server = new FaultyElasticsearch()) {
            AgentYaml yaml =
                    new AgentYaml(folder)
                            .stream("bounds")
                                    .containers(logs.links())
                                    .buffer("maxSize: 48MiB, minFree: 0");
            server.behave((_, _, _) -> rejectEverything());
            try (AgentProcess agent = yaml.start(Home.PID_NAMESPACE, server.url())) {
                fill(agent, "sluice_dead_letters_dropped_total", 1);

                for (CriLogs.Container pod : silent) {
                    for (int i = 0; i < PIECES; i++) {
                        String piece = "x".repeat(CriLogs.MAX_PIECE_BYTES - 64);
                        pod.writePartial(CriLogs.Stream.STDOUT, piece);
                        pod.writePartial(CriLogs.Stream.STDERR, piece);
                    }
                }
                // Before the ring is full: what is behind it is in nobody's memory.
                await("the open records are filled")
                        .atMost(FILLED_WITHIN)
                        .pollInterval(Duration.ofMillis(20))
                        .until(() -> look(agent).get("sluice_pipeline_open_record_bytes") >= OPEN);

                server.behave((_, _, _) -> new FaultyElasticsearch.Reply.Refuse(503, "{}"));
                fill(agent, "sluice_buffer_full", 1);
                fill(agent, "sluice_pipeline_ring_used_chunks", 64);
                loud.forEach(CriLogs.Container::delete);
                silent.subList(0, PODS / 2).forEach(CriLogs.Container::delete);
                await().during(Duration.ofSeconds(2))
                        .atMost(FILLED_WITHIN)
                        .until(() -> look(agent).get("sluice_buffer_full") == 1);
                check(agent);

                server.behave((_, _, _) -> new FaultyElasticsearch.Reply.Take());
                await("the buffer is emptied")
                        .atMost(FILLED_WITHIN)
                        .until(
                                () -> {
                                    Map<String, Double> now = look(agent);
                                    return now.get("sluice_buffer_full") == 0
                                            && now.get("sluice_delivery_held_excerpts") == 0
                                            && now.get("sluice_pipeline_ring_used_chunks") == 0;
                                });
                check(agent);
                agent.terminate();
                assertThat(agent.awaitExit(Duration.ofSeconds(60))).as(agent.log()).isZero();
            }
        }
    }

    private static FaultyElasticsearch.Reply rejectEverything() {
        return new FaultyElasticsearch.Reply.Mixed(
                _ ->
                        Optional.of(
                                new FaultyElasticsearch.Fault(
                                        400, FaultyElasticsearch.MAPPING_FAULT)));
    }

    /** Logs what hardly compresses until the figure is there. */
    private void fill(AgentProcess agent, String name, double value) {
        await(name + " is " + value)
                .atMost(FILLED_WITHIN)
                .pollInterval(Duration.ofMillis(20))
                .until(
                        () -> {
                            Map<String, Double> now = look(agent);
                            // Not the disk is to be filled.
                            if (now.get("sluice_tail_backlog_bytes") < 32 * MIB) {
                                logBlobs();
                            }
                            return now.get(name) >= value;
                        });
    }

    private void logBlobs() {
        byte[] bytes = new byte[BLOB_BYTES];
        for (CriLogs.Container container : loud) {
            for (int i = 0; i < 40; i++) {
                random.nextBytes(bytes);
                container.write(Base64.getEncoder().encodeToString(bytes));
            }
        }
    }

    private Map<String, Double> look(AgentProcess agent) throws IOException, InterruptedException {
        Map<String, Double> now = new TreeMap<>();
        for (String line : agent.ask("/metrics").body().lines().toList()) {
            int blank = line.indexOf(' ');
            if (!line.startsWith("#") && line.indexOf('{') < 0) {
                now.put(line.substring(0, blank), Double.parseDouble(line.substring(blank + 1)));
            }
        }
        now.forEach((name, value) -> highest.merge(name, value, Math::max));
        return now;
    }

    private void check(AgentProcess agent) {
        Matcher printed = PRINTED.matcher(agent.log());
        assertThat(printed.find()).as("the sum in %s", agent.log()).isTrue();
        long bounded = Long.parseLong(printed.group(1)) * MIB;
        long heap = Long.parseLong(printed.group(2)) * MIB;
        System.out.printf(
                "bounds: printed %d MiB in %d MiB of heap; most seen: %d MiB anonymous, %d MiB in"
                        + " all, heap %d MiB; %s%n",
                bounded / MIB,
                heap / MIB,
                mebibytes("process_resident_anonymous_memory_bytes"),
                mebibytes("process_resident_memory_bytes"),
                mebibytes("jvm_heap_committed_bytes"),
                highest.keySet().stream()
                        .filter(name -> name.matches(".*(ring_used|open_record|kept_b|used_b).*"))
                        .map(name -> name + " " + highest.get(name).longValue())
                        .toList());
        assertThat(most("sluice_pipeline_open_record_bytes"))
                .as("open records were filled")
                .isBetween(OPEN, 16.0 * MIB);
        assertThat(most("sluice_buffer_used_bytes")).isLessThanOrEqualTo(48.0 * MIB);
        assertThat(most("sluice_dead_letters_kept_bytes")).isBetween(48.0 * MIB, 64.0 * MIB);
        assertThat(most("sluice_delivery_held_excerpts")).isLessThanOrEqualTo(8);
        assertThat(bounded).as("what is bound fits into the heap").isLessThan(heap);
        assertThat(most("process_resident_anonymous_memory_bytes"))
                .as("anonymous memory, bytes: %s", highest)
                .isLessThan((double) (heap + JAVA_ITSELF));
    }

    private double most(String name) {
        return highest.get(name);
    }

    private long mebibytes(String name) {
        return highest.get(name).longValue() / MIB;
    }
}
