package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class HeldMemoryTest {
    private static final byte[] PIECE = new byte[16 * 1024];
    private static final int NO_LIMIT = Integer.MAX_VALUE;

    @Test
    void whatIsReleasedHoldsNoMemoryAndIsUsedAgain() {
        HeldMemory memory = new HeldMemory(1024 * 1024);
        HeldBytes first = new HeldBytes();
        memory.append(first, PIECE, 0, 16_000, NO_LIMIT);
        byte[] buffer = first.bytes;

        memory.release(first);

        assertThat(first.bytes).isEmpty();
        assertThat(memory.lentBytes()).isZero();
        HeldBytes second = new HeldBytes();
        memory.append(second, PIECE, 0, 16_000, NO_LIMIT);
        assertThat(second.bytes).isSameAs(buffer);
    }

    @Test
    void theLimitCutsAndNothingIsAddedBehindTheCut() {
        HeldMemory memory = new HeldMemory(1024 * 1024);
        HeldBytes held = new HeldBytes();

        memory.append(held, PIECE, 0, 100, 150);
        assertThat(held.cut).isFalse();
        memory.append(held, PIECE, 0, 51, 150);
        assertThat(held.cut).isTrue();
        memory.append(held, PIECE, 0, 1, 1_000);

        assertThat(held.length).isEqualTo(150);
    }

    @Test
    void theLargestIsCutWhenAnotherNeedsRoom() {
        HeldMemory memory = new HeldMemory(400 * 1024);
        HeldBytes large = new HeldBytes();
        HeldBytes small = new HeldBytes();
        while (large.bytes.length < 256 * 1024) {
            memory.append(large, PIECE, 0, PIECE.length, NO_LIMIT);
        }
        while (small.bytes.length < 128 * 1024) {
            memory.append(small, PIECE, 0, PIECE.length, NO_LIMIT);
        }

        // 128 KiB and its copy do not fit beside 256 KiB and 64 KiB.
        assertThat(large.cut).isTrue();
        assertThat(large.length).isLessThanOrEqualTo(128 * 1024);
        assertThat(small.cut).isFalse();
        assertThat(memory.lentBytes()).isLessThanOrEqualTo(400 * 1024);
    }

    @Test
    void theLargestItselfStaysAsItIs() {
        HeldMemory memory = new HeldMemory(64 * 1024);
        HeldBytes only = new HeldBytes();
        for (int i = 0; i < 10; i++) {
            memory.append(only, PIECE, 0, PIECE.length, NO_LIMIT);
        }

        assertThat(only.cut).isTrue();
        assertThat(only.length).isEqualTo(32 * 1024);
    }

    @Test
    void whateverHappensTheBoundHoldsButForTheSmallestPieces() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        long bound = 256 * 1024;
        HeldMemory memory = new HeldMemory(bound);
        List<HeldBytes> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            all.add(new HeldBytes());
        }
        for (int i = 0; i < 100_000; i++) {
            HeldBytes held = all.get(random.nextInt(all.size()));
            if (random.nextInt(8) == 0) {
                memory.release(held);
            } else {
                int length = held.length;
                boolean wasCut = held.cut;
                int bytes = random.nextInt(PIECE.length);
                memory.append(held, PIECE, 0, bytes, 100_000);
                if (!held.cut) {
                    assertThat(held.length).as("seed %d", seed).isEqualTo(length + bytes);
                }
                assertThat(!wasCut || held.cut).as("seed %d", seed).isTrue();
            }
            long sum = all.stream().mapToLong(one -> one.bytes.length).sum();
            assertThat(memory.lentBytes()).as("seed %d", seed).isEqualTo(sum);
            assertThat(sum)
                    .as("seed %d", seed)
                    .isLessThanOrEqualTo(bound + 100 * HeldMemory.SMALLEST_BYTES);
        }
    }
}
