package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutcomeTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "409 | version_conflict_engine_exception | [x]: version conflict | ALREADY_THERE",
                "409 | some_other_conflict | why | WAIT",
                "429 | es_rejected_execution_exception | rejected | RETRY",
                "429 | circuit_breaking_exception | Data too large | RETRY",
                "429 | cluster_block_exception | disk usage exceeded flood-stage | WAIT",
                "503 | unavailable_shards_exception | primary shard is not active | RETRY",
                "500 | unknown_exception | boom | RETRY",
                "400 | document_parsing_exception | failed to parse | DOCUMENT",
                "400 | mapper_parsing_exception | failed to parse | DOCUMENT",
                "400 | strict_dynamic_mapping_exception | dynamic | DOCUMENT",
                "400 | illegal_argument_exception | Limit of total fields [1000] has been exceeded"
                        + " | DOCUMENT",
                "400 | illegal_argument_exception | Document contains at least one immense term |"
                        + " DOCUMENT",
                "400 | illegal_argument_exception | mapper [a] cannot be changed from type [long]"
                        + " to [text] | DOCUMENT",
                "400 | illegal_argument_exception | pipeline with id [p] does not exist | WAIT",
                "400 | illegal_argument_exception | no write index is defined for alias [a] | WAIT",
                "400 | index_closed_exception | closed | WAIT",
                "403 | cluster_block_exception | index [x] blocked by: [FORBIDDEN/8/index write] |"
                        + " WAIT",
                "403 | security_exception | action is unauthorized | WAIT",
                "404 | index_not_found_exception | no such index | WAIT",
                "400 | brand_new_exception | who knows | WAIT"
            })
    void eachFaultMeansOneThing(int status, String type, String reason, Outcome expected) {
        assertThat(Outcome.of(status, new BulkAnswer.ServerError(type, reason)))
                .isEqualTo(expected);
    }
}
