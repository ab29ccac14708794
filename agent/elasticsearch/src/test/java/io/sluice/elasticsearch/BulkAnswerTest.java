package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;

class BulkAnswerTest {
    private static BulkAnswer parse(String json) throws BulkAnswer.MalformedException {
        return BulkAnswer.parse(json.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void itemsThatWentWellAreCountedAndTheOthersAreNamed() throws Exception {
        BulkAnswer answer =
                parse(
                        """
                        {"errors":true,"items":[
                          {"create":{"status":201}},
                          {"create":{"status":201,"failure_store":"used"}},
                          {"create":{"status":400,"error":{"type":"document_parsing_exception",
                            "reason":"[1:9] failed","caused_by":{"type":"x","reason":"no number"}}}},
                          {"create":{"status":409,"error":{"type":"version_conflict_engine_exception"}}}]}
                        """);
        assertThat(answer.items()).isEqualTo(4);
        assertThat(answer.created()).isEqualTo(2);
        assertThat(answer.failureStored()).isEqualTo(1);
        assertThat(answer.faults()).hasSize(2);
        assertThat(answer.faults().getFirst().item()).isEqualTo(2);
        assertThat(answer.faults().getFirst().error().toString())
                .isEqualTo("document_parsing_exception: [1:9] failed: no number");
    }

    @Test
    void anErrorOfTheWholeRequestIsRead() throws Exception {
        assertThat(
                        parse(
                                        "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"},\"status\":401}")
                                .error())
                .isEqualTo(new BulkAnswer.ServerError("security_exception", "no"));
        assertThat(parse("{\"error\":\"plain words\"}").error().reason()).isEqualTo("plain words");
    }

    @Test
    void whatIsCutOffOrNoJsonIsMalformed() {
        String whole = "{\"errors\":false,\"items\":[{\"create\":{\"status\":201}}]}";
        for (int length = 0; length < whole.length(); length++) {
            String cut = whole.substring(0, length);
            assertThatThrownBy(() -> parse(cut)).isInstanceOf(BulkAnswer.MalformedException.class);
        }
        assertThatThrownBy(() -> parse("<html>bad gateway</html>"))
                .isInstanceOf(BulkAnswer.MalformedException.class);
    }

    /** Read without a parser when it is what it usually is, and with one at any other byte. */
    @Test
    void theUsualAnswerIsReadAlikeWithAndWithoutAParser() throws Exception {
        for (int items : new int[] {1, 2, 3, 2_146}) {
            String item = "{\"create\":{\"status\":201}}";
            String usual =
                    "{\"errors\":false,\"items\":["
                            + String.join(",", Collections.nCopies(items, item))
                            + "]}";
            BulkAnswer expected =
                    new BulkAnswer(items, items, 0, List.of(), BulkAnswer.ServerError.NONE);
            assertThat(parse(usual)).isEqualTo(expected);
            assertThat(parse(usual.replace(":{", ": {"))).isEqualTo(expected);

            String lastBusy = usual.substring(0, usual.lastIndexOf("201")) + "429}}]}";
            assertThat(parse(lastBusy).created()).isEqualTo(items - 1);
            assertThat(parse(lastBusy).faults()).hasSize(1);
            String firstBusy = usual.replaceFirst("201", "429");
            assertThat(parse(firstBusy).faults().getFirst().item()).isZero();
            String cut = usual.substring(0, usual.length() - item.length() - 2) + "]";
            assertThatThrownBy(() -> parse(cut)).isInstanceOf(BulkAnswer.MalformedException.class);
        }
        assertThat(parse("{\"errors\":false,\"items\":[]}").items()).isZero();
    }
}
