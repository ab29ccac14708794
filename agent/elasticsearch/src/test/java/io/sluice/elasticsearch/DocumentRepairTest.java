package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.elasticsearch.BulkAnswer.ServerError;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

class DocumentRepairTest {
    private static final ServerError FAULT =
            new ServerError(
                    "document_parsing_exception",
                    "[1:9] failed to parse field [app.n] of type [long]");

    private static String repair(String document, ServerError error, int kept) {
        return new String(
                DocumentRepair.of(document.getBytes(StandardCharsets.UTF_8), error, kept)
                        .orElseThrow(),
                StandardCharsets.UTF_8);
    }

    @Test
    void theBodyMovesAsTextAndTheReasonIsSaid() {
        assertThat(
                        repair(
                                "{\"@timestamp\":\"2026-11-24T10:00:00Z\",\"message\":\"m\","
                                        + "\"log\":{\"offset\":5,\"flags\":[\"partial\"]},"
                                        + "\"kubernetes\":{\"namespace\":\"shop\"},"
                                        + "\"event\":{\"dataset\":\"d\"},\"app\":{\"n\":\"one\"},"
                                        + "\"error\":{\"code\":7}}",
                                FAULT,
                                DocumentRepair.ALL))
                .isEqualTo(
                        "{\"@timestamp\":\"2026-11-24T10:00:00Z\",\"message\":\"m\","
                            + "\"log\":{\"offset\":5,\"flags\":[\"repaired\",\"partial\"]},"
                            + "\"kubernetes\":{\"namespace\":\"shop\"},"
                            + "\"event\":{\"dataset\":\"d\",\"original\":"
                            + "\"{\\\"app\\\":{\\\"n\\\":\\\"one\\\"},\\\"error\\\":{\\\"code\\\":7}}\"},"
                            + "\"error\":{\"type\":\"document_parsing_exception\",\"message\":\"document_parsing_exception:"
                            + " [1:9] failed to parse field [app.n] of type [long]\"}}");
    }

    @Test
    void aMessageThatIsTheFaultMovesToo() {
        String repaired =
                repair(
                        "{\"message\":\"no number\",\"log\":{}}",
                        new ServerError(
                                "document_parsing_exception", "failed to parse field [message]"),
                        DocumentRepair.ALL);
        assertThat(repaired)
                .doesNotContain("\"message\":\"no number\"")
                .contains("\"original\":\"no number\"");
    }

    @Test
    void aDocumentThatIsTooLargeIsCutAndMarkedBesideItsOtherFlags() {
        String repaired =
                repair(
                        "{\"message\":\""
                                + "x".repeat(1_000)
                                + "\",\"log\":{\"flags\":[\"partial\"],\"offset\":5},\"app\":{\"t\":\""
                                + "y".repeat(1_000)
                                + "\"}}",
                        new ServerError("content_too_long", "413"),
                        100);
        assertThat(repaired)
                .contains("\"message\":\"" + "x".repeat(100) + "\"")
                .contains(
                        "\"log\":{\"offset\":5,\"flags\":[\"repaired\",\"truncated\",\"partial\"]}")
                .contains("\"type\":\"content_too_long\"");
        assertThat(repaired.length()).isLessThan(500);
        assertThat(repair("{\"message\":\"m\"}", FAULT, 100))
                .contains("\"flags\":[\"repaired\",\"truncated\"]");
    }

    @Test
    void whatIsRepairedIsMarkedHoweverItWas() {
        assertThat(repair("{\"message\":\"m\"}", FAULT, DocumentRepair.ALL))
                .contains("\"log\":{\"flags\":[\"repaired\"]}");
        assertThat(repair("{\"log\":\"text\",\"message\":\"m\"}", FAULT, DocumentRepair.ALL))
                .contains("\"log\":{\"flags\":[\"repaired\"]}")
                .contains("\"original\":\"{\\\"log\\\":\\\"text\\\"}\"");
        String again = repair("{\"log\":{}}", FAULT, DocumentRepair.ALL);
        assertThat(repair(again, FAULT, DocumentRepair.ALL))
                .contains("\"log\":{\"flags\":[\"repaired\"]}");
    }

    @Test
    void noCharacterIsCutInItsMiddle() {
        String repaired = repair("{\"message\":\"aaa😀\"}", FAULT, 4);
        assertThat(repaired).contains("\"message\":\"aaa\"");
    }

    @Test
    void whatIsNoJsonObjectCannotBeRepaired() {
        for (String broken : new String[] {"", "[1]", "{\"a\":", "nothing", "{\"a\":1"}) {
            Optional<byte[]> repaired =
                    DocumentRepair.of(
                            broken.getBytes(StandardCharsets.UTF_8), FAULT, DocumentRepair.ALL);
            assertThat(repaired).as(broken).isEmpty();
        }
    }
}
