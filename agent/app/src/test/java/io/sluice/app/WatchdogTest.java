package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.Watchdog.Stall;
import io.sluice.pipeline.Batch;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Time is told to it; threads hang for real. */
class WatchdogTest {
    private static final Duration AFTER = Duration.ofSeconds(10);
    private static final Batch BATCH = new Batch(List.of(), List.of());

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5_000_000_000L);
    private final Watchdog watchdog = new Watchdog(AFTER, nanos::get);

    @Test
    void theFirstStageThatIsOverdueIsNamed() {
        AtomicReference<Duration> still = new AtomicReference<>(AFTER);
        watchdog.watch("reading", () -> Duration.ZERO).watch("delivery", still::get);
        assertThat(watchdog.look()).isEmpty();

        still.set(AFTER.plusMillis(1));

        assertThat(watchdog.look()).contains(new Stall("delivery", AFTER.plusMillis(1)));
        assertThat(watchdog.look().orElseThrow()).hasToString("delivery has not moved for 10 s");
    }

    @Test
    void aCountThatStandsStillIsAStallOnlyWhileThereIsWork() {
        AtomicLong chunks = new AtomicLong();
        AtomicBoolean work = new AtomicBoolean(true);
        watchdog.watch("encoding", chunks::get, work::get);
        assertThat(lookEachSecond(10)).isFalse();
        chunks.incrementAndGet();
        assertThat(lookEachSecond(10)).isFalse();
        work.set(false);
        assertThat(lookEachSecond(60)).isFalse();
        work.set(true);
        assertThat(lookEachSecond(10)).isFalse();
        assertThat(lookEachSecond(2)).isTrue();
    }

    private boolean lookEachSecond(int seconds) {
        for (int i = 0; i < seconds; i++) {
            if (watchdog.look().isPresent()) {
                return true;
            }
            nanos.addAndGet(1_000_000_000);
        }
        return false;
    }

    @Test
    void anEncoderThatHangsInTheBufferIsAStall() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        AppendWatch appends =
                new AppendWatch(
                        _ -> {
                            entered.countDown();
                            released.await();
                        },
                        () -> false,
                        nanos::get);
        watchdog.watch("appending", appends::stuck);
        Thread encoder = encoder(appends);
        entered.await();
        assertThat(appends.isAppending()).isTrue();
        assertThat(lookEachSecond(10)).isFalse();
        assertThat(lookEachSecond(2)).isTrue();
        released.countDown();
        assertThat(encoder.join(Duration.ofSeconds(30))).isTrue();
        assertThat(appends.isAppending()).isFalse();
        assertThat(lookEachSecond(60)).isFalse();
    }

    @Test
    void anEncoderThatWaitsForRoomIsNoneAndNeitherIsItJustAfterwards() throws Exception {
        AtomicBoolean full = new AtomicBoolean(true);
        CountDownLatch released = new CountDownLatch(1);
        AppendWatch appends = new AppendWatch(_ -> released.await(), full::get, nanos::get);
        watchdog.watch("appending", appends::stuck);
        Thread encoder = encoder(appends);
        await().until(appends::isAppending);
        assertThat(lookEachSecond(3_600)).isFalse();
        full.set(false);
        assertThat(lookEachSecond(10)).as("it had an hour to wait before").isFalse();
        assertThat(lookEachSecond(2)).as("room, and it does not go on").isTrue();
        released.countDown();
        assertThat(encoder.join(Duration.ofSeconds(30))).isTrue();
    }

    @Test
    void aFailedAppendIsOver() {
        AppendWatch appends =
                new AppendWatch(
                        _ -> {
                            throw new IllegalStateException("closed");
                        },
                        () -> false,
                        nanos::get);
        Thread encoder = encoder(appends);
        await().atMost(30, TimeUnit.SECONDS).until(() -> !encoder.isAlive());
        assertThat(appends.isAppending()).isFalse();
    }

    private static Thread encoder(AppendWatch appends) {
        return Thread.ofPlatform()
                .uncaughtExceptionHandler((_, _) -> {})
                .start(
                        () -> {
                            try {
                                appends.append(BATCH);
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
    }

    @Test
    void aThreadDumpBeginsWithOurThreadsAndSaysWhatTheyWaitFor() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        Thread deliver =
                Thread.ofPlatform()
                        .name("a-deliver")
                        .start(
                                () -> {
                                    try {
                                        never.await();
                                    } catch (InterruptedException e) {
                                        Thread.currentThread().interrupt();
                                    }
                                });
        Thread helper =
                Thread.ofPlatform().daemon().name("0-helper").start(() -> deliverJoin(deliver));
        await().until(() -> deliver.getState() == Thread.State.WAITING);
        try {
            String dump = ThreadDump.of("delivery has not moved for 12 s");

            assertThat(dump)
                    .startsWith("delivery has not moved for 12 s:\n")
                    .contains(
                            "\na-deliver, WAITING for java.util.concurrent.CountDownLatch",
                            "\n"
                                + "  at java.util.concurrent.CountDownLatch.await(CountDownLatch.java:");
            assertThat(dump.indexOf("\na-deliver")).isLessThan(dump.indexOf("\n0-helper"));
        } finally {
            never.countDown();
            helper.join();
        }
    }

    private static void deliverJoin(Thread deliver) {
        try {
            deliver.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
