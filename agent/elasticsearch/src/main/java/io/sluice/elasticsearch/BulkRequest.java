package io.sluice.elasticsearch;

import java.nio.ByteBuffer;
import java.util.Optional;

/** Documents of one excerpt that are sent together: all of them at first, then what is left. */
final class BulkRequest {
    final Delivery delivery;
    final ByteBuffer gzip;
    final int documents;
    final int uncompressedBytes;

    /** Of documents that were changed, what they were before; in the same order. */
    final Optional<BulkBody> originals;

    /** How often its documents were answered, with something left to do. */
    int tries;

    /** How often its connection broke. */
    int breaks;

    /** Not before this; nano clock. */
    long dueNanos;

    long sentNanos;

    /** Its documents wait for something to be put right on the other side. */
    boolean waits;

    /** How many requests had succeeded when this one first failed; -1 before. */
    long successesAtFailure = -1;

    BulkRequest(
            Delivery delivery,
            ByteBuffer gzip,
            int documents,
            int uncompressedBytes,
            Optional<BulkBody> originals) {
        this.delivery = delivery;
        this.gzip = gzip;
        this.documents = documents;
        this.uncompressedBytes = uncompressedBytes;
        this.originals = originals;
    }

    /** Some of its documents, still what they were tries and all. */
    BulkRequest part(BulkBody body, Optional<BulkBody> partOfOriginals) {
        BulkRequest part = of(delivery, body, partOfOriginals);
        part.tries = tries;
        part.successesAtFailure = successesAtFailure;
        return part;
    }

    static BulkRequest of(Delivery delivery, BulkBody body, Optional<BulkBody> originals) {
        return new BulkRequest(
                delivery, body.encode(), body.items().size(), body.uncompressedBytes(), originals);
    }

    /** One excerpt on its way. */
    static final class Delivery {
        final long index;
        final String target;

        /** Requests that are not done. */
        int open = 1;

        Delivery(long index, String target) {
            this.index = index;
            this.target = target;
        }
    }
}
