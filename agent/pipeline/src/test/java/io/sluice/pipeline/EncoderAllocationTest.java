package io.sluice.pipeline;

import static io.sluice.pipeline.FedEncoder.config;
import static io.sluice.pipeline.FedEncoder.container;
import static io.sluice.pipeline.FedEncoder.generation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.tail.Chunk;
import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.LogSource;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** The encode path allocates for a batch, never for a line. */
class EncoderAllocationTest {
    private static final String OUT = "2026-11-23T10:34:26.9Z stdout ";
    private static final int LINES = 200_000;

    private final BatchSink discarding = batch -> {};
    private final FedEncoder fed =
            new FedEncoder(config(), PodDirectory.NONE, Optional.of(discarding));
    private final LogSource source = container("shop_cart-1_uid-1/app");
    private final Generation first = generation(1, 0, Start.FIRST);
    private long offset;

    @Test
    void nothingIsAllocatedPerLine() {
        String lines =
                ((OUT + "F {\"level\":\"info\",\"message\":\"some text of a line\",\"n\":12345}\n")
                                        + (OUT
                                                + "F plain text with \"quotes\" and \\"
                                                + " backslashes\n")
                                        + (OUT
                                                + "F {\"@timestamp\":\"2026\",\"log\":{\"level\":\"Warn\",")
                                        + "\"logger\":\"l\"},\"host.name\":\"x\",\"a.b\":{\"c\":[1,2]}}\n"
                                        + (OUT
                                                + "F {\"level\":\"unknown\",\"m\\u0073g\":\"twice\",")
                                        + "\"msg\":\"\\ud83d \\u0000\"}\n"
                                        + (OUT
                                                + "F {\"broken\":{\"a\":1,\"a\":2},\"ünï\":\"cödé\"}\n"))
                                .repeat(100)
                        + (OUT + "P " + "y".repeat(2_000) + "\n").repeat(3)
                        + (OUT + "F \n")
                        + ("{\"log\":\"{\\\"msg\\\":\\\"hello\\\"}\\n\",\"stream\":\"stderr\","
                                        + "\"time\":\"2026-11-23T10:50:44.541378534Z\"}\n")
                                .repeat(100)
                        + "not cri\n".repeat(10);
        byte[] bytes = lines.getBytes(StandardCharsets.UTF_8);
        int linesPerChunk = (int) lines.chars().filter(character -> character == '\n').count();
        Chunk chunk = new Chunk(bytes.length);
        System.arraycopy(bytes, 0, chunk.bytes, 0, bytes.length);
        int chunks = LINES / linesPerChunk;
        feedAgain(chunk, chunks);
        long batchesBefore = batches();

        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        feedAgain(chunk, chunks);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(fed.stats.records()).isGreaterThan(LINES * 19 / 10);
        assertThat(fed.stats.unparsedRecords()).isEqualTo(200L * chunks);
        assertThat(fed.stats.notCriRecords()).isEqualTo(20L * chunks);
        assertThat(allocated).isLessThan(2_000 * (batches() - batchesBefore) + 10_000);
        assertThat(allocated).isLessThan(LINES);
    }

    private long batches() {
        long batches = 0;
        for (PipelineStats.BatchClose reason : PipelineStats.BatchClose.values()) {
            batches += fed.stats.batches(reason);
        }
        return batches;
    }

    private void feedAgain(Chunk chunk, int times) {
        try {
            for (int i = 0; i < times; i++) {
                chunk.length = chunk.bytes.length;
                chunk.source = source;
                chunk.generation = first;
                chunk.offset = offset;
                chunk.end = End.OPEN;
                offset += chunk.length;
                fed.advance(Duration.ofMillis(1));
                fed.encoder.onEvent(chunk, i, true);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
