package io.sluice.app.health;

import io.sluice.app.json.JsonObject;

import java.util.List;
import java.util.function.Supplier;

/** What stands under one path. Asked by the server's threads, two at a time at most. */
@FunctionalInterface
public interface Page {

    /** The page as it is now. */
    Answer answer();

    /**
     * @param status an HTTP status that has a body
     */
    record Answer(int status, String contentType, String body) {}

    /** A page of one JSON object. */
    static Page json(Supplier<JsonObject> object) {
        return () -> new Answer(200, "application/json", object.get() + "\n");
    }

    /**
     * 200 while there is no reason against it, else 503: {@code
     * {"ready":false,"reasons":[{"part":"elasticsearch","reason":"…"}]}}.
     *
     * @param state what is true while there is no reason: {@code ready}
     */
    static Page check(String state, Supplier<List<Reason>> reasons) {
        return () -> {
            List<Reason> now = reasons.get();
            JsonObject body =
                    new JsonObject()
                            .put(state, now.isEmpty())
                            .put("reasons", now.stream().map(Reason::json).toList());
            return new Answer(now.isEmpty() ? 200 : 503, "application/json", body + "\n");
        };
    }

    /** Metrics in the text format 0.0.4 of Prometheus. */
    static Page metrics(Supplier<String> scrape) {
        return () -> new Answer(200, "text/plain; version=0.0.4; charset=utf-8", scrape.get());
    }
}
