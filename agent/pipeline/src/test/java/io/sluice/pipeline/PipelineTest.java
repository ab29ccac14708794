package io.sluice.pipeline;

import static io.sluice.pipeline.FedEncoder.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.pipeline.AppendedBatches.Document;
import io.sluice.pipeline.PipelineStats.BatchClose;
import io.sluice.tail.Chunk.End;
import io.sluice.tail.ChunkSink.ChunkFiller;
import io.sluice.tail.Generation;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.LogSource;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** The ring with its real threads. */
class PipelineTest {
    /** For what ends at once but for a machine that stands still. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private static final String OUT = "2026-11-23T10:34:26.9Z stdout ";

    private final AppendedBatches appended = new AppendedBatches();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final Generation first = generation(1, 0, Start.FIRST);
    private final Map<LogSource, Long> offsets = new HashMap<>();
    private Pipeline pipeline;

    @AfterEach
    void close() {
        if (pipeline != null) {
            pipeline.close(Duration.ofMillis(100));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void everyLineOfEverySourceComesOutOnceAndInOrder(int encoders) {
        start(encoders, 8, Duration.ofMillis(20), appended);
        List<LogSource> sources =
                IntStream.range(0, 10).mapToObj(i -> FedEncoder.container("source-" + i)).toList();
        int lines = 5_000;
        for (int i = 0; i < lines; i += 50) {
            for (LogSource source : sources) {
                StringBuilder chunk = new StringBuilder();
                for (int line = i; line < i + 50; line++) {
                    chunk.append(OUT + "F " + source.key() + " line " + line + "\n");
                }
                offerWhenFree(source, chunk.toString());
            }
        }
        pipeline.close(PATIENCE);

        assertThat(failure.get()).isNull();
        Map<String, List<String>> bySource = new HashMap<>();
        for (String message : appended.messages()) {
            bySource.computeIfAbsent(
                            message.substring(0, message.indexOf(' ')), key -> new ArrayList<>())
                    .add(message);
        }
        for (LogSource source : sources) {
            assertThat(bySource.get(source.key()))
                    .isEqualTo(
                            IntStream.range(0, lines)
                                    .mapToObj(i -> source.key() + " line " + i)
                                    .toList());
        }
        assertThat(pipeline.stats().documents()).isEqualTo(10L * lines);
        assertThat(pipeline.stats().bytesIn())
                .isEqualTo(offsets.values().stream().mapToLong(Long::longValue).sum());
        assertThat(pipeline.stats().ringUsed()).isZero();
    }

    @Test
    void aLoneLineLeavesWithoutWaitingForTheLinger() {
        start(2, 8, Duration.ofMinutes(1), appended);
        offer(FedEncoder.container("lone"), OUT + "F lone\n");

        await().atMost(Duration.ofSeconds(45))
                .untilAsserted(() -> assertThat(appended.messages()).containsExactly("lone"));
    }

    @Test
    void theSecondLineLeavesWhenTheLingerIsOver() {
        start(1, 8, Duration.ofMillis(300), appended);
        LogSource source = FedEncoder.container("two");
        offer(source, OUT + "F one\n");
        await().until(() -> appended.batches.size() == 1);
        offer(source, OUT + "F two\n");

        await().until(() -> appended.batches.size() == 2);
        assertThat(appended.messages()).containsExactly("one", "two");
    }

    @Test
    void aSinkThatBlocksFillsTheRingAndNothingIsLost() throws InterruptedException {
        CountDownLatch space = new CountDownLatch(1);
        start(
                1,
                4,
                Duration.ZERO,
                batch -> {
                    space.await();
                    appended.append(batch);
                });
        LogSource source = FedEncoder.container("blocked");
        int offered = 0;
        while (offer(source, OUT + "F line " + offered + "\n") || encoderHasNotBlockedYet()) {
            offered = Math.toIntExact(offsets.getOrDefault(source, 0L) / lineBytes(0));
        }
        assertThat(offer(source, OUT + "F one too many\n")).isFalse();
        assertThat(pipeline.stats().ringUsed()).isEqualTo(4);
        assertThat(appended.batches).isEmpty();

        space.countDown();
        offerWhenFree(source, OUT + "F behind\n");
        pipeline.close(PATIENCE);

        assertThat(appended.messages()).hasSize(offered + 1).endsWith("behind");
        assertThat(pipeline.stats().blockedNanos()).isPositive();
    }

    @Test
    void closingFlushesTheOpenBatchesButNotTheOpenRecords() {
        start(3, 8, Duration.ofMinutes(1), appended);
        for (int i = 0; i < 9; i++) {
            LogSource source = FedEncoder.container("s" + i);
            offerWhenFree(source, OUT + "F first\n");
            offerWhenFree(source, OUT + "F done " + i + "\n" + OUT + "P open\n");
        }
        pipeline.close(PATIENCE);

        assertThat(appended.messages()).hasSize(18).doesNotContain("open");
        long openAt = (OUT + "F first\n" + OUT + "F done 0\n").length();
        assertThat(appended.positions()).hasSize(9);
        assertThat(appended.positions().values())
                .allSatisfy(
                        position -> {
                            assertThat(position.stdout().offset()).isEqualTo(openAt);
                            assertThat(position.stderr().offset())
                                    .isEqualTo(openAt + (OUT + "P open\n").length());
                        });
        assertThat(pipeline.stats().batches(BatchClose.SHUTDOWN)).isPositive();
        assertThat(pipeline.offer(chunk -> {})).isFalse();
    }

    @Test
    void closingDoesNotWaitForASinkThatNeverTakesTheBatch() {
        CountDownLatch never = new CountDownLatch(1);
        start(
                1,
                4,
                Duration.ZERO,
                batch -> {
                    never.await();
                    appended.append(batch);
                });
        offer(FedEncoder.container("stuck"), OUT + "F stuck\n");
        long before = System.nanoTime();
        pipeline.close(Duration.ofMillis(200));

        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofMinutes(1));
        assertThat(appended.batches).isEmpty();
        assertThat(failure.get()).isNull();
    }

    @Test
    void aFailingSinkStopsTheEncoderLoudlyOnceAndTheRingFills() {
        start(
                2,
                4,
                Duration.ZERO,
                batch -> {
                    throw new IllegalStateException("the disk is on fire");
                });
        LogSource source = FedEncoder.container("burning");
        offer(source, OUT + "F one\n");

        await().until(() -> failure.get() != null);
        assertThat(failure.get()).hasMessage("the disk is on fire");
        await().pollInSameThread().until(() -> !offer(source, OUT + "F more\n"));
        assertThat(pipeline.stats().documents()).isZero();
    }

    @Test
    void anIdlePipelineDoesNotWakeUp() throws InterruptedException {
        start(2, 8, Duration.ofMillis(20), appended);
        offer(FedEncoder.container("idle"), OUT + "F last words\n");
        await().until(() -> appended.batches.size() == 1);
        var threads = ManagementFactory.getThreadMXBean();
        List<Long> encoders =
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().startsWith("encode-"))
                        .map(Thread::threadId)
                        .toList();
        assertThat(encoders).hasSize(2);
        // The other encoder was woken by the line, too, and passes it by.
        await().until(() -> pipeline.stats().ringUsed() == 0);
        await().until(() -> encoders.stream().allMatch(id -> isWaiting(id)));
        List<Long> before = waits(threads, encoders);

        // Twenty times the linger: a rhythm would show.
        boolean woken = new CountDownLatch(1).await(400, TimeUnit.MILLISECONDS);

        assertThat(woken).isFalse();
        assertThat(waits(threads, encoders)).isEqualTo(before);
    }

    @Test
    void aSourceThatEndedIsForgotten() {
        start(1, 8, Duration.ofMillis(10), appended);
        LogSource source = FedEncoder.container("short-lived");
        offer(source, OUT + "F hello\n");
        await().until(() -> appended.positions().containsKey("short-lived"));
        pipeline.offer(filler(source, "", End.SOURCE));

        await().until(() -> appended.positions().isEmpty());
        assertThat(appended.documents()).extracting(Document::message).containsExactly("hello");
    }

    @Test
    void theMemoryBoundIsSaidBeforeAnyLogIsRead() {
        start(2, 8, Duration.ofMillis(10), appended);

        assertThat(pipeline.memoryBytes())
                .isGreaterThan(8L * 64 * 1024 + 16 * 1024 * 1024)
                .isLessThan(64L * 1024 * 1024);
        assertThat(pipeline.gzipName()).contains("Deflater");
    }

    private boolean encoderHasNotBlockedYet() {
        return pipeline.stats().ringUsed() < 4;
    }

    private static boolean isWaiting(long threadId) {
        var info = ManagementFactory.getThreadMXBean().getThreadInfo(threadId);
        return info.getThreadState() == Thread.State.WAITING;
    }

    private static List<Long> waits(ThreadMXBean threads, List<Long> ids) {
        return ids.stream().map(id -> threads.getThreadInfo(id).getWaitedCount()).toList();
    }

    private void start(int encoders, int ringSlots, Duration linger, BatchSink sink) {
        PipelineConfig config =
                new PipelineConfig(
                        encoders,
                        ringSlots,
                        64 * 1024,
                        linger,
                        100_000,
                        1024 * 1024,
                        PipelineConfig.Compression.DEFLATER,
                        1024 * 1024,
                        16 * 1024 * 1024,
                        1_000,
                        PipelineConfig.BodyFormat.AUTO,
                        "app",
                        "",
                        "",
                        "kubernetes.container_logs",
                        "default");
        pipeline =
                new Pipeline(
                        config,
                        PodDirectory.NONE,
                        sink,
                        thrown -> assertThat(failure.getAndSet(thrown)).isNull());
        pipeline.start();
    }

    private static int lineBytes(int number) {
        return (OUT + "F line " + number + "\n").length();
    }

    private void offerWhenFree(LogSource source, String text) {
        while (!offer(source, text)) {
            LockSupport.parkNanos(50_000);
        }
    }

    private boolean offer(LogSource source, String text) {
        boolean taken = pipeline.offer(filler(source, text, End.OPEN));
        if (taken) {
            offsets.merge(source, (long) text.length(), Long::sum);
        }
        return taken;
    }

    private ChunkFiller filler(LogSource source, String text, End end) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        long offset = offsets.getOrDefault(source, 0L);
        return chunk -> {
            System.arraycopy(bytes, 0, chunk.bytes, 0, bytes.length);
            chunk.length = bytes.length;
            chunk.source = source;
            chunk.generation = first;
            chunk.offset = offset;
            chunk.end = end;
        };
    }
}
