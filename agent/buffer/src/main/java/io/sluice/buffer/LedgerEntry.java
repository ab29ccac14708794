package io.sluice.buffer;

import io.sluice.tail.Loss;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What became of the records and bytes of one source, or of several together, for one output. At
 * every instant
 *
 * <pre>
 * read = delivered + filtered + dead-lettered + dropped + in flight
 * </pre>
 *
 * and, with what the tail says of the source ({@link io.sluice.tail.LogSource#figures}),
 *
 * <pre>
 * written = read + backlog + lost unread            (bytes)
 * backlog = unread + handed over - taken - to be skipped
 * </pre>
 *
 * @param source {@link io.sluice.tail.LogSource#key}; <code>&lt;namespace&gt;/*</code> where
 *     several are folded into one
 * @param read records, and their bytes, that were appended to the buffer or filtered
 * @param filtered of the read: dropped on purpose
 * @param truncatedRecords of the read: cut
 * @param delivered of the read: the output has them
 * @param alreadyThereRecords of the delivered: found there under their own id
 * @param repairedRecords of the delivered: in a changed form
 * @param deadLettered of the read: refused for good, and kept as dead letters or dealt with
 * @param dropped of the read: lost, by cause
 * @param losses lost before they could be read, one for each cause at most
 * @param takenBytes since the agent's start: what the encoder has read or skipped of what it was
 *     handed. What is handed over and not taken is inside the agent
 * @param toSkipBytes what this start will meet once more and skip, because it is read already
 */
public record LedgerEntry(
        String source,
        State state,
        Amount read,
        Amount filtered,
        long truncatedRecords,
        Amount delivered,
        long alreadyThereRecords,
        long repairedRecords,
        Amount deadLettered,
        Map<Drop, Amount> dropped,
        List<Loss> losses,
        long takenBytes,
        long toSkipBytes) {

    /**
     * Whether more is to come.
     *
     * <p>The {@link #code} is part of the file format of {@link AckedFile}: never change one.
     */
    public enum State {
        /** It is followed. */
        LIVE(0),
        /** It has ended: its files are gone, and all that could be read was read. */
        ENDED(1),
        /** Sources that ended long ago, together. */
        FOLDED(2);

        private static final State[] BY_CODE = values();

        private final int code;

        State(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        static State ofCode(int code) {
            if (code < 0 || code >= BY_CODE.length) {
                throw new IllegalArgumentException("no state has the code " + code);
            }
            return BY_CODE[code];
        }
    }

    /**
     * Why a record that was read is lost.
     *
     * <p>The {@link #code} is part of the file format of {@link AckedFile}: never change one.
     */
    public enum Drop {
        /** The buffer was full, and its oldest segment went ({@code whenFull: dropOldest}). */
        BUFFER_DROPPED(0),
        /** Its excerpt could not be read any more. */
        BUFFER_DAMAGED(1),
        /** Its dead letter was too large, or made room for newer ones. */
        DEAD_LETTERS_DROPPED(2);

        private final int code;

        Drop(int code) {
            this.code = code;
        }

        /** From 0, without gaps. */
        int code() {
            return code;
        }
    }

    public LedgerEntry {
        dropped = Map.copyOf(dropped);
        losses = List.copyOf(losses);
    }

    /** Nothing of nobody: where a sum begins. */
    public static LedgerEntry none(String source, State state) {
        return new LedgerEntry(
                source,
                state,
                Amount.NONE,
                Amount.NONE,
                0,
                Amount.NONE,
                0,
                0,
                Amount.NONE,
                Map.of(),
                List.of(),
                0,
                0);
    }

    /** Lost after it was read, for any cause. */
    public Amount allDropped() {
        return dropped.values().stream().reduce(Amount.NONE, Amount::plus);
    }

    /** Read, and not done with yet. */
    public Amount inFlight() {
        return read.minus(filtered).minus(delivered).minus(deadLettered).minus(allDropped());
    }

    /** Lost before it could be read, bytes. */
    public long lostUnreadBytes() {
        return losses.stream().mapToLong(Loss::bytes).sum();
    }

    /** Whether {@link #lostUnreadBytes} may be more. */
    public boolean lostAtLeast() {
        return losses.stream().anyMatch(Loss::atLeast);
    }

    /** Both together, under this one's name. */
    public LedgerEntry plus(LedgerEntry other) {
        Map<Drop, Amount> drops = new EnumMap<>(Drop.class);
        drops.putAll(dropped);
        other.dropped.forEach((cause, amount) -> drops.merge(cause, amount, Amount::plus));
        return new LedgerEntry(
                source,
                state,
                read.plus(other.read),
                filtered.plus(other.filtered),
                truncatedRecords + other.truncatedRecords,
                delivered.plus(other.delivered),
                alreadyThereRecords + other.alreadyThereRecords,
                repairedRecords + other.repairedRecords,
                deadLettered.plus(other.deadLettered),
                drops,
                ReadTotals.plus(losses, other.losses),
                takenBytes + other.takenBytes,
                toSkipBytes + other.toSkipBytes);
    }
}
