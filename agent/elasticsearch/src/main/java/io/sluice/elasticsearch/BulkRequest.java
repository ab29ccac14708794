package io.sluice.elasticsearch;

import io.sluice.elasticsearch.Hosts.Host;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Documents of one excerpt that are sent together: all of them at first, then what is left. */
final class BulkRequest {

    /** What its documents look like. */
    enum Form {
        /** As they were encoded. */
        ENCODED,
        /** Changed, because they could not be taken as they were. Not changed again. */
        REPAIRED
    }

    final Delivery delivery;
    final Form form;
    final ByteBuffer gzip;
    final int documents;
    final int uncompressedBytes;

    /** For each document its number in the excerpt; empty when it is all of it. */
    private final int[] numbers;

    /** How often its documents were answered, with something left to do. */
    int tries;

    /** How often its connection broke. */
    int breaks;

    /** How often the server was too busy for it, in a row. */
    int refusals;

    /** Not before this; nano clock. */
    long dueNanos;

    long sentNanos;

    /** Where it was sent last. */
    Host host;

    /** Its documents wait for something to be put right on the other side. */
    boolean waits;

    /** How many requests had succeeded when this one first failed; -1 before. */
    long successesAtFailure = -1;

    private BulkRequest(
            Delivery delivery,
            Form form,
            ByteBuffer gzip,
            int documents,
            int uncompressedBytes,
            int[] numbers) {
        this.delivery = delivery;
        this.form = form;
        this.gzip = gzip;
        this.documents = documents;
        this.uncompressedBytes = uncompressedBytes;
        this.numbers = numbers;
    }

    /** All of an excerpt, as it is. */
    static BulkRequest whole(Delivery delivery) {
        return new BulkRequest(
                delivery,
                Form.ENCODED,
                delivery.gzip,
                delivery.documents,
                delivery.uncompressedBytes,
                new int[0]);
    }

    /**
     * Some of its documents in another form.
     *
     * @param places for each of {@code items} its number in the excerpt
     */
    BulkRequest repaired(BulkBody items, int[] places) {
        BulkRequest repaired = of(delivery, Form.REPAIRED, items, places);
        repaired.tries = tries + 1;
        repaired.successesAtFailure = successesAtFailure;
        return repaired;
    }

    private static BulkRequest of(Delivery delivery, Form form, BulkBody body, int[] places) {
        return new BulkRequest(
                delivery,
                form,
                body.encode(),
                body.items().size(),
                body.uncompressedBytes(),
                places);
    }

    /** Some of its documents, still what they were, tries and all. */
    BulkRequest part(BulkBody body, int[] places) {
        BulkRequest part = of(delivery, form, body, places);
        part.tries = tries;
        part.waits = waits;
        part.successesAtFailure = successesAtFailure;
        return part;
    }

    /** Number in the excerpt of the document at a place of this request. */
    int number(int place) {
        return numbers.length == 0 ? place : numbers[place];
    }

    /** {@link #number} of the documents at these places. */
    int[] numbers(int from, int to) {
        return numbers.length == 0
                ? IntStream.range(from, to).toArray()
                : Arrays.copyOfRange(numbers, from, to);
    }

    /** As it is sent. */
    BulkBody body() {
        return BulkBody.decode(gzip, uncompressedBytes);
    }

    /** Its documents as they were encoded. */
    BulkBody originals() {
        if (form == Form.ENCODED) {
            return body();
        }
        List<BulkBody.Item> all = delivery.body().items();
        List<BulkBody.Item> mine = new ArrayList<>(documents);
        for (int place = 0; place < documents; place++) {
            mine.add(all.get(number(place)));
        }
        return new BulkBody(mine);
    }

    /** What it holds in memory besides its delivery: nothing, if it is all of it. */
    int ownBytes() {
        return numbers.length == 0 ? 0 : gzip.remaining();
    }
}
