package io.sluice.app.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.buffer.Buffer;
import io.sluice.buffer.BufferConfig;
import io.sluice.buffer.DeadLetterFiles;
import io.sluice.elasticsearch.BulkSender;
import io.sluice.elasticsearch.ElasticsearchConfig;
import io.sluice.kubernetes.KubernetesConfig;
import io.sluice.kubernetes.PodWatch;
import io.sluice.pipeline.Pipeline;
import io.sluice.pipeline.PipelineConfig;
import io.sluice.pipeline.PodDirectory;
import io.sluice.tail.TailStats;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Real rooms that have done nothing yet, and a tail that is made to count. */
class AgentMetricsTest {
    private static final Pattern SERIES =
            Pattern.compile("([a-z][a-z0-9_]*)(\\{[a-z_]+=\"[^\"]+\"})? (\\S+)");

    @TempDir Path directory;

    private final AgentMetrics metrics = new AgentMetrics();
    private final TailStats tail = new TailStats();
    private final List<AutoCloseable> rooms = new ArrayList<>();

    @BeforeEach
    void bindAll() {
        Buffer buffer = Buffer.open(BufferConfig.of(directory, List.of("default")));
        rooms.add(buffer);
        PodWatch pods = new PodWatch(KubernetesConfig.off(), directory);
        rooms.add(pods);
        Pipeline pipeline =
                new Pipeline(
                        PipelineConfig.defaults(1, 4 << 20),
                        PodDirectory.NONE,
                        buffer,
                        failure -> {});
        DeadLetterFiles letters = DeadLetterFiles.open(directory, 16 << 20);
        rooms.add(letters);
        BulkSender sender =
                new BulkSender(
                        ElasticsearchConfig.of(List.of(URI.create("http://127.0.0.1:9"))),
                        buffer.outbox(0),
                        letters);
        metrics.bind(tail);
        metrics.bind(sender.stats());
        metrics.bind(letters.stats());
        metrics.bind(pipeline.stats());
        metrics.bind(pods.stats());
        metrics.bind(buffer.stats());
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable room : rooms) {
            room.close();
        }
    }

    @Test
    void whatTheRoomsCountIsThereAsItIsNow() {
        tail.readBytes.add(1_234);
        tail.gaps.increment();

        Map<String, Double> series = series(metrics.scrape());

        assertThat(series)
                .containsEntry("sluice_tail_read_bytes_total", 1_234.0)
                .containsEntry("sluice_tail_gaps_total", 1.0)
                .containsEntry("sluice_tail_backlog_bytes", 0.0)
                .containsEntry("sluice_pipeline_records_total", 0.0)
                .containsEntry("sluice_pipeline_batches_total{reason=\"compressed_size\"}", 0.0)
                .containsEntry("sluice_pipeline_ring_used_chunks", 0.0)
                .containsEntry("sluice_kubernetes_failures_total{reason=\"forbidden\"}", 0.0)
                .containsEntry("sluice_kubernetes_pods{state=\"existing\"}", 0.0)
                .containsEntry("sluice_buffer_full", 0.0)
                .containsEntry("sluice_delivery_failures_total{reason=\"too_large\"}", 0.0)
                .containsEntry("sluice_delivery_in_flight_requests", 0.0)
                .containsEntry("sluice_delivery_waiting_documents", 0.0)
                .containsEntry("sluice_delivery_learned_limit_bytes", 0.0)
                .containsKeys("sluice_delivery_healthy_hosts", "sluice_delivery_held_bytes")
                .containsKeys(
                        "sluice_pipeline_blocked_seconds_total",
                        "sluice_buffer_force_seconds_total",
                        "sluice_buffer_used_bytes",
                        "sluice_buffer_segments");

        tail.readBytes.add(1);
        assertThat(series(metrics.scrape())).containsEntry("sluice_tail_read_bytes_total", 1_235.0);
    }

    @Test
    void theProcessIsThereUnderItsUsualNames() {
        Map<String, Double> series = series(metrics.scrape());

        assertThat(series.get("process_resident_memory_bytes")).isBetween(10e6, 100e9);
        assertThat(series.get("process_resident_anonymous_memory_bytes")).isBetween(10e6, 100e9);
        assertThat(series.get("process_cpu_seconds_total")).isPositive();
        assertThat(series.get("process_open_fds")).isBetween(3.0, 1e6);
        assertThat(series.get("process_start_time_seconds"))
                .isBetween(1.7e9, (double) Instant.now().getEpochSecond() + 1);
        assertThat(series.get("jvm_heap_used_bytes"))
                .isPositive()
                .isLessThanOrEqualTo(series.get("jvm_heap_max_bytes"));
    }

    @Test
    void withoutProcAFigureIsUnknownRatherThanWrong() {
        Map<String, Double> series =
                series(new AgentMetrics(directory.resolve("no proc")).scrape());

        assertThat(series.get("process_resident_memory_bytes")).isNaN();
        assertThat(series.get("process_open_fds")).isNaN();
    }

    @Test
    void whatIsCountedOutlivesGarbageCollection() {
        AgentMetrics own = new AgentMetrics();
        bindStatsNobodyElseKeeps(own);

        System.gc();

        assertThat(series(own.scrape())).containsEntry("sluice_tail_chunks_total", 7.0);
    }

    private static void bindStatsNobodyElseKeeps(AgentMetrics metrics) {
        TailStats stats = new TailStats();
        stats.chunks.add(7);
        metrics.bind(stats);
    }

    @Test
    void everyFamilyIsExplainedOnceAndNamedByTheRules() {
        List<String> problems = new ArrayList<>();
        List<String> families = new ArrayList<>();
        String help = "";
        String type = "";
        String family = "";
        for (String line : metrics.scrape().lines().toList()) {
            if (line.startsWith("# HELP ")) {
                String[] words = line.split(" ", 4);
                family = words[2];
                help = words[3];
                if (families.contains(family)) {
                    problems.add("twice: " + family);
                }
                families.add(family);
                if (help.isBlank() || !help.endsWith(".")) {
                    problems.add("no help: " + line);
                }
            } else if (line.startsWith("# TYPE ")) {
                String[] words = line.split(" ", 4);
                type = words[3];
                if (!words[2].equals(family)) {
                    problems.add("TYPE without its HELP: " + line);
                }
            } else {
                Matcher parts = SERIES.matcher(line);
                if (!parts.matches()) {
                    problems.add("not the text format: " + line);
                } else if (!parts.group(1).equals(family)) {
                    problems.add("outside its family: " + line);
                }
            }
            if (type.equals("counter") != family.endsWith("_total") && line.charAt(0) != '#') {
                problems.add(type + ": " + line);
            }
            if (family.matches(
                    ".*_(nanos|nanoseconds|millis|ms|kb|mb|kilobytes|count|sum)(_.*)?")) {
                problems.add("no base unit: " + family);
            }
        }

        assertThat(problems).isEmpty();
        assertThat(families)
                .hasSizeGreaterThan(70)
                .allMatch(name -> name.matches("(sluice_[a-z]+|process|jvm)_[a-z0-9_]*[a-z0-9]"));
    }

    /** Value by name and labels; fails on a series that is there twice. */
    private static Map<String, Double> series(String scrape) {
        Map<String, Double> series = new TreeMap<>();
        for (String line : scrape.lines().filter(line -> !line.startsWith("#")).toList()) {
            int space = line.lastIndexOf(' ');
            String name = line.substring(0, space);
            assertThat(series.put(name, Double.valueOf(line.substring(space + 1))))
                    .as("series %s is there once", name)
                    .isNull();
        }
        return series;
    }
}
