package io.sluice.elasticsearch;

import io.sluice.benchmarks.Step;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

import java.nio.charset.StandardCharsets;
import java.util.Collections;

/** What became of each document: {@link BulkAnswer} of a batch's two thousand items. */
public class BulkAnswerBenchmark extends Step {
    private static final int ITEMS = 2_000;
    private static final String CREATED = "{\"create\":{\"status\":201}}";
    private static final String CONFLICT =
            "{\"create\":{\"status\":409,\"error\":{\"type\":\"version_conflict_engine_exception\","
                    + "\"reason\":\"[AAAA]: version conflict, document already exists\"}}}";

    /** What the items say. */
    @Param({"ALL_CREATED", "ONE_CONFLICT"})
    public Kind kind;

    private byte[] answer;

    /** Kinds of answers. */
    public enum Kind {
        /** Every document was created: the usual answer. */
        ALL_CREATED,
        /** One of them was there already. */
        ONE_CONFLICT
    }

    /** JMH makes one. */
    public BulkAnswerBenchmark() {}

    /** Makes the answer. */
    @Setup
    public void fill() {
        String items = String.join(",", Collections.nCopies(ITEMS - 1, CREATED));
        String last = kind == Kind.ALL_CREATED ? CREATED : CONFLICT;
        answer =
                ("{\"errors\":"
                                + (kind != Kind.ALL_CREATED)
                                + ",\"items\":["
                                + items
                                + ","
                                + last
                                + "]}")
                        .getBytes(StandardCharsets.US_ASCII);
    }

    /** One answer; gigabytes are of its JSON. */
    @Benchmark
    public int parse(Done done) throws BulkAnswer.MalformedException {
        BulkAnswer parsed = BulkAnswer.parse(answer);
        done.add(parsed.items(), answer.length);
        return parsed.created();
    }
}
