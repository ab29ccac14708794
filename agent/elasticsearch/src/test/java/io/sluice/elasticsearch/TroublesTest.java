package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.elasticsearch.Troubles.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

class TroublesTest {
    private final Logger logger = Logger.getLogger("io.sluice.elasticsearch");
    private final List<String> said = new ArrayList<>();
    private final Handler ear =
            new Handler() {
                @Override
                public void publish(LogRecord logged) {
                    said.add(String.valueOf(logged.getParameters()[0]));
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };
    private long now;
    private final Troubles troubles = new Troubles(() -> now);

    @BeforeEach
    void listen() {
        logger.addHandler(ear);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(ear);
    }

    @Test
    void oneThatLastsIsSaidOnceAMinute() {
        for (int second = 0; second < 300; second++) {
            troubles.raise(Kind.INDEX, "logs-a is blocked");
            now += Duration.ofSeconds(1).toNanos();
        }
        assertThat(said).hasSize(5);
        assertThat(troubles.messages()).containsExactly("logs-a is blocked");
        troubles.clear(Kind.INDEX);
        assertThat(troubles.messages()).isEmpty();
        assertThat(said).hasSize(6);
    }

    @Test
    void oneThatComesAndGoesIsSaidOnceAMinuteToo() {
        for (int second = 0; second < 120; second++) {
            troubles.raise(Kind.CONNECTION, "nobody is there");
            troubles.clear(Kind.CONNECTION);
            now += Duration.ofSeconds(1).toNanos();
        }
        assertThat(said)
                .containsExactly(
                        "nobody is there", "nobody is there", "nobody is there", "nobody is there");
    }

    @Test
    void thereMayBeSeveral() {
        troubles.raise(Kind.INDEX, "blocked");
        troubles.raise(Kind.DEAD_LETTERS, "full");
        assertThat(troubles.messages()).containsExactlyInAnyOrder("blocked", "full");
        troubles.clear(Kind.INDEX);
        assertThat(troubles.messages()).containsExactly("full");
    }
}
