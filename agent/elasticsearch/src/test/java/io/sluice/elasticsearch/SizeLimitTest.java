package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.time.Duration;

class SizeLimitTest {
    private static final int MEBIBYTE = 1 << 20;

    private final SizeLimit limit = new SizeLimit();
    private long now;

    private void pass(Duration time) {
        now += time.toNanos();
    }

    /** A server that takes so much, and requests of all sizes; how often it refused one. */
    private int sendAgainst(int mostBytes, int requestBytes, int times) {
        int refused = 0;
        for (int i = 0; i < times; i++) {
            int size = Math.min(requestBytes, limit.allow(now));
            if (size <= mostBytes) {
                limit.taken(size, now);
            } else {
                limit.refused(size, 1024, now);
                refused++;
            }
        }
        return refused;
    }

    @Test
    void nothingIsLearnedWhileEverythingIsTaken() {
        assertThat(sendAgainst(Integer.MAX_VALUE, 64 * MEBIBYTE, 100)).isZero();
        assertThat(limit.bytes()).isEqualTo(SizeLimit.NONE);
    }

    @Test
    void aRefusalHalvesUntilItFitsAndThenNoneIsRefused() {
        assertThat(sendAgainst(300_000, 2 * MEBIBYTE, 10)).isEqualTo(3);
        assertThat(limit.bytes()).isEqualTo(MEBIBYTE / 4);
        assertThat(sendAgainst(300_000, 2 * MEBIBYTE, 100)).isZero();
    }

    @Test
    void noLimitIsLearnedThatWouldMakePiecesOfPieces() {
        sendAgainst(1, 2 * MEBIBYTE, 50);
        assertThat(limit.bytes()).isEqualTo(1024);
        SizeLimit broken = new SizeLimit();
        broken.refused(100_000, 64 * 1024, now);
        assertThat(broken.bytes()).isEqualTo(64 * 1024);
        broken.refused(2_000, 64 * 1024, now);
        assertThat(broken.bytes()).isEqualTo(64 * 1024);
    }

    @Test
    void aLimitThatIsGoneIsForgottenStepByStep() {
        sendAgainst(300_000, 2 * MEBIBYTE, 10);
        pass(Duration.ofMinutes(4));
        sendAgainst(Integer.MAX_VALUE, 2 * MEBIBYTE, 10);
        assertThat(limit.bytes()).isEqualTo(MEBIBYTE / 4);
        pass(Duration.ofMinutes(2));
        for (int step = 0; step < 4; step++) {
            sendAgainst(Integer.MAX_VALUE, 2 * MEBIBYTE, 10);
            pass(Duration.ofSeconds(11));
        }
        assertThat(limit.bytes()).isGreaterThanOrEqualTo(2 * MEBIBYTE);
    }

    @Test
    void aLimitThatHoldsIsDoubtedLessAndLess() {
        sendAgainst(300_000, 2 * MEBIBYTE, 10);
        int refused = 0;
        for (int minute = 0; minute < 24 * 60; minute++) {
            pass(Duration.ofMinutes(1));
            refused += sendAgainst(300_000, 2 * MEBIBYTE, 60);
        }
        assertThat(refused).isBetween(5, 20);
        assertThat(limit.bytes()).isEqualTo(MEBIBYTE / 4);
    }

    @Test
    void oneRequestAloneTriesALargerSize() {
        limit.refused(2 * MEBIBYTE, 1024, now);
        pass(Duration.ofMinutes(6));
        assertThat(limit.allow(now)).isEqualTo(2 * MEBIBYTE);
        assertThat(limit.allow(now)).isEqualTo(MEBIBYTE);
    }

    @Test
    void requestsThatWereUnderWayWhenTheLimitWasLearnedDoNotHalveItAgain() {
        limit.refused(2 * MEBIBYTE, 1024, now);
        limit.refused(2 * MEBIBYTE, 1024, now);
        limit.refused(2 * MEBIBYTE, 1024, now);
        assertThat(limit.bytes()).isEqualTo(MEBIBYTE);
    }

    @Test
    void whatIsTakenThoughItIsLargerRaisesTheLimit() {
        limit.refused(2 * MEBIBYTE, 1024, now);
        limit.taken(MEBIBYTE + 1, now);
        assertThat(limit.bytes()).isEqualTo(2 * MEBIBYTE);
    }
}
