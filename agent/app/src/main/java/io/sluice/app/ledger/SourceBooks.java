package io.sluice.app.ledger;

import io.sluice.buffer.LedgerEntry;

/**
 * The books of one source, or of several together, at one moment:
 *
 * <pre>
 * written = read + backlog + lost unread            (bytes)
 * </pre>
 *
 * and what {@link LedgerEntry} says of the read.
 *
 * @param entry the buffer's part
 * @param backlogBytes on disk and in the agent, and in no excerpt yet
 * @param backlogAtLeast there is more, of which the size is not known
 * @param secondsToLoss until lines will be lost if it goes on like this; of several, of the first;
 *     infinite where reading keeps up
 */
public record SourceBooks(
        LedgerEntry entry, long backlogBytes, boolean backlogAtLeast, double secondsToLoss) {

    /** All bytes that are known to have been written. */
    public long writtenBytes() {
        return entry.read().bytes() + backlogBytes + entry.lostUnreadBytes();
    }

    /** Both together, under this one's name. */
    public SourceBooks plus(SourceBooks other) {
        return new SourceBooks(
                entry.plus(other.entry),
                backlogBytes + other.backlogBytes,
                backlogAtLeast || other.backlogAtLeast,
                Math.min(secondsToLoss, other.secondsToLoss));
    }
}
