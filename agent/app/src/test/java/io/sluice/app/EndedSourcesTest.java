package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.buffer.Buffer;
import io.sluice.buffer.BufferConfig;
import io.sluice.pipeline.Batch;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A deleted pod is known until the last lines of its last container are in the buffer. */
class EndedSourcesTest {
    @TempDir Path directory;
    private final List<String> forgotten = new ArrayList<>();
    private Buffer buffer;
    private EndedSources sink;

    @BeforeEach
    void open() {
        BufferConfig defaults = BufferConfig.of(directory, List.of("elasticsearch"));
        buffer =
                Buffer.open(
                        new BufferConfig(
                                directory,
                                48L << 20,
                                0,
                                defaults.whenFull(),
                                defaults.sync(),
                                16L << 20,
                                defaults.blockBytes(),
                                defaults.outputs(),
                                defaults.lockWait()));
        sink = new EndedSources(buffer, forgotten::add);
    }

    @AfterEach
    void close() {
        buffer.close();
    }

    @Test
    void aPodIsForgottenWithTheLastOfItsContainers() throws Exception {
        append(read("shop_cart-1_uid-1/web"), read("shop_cart-1_uid-1/proxy"));
        append(read("shop_cart-1_uid-12/web"));

        append(ended("shop_cart-1_uid-1/web"));
        assertThat(forgotten).isEmpty();

        append(ended("shop_cart-1_uid-1/proxy"));
        assertThat(forgotten).containsExactly("uid-1");
        assertThat(buffer.positions()).containsOnlyKeys("shop_cart-1_uid-12/web");
    }

    @Test
    void containersThatEndTogetherForgetTheirPod() throws Exception {
        append(read("shop_cart-1_uid-1/web"), read("shop_cart-1_uid-1/proxy"));

        append(ended("shop_cart-1_uid-1/web"), ended("shop_cart-1_uid-1/proxy"));

        assertThat(forgotten).containsOnly("uid-1");
    }

    @Test
    void aPlainFileHasNoPod() throws Exception {
        append(read("/logs/app_1/a.log"));

        append(ended("/logs/app_1/a.log"));

        assertThat(forgotten).isEmpty();
    }

    private void append(Batch.SourceProgress... progress) throws InterruptedException {
        sink.append(new Batch(List.of(), Stream.of(progress).toList()));
    }

    private static Batch.SourceProgress read(String source) {
        StreamPosition at = new StreamPosition(42, 0, 100);
        return new Batch.SourceProgress(
                source, Optional.of(new SourcePosition(at, at)), Batch.Counts.NONE);
    }

    private static Batch.SourceProgress ended(String source) {
        return new Batch.SourceProgress(source, Optional.empty(), Batch.Counts.NONE);
    }
}
