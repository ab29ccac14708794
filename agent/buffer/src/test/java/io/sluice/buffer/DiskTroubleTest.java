package io.sluice.buffer;

import static io.sluice.buffer.Batches.BLOCK;
import static io.sluice.buffer.Batches.batch;
import static io.sluice.buffer.Batches.body;
import static io.sluice.buffer.Batches.progress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

class DiskTroubleTest {
    @TempDir Path directory;

    @Test
    void aTroubleIsSaidWhenItBeginsOnceAMinuteAndWhenItIsOver() {
        AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(30));
        DiskTrouble trouble = new DiskTrouble(nanos::get);
        List<String> said = new ArrayList<>();
        Logger logger = Logger.getLogger("io.sluice.buffer");
        Handler handler = new Said(said);
        logger.addHandler(handler);
        try {
            trouble.clear();
            for (int i = 0; i < 90; i++) {
                trouble.raise("refused " + i);
                nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
            }
            assertThat(trouble.present()).contains("refused 89");
            trouble.clear();
            assertThat(trouble.present()).isEmpty();
            trouble.raise("again, within the minute");
            trouble.clear();
        } finally {
            logger.removeHandler(handler);
        }
        assertThat(said).containsExactly("refused 0", "refused 60", "over: refused 89");
    }

    private static final class Said extends Handler {
        private final List<String> messages;

        Said(List<String> messages) {
            this.messages = messages;
        }

        @Override
        public void publish(LogRecord event) {
            messages.add(
                    event.getMessage().replace("{0}", String.valueOf(event.getParameters()[0])));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @Test
    void aDiskThatRefusesIsNamedAndDropsNothingAndIsForgottenWhenItTakesAgain() throws Exception {
        BufferConfig config = config(BufferConfig.WhenFull.DROP_OLDEST, 64L << 20);
        try (Buffer buffer = Buffer.open(config)) {
            buffer.append(batch(body(0, 1_000), progress("a", 0)));
            assertThat(buffer.stats().troubles()).isEmpty();
            assertThat(buffer.isRemoved()).isFalse();
            Path queue = directory.resolve("queue");
            Path away = directory.resolve("away");
            Files.move(queue, away);
            Thread encoder = encoder(buffer, 100, 40_000);
            await().until(() -> buffer.stats().full());
            assertThat(buffer.stats().troubles())
                    .anySatisfy(
                            trouble ->
                                    assertThat(trouble)
                                            .contains("cannot take space on its disk", "" + queue));
            assertThat(buffer.isRemoved()).isTrue();
            await().during(Duration.ofMillis(300)).until(() -> buffer.stats().full());
            assertThat(buffer.stats().droppedSegments()).isZero();

            Files.move(away, queue);
            assertThat(encoder.join(Duration.ofSeconds(30))).isTrue();
            assertThat(buffer.stats().troubles()).isEmpty();
            assertThat(buffer.stats().full()).isFalse();
            assertThat(Batches.drain(buffer.outbox(0))).hasSize(101).allMatch(Batches::isWhole);
        }
    }

    @Test
    void theBufferIsFullAsLongAsAnyEncoderWaits() throws Exception {
        try (Buffer buffer = Buffer.open(config(BufferConfig.WhenFull.BLOCK, 6L * BLOCK))) {
            Thread first = encoder(buffer, 100, 40_000);
            await().until(() -> buffer.stats().full());
            Thread second = encoder(buffer, 1, 40_000);
            await().until(() -> second.getState() == Thread.State.TIMED_WAITING);

            first.interrupt();
            assertThat(first.join(Duration.ofSeconds(30))).isTrue();
            assertThat(buffer.stats().full()).as("the second still waits").isTrue();

            second.interrupt();
            assertThat(second.join(Duration.ofSeconds(30))).isTrue();
            assertThat(buffer.stats().full()).isFalse();
        }
    }

    /** Appends until it is done or interrupted. */
    private static Thread encoder(Buffer buffer, int batches, int bytes) {
        return Thread.ofPlatform()
                .name("encode")
                .start(
                        () -> {
                            try {
                                for (int i = 1; i <= batches; i++) {
                                    buffer.append(batch(body(i, bytes), progress("a", i)));
                                }
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                        });
    }

    private BufferConfig config(BufferConfig.WhenFull whenFull, long maxSizeBytes) {
        BufferConfig config = Batches.config(directory);
        return new BufferConfig(
                directory,
                maxSizeBytes,
                0,
                whenFull,
                config.sync(),
                config.segmentBytes(),
                config.blockBytes(),
                config.outputs(),
                config.lockWait());
    }
}
