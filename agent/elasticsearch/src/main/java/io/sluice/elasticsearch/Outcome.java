package io.sluice.elasticsearch;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What an item's fault means for its document, by status and {@code error.type}.
 *
 * <p>The rule behind it: only what is the document's own fault by name may ever give it up; blocks,
 * missing privileges and everything unknown wait for a human.
 */
enum Outcome {
    /** It was there already, under an id that only the same bytes can have: delivered. */
    ALREADY_THERE,
    /** The server is busy: these items again, soon. */
    RETRY,
    /** The document itself cannot be taken: repair it, then give it up. */
    DOCUMENT,
    /** Something must be put right on the other side: these items again, loudly, for ever. */
    WAIT;

    private static final Set<String> DOCUMENT_TYPES =
            Set.of(
                    "document_parsing_exception",
                    "mapper_parsing_exception",
                    "strict_dynamic_mapping_exception",
                    "x_content_parse_exception",
                    "json_parse_exception",
                    "json_e_o_f_exception",
                    "max_bytes_length_exceeded_exception",
                    "input_coercion_exception");

    /**
     * {@code illegal_argument_exception} is also what a missing ingest pipeline or a missing write
     * index is called; these beginnings and phrases are about fields and limits.
     */
    private static final List<String> DOCUMENT_PHRASES =
            List.of(
                    "limit of total fields",
                    "limit of nested",
                    "limit of mapping depth",
                    "limit of field name length",
                    "number of nested documents",
                    "immense term",
                    "mapper [",
                    "mapper for [",
                    "can't merge a non",
                    "can't merge an object",
                    "cannot be changed from type",
                    "object mapping",
                    "field name cannot",
                    "field name",
                    "object field starting or ending with",
                    "failed to parse",
                    "document contains",
                    "date_nanos",
                    "can't get text on",
                    "existing mapping for");

    static Outcome of(int status, BulkAnswer.ServerError error) {
        String type = error.type();
        if (status == 409) {
            return "version_conflict_engine_exception".equals(type) ? ALREADY_THERE : WAIT;
        }
        if (DOCUMENT_TYPES.contains(type)) {
            return DOCUMENT;
        }
        if (status == 429 || "es_rejected_execution_exception".equals(type)) {
            // A block for want of disk comes as 429, too, and does not go by itself.
            return "cluster_block_exception".equals(type) ? WAIT : RETRY;
        }
        if ("illegal_argument_exception".equals(type) && status == 400) {
            String reason = error.reason().toLowerCase(Locale.ROOT);
            return DOCUMENT_PHRASES.stream().anyMatch(reason::contains) ? DOCUMENT : WAIT;
        }
        if (status >= 500 && !"cluster_block_exception".equals(type)) {
            return RETRY;
        }
        return WAIT;
    }
}
