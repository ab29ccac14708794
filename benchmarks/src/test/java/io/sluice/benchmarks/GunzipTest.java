package io.sluice.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;

/** Both ways to unpack say the same, body after body. */
class GunzipTest {
    private static Gunzip open(String name) {
        if (name.equals("zlib")) {
            return new ZlibGunzip();
        }
        assumeTrue(IsalGunzip.isInstalled(), "libisal.so.2 is not installed (Debian: libisal2)");
        return new IsalGunzip();
    }

    private static byte[] read(Gunzip gunzip, byte[] body) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocateFrom(ValueLayout.JAVA_BYTE, body);
            long bytes =
                    gunzip.read(
                            segment,
                            body.length,
                            (piece, length) ->
                                    out.writeBytes(
                                            piece.asSlice(0, length)
                                                    .toArray(ValueLayout.JAVA_BYTE)));
            assertThat(bytes).isEqualTo(out.size());
        }
        return out.toByteArray();
    }

    private static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new IllegalStateException("there is memory", e);
        }
        return out.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"zlib", "igzip"})
    void whatWasPackedComesOutAgain(String name) throws IOException {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        try (Gunzip gunzip = open(name)) {
            for (int round = 0; round < 60; round++) {
                byte[] bytes = new byte[round == 0 ? 0 : random.nextInt(3 * Gunzip.PIECE_BYTES)];
                int letters = 1 + random.nextInt(256);
                for (int i = 0; i < bytes.length; i++) {
                    bytes[i] = (byte) random.nextInt(letters);
                }
                assertThat(read(gunzip, gzip(bytes))).as("seed %d", seed).isEqualTo(bytes);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zlib", "igzip"})
    void aHeaderMayHaveNameCommentExtraFieldAndChecksum(String name) throws IOException {
        byte[] text =
                "{\"create\":{}}\n{\"message\":\"~1:2^\"}\n".getBytes(StandardCharsets.US_ASCII);
        byte[] plain = gzip(text);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.write(plain, 0, 3);
        body.write(2 | 4 | 8 | 16);
        body.write(plain, 4, 6);
        body.writeBytes(new byte[] {3, 0, 'a', 'b', 'c'});
        body.writeBytes("file.json\0and why\0".getBytes(StandardCharsets.US_ASCII));
        CRC32 checksum = new CRC32();
        checksum.update(body.toByteArray());
        body.write((int) checksum.getValue());
        body.write((int) checksum.getValue() >>> 8);
        body.write(plain, 10, plain.length - 10);

        try (Gunzip gunzip = open(name)) {
            assertThat(read(gunzip, body.toByteArray())).isEqualTo(text);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zlib", "igzip"})
    void whatIsDamagedOrCutIsRefusedAndTheNextBodyIsReadAllTheSame(String name) throws IOException {
        byte[] text = new byte[50_000];
        new Random(1).nextBytes(text);
        byte[] whole = gzip(text);
        byte[] cut = Arrays.copyOf(whole, whole.length / 2);
        byte[] damaged = whole.clone();
        // The first block's kind: 3 is none.
        damaged[10] |= 6;
        try (Gunzip gunzip = open(name)) {
            assertThatThrownBy(() -> read(gunzip, cut)).isInstanceOf(IOException.class);
            assertThatThrownBy(() -> read(gunzip, damaged)).isInstanceOf(IOException.class);
            assertThatThrownBy(
                            () ->
                                    read(
                                            gunzip,
                                            "no gzip at all, but text"
                                                    .getBytes(StandardCharsets.US_ASCII)))
                    .hasMessageContaining("is no gzip");
            assertThat(read(gunzip, whole)).isEqualTo(text);
        }
    }
}
