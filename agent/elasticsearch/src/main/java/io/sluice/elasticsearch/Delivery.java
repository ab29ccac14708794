package io.sluice.elasticsearch;

import io.sluice.buffer.Excerpt;
import io.sluice.buffer.ExcerptOutcome;
import io.sluice.buffer.ExcerptRuns;

import java.nio.ByteBuffer;

/**
 * One excerpt on its way: a request at first, then perhaps several with what is left of it. It is
 * done when all of them are. Its body is kept until then: what is repaired or cut is made of it,
 * and what is given up is kept as it was.
 */
final class Delivery {
    final long index;
    final String target;
    final ExcerptRuns runs;
    final ByteBuffer gzip;
    final int documents;
    final int uncompressedBytes;

    /** What the ledger is to know of its documents, by their place in the excerpt. */
    final ExcerptOutcome outcome;

    /** Requests that are not done; by {@link Deliveries}. */
    int open;

    Delivery(Excerpt excerpt) {
        this.index = excerpt.index();
        this.target = excerpt.target();
        this.runs = excerpt.runs();
        this.gzip = excerpt.gzip();
        this.documents = excerpt.documents();
        this.uncompressedBytes = excerpt.uncompressedBytes();
        this.outcome = new ExcerptOutcome(excerpt.index());
    }

    /** As it was encoded. */
    BulkBody body() {
        return BulkBody.decode(gzip, uncompressedBytes);
    }
}
