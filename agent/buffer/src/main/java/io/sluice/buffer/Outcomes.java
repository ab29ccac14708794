package io.sluice.buffer;

import io.sluice.buffer.LedgerEntry.Drop;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/** What became of one source's documents at one output. Guarded by the {@link Ledger}. */
final class Outcomes {
    /** No outcomes take more bytes in a file. */
    static final int MOST_BYTES = (6 + 2 * Drop.values().length) * Varints.MOST_BYTES + 1;

    private static final Drop[] DROPS = Drop.values();

    Amount delivered = Amount.NONE;
    long alreadyThereRecords;
    long repairedRecords;
    Amount deadLettered = Amount.NONE;
    private final Amount[] dropped = new Amount[DROPS.length];

    /**
     * Dead letters that are gone from their store while their excerpt is not acknowledged yet. Not
     * on the disk: those are sent, and written, again after a crash.
     */
    private Amount lettersOwed = Amount.NONE;

    Outcomes() {
        Arrays.fill(dropped, Amount.NONE);
    }

    void drop(Drop cause, Amount amount) {
        dropped[cause.code()] = dropped[cause.code()].plus(amount);
    }

    void deadLetter(Amount amount) {
        deadLettered = deadLettered.plus(amount);
        if (!lettersOwed.isNone()) {
            Amount owed = lettersOwed;
            lettersOwed = Amount.NONE;
            Amount _ = dropLetters(owed, owed);
        }
    }

    /**
     * Dead letters were dropped; those that are not counted as dead letters yet, later.
     *
     * @param mostOwed so many can become dead letters yet
     * @return what is beyond: it is counted somewhere else
     */
    Amount dropLetters(Amount amount, Amount mostOwed) {
        Amount now = least(amount, deadLettered);
        deadLettered = deadLettered.minus(now);
        drop(Drop.DEAD_LETTERS_DROPPED, now);
        Amount left = amount.minus(now);
        Amount owed = least(left, mostOwed.minus(least(mostOwed, lettersOwed)));
        lettersOwed = lettersOwed.plus(owed);
        return left.minus(owed);
    }

    /** Everything that is done. */
    Amount all() {
        Amount all = delivered.plus(deadLettered);
        for (Amount amount : dropped) {
            all = all.plus(amount);
        }
        return all;
    }

    /** Takes back what is counted as done and will be done once more. */
    void takeBack(Amount excess) {
        Amount left = excess;
        Amount taken = least(left, delivered);
        delivered = delivered.minus(taken);
        left = left.minus(taken);
        taken = least(left, deadLettered);
        deadLettered = deadLettered.minus(taken);
        left = left.minus(taken);
        for (int i = 0; i < dropped.length; i++) {
            taken = least(left, dropped[i]);
            dropped[i] = dropped[i].minus(taken);
            left = left.minus(taken);
        }
        alreadyThereRecords = Math.min(alreadyThereRecords, delivered.records());
        repairedRecords = Math.min(repairedRecords, delivered.records());
    }

    private static Amount least(Amount a, Amount b) {
        return new Amount(Math.min(a.bytes(), b.bytes()), Math.min(a.records(), b.records()));
    }

    void plus(Outcomes other) {
        delivered = delivered.plus(other.delivered);
        alreadyThereRecords += other.alreadyThereRecords;
        repairedRecords += other.repairedRecords;
        deadLettered = deadLettered.plus(other.deadLettered);
        for (Drop cause : DROPS) {
            drop(cause, other.dropped[cause.code()]);
        }
        lettersOwed = lettersOwed.plus(other.lettersOwed);
    }

    Map<Drop, Amount> dropped() {
        Map<Drop, Amount> map = new EnumMap<>(Drop.class);
        for (Drop cause : DROPS) {
            if (!dropped[cause.code()].isNone()) {
                map.put(cause, dropped[cause.code()]);
            }
        }
        return map;
    }

    /**
     * As files have it: {@link Varints} for bytes and records delivered, records already there,
     * records repaired, bytes and records dead-lettered; one byte with a bit for each cause of
     * drops, the first the lowest; for each bit that is set, bytes and records.
     */
    void put(ByteBuffer out) {
        put(out, delivered);
        Varints.put(out, alreadyThereRecords);
        Varints.put(out, repairedRecords);
        put(out, deadLettered);
        int causes = 0;
        for (int i = 0; i < dropped.length; i++) {
            causes |= dropped[i].isNone() ? 0 : 1 << i;
        }
        out.put((byte) causes);
        for (Amount amount : dropped) {
            if (!amount.isNone()) {
                put(out, amount);
            }
        }
    }

    private static void put(ByteBuffer out, Amount amount) {
        Varints.put(out, amount.bytes());
        Varints.put(out, amount.records());
    }

    static Outcomes take(ByteBuffer in) {
        Outcomes outcomes = new Outcomes();
        outcomes.delivered = takeAmount(in);
        outcomes.alreadyThereRecords = Varints.take(in);
        outcomes.repairedRecords = Varints.take(in);
        outcomes.deadLettered = takeAmount(in);
        int causes = in.get();
        for (Drop cause : DROPS) {
            if ((causes & 1 << cause.code()) != 0) {
                outcomes.drop(cause, takeAmount(in));
            }
        }
        return outcomes;
    }

    private static Amount takeAmount(ByteBuffer in) {
        long bytes = Varints.take(in);
        return new Amount(bytes, Varints.take(in));
    }
}
