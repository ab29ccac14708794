package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** When delivery hangs, and when it only waits. */
class PulseTest {
    private static final Duration SHORT = Duration.ofMillis(500);
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir Path folder;

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000_000_000);
    private final Pulse pulse = new Pulse(nanos::get, TimeUnit.SECONDS.toNanos(60));

    @Test
    void aLoopThatDoesNotTurnIsOverdueAlsoWhenItHadNothingToDo() {
        assertThat(pulse.overdue()).as("before it begins").isZero();
        pulse.idles(TimeUnit.SECONDS.toNanos(1));
        pass(1);
        assertThat(pulse.overdue()).isZero();
        pass(10);
        assertThat(pulse.overdue()).isEqualTo(Duration.ofSeconds(10));
        pulse.idles(TimeUnit.SECONDS.toNanos(1));
        assertThat(pulse.overdue()).isZero();
        pulse.ends();
        pass(1_000);
        assertThat(pulse.overdue()).isZero();
    }

    @Test
    void aRequestThatIsNeverAnsweredIsOverdueThoughOthersAre() {
        long sent = nanos.get();
        for (int i = 0; i < 90; i++) {
            pulse.moved();
            pulse.waits(TimeUnit.SECONDS.toNanos(1), Optional.of(sent));
            assertThat(pulse.overdue()).isEqualTo(Duration.ofSeconds(Math.max(0, i - 60)));
            pass(1);
        }
    }

    @Test
    void workThatNobodySendsIsOverdueBehindTheLongestBackOff() {
        pulse.moved();
        for (int i = 0; i < 60; i++) {
            pulse.waits(TimeUnit.SECONDS.toNanos(1), Optional.empty());
            assertThat(pulse.overdue()).isEqualTo(Duration.ofSeconds(Math.max(0, i - 20)));
            pass(1);
        }
        pulse.moved();
        pulse.waits(TimeUnit.SECONDS.toNanos(1), Optional.empty());
        assertThat(pulse.overdue()).isZero();
    }

    @Test
    void askingTheServerTakesAsLongAsItsAnswers() {
        pulse.asks(2);
        pass(120);
        assertThat(pulse.overdue()).isZero();
        pass(5);
        assertThat(pulse.overdue()).isEqualTo(Duration.ofSeconds(5));
    }

    private void pass(int seconds) {
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    @Test
    void aServerThatNeverAnswersAndOneThatIsAwayAreNoHanging() {
        try (FaultyElasticsearch server = new FaultyElasticsearch();
                Sending sending =
                        new Sending(
                                folder,
                                Sending.config(server.url(), "hung"),
                                "logs-hung-default",
                                200)) {
            server.behave((_, _, _) -> new Reply.Hang());
            sending.start();
            sending.append(Sending.documents("d", 0, 10));
            await().atMost(LONG).until(() -> server.bulks() > 3);
            // A hanging grows for ever; a machine that stood still is over with the next turn.
            await().atMost(LONG).until(() -> sending.sender.stalled().compareTo(SHORT) < 0);
            server.stop();
            await().during(Duration.ofSeconds(2))
                    .atMost(LONG)
                    .until(() -> sending.sender.stalled().compareTo(SHORT) < 0);
            server.start();
            server.behave((_, _, _) -> new Reply.Take());
            sending.awaitDelivered();
            await().atMost(LONG).until(() -> sending.sender.stalled().compareTo(SHORT) < 0);
        }
    }

    @Test
    void aThreadThatHangsOnTheDiskIsNoticed() {
        try (FaultyElasticsearch server = new FaultyElasticsearch();
                Sending sending = new Sending(folder, Sending.config(server.url(), "disk"))) {
            server.behave(
                    (_, _, _) -> Reply.items(_ -> true, 400, FaultyElasticsearch.MAPPING_FAULT));
            CountDownLatch disk = new CountDownLatch(1);
            sending.letters.forcesWaitFor = Optional.of(disk);
            sending.start();
            sending.append(Sending.documents("d", 0, 10));
            await().atMost(LONG).until(() -> sending.sender.stalled().compareTo(SHORT) > 0);
            assertThat(sending.sender.isRunning()).isTrue();

            disk.countDown();
            sending.awaitDelivered();
            assertThat(sending.letters.letters).hasSize(10);
            await().atMost(LONG).until(() -> sending.sender.stalled().compareTo(SHORT) < 0);
        }
    }
}
