package io.sluice.benchmarks;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The answer to a bulk request of which every item was created: written once, and sent again and
 * again in the length that is needed.
 */
final class BulkAnswer {
    private static final byte[] HEAD =
            "{\"errors\":false,\"items\":[".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ITEM =
            "{\"create\":{\"status\":201}},".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] TAIL = "]}".getBytes(StandardCharsets.US_ASCII);
    private static final int FIRST_ITEMS = 8_192;

    private ByteBuffer items = ByteBuffer.allocateDirect(0);

    BulkAnswer() {
        grow(FIRST_ITEMS);
    }

    /** The parts of the answer to so many items; they are the caller's. */
    ByteBuffer[] parts(long count) {
        int itemBytes = count == 0 ? 0 : Math.toIntExact(count * ITEM.length - 1);
        return new ByteBuffer[] {
            ByteBuffer.wrap(HEAD), items(itemBytes), ByteBuffer.wrap(TAIL),
        };
    }

    private synchronized ByteBuffer items(int length) {
        if (length > items.capacity()) {
            grow(2 * (length / ITEM.length + 1));
        }
        return items.slice(0, length);
    }

    private void grow(int count) {
        ByteBuffer more = ByteBuffer.allocateDirect(count * ITEM.length);
        for (int i = 0; i < count; i++) {
            more.put(ITEM);
        }
        items = more.clear();
    }
}
