package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sluice.pipeline.PipelineConfig.Compression;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPInputStream;

/** What both compressors promise alike. */
class GzipTest {
    @Test
    void autoTakesIgzipWhereItIsInstalled() {
        try (Gzip gzip = Gzip.of(Compression.AUTO)) {
            assertThat(gzip.name()).startsWith(IsalGzip.isInstalled() ? "igzip" : "Deflater");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IGZIP", "DEFLATER"})
    void eachBodyIsACompleteGzipStreamAndTheNextOneOwesItNothing(Compression compression)
            throws IOException {
        try (Gzip gzip = open(compression)) {
            for (int size : new int[] {0, 1, 100, 131_072, 131_073, 5_000_000, 10}) {
                byte[] bytes = text(size);
                write(gzip, bytes);
                assertThat(gunzip(gzip.finish())).isEqualTo(bytes);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IGZIP", "DEFLATER"})
    void theBoundHoldsForWhatCannotBeCompressed(Compression compression) throws IOException {
        byte[] bytes = new byte[7_000_001];
        new Random(1).nextBytes(bytes);
        try (Gzip gzip = open(compression)) {
            long bound = gzip.compressedAtMost(bytes.length);
            for (int from = 0; from < bytes.length; from += 65_536) {
                gzip.write(bytes, from, Math.min(bytes.length, from + 65_536));
                assertThat(gzip.compressedAtMost(bytes.length - from)).isLessThan(bound + 70_000);
            }
            long lastBound = gzip.compressedAtMost(0);
            ByteBuffer body = gzip.finish();
            assertThat(body.remaining()).isLessThanOrEqualTo((int) lastBound);
            assertThat(lastBound).isLessThan(bound + 70_000);
            assertThat(gunzip(body)).isEqualTo(bytes);
        }
    }

    /** Pieces of any size, of text, of noise and of runs: the seed of a failure is its name. */
    @ParameterizedTest
    @EnumSource(names = {"IGZIP", "DEFLATER"})
    void whateverIsWrittenComesBackWithinTheBound(Compression compression) throws IOException {
        try (Gzip gzip = open(compression)) {
            for (long seed = 0; seed < 60; seed++) {
                Random random = new Random(seed);
                byte[][] pieces = new byte[random.nextInt(20)][];
                long bound = gzip.compressedAtMost(0);
                int length = 0;
                for (int i = 0; i < pieces.length; i++) {
                    byte[] bytes = text(random.nextInt(200_000));
                    switch (random.nextInt(3)) {
                        case 0 -> random.nextBytes(bytes);
                        case 1 -> Arrays.fill(bytes, (byte) random.nextInt());
                        default -> {}
                    }
                    pieces[i] = bytes;
                    length += bytes.length;
                    bound = gzip.compressedAtMost(bytes.length);
                    gzip.write(bytes, 0, bytes.length);
                    assertThat(gzip.compressedBytesSoFar()).isLessThanOrEqualTo(bound);
                }
                ByteBuffer body = gzip.finish();
                assertThat((long) body.remaining())
                        .as("seed %s", seed)
                        .isLessThanOrEqualTo(pieces.length == 0 ? 64 : bound);
                ByteBuffer written = ByteBuffer.allocate(length);
                for (byte[] piece : pieces) {
                    written.put(piece);
                }
                assertThat(gunzip(body)).as("seed %s", seed).isEqualTo(written.array());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IGZIP", "DEFLATER"})
    void aDiscardedBodyLeavesNoTrace(Compression compression) throws IOException {
        try (Gzip gzip = open(compression)) {
            write(gzip, text(3_000_000));
            gzip.discard();
            assertThat(gzip.compressedBytesSoFar()).isZero();
            write(gzip, text(10));
            assertThat(gunzip(gzip.finish())).isEqualTo(text(10));
        }
    }

    private static Gzip open(Compression compression) {
        assumeTrue(
                compression != Compression.IGZIP || IsalGzip.isInstalled(),
                "libisal.so.2 is not installed; on Debian: apt-get install libisal2");
        return Gzip.of(compression);
    }

    private static void write(Gzip gzip, byte[] bytes) {
        for (int from = 0; from < bytes.length; from += 65_536) {
            gzip.write(bytes, from, Math.min(bytes.length, from + 65_536));
        }
    }

    private static byte[] text(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) ('a' + i * 31 % 17);
        }
        return bytes;
    }

    private static byte[] gunzip(ByteBuffer body) throws IOException {
        byte[] bytes = new byte[body.remaining()];
        body.get(bytes);
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            return in.readAllBytes();
        }
    }
}
