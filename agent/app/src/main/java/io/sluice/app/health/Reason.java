package io.sluice.app.health;

import io.sluice.app.json.JsonObject;

/**
 * Why the agent is not alive or not ready.
 *
 * @param part what is concerned: {@code elasticsearch}, {@code buffer}, …
 * @param reason what is wrong with it, for a person
 */
public record Reason(String part, String reason) {
    public JsonObject json() {
        return new JsonObject().put("part", part).put("reason", reason);
    }
}
