package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;

import java.util.Map;

class LossForecastTest extends RealFiles {
    private static final long SECOND = 1_000_000_000;

    @Test
    void aSourceThatIsNotReadLosesLinesWhenWhatIsKeptIsFull() {
        LossForecast forecast = new LossForecast();
        for (int i = 0; i <= 60; i++) {
            forecast.note(2L * i * SECOND, 2_000L * i, 0);
        }
        // 1,000 bytes a second; 120,000 are unread, and 50,000 more have room.
        assertThat(forecast.seconds(120_000, 170_000)).isCloseTo(50, within(1.0));
        assertThat(forecast.seconds(120_000, 120_000)).isZero();
        assertThat(forecast.seconds(120_001, 120_000)).isZero();
    }

    @Test
    void readingAtHalfTheSpeedTakesTwiceAsLong() {
        LossForecast forecast = new LossForecast();
        for (int i = 0; i <= 60; i++) {
            forecast.note(2L * i * SECOND, 2_000L * i, 1_000L * i);
        }
        assertThat(forecast.seconds(60_000, 110_000)).isCloseTo(100, within(2.0));
    }

    @Test
    void whoKeepsUpLosesNothing() {
        LossForecast forecast = new LossForecast();
        assertThat(forecast.seconds(0, 100)).isInfinite();
        for (int i = 0; i <= 60; i++) {
            forecast.note(2L * i * SECOND, 2_000L * i, 2_000L * Math.max(0, i - 1));
        }
        assertThat(forecast.seconds(2_000, 170_000)).isInfinite();
    }

    @Test
    void aPastOutageIsForgotten() {
        LossForecast forecast = new LossForecast();
        for (int i = 0; i <= 60; i++) {
            forecast.note(2L * i * SECOND, 2_000L * i, 0);
        }
        for (int i = 61; i <= 80; i++) {
            forecast.note(2L * i * SECOND, 2_000L * i, 6_000L * (i - 60));
        }
        assertThat(forecast.seconds(40_000, 170_000)).isInfinite();
    }

    @Test
    void aContainerTellsHowLongItHasWhileTheRingIsFull() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web", "app");
        web.write("begin\n");
        long kept = 20 << 20;
        TailConfig config = config(true).withLimits(0, new TailConfig.Rotation(kept / 5, 5));
        try (RunningTailer running = start(config, Map.of())) {
            awaitText(web, "begin\n");
            LogSource source = sink.source(web.key);
            assertThat(source.secondsToLoss()).isInfinite();
            sink.room(0);
            String line = "x".repeat(9_999) + "\n";
            await().atMost(PATIENCE)
                    .until(
                            () -> {
                                web.write(line);
                                return Double.isFinite(source.secondsToLoss());
                            });
            assertThat(source.secondsToLoss()).isPositive();
            web.write("x".repeat((int) kept) + "\n");
            await().atMost(PATIENCE).until(() -> source.secondsToLoss() == 0);
            sink.room(Integer.MAX_VALUE);
            await().atMost(PATIENCE).until(() -> Double.isInfinite(source.secondsToLoss()));
            assertThat(running.isAlive()).isTrue();
        }
    }
}
