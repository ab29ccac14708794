package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.LogSource;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What the agent says of records that it could not take as they were. */
class OdditiesTest {
    private static final String OUT = "2026-11-23T10:34:26.9Z stdout F ";

    private final Logger logger = Logger.getLogger("io.sluice.pipeline");
    private final List<String> said = new ArrayList<>();
    private final Handler listener =
            new Handler() {
                @Override
                public void publish(LogRecord logged) {
                    said.add(logged.getLevel() + " " + logged.getMessage());
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    private final FedEncoder fed =
            new FedEncoder(FedEncoder.config(1024 * 1024, 1_024, 1024 * 1024));
    private final LogSource source = FedEncoder.container("shop_cart-1_uid-1/app");
    private final Generation generation = FedEncoder.generation(1, 0, Start.FIRST);
    private long offset;

    @BeforeEach
    void listen() {
        logger.addHandler(listener);
    }

    @AfterEach
    void listenNoMore() {
        logger.removeHandler(listener);
    }

    private void feed(byte[] bytes) {
        fed.feed(source, generation, offset, bytes, End.OPEN, false);
        offset += bytes.length;
    }

    private void feed(String text) {
        feed(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void whatIsAsItShouldBeIsNotTalkedAbout() {
        feed((OUT + "fine\n" + OUT + "{\"a\":1}\n").repeat(10));

        assertThat(said).isEmpty();
    }

    @Test
    void eachKindIsSaidWithAnExampleAndTheRemedy() {
        feed(OUT + "fine\n" + OUT + "x".repeat(2_000) + "\n");
        feed("Traceback (most recent call last):\n");
        feed(OUT + "{\"a\":\n");
        byte[] latin1 = (OUT + "caf\u00e9\n").getBytes(StandardCharsets.ISO_8859_1);
        feed(latin1);

        String first = "a record of shop_cart-1_uid-1/app at offset " + (OUT.length() + 5) + " ";
        assertThat(said).hasSize(4);
        assertThat(said.get(0))
                .startsWith("WARNING " + first)
                .contains("cut", "pipeline.maxRecord", "pipeline.openRecords");
        assertThat(said.get(1))
                .startsWith("WARNING a record of shop_cart-1_uid-1/app")
                .contains("no format of a container runtime", "containers.exclude");
        assertThat(said.get(2)).startsWith("INFO ").contains("JSON", "parse.maxFields", "text");
        assertThat(said.get(3)).startsWith("INFO ").contains("UTF-8", "replaced");
    }

    @Test
    void whatGoesOnIsSaidEveryTenMinutesWithItsCount() {
        feed("no runtime's line\n".repeat(100));
        fed.advance(Duration.ofSeconds(599));
        feed("no runtime's line\n");
        assertThat(said).hasSize(1);

        fed.advance(Duration.ofSeconds(1));
        feed("no runtime's line\n".repeat(2));

        assertThat(said).hasSize(2);
        assertThat(said.getLast()).contains("at offset " + (101 * 18), "102 such records so far");
    }
}
