package io.sluice.app.ledger;

import io.sluice.app.health.Page;
import io.sluice.app.json.JsonObject;
import io.sluice.buffer.Amount;
import io.sluice.buffer.Ledger;
import io.sluice.buffer.LedgerEntry;
import io.sluice.buffer.LedgerEntry.Drop;
import io.sluice.buffer.LedgerEntry.State;
import io.sluice.tail.Loss;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** The ledger as pages of the admin port: JSON for programs, a table for people. */
public final class LedgerPages {
    /** Where the JSON is. */
    public static final String JSON = "/ledger";

    /** Where the table is. */
    public static final String TABLE = "/ledger.txt";

    private LedgerPages() {}

    /** Both pages, by path. */
    public static Map<String, Page> of(Supplier<Books> books) {
        return Map.of(
                JSON,
                Page.json(() -> json(books.get())),
                TABLE,
                () ->
                        new Page.Answer(
                                200, "text/plain; charset=utf-8", LedgerTable.of(books.get())));
    }

    static JsonObject json(Books books) {
        List<JsonObject> sources = new ArrayList<>();
        for (SourceBooks one : books.sources()) {
            sources.add(figures(named(one.entry()), one));
        }
        return new JsonObject()
                .put("total", figures(new JsonObject(), books.total()))
                .put("sources", sources);
    }

    private static JsonObject named(LedgerEntry entry) {
        JsonObject json =
                new JsonObject()
                        .put("source", entry.source())
                        .put("namespace", Ledger.namespace(entry.source()))
                        .put("state", label(entry.state()));
        if (entry.state() == State.FOLDED) {
            json.put("note", "sources that ended long ago, together");
        }
        return json;
    }

    private static JsonObject figures(JsonObject json, SourceBooks books) {
        LedgerEntry entry = books.entry();
        json.put("writtenBytes", books.writtenBytes());
        amount(json, "read", entry.read());
        json.put("backlogBytes", books.backlogBytes());
        json.put("backlogAtLeast", books.backlogAtLeast());
        json.put("lostUnreadBytes", entry.lostUnreadBytes());
        json.put("lostUnreadAtLeast", entry.lostAtLeast());
        json.put("lostUnread", entry.losses().stream().map(LedgerPages::json).toList());
        amount(json, "delivered", entry.delivered());
        json.put("alreadyThereRecords", entry.alreadyThereRecords());
        json.put("repairedRecords", entry.repairedRecords());
        amount(json, "filtered", entry.filtered());
        amount(json, "deadLettered", entry.deadLettered());
        amount(json, "dropped", entry.allDropped());
        List<JsonObject> drops = new ArrayList<>();
        for (Drop cause : Drop.values()) {
            Amount amount = entry.dropped().getOrDefault(cause, Amount.NONE);
            if (!amount.isNone()) {
                drops.add(
                        new JsonObject()
                                .put("cause", label(cause))
                                .put("bytes", amount.bytes())
                                .put("records", amount.records()));
            }
        }
        json.put("drops", drops);
        amount(json, "inFlight", entry.inFlight());
        json.put("truncatedRecords", entry.truncatedRecords());
        if (Double.isFinite(books.secondsToLoss())) {
            json.put("losesInSeconds", (long) books.secondsToLoss());
        }
        return json;
    }

    private static void amount(JsonObject json, String name, Amount amount) {
        json.put(name + "Bytes", amount.bytes()).put(name + "Records", amount.records());
    }

    private static JsonObject json(Loss loss) {
        return new JsonObject()
                .put("cause", label(loss.cause()))
                .put("bytes", loss.bytes())
                .put("atLeast", loss.atLeast());
    }

    static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
