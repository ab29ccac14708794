package io.sluice.buffer;

/**
 * A rejected document, kept with its reason.
 *
 * @param id the document's {@code _id}
 * @param target data stream or index it was for
 * @param action the bulk action line as it was sent, without newline
 * @param document the document as it was first encoded, without newline
 * @param status HTTP status of the item
 * @param errorType {@code error.type} of the item
 * @param reason {@code error.reason} of the item
 * @param attempts how often it was sent
 * @param epochMillis when it was given up
 * @param source {@link io.sluice.tail.LogSource#key} of where the record came from
 * @param rawBytes of the record in its file
 */
public record DeadLetter(
        String id,
        String target,
        String action,
        String document,
        int status,
        String errorType,
        String reason,
        int attempts,
        long epochMillis,
        String source,
        long rawBytes) {}
