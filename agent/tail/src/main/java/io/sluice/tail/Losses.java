package io.sluice.tail;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What of a source is lost and in no chunk yet; by cause, so that it stays small. */
final class Losses {
    private final TailStats stats;
    private long allBytes;
    private final Map<Loss.Cause, Loss> pending = new EnumMap<>(Loss.Cause.class);

    Losses(TailStats stats) {
        this.stats = stats;
    }

    /**
     * The next chunk carries it.
     *
     * @param atLeast the size is not known, or not all of it
     */
    void add(Loss.Cause cause, long bytes, boolean atLeast) {
        pending.merge(
                cause,
                new Loss(cause, bytes, atLeast),
                (a, b) -> new Loss(cause, a.bytes() + b.bytes(), a.atLeast() || b.atLeast()));
        allBytes += bytes;
        stats.lost(cause, bytes, atLeast);
    }

    /** Known bytes of all losses so far, in a chunk or not. */
    long allBytes() {
        return allBytes;
    }

    /** Known bytes that are in no chunk yet: until then they count as not read. */
    long bytes() {
        long sum = 0;
        for (Loss loss : pending.values()) {
            sum += loss.bytes();
        }
        return sum;
    }

    /** There may be more than {@link #bytes}. */
    boolean isAtLeast() {
        for (Loss loss : pending.values()) {
            if (loss.atLeast()) {
                return true;
            }
        }
        return false;
    }

    /** For the chunk at which the source's position passes over them; empty, nearly always. */
    List<Loss> take() {
        if (pending.isEmpty()) {
            return List.of();
        }
        List<Loss> taken = List.copyOf(pending.values());
        pending.clear();
        return taken;
    }
}
