package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

class BulkBodyTest {
    private static BulkBody of(int... sizes) {
        List<BulkBody.Item> items = new ArrayList<>();
        for (int size : sizes) {
            // Two newlines belong to an item.
            items.add(
                    new BulkBody.Item(
                            new byte[0], "x".repeat(size - 2).getBytes(StandardCharsets.UTF_8)));
        }
        return new BulkBody(items);
    }

    @Test
    void whatIsEncodedIsDecoded() {
        BulkBody body = new BulkBody(Sending.documents("d", 0, 100));
        for (int told : new int[] {0, 10, body.uncompressedBytes(), 1 << 20}) {
            BulkBody back = BulkBody.decode(body.encode(), told);
            assertThat(back.items()).hasSize(100);
            assertThat(back.items().get(42).id()).isEqualTo("d-42");
            assertThat(back.items().get(42).document()).isEqualTo(body.items().get(42).document());
            assertThat(back.uncompressedBytes()).isEqualTo(body.uncompressedBytes());
        }
    }

    @Test
    void halvesAreOfBytesNotOfDocuments() {
        assertThat(of(10, 10, 10, 10).middle()).isEqualTo(2);
        assertThat(of(100, 10, 10, 10).middle()).isEqualTo(1);
        assertThat(of(10, 10, 10, 100).middle()).isEqualTo(3);
        assertThat(of(10, 100).middle()).isEqualTo(1);
        assertThat(of(100, 10).middle()).isEqualTo(1);
    }

    @Test
    void partsAreNotLargerThanAskedUnlessOneDocumentIs() {
        assertThat(of(10, 10, 10, 10).cuts(20)).containsExactly(2, 4);
        assertThat(of(10, 10, 10, 10).cuts(25)).containsExactly(2, 4);
        assertThat(of(10, 50, 10, 10).cuts(20)).containsExactly(1, 2, 4);
        assertThat(of(50, 50).cuts(20)).containsExactly(1, 2);
        assertThat(of(10, 10).cuts(1_000)).containsExactly(2);
    }

    @Test
    void cutsOfAnySizesKeepEveryDocumentInOrder() {
        long seed = 7;
        Random random = new Random(seed);
        for (int round = 0; round < 500; round++) {
            int[] sizes = random.ints(1 + random.nextInt(30), 3, 200).toArray();
            int most = 1 + random.nextInt(500);
            BulkBody body = of(sizes);
            int from = 0;
            for (int to : body.cuts(most)) {
                BulkBody part = body.part(from, to);
                assertThat(part.items()).as("seed %d round %d", seed, round).isNotEmpty();
                assertThat(part.uncompressedBytes() <= most || part.items().size() == 1).isTrue();
                from = to;
            }
            assertThat(from).isEqualTo(sizes.length);
        }
    }
}
