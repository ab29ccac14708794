package io.sluice.elasticsearch;

import io.sluice.buffer.DeadLetter;
import io.sluice.buffer.DeadLetters;
import io.sluice.elasticsearch.Troubles.Kind;
import io.sluice.pipeline.DocumentId;

import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Dead letters until they are known to be on the disk: no excerpt is acknowledged before its
 * letters are. What the disk refused is written again. One thread, {@code deliver}.
 */
final class UnforcedLetters {
    /** Letters in memory, in characters; beyond that they are forced at once. */
    private static final long MANY_CHARACTERS = 1 << 20;

    private static final Backoff BACKOFF =
            new Backoff(TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.SECONDS.toNanos(20));

    private final DeadLetters letters;
    private final DeliveryStats stats;
    private final Troubles troubles;
    private final LongSupplier nanoClock;
    private final List<DeadLetter> unforced = new ArrayList<>();
    private long characters;
    private int failures;
    private long againNanos;

    UnforcedLetters(
            DeadLetters letters, DeliveryStats stats, Troubles troubles, LongSupplier nanoClock) {
        this.letters = letters;
        this.stats = stats;
        this.troubles = troubles;
        this.nanoClock = nanoClock;
    }

    /**
     * Gives up a document.
     *
     * @param number its place in the excerpt
     * @param item as it was encoded
     */
    void bury(
            BulkRequest request,
            int number,
            BulkBody.Item item,
            int status,
            BulkAnswer.ServerError error) {
        Delivery delivery = request.delivery;
        int idBytes = idBytes(item);
        DeadLetter letter =
                new DeadLetter(
                        item.id(),
                        delivery.target,
                        new String(item.action(), StandardCharsets.UTF_8),
                        new String(item.document(), StandardCharsets.UTF_8),
                        status,
                        error.type(),
                        error.reason(),
                        request.tries + 1,
                        System.currentTimeMillis(),
                        delivery.runs.source(number),
                        delivery.runs.rawBytes(number, idBytes));
        if (letters.write(letter)) {
            unforced.add(letter);
            characters += letter.document().length();
            delivery.outcome.deadLettered(number, idBytes);
        } else {
            delivery.outcome.letterDropped(number, idBytes);
        }
        stats.deadLetteredDocuments.increment();
    }

    /** What a document's id tells of its size; -1 where the id is not ours. */
    static int idBytes(BulkBody.Item item) {
        return DocumentId.extent(item.id()).orElse(-1);
    }

    /** Whether so many are in memory that there must not be more. */
    boolean areMany() {
        return characters > MANY_CHARACTERS;
    }

    /** Whether all are on the disk now; tries to bring them there, if it is time. */
    boolean areSafe() {
        if (unforced.isEmpty()) {
            return true;
        }
        if (nanosToWait() > 0) {
            return false;
        }
        try {
            if (failures > 0) {
                unforced.forEach(letters::write);
            }
            letters.force();
        } catch (UncheckedIOException e) {
            againNanos = nanoClock.getAsLong() + BACKOFF.nanos(failures++);
            troubles.raise(
                    Kind.DEAD_LETTERS,
                    "rejected documents cannot be kept ("
                            + Reasons.of(e)
                            + "); nothing is acknowledged until the state directory's disk takes"
                            + " them");
            return false;
        }
        failures = 0;
        unforced.clear();
        characters = 0;
        troubles.clear(Kind.DEAD_LETTERS);
        return true;
    }

    /** Until it makes sense to ask {@link #areSafe} again; 0 or less for at once. */
    long nanosToWait() {
        return failures == 0 ? 0 : againNanos - nanoClock.getAsLong();
    }

    /** The disk refuses at the moment. */
    boolean areRefused() {
        return failures > 0;
    }
}
