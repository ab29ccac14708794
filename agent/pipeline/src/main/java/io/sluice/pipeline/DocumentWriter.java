package io.sluice.pipeline;

import io.sluice.tail.Stream;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Makes a document of a record: one JSON object in one line.
 *
 * <p>One object per encoder thread; it keeps nothing from one record to the next and allocates
 * nothing per record.
 */
final class DocumentWriter {
    private static final byte[] TIMESTAMP = ascii("{\"@timestamp\":\"");
    private static final byte[] MESSAGE = ascii("\",\"message\":\"");
    private static final byte[] STDOUT_AND_OFFSET =
            ascii("\",\"stream\":\"stdout\",\"log\":{\"offset\":");
    private static final byte[] STDERR_AND_OFFSET =
            ascii("\",\"stream\":\"stderr\",\"log\":{\"offset\":");
    private static final byte[] FLAGS = ascii(",\"flags\":");
    private static final byte[] EVENT = ascii("},\"event\":{");
    private static final byte[] OBJECT_END = ascii("}");

    DocumentWriter(PipelineConfig config) {
        Objects.requireNonNull(config, "config");
    }

    /**
     * Appends one complete JSON object without newline at its end or inside.
     *
     * @return the record's flags and those that reading its body added; {@code log.flags} has them
     */
    int write(LogRecord record, SourceFields fields, DocumentBuffer out) {
        return writeText(record, fields, out);
    }

    private int writeText(LogRecord record, SourceFields fields, DocumentBuffer out) {
        out.append(TIMESTAMP);
        out.append(record.time, record.timeFrom, record.timeTo);
        out.append(MESSAGE);
        int flags =
                record.flags
                        | JsonText.appendEscaped(record.bytes, record.bodyFrom, record.bodyTo, out);
        out.append(record.stream == Stream.STDOUT ? STDOUT_AND_OFFSET : STDERR_AND_OFFSET);
        out.appendDecimal(record.offset);
        if (flags != 0) {
            out.append(FLAGS);
            out.append(LogRecord.flagArray(flags));
        }
        out.append(fields.log);
        out.append(EVENT);
        out.append(fields.event);
        out.append(OBJECT_END);
        out.append(fields.root);
        out.append(OBJECT_END);
        return flags;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
