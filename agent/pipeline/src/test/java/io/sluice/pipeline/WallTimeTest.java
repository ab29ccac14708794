package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Random;

class WallTimeTest {
    @Test
    void everyTimeIsWrittenAsTheJdkWritesIt() {
        var jdk = new DateTimeFormatterBuilder().appendInstant(3).toFormatter();
        WallTime time = new WallTime();
        long seed = System.nanoTime();
        Random random = new Random(seed);
        long end = Instant.parse("9999-12-31T23:59:59.999Z").toEpochMilli();
        for (int i = 0; i < 100_000; i++) {
            long millis = i == 0 ? 0 : i == 1 ? end : random.nextLong(end);
            time.set(millis);
            assertThat(new String(time.bytes, StandardCharsets.US_ASCII))
                    .as("seed %d", seed)
                    .isEqualTo(jdk.format(Instant.ofEpochMilli(millis)));
        }
    }
}
