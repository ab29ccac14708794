package io.sluice.buffer;

import io.sluice.pipeline.Batch.Counts;
import io.sluice.tail.Loss;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What was read of one source and what was lost before it could be, from its first excerpt to one
 * of its excerpts. It goes with the position in that excerpt: whoever believes the one believes the
 * other.
 *
 * @param filtered of the read: dropped on purpose
 * @param truncatedRecords of the read: cut
 * @param aheadBytes of the read: behind the older of the two positions, so that a restart will meet
 *     them once more and skip them
 * @param losses unread, one for each cause at most
 */
record ReadTotals(
        Amount read, Amount filtered, long truncatedRecords, long aheadBytes, List<Loss> losses) {
    static final ReadTotals NONE = new ReadTotals(Amount.NONE, Amount.NONE, 0, 0, List.of());

    /** No totals take more bytes. */
    static final int MOST_BYTES =
            6 * Varints.MOST_BYTES + 1 + Loss.Cause.values().length * (1 + Varints.MOST_BYTES);

    private static final int AT_LEAST = 0x80;

    ReadTotals {
        losses = List.copyOf(losses);
    }

    /**
     * With what one more excerpt counts.
     *
     * @param newAheadBytes no sum: as of that excerpt
     */
    ReadTotals plus(Counts counts, long newAheadBytes) {
        return new ReadTotals(
                read.plus(new Amount(counts.readBytes(), counts.readRecords())),
                filtered.plus(new Amount(counts.filteredBytes(), counts.filteredRecords())),
                truncatedRecords + counts.truncatedRecords(),
                newAheadBytes,
                plus(losses, counts.losses()));
    }

    /** Of two sources together. */
    ReadTotals plus(ReadTotals other) {
        return new ReadTotals(
                read.plus(other.read),
                filtered.plus(other.filtered),
                truncatedRecords + other.truncatedRecords,
                aheadBytes + other.aheadBytes,
                plus(losses, other.losses));
    }

    /** The same with other bytes ahead. */
    ReadTotals ahead(long newAheadBytes) {
        return new ReadTotals(read, filtered, truncatedRecords, newAheadBytes, losses);
    }

    /** The same with more read. */
    ReadTotals withRead(Amount more) {
        return new ReadTotals(read.plus(more), filtered, truncatedRecords, aheadBytes, losses);
    }

    static List<Loss> plus(List<Loss> some, List<Loss> more) {
        if (more.isEmpty()) {
            return some;
        }
        List<Loss> sum = new ArrayList<>();
        for (Loss.Cause cause : Loss.Cause.values()) {
            long bytes = 0;
            boolean atLeast = false;
            for (List<Loss> losses : List.of(some, more)) {
                for (Loss loss : losses) {
                    if (loss.cause() == cause) {
                        bytes += loss.bytes();
                        atLeast |= loss.atLeast();
                    }
                }
            }
            if (bytes > 0 || atLeast) {
                sum.add(new Loss(cause, bytes, atLeast));
            }
        }
        return sum;
    }

    /**
     * As files have it: {@link Varints} for the bytes and records read, the bytes and records
     * filtered, the records truncated, the bytes ahead, the number of losses (one byte); then for
     * each loss one byte (the cause's code, and 0x80 for "at least") and its bytes.
     */
    void put(ByteBuffer out) {
        Varints.put(out, read.bytes());
        Varints.put(out, read.records());
        Varints.put(out, filtered.bytes());
        Varints.put(out, filtered.records());
        Varints.put(out, truncatedRecords);
        Varints.put(out, aheadBytes);
        out.put((byte) losses.size());
        for (Loss loss : losses) {
            out.put((byte) (loss.cause().code() | (loss.atLeast() ? AT_LEAST : 0)));
            Varints.put(out, loss.bytes());
        }
    }

    static ReadTotals take(ByteBuffer in) {
        Amount read = takeAmount(in);
        Amount filtered = takeAmount(in);
        long truncatedRecords = Varints.take(in);
        long aheadBytes = Varints.take(in);
        int count = in.get();
        List<Loss> losses = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int code = in.get();
            losses.add(
                    new Loss(
                            Loss.Cause.ofCode(code & ~AT_LEAST & 0xFF),
                            Varints.take(in),
                            (code & AT_LEAST) != 0));
        }
        return new ReadTotals(read, filtered, truncatedRecords, aheadBytes, losses);
    }

    private static Amount takeAmount(ByteBuffer in) {
        long bytes = Varints.take(in);
        return new Amount(bytes, Varints.take(in));
    }
}
