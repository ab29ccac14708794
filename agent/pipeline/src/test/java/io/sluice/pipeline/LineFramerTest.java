package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

class LineFramerTest {
    @Test
    void theFirstNewlineIsFoundWhereverItStands() {
        for (int length = 0; length < 40; length++) {
            for (int newline = 0; newline < length; newline++) {
                byte[] bytes = filled(length, (byte) 0x8a);
                bytes[newline] = '\n';
                assertThat(LineFramer.newline(bytes, 0, length)).isEqualTo(newline);
                assertThat(LineFramer.newline(bytes, newline, length)).isEqualTo(newline);
                assertThat(LineFramer.newline(bytes, newline + 1, length)).isEqualTo(-1);
                assertThat(LineFramer.newline(bytes, 0, newline)).isEqualTo(-1);
            }
        }
    }

    @Test
    void neighboursOfTheNewlineAreNotMistakenForIt() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] near = {9, 10, 11, 0, (byte) 0x8a, (byte) 0x89, (byte) 0xff, 0x0a - 128};
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = new byte[random.nextInt(64)];
            int expected = -1;
            for (int at = bytes.length - 1; at >= 0; at--) {
                bytes[at] = near[random.nextInt(near.length)];
                if (bytes[at] == '\n') {
                    expected = at;
                }
            }
            assertThat(LineFramer.newline(bytes, 0, bytes.length))
                    .as("seed %d", seed)
                    .isEqualTo(expected);
        }
    }

    private static byte[] filled(int length, byte with) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, with);
        return bytes;
    }
}
