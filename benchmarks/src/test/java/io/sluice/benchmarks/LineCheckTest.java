package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A lost line and a doubled one do not hide each other. */
class LineCheckTest {
    private final LineCheck check = new LineCheck();

    @Test
    void everyLineOnceIsPerfect() {
        for (int number = 0; number < 100; number++) {
            check.line(1, number);
            check.line(0, number);
        }

        assertThat(check.outcome(new long[] {100, 100}).isPerfect()).isTrue();
        assertThat(check.lines()).isEqualTo(200);
    }

    @Test
    void lostAndDoubledAreToldApart() {
        check.line(0, 0);
        check.line(0, 2);
        check.line(0, 2);
        check.line(0, 2);

        assertThat(check.outcome(new long[] {3, 4})).isEqualTo(new LineCheck.Outcome(5, 2, 0));
    }

    @Test
    void aTornLineIsNotLost() {
        check.torn(0, 0);
        check.line(0, 1);

        assertThat(check.outcome(new long[] {2})).isEqualTo(new LineCheck.Outcome(0, 0, 1));
    }

    @Test
    void whatWasNeverWrittenDoesNotMakeUpForWhatWas() {
        check.line(0, 7);
        check.line(3, 0);
        check.line(2_000_000, 0);

        assertThat(check.outcome(new long[] {1})).isEqualTo(new LineCheck.Outcome(1, 0, 0));
    }
}
