package io.sluice.buffer;

import java.util.List;

/**
 * The ledger at one instant, for one output.
 *
 * @param entries one for each source and each folded line, by key
 * @param total all of them together
 */
public record LedgerSnapshot(List<LedgerEntry> entries, LedgerEntry total) {
    public LedgerSnapshot {
        entries = List.copyOf(entries);
    }
}
