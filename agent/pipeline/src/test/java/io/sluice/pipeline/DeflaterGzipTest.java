package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.zip.GZIPInputStream;

class DeflaterGzipTest {
    @Test
    void eachBodyIsACompleteGzipStreamAndTheNextOneOwesItNothing() throws IOException {
        try (Gzip gzip = new DeflaterGzip()) {
            for (int size : new int[] {0, 1, 100, 5_000_000, 10}) {
                byte[] bytes = text(size);
                write(gzip, bytes);
                assertThat(gunzip(gzip.finish())).isEqualTo(bytes);
            }
        }
    }

    @Test
    void theBoundHoldsForWhatCannotBeCompressed() throws IOException {
        byte[] bytes = new byte[7_000_001];
        new Random(1).nextBytes(bytes);
        try (Gzip gzip = new DeflaterGzip()) {
            long bound = gzip.compressedAtMost(bytes.length);
            for (int from = 0; from < bytes.length; from += 65_536) {
                gzip.write(bytes, from, Math.min(bytes.length, from + 65_536));
                assertThat(gzip.compressedAtMost(bytes.length - from)).isLessThan(bound + 65_600);
            }
            long lastBound = gzip.compressedAtMost(0);
            ByteBuffer body = gzip.finish();
            assertThat(body.remaining()).isLessThanOrEqualTo((int) lastBound);
            assertThat(lastBound).isLessThan(bound + 65_600);
            assertThat(gunzip(body)).isEqualTo(bytes);
        }
    }

    @Test
    void theBoundHoldsAtEveryPieceOfTextThatChangesItsNature() {
        Random random = new Random(7);
        for (int run = 0; run < 20; run++) {
            try (Gzip gzip = new DeflaterGzip()) {
                long bound = gzip.compressedAtMost(0);
                for (int piece = 0; piece < 20; piece++) {
                    byte[] bytes = text(random.nextInt(200_000));
                    if (random.nextBoolean()) {
                        random.nextBytes(bytes);
                    }
                    bound = gzip.compressedAtMost(bytes.length);
                    gzip.write(bytes, 0, bytes.length);
                    assertThat(gzip.compressedBytesSoFar()).isLessThanOrEqualTo(bound);
                }
                assertThat((long) gzip.finish().remaining()).isLessThanOrEqualTo(bound);
            }
        }
    }

    @Test
    void aDiscardedBodyLeavesNoTrace() throws IOException {
        try (Gzip gzip = new DeflaterGzip()) {
            write(gzip, text(3_000_000));
            gzip.discard();
            assertThat(gzip.compressedBytesSoFar()).isZero();
            write(gzip, text(10));
            assertThat(gunzip(gzip.finish())).isEqualTo(text(10));
        }
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
