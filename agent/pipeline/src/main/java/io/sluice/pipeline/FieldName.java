package io.sluice.pipeline;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/** Names of fields that mean something to us, where a body has them or a document does. */
enum FieldName {
    MESSAGE("message"),
    MSG("msg"),
    LOG("log"),
    LEVEL("level"),
    SEVERITY("severity"),
    LVL("lvl"),
    LOG_LEVEL("log.level"),
    LOGLEVEL("loglevel"),
    LEVELNAME("levelname"),
    TIMESTAMP("@timestamp"),
    STREAM("stream"),
    KUBERNETES("kubernetes"),
    CONTAINER("container"),
    HOST("host"),
    ORCHESTRATOR("orchestrator"),
    DATA_STREAM("data_stream"),
    ECS("ecs"),
    EVENT("event"),
    OFFSET("offset"),
    FILE("file"),
    FLAGS("flags"),
    TIME("time"),
    ATTRS("attrs"),
    /** Any other. */
    OTHER("");

    /** What a document has at its root, {@link #LOG} apart: others' members of that name do not. */
    static final Set<FieldName> OURS =
            EnumSet.of(
                    TIMESTAMP,
                    MESSAGE,
                    STREAM,
                    KUBERNETES,
                    CONTAINER,
                    HOST,
                    ORCHESTRATOR,
                    DATA_STREAM,
                    ECS,
                    EVENT);

    /** What a document has inside of {@link #LOG}. */
    static final Set<FieldName> OURS_IN_LOG = EnumSet.of(LEVEL, OFFSET, FILE, FLAGS);

    private static final FieldName[] VALUES = values();
    private static final NameTable TABLE =
            new NameTable(
                    Arrays.stream(VALUES)
                            .filter(name -> name != OTHER)
                            .map(name -> name.text)
                            .toArray(String[]::new));

    private final String text;

    FieldName(String text) {
        this.text = text;
    }

    static FieldName of(byte[] bytes, int from, int to) {
        return of(bytes, from, to, NameTable.hash(bytes, from, to));
    }

    /**
     * @param hash {@link NameTable#hash} of the same bytes
     */
    static FieldName of(byte[] bytes, int from, int to, long hash) {
        int found = TABLE.find(bytes, from, to, hash);
        return found < 0 ? OTHER : VALUES[found];
    }
}
