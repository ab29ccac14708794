package io.sluice.elasticsearch;

import io.sluice.elasticsearch.BulkRequest.Form;

import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What becomes of a request that is too large: halves, as often as it takes, and what the server
 * was seen to take is remembered. One document that is too large by itself is cut and marked, and
 * given up when that was not enough. One thread, {@code deliver}.
 */
final class Portions {
    /**
     * Nobody should refuse this for its size: no limit below it is learned from broken connections,
     * and one document below it is given up only if others are taken.
     */
    static final int SMALL_BYTES = 64 * 1024;

    /** No limit below it is learned: the pieces of a batch would be too many. */
    private static final int LEAST_BYTES = 1024;

    /** What a document keeps of each text when it is too large. */
    private static final int KEPT_CHARACTERS = 32 * 1024;

    private final Deliveries deliveries;
    private final SendQueue queue;
    private final UnforcedLetters letters;
    private final DeliveryStats stats;
    private final LongSupplier nanoClock;
    private final SizeLimit limit = new SizeLimit();

    Portions(
            Deliveries deliveries,
            SendQueue queue,
            UnforcedLetters letters,
            DeliveryStats stats,
            LongSupplier nanoClock) {
        this.deliveries = deliveries;
        this.queue = queue;
        this.letters = letters;
        this.stats = stats;
        this.nanoClock = nanoClock;
    }

    /** A request of this size was read by the server. */
    void taken(BulkRequest request) {
        limit.taken(request.uncompressedBytes, nanoClock.getAsLong());
        stats.learnedLimitBytes = limit.bytes();
    }

    /** The server said that a request of this size is too large. */
    void refused(BulkRequest request) {
        learn(request, LEAST_BYTES);
    }

    /** The connection broke again and again for a request of this size, and not for others. */
    void broken(BulkRequest request) {
        learn(request, SMALL_BYTES);
    }

    private void learn(BulkRequest request, int leastBytes) {
        limit.refused(request.uncompressedBytes, leastBytes, nanoClock.getAsLong());
        stats.learnedLimitBytes = limit.bytes();
    }

    /**
     * Whether a request is as small as is known to be necessary. One that is not is taken apart,
     * and its parts are in the queue.
     */
    boolean fits(BulkRequest request) {
        if (request.uncompressedBytes <= limit.bytes() || request.documents == 1) {
            return true;
        }
        int first = limit.allow(nanoClock.getAsLong());
        if (request.uncompressedBytes <= first) {
            return true;
        }
        BulkBody body = request.body();
        List<Integer> cuts = body.cuts(limit.bytes());
        if (first > limit.bytes()) {
            // One part that is larger than the limit, to see whether it still holds.
            int behind = body.cuts(first).getFirst();
            cuts.removeIf(cut -> cut < behind);
            cuts.addFirst(behind);
        }
        apart(request, body, cuts.stream().distinct().toList());
        return false;
    }

    /** Two requests of about half its size, at once. At least two documents. */
    void halve(BulkRequest request) {
        BulkBody body = request.body();
        apart(request, body, List.of(body.middle(), request.documents));
    }

    private void apart(BulkRequest request, BulkBody body, List<Integer> cuts) {
        stats.splitRequests.increment();
        int from = 0;
        for (int to : cuts) {
            BulkRequest part = request.part(body.part(from, to), request.numbers(from, to));
            deliveries.opened(part);
            queue.add(part);
            from = to;
        }
        deliveries.done(request);
    }

    /** One document that is too large by itself: its texts are cut, then it is given up. */
    void shorten(BulkRequest request, int status, BulkAnswer.ServerError error) {
        change(request, status, error, KEPT_CHARACTERS);
    }

    /** One document for which a whole request was refused: it is repaired, then it is given up. */
    void repair(BulkRequest request, int status, BulkAnswer.ServerError error) {
        change(request, status, error, DocumentRepair.ALL);
    }

    private void change(
            BulkRequest request, int status, BulkAnswer.ServerError error, int keptCharacters) {
        BulkBody.Item original = request.originals().items().getFirst();
        Optional<byte[]> better =
                request.form == Form.REPAIRED
                        ? Optional.empty()
                        : DocumentRepair.of(original.document(), error, keptCharacters);
        if (better.isPresent()) {
            stats.repairedDocuments.increment();
            BulkRequest repaired =
                    request.repaired(
                            new BulkBody(
                                    List.of(new BulkBody.Item(original.action(), better.get()))),
                            request.numbers(0, 1));
            deliveries.opened(repaired);
            queue.add(repaired);
        } else {
            letters.bury(request, request.number(0), original, status, error);
        }
        deliveries.done(request);
    }
}
