package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;

/** Whose documents are whose, and how large they were. */
class RunsTest {
    @Test
    void adjacentDocumentsOfOneSourceShareARun() {
        Runs runs = new Runs();
        for (int i = 0; i < 100; i++) {
            assertThat(runs.add(7, 10)).isEqualTo(i == 0);
        }
        assertThat(runs.add(8, 5)).isTrue();
        assertThat(runs.add(7, 1)).isTrue();

        assertThat(runs).hasToString("[100 of 7: 1000 B, 1 of 8: 5 B, 1 of 7: 1 B]");
    }

    @Test
    void aRecordTooLargeForItsIdHasARunOfItsOwn() {
        long huge = Runs.OWN_RUN_BYTES;
        Runs runs = new Runs();
        runs.add(1, huge - 1);
        runs.add(1, huge - 1);
        runs.add(1, 1);
        runs.add(1, huge);
        runs.add(1, 1);
        runs.add(1, huge + 1);
        runs.add(1, huge);

        assertThat(runs)
                .hasToString(
                        "[3 of 1: 33554431 B, 1 of 1: 16777216 B, 1 of 1: 1 B, 1 of 1: 16777217 B,"
                                + " 1 of 1: 16777216 B]");
    }

    @Test
    void theLowBitsOfTheExtentAreReadBackFromTheId() {
        for (long extent : new long[] {0, 1, 63, 64, 4_711, 0xFF_FFFF, 0x100_0005L, 1L << 39}) {
            DocumentBuffer id = new DocumentBuffer(32);
            DocumentId.append(id, 0xFEDC_BA98_7654_3210L, 0xAB_CDEF_0123L, extent);
            String text = new String(id.toByteArray(), StandardCharsets.US_ASCII);
            assertThat(DocumentId.extent(text)).hasValue((int) (extent & 0xFF_FFFF));
        }
        assertThat(DocumentId.extent("")).isEmpty();
        assertThat(DocumentId.extent("too-short")).isEmpty();
        assertThat(DocumentId.extent("x".repeat(17) + "not!!")).isEmpty();
        assertThat(DocumentId.extent("x".repeat(17) + "äöüßé")).isEmpty();
    }
}
