package io.sluice.app.json;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

class JsonObjectTest {

    @Test
    void fieldsStandInTheirOrder() {
        JsonObject inner = new JsonObject().put("n", 7).put("yes", true);

        assertThat(
                        new JsonObject()
                                .put("a", "x")
                                .put("one", inner)
                                .put("list", List.of(inner, inner)))
                .hasToString(
                        "{\"a\":\"x\",\"one\":{\"n\":7,\"yes\":true},\"list\":[{\"n\":7,\"yes\":true},{\"n\":7,\"yes\":true}]}");
    }

    @Test
    void whatJsonForbidsIsEscaped() {
        assertThat(new JsonObject().put("a\"", "\"\\ \n\r\t\u0000\u001f\u007f/é€"))
                .hasToString("{\"a\\\"\":\"\\\"\\\\ \\n\\r\\t\\u0000\\u001f\u007f/é€\"}");
    }

    @Test
    void pairsOfSurrogatesStayAndHalvesAreReplaced() {
        assertThat(new JsonObject().put("a", "😀 \uD83D x \uDE00 \uD83D"))
                .hasToString("{\"a\":\"😀 \uFFFD x \uFFFD \uFFFD\"}");
    }
}
