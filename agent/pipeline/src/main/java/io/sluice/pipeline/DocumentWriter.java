package io.sluice.pipeline;

import io.sluice.pipeline.PipelineConfig.BodyFormat;
import io.sluice.tail.Stream;

import java.nio.charset.StandardCharsets;

/**
 * Makes a document of a record: one JSON object in one line, in the fields of ECS.
 *
 * <p>A body that is a JSON object is taken apart as {@link JsonBody} says. One that begins as an
 * object but cannot be used as one is kept whole as text, marked {@link LogRecord#UNPARSED}: it is
 * no JSON, is cut, has too many fields or too much depth, or names that Elasticsearch would refuse.
 * Any other body is text, and so is a container's line without a header, which is damaged.
 *
 * <p>Whatever the body is, the document is valid JSON and UTF-8, no object in it has a name twice,
 * and who wrote it when is ours to say.
 *
 * <p>One object per encoder thread; it keeps nothing from one record to the next and allocates
 * nothing per record.
 */
final class DocumentWriter {
    private static final byte[] TIMESTAMP = ascii("{\"@timestamp\":\"");
    private static final byte[] MESSAGE = ascii("\",\"message\":");
    private static final byte[] STDOUT = ascii(",\"stream\":\"stdout\",\"log\":{");
    private static final byte[] STDERR = ascii(",\"stream\":\"stderr\",\"log\":{");
    private static final byte[] LEVEL = ascii("\"level\":\"");
    private static final byte[] OFFSET_BEHIND_LEVEL = ascii("\",\"offset\":");
    private static final byte[] OFFSET = ascii("\"offset\":");
    private static final byte[] FLAGS = ascii(",\"flags\":");
    private static final byte[] EVENT = ascii("},\"event\":{");
    private static final byte[] OBJECT_END = ascii("}");
    private static final byte[] COMMA = ascii(",");

    private final BodyFormat parse;
    private final JsonBody body;

    /** <code>,"app":{</code> */
    private final byte[] target;

    DocumentWriter(PipelineConfig config) {
        parse = config.parse();
        body = new JsonBody(config);
        DocumentBuffer name = new DocumentBuffer(0);
        name.append(COMMA);
        name.appendJsonString(config.target());
        name.append((byte) ':');
        name.append((byte) '{');
        target = name.toByteArray();
    }

    /**
     * Appends one complete JSON object without newline at its end or inside.
     *
     * @return the record's flags and those that reading its body added; {@code log.flags} has them
     */
    int write(LogRecord record, SourceFields fields, DocumentBuffer out) {
        if (!looksLikeObject(record)) {
            return writeText(record, record.flags, fields, out);
        }
        if (body.read(record.bytes, record.bodyFrom, record.bodyTo)) {
            return writeObject(record, fields, out);
        }
        return writeText(record, record.flags | LogRecord.UNPARSED, fields, out);
    }

    private boolean looksLikeObject(LogRecord record) {
        if (parse == BodyFormat.PLAIN || (record.flags & LogRecord.NOT_CRI) != 0) {
            return false;
        }
        int at = record.bodyFrom;
        while (at < record.bodyTo
                && (record.bytes[at] == ' '
                        || record.bytes[at] == '\t'
                        || record.bytes[at] == '\r'
                        || record.bytes[at] == '\n')) {
            at++;
        }
        return at < record.bodyTo && record.bytes[at] == '{';
    }

    private static int writeText(
            LogRecord record, int flagsSoFar, SourceFields fields, DocumentBuffer out) {
        writeTime(record, out);
        out.append(MESSAGE);
        out.append((byte) '"');
        int flags =
                flagsSoFar
                        | JsonText.appendEscaped(record.bytes, record.bodyFrom, record.bodyTo, out);
        out.append((byte) '"');
        out.append(record.stream == Stream.STDOUT ? STDOUT : STDERR);
        out.append(OFFSET);
        writeLog(record, flags, fields, out);
        writeRest(fields, out);
        out.append(OBJECT_END);
        return flags;
    }

    private int writeObject(LogRecord record, SourceFields fields, DocumentBuffer out) {
        int flags = record.flags | body.flags;
        writeTime(record, out);
        if (body.hasMessage()) {
            out.append(MESSAGE);
            body.appendMessage(out);
        } else {
            out.append((byte) '"');
        }
        out.append(record.stream == Stream.STDOUT ? STDOUT : STDERR);
        if (body.level.isKnown()) {
            DocumentBuffer level = body.level.text;
            out.append(LEVEL);
            out.append(level.bytes, 0, level.length);
            out.append(OFFSET_BEHIND_LEVEL);
        } else {
            out.append(OFFSET);
        }
        writeLog(record, flags, fields, out);
        if (body.mergesLog) {
            body.log.append(JsonBody.ROOT, COMMA, out);
        }
        writeRest(fields, out);
        body.members.append(JsonBody.ROOT, COMMA, out);
        if (body.members.append(JsonBody.TARGET, target, out)) {
            out.append(OBJECT_END);
        } else if (body.members.members() == 0) {
            // An empty object is what was said.
            out.append(target);
            out.append(OBJECT_END);
        }
        out.append(OBJECT_END);
        return flags;
    }

    private static void writeTime(LogRecord record, DocumentBuffer out) {
        out.append(TIMESTAMP);
        out.append(record.time, record.timeFrom, record.timeTo);
    }

    /** The number behind {@code "offset":}, and what is in {@code log} besides. */
    private static void writeLog(
            LogRecord record, int flags, SourceFields fields, DocumentBuffer out) {
        out.appendDecimal(record.offset);
        if (flags != 0) {
            out.append(FLAGS);
            out.append(LogRecord.flagArray(flags));
        }
        out.append(fields.log);
    }

    /** Everything behind {@code log} that all documents of a source have. */
    private static void writeRest(SourceFields fields, DocumentBuffer out) {
        out.append(EVENT);
        out.append(fields.event);
        out.append(OBJECT_END);
        out.append(fields.root);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
