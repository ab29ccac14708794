package io.sluice.elasticsearch;

import io.sluice.buffer.Excerpt;
import io.sluice.buffer.ExcerptOutcome;
import io.sluice.buffer.ExcerptRuns;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.stream.IntStream;

/** Documents of one excerpt that are sent together: all of them at first, then what is left. */
final class BulkRequest {
    final Delivery delivery;
    final ByteBuffer gzip;
    final int documents;
    final int uncompressedBytes;

    /** Of documents that were changed, what they were before; in the same order. */
    final Optional<BulkBody> originals;

    /** For each document its number in the excerpt. */
    final int[] numbers;

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
            Optional<BulkBody> originals,
            int[] numbers) {
        this.delivery = delivery;
        this.gzip = gzip;
        this.documents = documents;
        this.uncompressedBytes = uncompressedBytes;
        this.originals = originals;
        this.numbers = numbers;
    }

    /** All of an excerpt. */
    static BulkRequest of(Delivery delivery, Excerpt excerpt) {
        return new BulkRequest(
                delivery,
                excerpt.gzip(),
                excerpt.documents(),
                excerpt.uncompressedBytes(),
                Optional.empty(),
                IntStream.range(0, excerpt.documents()).toArray());
    }

    /** Some of its documents, still what they were tries and all. */
    BulkRequest part(BulkBody body, Optional<BulkBody> partOfOriginals, int[] partOfNumbers) {
        BulkRequest part = of(delivery, body, partOfOriginals, partOfNumbers);
        part.tries = tries;
        part.successesAtFailure = successesAtFailure;
        return part;
    }

    static BulkRequest of(
            Delivery delivery, BulkBody body, Optional<BulkBody> originals, int[] numbers) {
        return new BulkRequest(
                delivery,
                body.encode(),
                body.items().size(),
                body.uncompressedBytes(),
                originals,
                numbers);
    }

    /** One excerpt on its way. */
    static final class Delivery {
        final long index;
        final String target;
        final ExcerptRuns runs;

        /** What the ledger is to know of its documents. */
        final ExcerptOutcome outcome;

        /** Requests that are not done. */
        int open = 1;

        Delivery(Excerpt excerpt) {
            this.index = excerpt.index();
            this.target = excerpt.target();
            this.runs = excerpt.runs();
            this.outcome = new ExcerptOutcome(excerpt.index());
        }
    }
}
