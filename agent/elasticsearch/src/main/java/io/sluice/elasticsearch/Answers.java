package io.sluice.elasticsearch;

import io.sluice.elasticsearch.BulkRequest.Form;
import io.sluice.elasticsearch.DeliveryStats.Failure;
import io.sluice.elasticsearch.Troubles.Kind;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * Decides what becomes of a request and its documents by how it ended: the table of the delivery
 * rules in {@code docs/ARCHITECTURE.md}. Items answer to documents by their place. Nothing is
 * dropped here: what is not delivered waits, or is kept as a dead letter when it is the document's
 * own fault by name ({@link Outcome}). One thread, {@code deliver}.
 */
final class Answers {
    /** Documents that waited so often make way for others, if others go on. */
    private static final int TRIES_BEFORE_POSTPONED = 5;

    /** Documents that waited so often make way, to see whether others can go on. */
    private static final int TRIES_BEFORE_OTHERS_TRY = 8;

    /** A connection that breaks so often on the same request may break for its size. */
    private static final int BREAKS_BEFORE_SPLIT = 3;

    /**
     * A server that is too busy so often for the same request may have too little memory for it.
     */
    private static final int REFUSALS_BEFORE_SPLIT = 8;

    private static final long BUSY_IS_TROUBLE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final Deliveries deliveries;
    private final SendQueue queue;
    private final Portions portions;
    private final UnforcedLetters letters;
    private final Hosts hosts;
    private final InFlightLimit limit;
    private final Troubles troubles;
    private final DeliveryStats stats;
    private final LongSupplier nanoClock;
    private long busySinceNanos;
    private boolean busy;

    Answers(
            Deliveries deliveries,
            SendQueue queue,
            Portions portions,
            UnforcedLetters letters,
            Hosts hosts,
            InFlightLimit limit,
            Troubles troubles,
            DeliveryStats stats,
            LongSupplier nanoClock) {
        this.deliveries = deliveries;
        this.queue = queue;
        this.portions = portions;
        this.letters = letters;
        this.hosts = hosts;
        this.limit = limit;
        this.troubles = troubles;
        this.stats = stats;
        this.nanoClock = nanoClock;
    }

    /**
     * @param underWay requests that are under way besides this one
     * @param atNanos when it ended
     */
    void take(BulkRequest request, Answer answer, int underWay, long atNanos) {
        switch (answer) {
            case Answer.Answered(int status, byte[] body) -> {
                stats.answeredNanos.add(atNanos - request.sentNanos);
                if (status / 100 == 2) {
                    hosts.answered(request.host);
                    takeItems(request, body, underWay, atNanos);
                } else {
                    takeRefusal(request, status, BulkAnswer.errorOf(body), underWay);
                }
            }
            case Answer.TooLong(String reason) -> {
                stats.failed(Failure.MALFORMED);
                hosts.answered(request.host);
                if (request.documents > 1) {
                    // Half the documents have half the answer.
                    portions.halve(request);
                } else {
                    takeBreak(request, reason, false);
                }
            }
            case Answer.NotSent(String reason) -> {
                stats.failed(Failure.UNREACHABLE);
                if (hosts.failed(request.host, request.sentNanos, reason)) {
                    queue.add(request);
                } else {
                    troubles.raise(Kind.CONNECTION, ServerErrors.unreachable(hosts, reason));
                    queue.pauseUnreached(request);
                }
            }
            case Answer.Broken(String reason) -> {
                stats.failed(Failure.BROKEN);
                takeBreak(request, reason, hosts.failed(request.host, request.sentNanos, reason));
            }
        }
    }

    // --- item by item ---

    private void takeItems(BulkRequest request, byte[] body, int underWay, long atNanos) {
        BulkAnswer answer;
        try {
            answer = BulkAnswer.parse(body);
            if (answer.items() != request.documents) {
                throw new BulkAnswer.MalformedException(
                        "the answer has "
                                + answer.items()
                                + " items for "
                                + request.documents
                                + " documents");
            }
        } catch (BulkAnswer.MalformedException e) {
            // What became of the documents is unknown; their ids make it safe to send them again.
            stats.failed(Failure.MALFORMED);
            takeBreak(request, e.getMessage(), false);
            return;
        }
        queue.answered();
        portions.taken(request);
        troubles.clear(Kind.CONNECTION);
        troubles.clear(Kind.PERMISSION);
        stats.deliveredDocuments.add(answer.created());
        stats.failureStoredDocuments.add(answer.failureStored());
        if (answer.faults().isEmpty()) {
            noteRepaired(request, answer.faults());
            queue.succeeded();
            deliveries.done(request);
            succeeded(request, underWay, atNanos);
        } else {
            takeFaults(request, answer.faults(), underWay, atNanos);
        }
    }

    private void succeeded(BulkRequest request, int underWay, long atNanos) {
        limit.answered(underWay + 1, request.uncompressedBytes, request.sentNanos, atNanos);
        troubles.clear(Kind.BUSY);
        busy = false;
        if (!deliveries.anyWaits()) {
            troubles.clear(Kind.INDEX);
        }
    }

    private void takeFaults(
            BulkRequest request, List<BulkAnswer.Fault> faults, int underWay, long atNanos) {
        List<BulkBody.Item> items = request.body().items();
        Optional<List<BulkBody.Item>> before =
                request.form == Form.REPAIRED
                        ? Optional.of(request.originals().items())
                        : Optional.empty();
        Sorted again = new Sorted();
        Sorted repaired = new Sorted();
        int done = request.documents - faults.size();
        boolean tooBusy = false;
        boolean waits = false;
        for (BulkAnswer.Fault fault : faults) {
            BulkBody.Item item = items.get(fault.item());
            int number = request.number(fault.item());
            switch (Outcome.of(fault.status(), fault.error())) {
                case ALREADY_THERE -> {
                    stats.deliveredDocuments.increment();
                    stats.alreadyThereDocuments.increment();
                    request.delivery.outcome.alreadyThere(number);
                    done++;
                }
                case RETRY -> {
                    stats.retriedDocuments.increment();
                    tooBusy = true;
                    if (fault.status() != 429 && request.tries >= TRIES_BEFORE_POSTPONED) {
                        // Not busy but broken, and only for these.
                        troubles.raise(Kind.INDEX, waiting(request, fault));
                    }
                    again.add(number, item);
                }
                case WAIT -> {
                    stats.waitedDocuments.increment();
                    waits = true;
                    troubles.raise(Kind.INDEX, waiting(request, fault));
                    again.add(number, item);
                }
                case DOCUMENT -> {
                    Optional<byte[]> better =
                            before.isPresent()
                                    ? Optional.empty()
                                    : DocumentRepair.of(
                                            item.document(), fault.error(), DocumentRepair.ALL);
                    if (better.isPresent()) {
                        repaired.add(number, new BulkBody.Item(item.action(), better.get()));
                    } else {
                        BulkBody.Item original =
                                before.map(all -> all.get(fault.item())).orElse(item);
                        letters.bury(request, number, original, fault.status(), fault.error());
                        done++;
                    }
                }
            }
        }
        noteRepaired(request, faults);
        if (done > 0 || !repaired.isEmpty()) {
            queue.succeeded();
        }
        if (tooBusy) {
            limit.busy(request.sentNanos, nanoClock.getAsLong());
            raiseBusy("it is too busy for some documents");
        }
        if (!repaired.isEmpty()) {
            stats.repairedDocuments.add(repaired.size());
            BulkRequest better = request.repaired(repaired.body(), repaired.numbers());
            deliveries.opened(better);
            queue.add(better);
        }
        if (!again.isEmpty()) {
            BulkRequest rest = request.part(again.body(), again.numbers());
            rest.waits = waits;
            deliveries.opened(rest);
            sendAgain(rest, underWay);
        }
        deliveries.done(request);
        if (!tooBusy && !waits) {
            succeeded(request, underWay, atNanos);
        }
    }

    /**
     * Tells the ledger of changed documents that are there now; of the others more will be said.
     */
    private static void noteRepaired(BulkRequest request, List<BulkAnswer.Fault> faults) {
        if (request.form != Form.REPAIRED) {
            return;
        }
        int next = 0;
        for (int place = 0; place < request.documents; place++) {
            boolean there = true;
            if (next < faults.size() && faults.get(next).item() == place) {
                BulkAnswer.Fault fault = faults.get(next++);
                there = Outcome.of(fault.status(), fault.error()) == Outcome.ALREADY_THERE;
            }
            if (there) {
                request.delivery.outcome.repaired(request.number(place));
            }
        }
    }

    /** Documents on their way to the next request. */
    private static final class Sorted {
        private final List<BulkBody.Item> items = new ArrayList<>();
        private final IntStream.Builder numbers = IntStream.builder();

        void add(int number, BulkBody.Item item) {
            numbers.add(number);
            items.add(item);
        }

        boolean isEmpty() {
            return items.isEmpty();
        }

        int size() {
            return items.size();
        }

        BulkBody body() {
            return new BulkBody(items);
        }

        int[] numbers() {
            return numbers.build().toArray();
        }
    }

    /** Its documents wait: later, or behind all others if others go on meanwhile. */
    private void sendAgain(BulkRequest request, int underWay) {
        queue.noteFailure(request);
        int tries = request.tries + 1;
        boolean nobodyCan =
                tries >= TRIES_BEFORE_OTHERS_TRY && !deliveries.mayTake() && underWay == 0;
        if (nobodyCan || (tries >= TRIES_BEFORE_POSTPONED && queue.othersGoOn(request))) {
            deliveries.postpone(request);
        } else {
            queue.addLater(request);
        }
    }

    // --- requests that failed as a whole ---

    private void takeRefusal(
            BulkRequest request, int status, BulkAnswer.ServerError error, int underWay) {
        boolean elsewhere =
                hosts.answered(request.host, status, request.sentNanos, status + ", " + error);
        if (status == 413) {
            stats.failed(Failure.TOO_LARGE);
            takeTooLarge(request, error);
        } else if (status == 401 || status == 403) {
            stats.failed(Failure.FORBIDDEN);
            troubles.raise(Kind.PERMISSION, ServerErrors.forbidden(status, error));
            queue.pause(request);
        } else if (status == 429 || status >= 500) {
            stats.failed(Failure.BUSY);
            takeBusy(request, "it answers " + status + ", " + error, elsewhere);
        } else if (Outcome.of(status, error) == Outcome.DOCUMENT) {
            // The request is not understood, for one of its documents: look for it.
            stats.failed(Failure.REFUSED);
            if (request.documents > 1) {
                portions.halve(request);
            } else {
                portions.repair(request, status, error);
            }
        } else {
            stats.failed(Failure.REFUSED);
            troubles.raise(Kind.INDEX, refusing(request, status, error));
            deliveries.waits(request);
            sendAgain(request, underWay);
        }
    }

    private void takeTooLarge(BulkRequest request, BulkAnswer.ServerError error) {
        BulkAnswer.ServerError tooLarge =
                error.type().isEmpty()
                        ? new BulkAnswer.ServerError(
                                "content_too_long",
                                "HTTP status 413 for " + request.uncompressedBytes + " bytes")
                        : error;
        portions.refused(request);
        queue.noteFailure(request);
        boolean othersGoOn = queue.othersGoOn(request);
        if (request.documents > 1) {
            if (request.uncompressedBytes <= Portions.SMALL_BYTES && !othersGoOn) {
                // Where nothing gets through, however small, one request alone is halved further.
                queue.pauseAfter(request);
            }
            portions.halve(request);
        } else if (request.originals().uncompressedBytes() > Portions.SMALL_BYTES || othersGoOn) {
            portions.shorten(request, 413, tooLarge);
        } else {
            // Nobody refuses so little for its size.
            troubles.raise(Kind.INDEX, refusing(request, 413, tooLarge));
            queue.pause(request);
        }
    }

    private void takeBusy(BulkRequest request, String how, boolean elsewhere) {
        limit.busy(request.sentNanos, nanoClock.getAsLong());
        if (elsewhere) {
            queue.add(request);
            return;
        }
        raiseBusy(how);
        request.refusals++;
        if (request.refusals >= REFUSALS_BEFORE_SPLIT && request.documents > 1) {
            queue.pauseAfter(request);
            portions.halve(request);
        } else {
            queue.pause(request);
        }
    }

    /**
     * @param elsewhere another host is well
     */
    private void takeBreak(BulkRequest request, String reason, boolean elsewhere) {
        request.breaks++;
        queue.noteFailure(request);
        if (!elsewhere) {
            troubles.raise(
                    Kind.CONNECTION, "a request to Elasticsearch got no usable answer: " + reason);
        }
        if (request.breaks < BREAKS_BEFORE_SPLIT) {
            if (elsewhere) {
                queue.add(request);
            } else {
                queue.pause(request);
            }
            return;
        }
        boolean othersGoOn = queue.othersGoOn(request);
        if (othersGoOn) {
            portions.broken(request);
        } else if (!elsewhere) {
            // Where nothing gets through only the smallest request goes ahead: it alone is halved.
            queue.pauseAfter(request);
        }
        if (request.documents > 1) {
            portions.halve(request);
        } else if (othersGoOn) {
            portions.shorten(request, 0, new BulkAnswer.ServerError("connection_broken", reason));
        } else {
            queue.pause(request);
        }
    }

    // --- what is said ---

    private void raiseBusy(String how) {
        long now = nanoClock.getAsLong();
        if (!busy) {
            busy = true;
            busySinceNanos = now;
        } else if (now - busySinceNanos >= BUSY_IS_TROUBLE_NANOS) {
            troubles.raise(
                    Kind.BUSY,
                    "Elasticsearch takes nothing for a while: " + how + "; documents wait");
        }
    }

    private static String refusing(BulkRequest request, int status, BulkAnswer.ServerError error) {
        return "Elasticsearch refuses bulk requests for "
                + request.delivery.target
                + " with "
                + status
                + ", "
                + error
                + "; they are sent again until that is put right";
    }

    private static String waiting(BulkRequest request, BulkAnswer.Fault fault) {
        return "documents for "
                + request.delivery.target
                + " wait: Elasticsearch answers "
                + fault.status()
                + ", "
                + fault.error()
                + "; they are sent again until that is put right";
    }
}
