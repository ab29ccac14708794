package io.sluice.testing;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;

import java.time.Duration;

class PatienceTest {
    /** Awaitility refuses to begin to look when it would be too late, and says when that is. */
    @Test
    void whoDoesNotSayForHowLongWaitsForAMinute() {
        assertThatThrownBy(() -> await().pollDelay(Duration.ofHours(1)).until(() -> true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Timeout (1 minutes)");
    }
}
