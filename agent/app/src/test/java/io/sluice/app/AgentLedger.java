package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.awaitility.Awaitility;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a running agent says in its metrics of all its books together. */
final class AgentLedger {
    private static final Duration SETTLED_WITHIN = Duration.ofSeconds(60);

    /** Labels say which namespace and cause. */
    private static final Pattern FIGURE =
            Pattern.compile("(?m)^sluice_ledger_(\\w+?)(?:_total)?\\{([^}]*)} (\\S+)$");

    /** Where the metrics are. */
    @FunctionalInterface
    interface Page {
        /** Asks for it. */
        String read() throws IOException, InterruptedException;
    }

    private AgentLedger() {}

    /**
     * Waits until the books balance and say that so many records were read, once, over all lives of
     * the agent, and that each is delivered: nothing is left, kept, dropped or lost.
     */
    static void assertDelivered(AgentProcess agent, long records) {
        assertDelivered(() -> agent.ask("/metrics").body(), "", records);
    }

    /** Waits until all that was written in a namespace is delivered, however much that is. */
    static void assertNothingLeft(Page metrics, String namespace) {
        settle(
                metrics,
                namespace,
                figures ->
                        assertThat(figures)
                                .containsEntry("in_flight_records", 0L)
                                .containsEntry("backlog_bytes", 0L)
                                .containsEntry("lost_unread_bytes", 0L)
                                .containsEntry("delivered_records", figures.get("read_records")));
    }

    /**
     * As {@link #assertDelivered(AgentProcess, long)}, of one namespace.
     *
     * @param namespace its name, or empty for all together
     */
    static void assertDelivered(Page metrics, String namespace, long records) {
        settle(
                metrics,
                namespace,
                figures -> {
                    assertThat(figures)
                            .containsEntry("read_records", records)
                            .containsEntry("delivered_records", records)
                            .containsEntry("delivered_bytes", figures.get("read_bytes"));
                    figures.keySet().removeIf(AgentLedger::isOfTheDelivered);
                    assertThat(figures)
                            .containsKeys(
                                    "filtered_records",
                                    "dead_lettered_records",
                                    "dropped_records",
                                    "in_flight_records",
                                    "backlog_bytes",
                                    "lost_unread_bytes")
                            .allSatisfy((name, value) -> assertThat(value).isZero());
                });
    }

    private static void settle(
            Page metrics, String namespace, Consumer<Map<String, Long>> assertion) {
        Awaitility.await("the ledger balances, and everything is delivered")
                .atMost(SETTLED_WITHIN)
                .pollInterval(Duration.ofMillis(250))
                .untilAsserted(() -> assertion.accept(figures(metrics, namespace)));
    }

    private static boolean isOfTheDelivered(String name) {
        return name.startsWith("read_")
                || name.startsWith("delivered_")
                || name.startsWith("already_there_")
                || name.startsWith("truncated_");
    }

    private static Map<String, Long> figures(Page metrics, String namespace)
            throws IOException, InterruptedException {
        Map<String, Long> figures = new TreeMap<>();
        Matcher figure = FIGURE.matcher(metrics.read());
        while (figure.find()) {
            if (!figure.group(1).equals("loss_seconds") && isOf(namespace, figure.group(2))) {
                long value = (long) Double.parseDouble(figure.group(3));
                figures.merge(figure.group(1), value, Long::sum);
            }
        }
        return figures;
    }

    private static boolean isOf(String namespace, String labels) {
        return namespace.isEmpty() || labels.contains("namespace=\"" + namespace + "\"");
    }
}
