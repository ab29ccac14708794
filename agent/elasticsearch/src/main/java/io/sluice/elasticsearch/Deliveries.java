package io.sluice.elasticsearch;

import io.sluice.buffer.Excerpt;
import io.sluice.buffer.ExcerptOutcome;
import io.sluice.buffer.Outbox;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Runs;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The excerpts in memory, in order, from when they are taken out of the buffer until the contiguous
 * prefix of what is done is acknowledged. Bounded in number and bytes. One thread, {@code deliver}.
 */
final class Deliveries {
    /** Most excerpts that are not done. */
    static final int MOST_HELD = 32;

    /**
     * No excerpt is taken while those that are not done, and what was made of them, take this much:
     * compressed.
     */
    static final int MOST_HELD_BYTES = 4 << 20;

    private final Outbox outbox;
    private final UnforcedLetters letters;
    private final DeliveryStats stats;
    private final ArrayDeque<Delivery> inOrder = new ArrayDeque<>();
    private int held;
    private long heldBytes;
    private long waitingDocuments;

    Deliveries(Outbox outbox, UnforcedLetters letters, DeliveryStats stats) {
        this.outbox = outbox;
        this.letters = letters;
        this.stats = stats;
    }

    /** Whether there is room for another excerpt. */
    boolean mayTake() {
        return held < MOST_HELD && heldBytes < MOST_HELD_BYTES;
    }

    /** The buffer's next excerpt, as one request. */
    Optional<BulkRequest> take() {
        Optional<Excerpt> next = outbox.next();
        if (next.isEmpty()) {
            return Optional.empty();
        }
        Delivery delivery = new Delivery(next.get());
        inOrder.addLast(delivery);
        held++;
        heldBytes += delivery.gzip.remaining();
        BulkRequest whole = BulkRequest.whole(delivery);
        opened(whole);
        return Optional.of(whole);
    }

    /**
     * A request was made of documents of its delivery; to be told before what it came of is done.
     */
    void opened(BulkRequest request) {
        request.delivery.open++;
        heldBytes += request.ownBytes();
        if (request.waits) {
            waitingDocuments += request.documents;
        }
        publish();
    }

    /** Its documents wait for something to be put right on the other side. */
    void waits(BulkRequest request) {
        if (!request.waits) {
            request.waits = true;
            waitingDocuments += request.documents;
            publish();
        }
    }

    /** Nothing is left to do for a request: all is said of its documents, or they are in others. */
    void done(BulkRequest request) {
        heldBytes -= request.ownBytes();
        if (request.waits) {
            waitingDocuments -= request.documents;
        }
        Delivery delivery = request.delivery;
        delivery.open--;
        if (delivery.open == 0) {
            held--;
            heldBytes -= delivery.gzip.remaining();
        }
        publish();
    }

    boolean anyWaits() {
        return waitingDocuments > 0;
    }

    private void publish() {
        stats.held = held;
        stats.heldBytes = heldBytes;
        stats.waitingNow = waitingDocuments;
    }

    /** Puts a request's documents behind all others in the buffer, as they were encoded. */
    void postpone(BulkRequest request) {
        BulkBody body = request.originals();
        outbox.appendAgain(
                request.delivery.index,
                request.numbers(0, request.documents),
                body.items().stream().mapToInt(UnforcedLetters::idBytes).toArray(),
                new Batch.Body(
                        request.delivery.target,
                        request.documents,
                        body.uncompressedBytes(),
                        request.form == BulkRequest.Form.ENCODED ? request.gzip : body.encode(),
                        new Runs()));
        stats.postponedDocuments.add(request.documents);
        done(request);
    }

    /** Acknowledges what is done from the first one on, its dead letters on the disk before. */
    void acknowledge() {
        if (letters.areMany()) {
            letters.areSafe();
        }
        List<ExcerptOutcome> done = new ArrayList<>();
        for (Delivery delivery : inOrder) {
            if (delivery.open > 0) {
                break;
            }
            done.add(delivery.outcome);
        }
        if (done.isEmpty() || !letters.areSafe()) {
            return;
        }
        outbox.acknowledge(done.getLast().index(), done);
        stats.acknowledgedExcerpts.add(done.size());
        for (int i = 0; i < done.size(); i++) {
            inOrder.removeFirst();
        }
    }

    /** Everything taken is acknowledged. */
    boolean isEmpty() {
        return inOrder.isEmpty();
    }
}
