package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.testing.ElasticsearchFixture;

import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a data stream holds of containers whose lines are numbered from 1, as {@code "seq":7} or
 * {@code seq=7}: no number twice, or reading it fails. What has no number is the rest of a record
 * whose beginning is lost.
 */
final class NumberedLines {
    private static final Pattern POD = Pattern.compile("\"pod\":\\{\"name\":\"([^\"]+)\"");
    private static final Pattern CONTAINER =
            Pattern.compile("\"container\":\\{\"name\":\"([^\"]+)\"");
    private static final Pattern SEQ = Pattern.compile("\"seq\":(\\d+)|seq=(\\d+)");
    private static final Pattern SCROLL_ID = Pattern.compile("\"_scroll_id\":\"([^\"]+)\"");

    /** By pod and container, {@code pod/container}. */
    private final Map<String, BitSet> seen = new TreeMap<>();

    private final String context;
    private int rests;
    private String lastRest = "";

    private NumberedLines(String context) {
        this.context = context;
    }

    /**
     * Asks for all documents.
     *
     * @param context said with each failure, such as the seed
     * @throws AssertionError if a number is there twice
     */
    static NumberedLines in(ElasticsearchFixture server, String stream, String context) {
        NumberedLines lines = new NumberedLines(context);
        server.refresh(stream);
        String answer =
                server.requestOk(
                        "POST",
                        "/" + stream + "/_search?scroll=2m",
                        "{\"size\":10000,\"sort\":[\"_doc\"],\"_source\":[\"kubernetes.pod.name\","
                                + "\"kubernetes.container.name\",\"app.seq\",\"message\"]}");
        while (lines.addHits(answer)) {
            Matcher scroll = SCROLL_ID.matcher(answer);
            assertThat(scroll.find()).isTrue();
            answer =
                    server.requestOk(
                            "POST",
                            "/_search/scroll",
                            "{\"scroll\":\"2m\",\"scroll_id\":\"" + scroll.group(1) + "\"}");
        }
        return lines;
    }

    /**
     * @return whether there were any
     */
    private boolean addHits(String answer) {
        String[] hits = answer.split("\"_index\":", -1);
        for (int i = 1; i < hits.length; i++) {
            Matcher pod = POD.matcher(hits[i]);
            Matcher container = CONTAINER.matcher(hits[i]);
            Matcher seq = SEQ.matcher(hits[i]);
            assertThat(pod.find() && container.find()).as("a pod's line: %s", hits[i]).isTrue();
            if (!seq.find()) {
                rests++;
                lastRest = hits[i];
                continue;
            }
            int number = Integer.parseInt(seq.group(1) == null ? seq.group(2) : seq.group(1));
            String key = pod.group(1) + "/" + container.group(1);
            BitSet numbers = seen.computeIfAbsent(key, _ -> new BitSet());
            assertThat(numbers.get(number))
                    .as("line %s of %s is there twice; %s", number, key, context)
                    .isFalse();
            numbers.set(number);
        }
        return hits.length > 1;
    }

    /** Documents without a number. */
    int rests() {
        return rests;
    }

    /** The numbers of one container; empty if it is not there. */
    BitSet of(String pod, String container) {
        return seen.getOrDefault(pod + "/" + container, new BitSet());
    }

    /**
     * Each container's lines from 1 to its last are there, and no other container's.
     *
     * @param lastByContainer the last number by {@code pod/container}
     */
    void assertComplete(Map<String, Integer> lastByContainer) {
        assertThat(rests)
                .as("documents without a number, such as %s; %s", lastRest, context)
                .isZero();
        assertThat(seen.keySet()).as(context).isEqualTo(lastByContainer.keySet());
        lastByContainer.forEach(
                (key, last) -> {
                    BitSet numbers = seen.get(key);
                    assertThat(numbers.nextClearBit(1))
                            .as("first line of %s that is missing; %s", key, context)
                            .isEqualTo(last + 1);
                    assertThat(numbers.cardinality()).as("%s; %s", key, context).isEqualTo(last);
                });
    }
}
