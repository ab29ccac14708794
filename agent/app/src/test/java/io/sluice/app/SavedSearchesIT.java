package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.SavedObjects.Search;
import io.sluice.testing.CriLogs;
import io.sluice.testing.CriLogs.Stream;
import io.sluice.testing.ElasticsearchFixture;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * What the saved searches of {@code config/kibana} find of what the packaged agent has shipped to a
 * real Elasticsearch. The queries are those of the file, as they stand.
 */
class SavedSearchesIT {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String OTHER_TRACE = "4bf92f3577b34da6a3ce929d0e0e4737";
    private static final String ECS = "{\"@timestamp\":\"2026-11-26T10:00:00Z\",\"log.level\":";

    /** Lines of the same time in the pod whose order is asked for. */
    private static final int TOGETHER = 3;

    private static final int GROUPS = 4;

    private static final ElasticsearchFixture ELASTICSEARCH =
            ElasticsearchFixture.shared(ElasticsearchFixture.Security.OFF);

    @TempDir static Path folder;

    private static String stream;
    private static int written;

    @BeforeAll
    static void ship() throws Exception {
        CriLogs logs = new CriLogs(folder.resolve("logs")).keepAll();
        writeCart(logs);
        writePayment(logs);
        writeJobAndDebug(logs);
        writeProbe(logs);
        writeRestarted(logs, "crasher-5f6b8c-ccccc", 2);
        writeRestarted(logs, "once-6d7c9b-ddddd", 1);
        try (PodList pods =
                new PodList()
                        .pod(
                                "shop",
                                "cart-7d9c5b-aaaaa",
                                "cart-a",
                                "apps/v1 ReplicaSet cart-7d9c5b")
                        .pod(
                                "shop",
                                "cart-7d9c5b-bbbbb",
                                "cart-b",
                                "apps/v1 ReplicaSet cart-7d9c5b")
                        .pod("shop", "payment-0", "payment", "apps/v1 StatefulSet payment")
                        .pod("shop", "migrate-xk2p9", "migrate", "batch/v1 Job migrate")
                        .pod("shop", "debug", "debug", "")
                        .pod("platform", "probe-9wq7z", "probe", "apps/v1 DaemonSet probe")
                        .pod("shop", "crasher-5f6b8c-ccccc", "crasher-5f6b8c-ccccc", "")
                        .pod("shop", "once-6d7c9b-ddddd", "once-6d7c9b-ddddd", "")
                        .start()) {
            Path token = Files.writeString(folder.resolve("token"), "token");
            AgentYaml yaml =
                    new AgentYaml(folder)
                            .stream("searches")
                                    .containers(logs.links())
                                    .kubernetes(
                                            "{api: \"%s\", node: %s, tokenFile: \"%s\"}"
                                                    .formatted(pods.url(), PodList.NODE, token));
            stream = yaml.stream();
            try (AgentProcess agent = yaml.start(AgentProcess.Home.CHILD, ELASTICSEARCH.url())) {
                // All but the line that no form of Elasticsearch's can hold.
                yaml.awaitDocuments(agent, ELASTICSEARCH, written - 1);
                await().atMost(LONG)
                        .untilAsserted(
                                () ->
                                        assertThat(agent.metric("sluice_dead_letters_kept"))
                                                .isEqualTo(1));
                agent.terminate();
                assertThat(agent.awaitExit(LONG)).as(agent.log()).isZero();
            }
        }
        assertThat(ELASTICSEARCH.count(stream)).isEqualTo(written - 1);
    }

    private static void write(CriLogs.Container container, Stream to, String line) {
        container.write(to, line);
        written++;
    }

    private static void write(CriLogs.Container container, String line) {
        write(container, Stream.STDOUT, line);
    }

    /** A deployment of two pods, whose applications log differently. */
    private static void writeCart(CriLogs logs) {
        try (CriLogs.Container first =
                        logs.container("shop", "cart-7d9c5b-aaaaa", "cart-a", "app");
                CriLogs.Container second =
                        logs.container("shop", "cart-7d9c5b-bbbbb", "cart-b", "app")) {
            write(first, trace(TRACE, "info", "1 cart"));
            for (int i = 0; i < 20; i++) {
                write(first, "{\"level\":\"info\",\"msg\":\"fine\"}");
            }
            for (int i = 0; i < 3; i++) {
                write(first, "{\"level\":\"error\",\"msg\":\"broken\"}");
            }
            write(first, "{\"level\":\"PANIC\",\"msg\":\"very broken\"}");
            write(first, trace(OTHER_TRACE, "info", "another one's"));
            write(first, "{\"level\":\"info\",\"msg\":\"no trace\",\"note\":\"" + TRACE + "\"}");
            write(second, ECS + "\"info\",\"message\":\"2 ECS\",\"trace.id\":\"" + TRACE + "\"}");
            for (int i = 0; i < 2; i++) {
                // The application's own error, which is no refusal.
                write(
                        second,
                        ECS + "\"ERROR\",\"message\":\"m\",\"error\":{\"message\":\"boom\"}}");
            }
            write(first, trace(TRACE, "warn", "3 cart"));
        }
    }

    private static String trace(String id, String level, String message) {
        return "{\"level\":\"%s\",\"msg\":\"%s\",\"trace_id\":\"%s\",\"trace_flags\":1,\"traced\":true}"
                .formatted(level, message, id);
    }

    /** Two containers whose lines come by turns, a nanosecond after each other. */
    private static void writePayment(CriLogs logs) throws IOException {
        try (CriLogs.Container app = logs.container("shop", "payment-0", "payment", "app");
                CriLogs.Container proxy = logs.container("shop", "payment-0", "payment", "proxy")) {
            Instant from = Instant.now().minusSeconds(60);
            for (int group = 0; group < GROUPS; group++) {
                Instant time = from.plusNanos(2L * group);
                for (int i = 0; i < TOGETHER; i++) {
                    append(app, time, "app " + group + "." + i);
                }
                append(proxy, time.plusNanos(1), "proxy " + group);
            }
            write(app, Stream.STDERR, "ERROR text has no level");
            write(app, "4 charged, trace=" + TRACE);
            write(proxy, "{\"severity\":\"Critical\",\"message\":\"upstream is gone\"}");
        }
    }

    /** A line of a time of its own. */
    private static void append(CriLogs.Container container, Instant time, String line)
            throws IOException {
        Files.writeString(
                container.activeFile(),
                time + " stdout F " + line + "\n",
                StandardOpenOption.APPEND);
        written++;
    }

    private static void writeJobAndDebug(CriLogs logs) {
        try (CriLogs.Container job = logs.container("shop", "migrate-xk2p9", "migrate", "main");
                CriLogs.Container bare = logs.container("shop", "debug", "debug", "sh")) {
            write(job, "{\"level\":\"error\",\"message\":\"table is locked\"}");
            write(job, "{\"message\":\"5 job\",\"X-B3-TraceId\":\"" + TRACE + "\"}");
            write(bare, "{\"level\":\"error\",\"message\":\"tried something\"}");
        }
    }

    /** Of each two lines Elasticsearch refuses one, whichever comes second; the last one anyway. */
    private static void writeProbe(CriLogs logs) throws IOException {
        try (CriLogs.Container probe =
                logs.container("platform", "probe-9wq7z", "probe", "probe")) {
            for (String field : List.of("payload", "answer")) {
                write(probe, ECS + "\"info\",\"message\":\"m\",\"" + field + "\":\"text\"}");
                write(probe, ECS + "\"info\",\"message\":\"m\",\"" + field + "\":{\"id\":7}}");
            }
            write(probe, "{\"level\":\"error\",\"message\":\"no answer\"}");
            append(probe, Instant.parse("2999-01-01T00:00:00Z"), "beyond date_nanos");
        }
    }

    private static void writeRestarted(CriLogs logs, String pod, int restarts) {
        try (CriLogs.Container container = logs.container("shop", pod, pod, "worker")) {
            for (int run = 0; run <= restarts; run++) {
                if (run > 0) {
                    container.restart();
                }
                write(container, "run " + run + " starts");
                write(container, Stream.STDERR, "run " + run + " says its last words");
            }
        }
    }

    @Test
    void errorsAreFoundByWhatTheirPodBelongsTo() throws Exception {
        Search search = SavedObjects.search("sluice-errors-by-workload");
        List<String> workloads =
                search.columns().stream()
                        .filter(column -> column.startsWith("kubernetes."))
                        .filter(column -> !column.equals("kubernetes.pod.name"))
                        .toList();
        assertThat(workloads).contains((String) search.attribute("breakdownField"));
        StringJoiner sources = new StringJoiner(",", "[", "]");
        for (String field : workloads) {
            sources.add(
                    "{\"%1$s\":{\"terms\":{\"field\":\"%1$s\",\"missing_bucket\":true}}}"
                            .formatted(field));
        }
        Object answer =
                search(
                        "{\"size\":0,\"query\":%s,\"aggs\":{\"workloads\":{\"composite\":{\"size\":100,\"sources\":%s}}}}"
                                .formatted(search.query(), sources));

        Map<Map<?, ?>, Object> errors = new HashMap<>();
        for (Object bucket : Json.list(answer, "aggregations", "workloads", "buckets")) {
            Map<Object, Object> key = new HashMap<>((Map<?, ?>) Json.at(bucket, "key"));
            key.values().removeIf(value -> value == null);
            errors.put(key, Json.at(bucket, "doc_count"));
        }
        assertThat(errors)
                .isEqualTo(
                        Map.of(
                                workload("shop", "deployment", "cart"), 6,
                                workload("shop", "statefulset", "payment"), 1,
                                workload("shop", "job", "migrate"), 1,
                                Map.of("kubernetes.namespace", "shop"), 1,
                                workload("platform", "daemonset", "probe"), 1));
    }

    private static Map<String, String> workload(String namespace, String kind, String name) {
        return Map.of("kubernetes.namespace", namespace, "kubernetes." + kind + ".name", name);
    }

    @Test
    void onePodsLogIsInTheOrderInWhichItWasWritten() throws Exception {
        Search search = SavedObjects.search("sluice-pod-in-order");

        List<String> expected = new ArrayList<>();
        for (int group = 0; group < GROUPS; group++) {
            for (int i = 0; i < TOGETHER; i++) {
                expected.add("app " + group + "." + i);
            }
            expected.add("proxy " + group);
        }
        expected.add("ERROR text has no level");
        expected.add("4 charged, trace=" + TRACE);
        expected.add("upstream is gone");
        assertThat(messages(search, search.query("THE_PODS_NAME", "payment-0")))
                .isEqualTo(expected);
        assertThat(messages(search, search.query())).as("until the name is put in").isEmpty();
    }

    @Test
    void oneTraceIsFoundInEveryPodHoweverItIsWritten() throws Exception {
        Search search = SavedObjects.search("sluice-trace");

        assertThat(messages(search, search.query("THE_TRACE_ID", TRACE)))
                .containsExactly("1 cart", "2 ECS", "3 cart", "4 charged, trace=" + TRACE, "5 job");
        assertThat(messages(search, search.query("THE_TRACE_ID", OTHER_TRACE)))
                .containsExactly("another one's");
        assertThat(messages(search, search.query())).as("until the id is put in").isEmpty();
    }

    @Test
    void whatRestartedContainersSaidLastStandsOnTopOfEachRun() throws Exception {
        Search search = SavedObjects.search("sluice-last-words");

        assertThat(hits(search, search.query()))
                .extracting(
                        hit ->
                                Json.at(hit, "_source", "kubernetes", "pod", "name")
                                        + ": "
                                        + Json.at(hit, "_source", "message"))
                .containsExactly(
                        "crasher-5f6b8c-ccccc: run 2 says its last words",
                        "crasher-5f6b8c-ccccc: run 2 starts",
                        "crasher-5f6b8c-ccccc: run 1 says its last words",
                        "crasher-5f6b8c-ccccc: run 1 starts",
                        "once-6d7c9b-ddddd: run 1 says its last words",
                        "once-6d7c9b-ddddd: run 1 starts");
    }

    @Test
    void theRequestForLastWordsHasThoseOfTheFirstRunToo() throws Exception {
        Object answer =
                search(Files.readString(SavedObjects.config("elasticsearch/last-words.json")));

        List<String> words = new ArrayList<>();
        List<?> pods = Json.list(answer, "aggregations", "pods", "buckets");
        for (Object pod : pods) {
            if (!Json.at(pod, "restarts", "value").equals(0.0)) {
                for (Object run : Json.list(pod, "containers", "buckets", 0, "runs", "buckets")) {
                    words.add(
                            Json.at(pod, "key")
                                    + "/"
                                    + Json.at(run, "key")
                                    + ": "
                                    + Json.at(
                                            run, "last", "hits", "hits", 0, "_source", "message"));
                }
            }
        }
        assertThat(words)
                .containsExactly(
                        "crasher-5f6b8c-ccccc/2: run 2 says its last words",
                        "crasher-5f6b8c-ccccc/1: run 1 says its last words",
                        "crasher-5f6b8c-ccccc/0: run 0 says its last words",
                        "once-6d7c9b-ddddd/1: run 1 says its last words",
                        "once-6d7c9b-ddddd/0: run 0 says its last words");
        assertThat(pods).as("those without a restart come last").hasSize(8);
    }

    @Test
    void whatWasRefusedIsFoundWithItsReasonAndWhatItWas() throws Exception {
        Search search = SavedObjects.search("sluice-dead-letters");

        assertThat(hits(search, search.query()))
                .hasSize(2)
                .allSatisfy(
                        hit -> {
                            Object source = Json.at(hit, "_source");
                            assertThat(Json.at(source, "kubernetes", "pod", "name"))
                                    .isEqualTo("probe-9wq7z");
                            assertThat(Json.string(source, "error", "type"))
                                    .isEqualTo("document_parsing_exception");
                            assertThat(Json.string(source, "error", "message")).isNotEmpty();
                            assertThat(Json.string(source, "event", "original"))
                                    .containsAnyOf("payload", "answer");
                        });
    }

    @Test
    void everyFieldOfTheSearchesIsOneOfTheShippedDocuments() throws Exception {
        for (Search search : SavedObjects.searches()) {
            for (String field : SavedObjectsTest.fields(search)) {
                Object answer =
                        Json.parse(
                                ELASTICSEARCH.requestOk(
                                        "GET", "/" + stream + "/_field_caps?fields=" + field, ""));
                assertThat((Map<?, ?>) Json.at(answer, "fields"))
                        .as("%s of %s", field, search.id())
                        .isNotEmpty();
            }
        }
    }

    private static List<String> messages(Search search, String query) {
        return hits(search, query).stream()
                .map(hit -> Json.string(hit, "_source", "message"))
                .toList();
    }

    private static List<?> hits(Search search, String query) {
        return Json.list(
                search(
                        "{\"size\":500,\"query\":%s,\"sort\":%s}"
                                .formatted(query, search.sortText())),
                "hits",
                "hits");
    }

    private static Object search(String body) {
        return Json.parse(ELASTICSEARCH.search(stream, body));
    }
}
