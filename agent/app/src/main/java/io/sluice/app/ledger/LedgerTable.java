package io.sluice.app.ledger;

import io.sluice.buffer.Amount;
import io.sluice.buffer.LedgerEntry;
import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.tail.Loss;

import java.util.Formatter;
import java.util.Locale;

/** The ledger as text: both equations in figures, then a line for each source. */
final class LedgerTable {
    private static final String SUM = "%-26s %,20d %,16d%n";
    private static final String BYTES = "%-26s %,20d%s%n";
    private static final String ROW = "%-60s %8s %9s %9s %9s %9s %9s %9s %9s %9s  %s%n";
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

    private LedgerTable() {}

    static String of(Books books) {
        Formatter text = new Formatter(new StringBuilder(4096), Locale.ROOT);
        sums(text, books.total());
        text.format(
                "%n" + ROW,
                "SOURCE",
                "STATE",
                "WRITTEN",
                "READ",
                "BACKLOG",
                "LOST",
                "DELIVERED",
                "FILTERED",
                "DEAD",
                "DROPPED",
                "IN FLIGHT");
        for (SourceBooks one : books.sources()) {
            row(text, one);
        }
        return text.toString();
    }

    private static void sums(Formatter text, SourceBooks total) {
        LedgerEntry entry = total.entry();
        text.format("%-26s %20s %16s%n", "", "BYTES", "RECORDS");
        text.format(BYTES, "written", total.writtenBytes(), "");
        text.format(SUM, "  read", entry.read().bytes(), entry.read().records());
        sum(text, "    delivered", entry.delivered());
        records(text, "      already there", entry.alreadyThereRecords());
        records(text, "      repaired", entry.repairedRecords());
        sum(text, "    filtered", entry.filtered());
        sum(text, "    dead-lettered", entry.deadLettered());
        sum(text, "    dropped", entry.allDropped());
        for (Drop cause : Drop.values()) {
            Amount amount = entry.dropped().getOrDefault(cause, Amount.NONE);
            if (!amount.isNone()) {
                sum(text, "      " + words(cause), amount);
            }
        }
        sum(text, "    in flight", entry.inFlight());
        text.format(BYTES, "  backlog", total.backlogBytes(), more(total.backlogAtLeast()));
        text.format(BYTES, "  lost unread", entry.lostUnreadBytes(), more(entry.lostAtLeast()));
        for (Loss loss : entry.losses()) {
            text.format(BYTES, "    " + words(loss.cause()), loss.bytes(), more(loss.atLeast()));
        }
    }

    private static void sum(Formatter text, String name, Amount amount) {
        text.format(SUM, name, amount.bytes(), amount.records());
    }

    private static void records(Formatter text, String name, long records) {
        text.format("%-26s %20s %,16d%n", name, "", records);
    }

    private static String more(boolean atLeast) {
        return atLeast ? ", at least" : "";
    }

    private static void row(Formatter text, SourceBooks one) {
        LedgerEntry entry = one.entry();
        String loss =
                Double.isFinite(one.secondsToLoss())
                        ? "loses data in " + duration((long) one.secondsToLoss())
                        : "";
        text.format(
                ROW,
                entry.source(),
                LedgerPages.label(entry.state()),
                size(one.writtenBytes()),
                size(entry.read().bytes()),
                size(one.backlogBytes()) + (one.backlogAtLeast() ? "+" : ""),
                size(entry.lostUnreadBytes()) + (entry.lostAtLeast() ? "+" : ""),
                size(entry.delivered().bytes()),
                size(entry.filtered().bytes()),
                size(entry.deadLettered().bytes()),
                size(entry.allDropped().bytes()),
                size(entry.inFlight().bytes()) + (loss.isEmpty() ? "" : "  " + loss));
    }

    private static String words(Enum<?> value) {
        return LedgerPages.label(value).replace('_', ' ');
    }

    /** As people say it: {@code 4 m 10 s}. */
    static String duration(long seconds) {
        long minutes = seconds / 60;
        long hours = minutes / 60;
        if (hours >= 48) {
            return hours / 24 + " d " + hours % 24 + " h";
        }
        if (hours > 0) {
            return hours + " h " + minutes % 60 + " m";
        }
        return minutes > 0 ? minutes + " m " + seconds % 60 + " s" : seconds + " s";
    }

    /** In the unit that leaves at most four digits. */
    static String size(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1_024 && unit < UNITS.length - 1) {
            value /= 1_024;
            unit++;
        }
        return unit == 0 || value >= 100
                ? String.format(Locale.ROOT, "%.0f%s", value, UNITS[unit])
                : String.format(Locale.ROOT, "%.1f%s", value, UNITS[unit]);
    }
}
