package io.sluice.pipeline;

import io.sluice.benchmarks.SampleLog;
import io.sluice.benchmarks.Workload;
import io.sluice.tail.Chunk;
import io.sluice.tail.Generation;
import io.sluice.tail.LogSource;
import io.sluice.tail.SourceOrigin;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** A chunk's records, made by the joiner itself, for the steps behind it. */
final class SampleRecords {
    static final Generation GENERATION =
            new Generation(
                    0x5ca1ab1e,
                    0,
                    "4a1b",
                    "/var/log/containers/shop_bench_app-4a1b.log",
                    Generation.Start.FIRST,
                    0,
                    0);

    private static final SourceOrigin.Container CONTAINER =
            new SourceOrigin.Container(
                    "bench", "shop-0", "00000000-0000-4000-8000-000000000000", "app");

    private SampleRecords() {}

    static LogSource source() {
        return new LogSource("bench_shop-0_" + CONTAINER.podUid() + "/app", CONTAINER);
    }

    static PipelineConfig config() {
        return PipelineConfig.defaults(1, 4 * 1024 * 1024);
    }

    /** As the agent would encode them for a pod of a deployment. */
    static SourceFields fields() {
        Pod pod =
                new Pod(
                        "bench",
                        "shop-0",
                        "00000000-0000-4000-8000-000000000000",
                        "10.1.2.3",
                        "node-1",
                        Map.of("app.kubernetes.io/name", "shop", "app.kubernetes.io/version", "1"),
                        Map.of(),
                        List.of(
                                new Pod.Owner("deployment", "shop"),
                                new Pod.Owner("replicaset", "shop-7d")),
                        Map.of(
                                "app",
                                new Pod.Container("registry.example/shop:1.4.2", "containerd")));
        return SourceFields.encode(
                config(), Optional.of(CONTAINER), GENERATION, OptionalInt.of(0), Optional.of(pod));
    }

    /** As the agent would encode them for a plain file, which no pod wrote. */
    static SourceFields fieldsOfFile() {
        return SourceFields.encode(
                config(), Optional.empty(), GENERATION, OptionalInt.empty(), Optional.empty());
    }

    /** Each on its own arrays. */
    static List<LogRecord> of(Workload workload, int chunkBytes) {
        List<LogRecord> records = new ArrayList<>();
        RecordJoiner.Records copying =
                new RecordJoiner.Records() {
                    @Override
                    public void accept(
                            SourceState source,
                            Generation generation,
                            LogRecord record,
                            SourceFields fields) {
                        records.add(copy(record));
                    }

                    @Override
                    public void moved(SourceState source) {}
                };
        PipelineConfig config = config();
        RecordJoiner joiner =
                new RecordJoiner(
                        config.maxRecordBytes(),
                        new HeldMemory(config.openRecordBytes()),
                        Clock.systemUTC(),
                        copying);
        SourceState state = new SourceState(source(), PodDirectory.NONE);
        Chunk chunk = chunk(SampleLog.chunks(workload, 1, chunkBytes).getFirst(), state.source);
        try {
            joiner.enter(state, GENERATION, 0);
            joiner.take(state, chunk, 0);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts", e);
        }
        return records;
    }

    static Chunk chunk(byte[] bytes, LogSource source) {
        Chunk chunk = new Chunk(bytes.length);
        System.arraycopy(bytes, 0, chunk.bytes, 0, bytes.length);
        chunk.length = bytes.length;
        chunk.source = source;
        chunk.generation = GENERATION;
        chunk.end = Chunk.End.OPEN;
        return chunk;
    }

    private static LogRecord copy(LogRecord record) {
        LogRecord copy = new LogRecord();
        copy.bytes = Arrays.copyOfRange(record.bytes, record.bodyFrom, record.bodyTo);
        copy.bodyTo = copy.bytes.length;
        copy.time = Arrays.copyOfRange(record.time, record.timeFrom, record.timeTo);
        copy.timeTo = copy.time.length;
        copy.stream = record.stream;
        copy.offset = record.offset;
        copy.extent = record.extent;
        copy.flags = record.flags;
        return copy;
    }
}
