package io.sluice.elasticsearch;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

import java.io.ByteArrayOutputStream;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Makes another document of one that Elasticsearch cannot take: what the application wrote moves,
 * as text, to {@code event.original}, the reason to {@code error.message}, its name to {@code
 * error.type}. What the agent says of the line stays, and so does {@code message} unless it is the
 * fault.
 *
 * <p>The id stays, too: a document is there once, in one form or the other.
 */
final class DocumentRepair {
    private static final JsonFactory JSON =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxStringLength(64 * 1024 * 1024)
                                    .maxNestingDepth(1_000)
                                    .build())
                    .build();

    /** What the agent writes itself, but for {@code log}, {@code event} and {@code error}. */
    private static final Set<String> OURS =
            Set.of(
                    "@timestamp",
                    "stream",
                    "kubernetes",
                    "container",
                    "host",
                    "orchestrator",
                    "data_stream",
                    "ecs");

    /** Texts are kept whole. */
    static final int ALL = Integer.MAX_VALUE;

    private static final int LONGEST_REASON = 500;

    private final int keptCharacters;

    /** What {@code log.flags} says of it. */
    private final List<String> marks;

    private DocumentRepair(int keptCharacters) {
        this.keptCharacters = keptCharacters;
        this.marks = keptCharacters == ALL ? List.of("repaired") : List.of("repaired", "truncated");
    }

    /**
     * Of a document with the fault of {@code error}; empty if it cannot be read at all.
     *
     * @param keptCharacters of each text; {@link #ALL}, or less for a document that is too large
     */
    static Optional<byte[]> of(byte[] document, BulkAnswer.ServerError error, int keptCharacters) {
        return new DocumentRepair(keptCharacters).write(document, error);
    }

    private Optional<byte[]> write(byte[] document, BulkAnswer.ServerError error) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(document.length + 512);
        boolean messageIsTheFault = error.reason().contains("[message]");
        StringWriter body = new StringWriter();
        String message = "";
        boolean bodyHasMembers = false;
        try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), document);
                JsonGenerator repaired = JSON.createGenerator(ObjectWriteContext.empty(), out);
                JsonGenerator original = JSON.createGenerator(ObjectWriteContext.empty(), body)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                return Optional.empty();
            }
            repaired.writeStartObject();
            original.writeStartObject();
            Optional<String> dataset = Optional.empty();
            boolean marked = false;
            while (in.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = in.currentName();
                JsonToken value = in.nextToken();
                if ("log".equals(name) && !marked && value == JsonToken.START_OBJECT) {
                    repaired.writeName(name);
                    mark(in, repaired);
                    marked = true;
                } else if (OURS.contains(name)) {
                    repaired.writeName(name);
                    repaired.copyCurrentStructure(in);
                } else if ("event".equals(name) && value == JsonToken.START_OBJECT) {
                    dataset = dataset(in);
                } else if ("message".equals(name) && value == JsonToken.VALUE_STRING) {
                    message = in.getString();
                    if (!messageIsTheFault) {
                        repaired.writeStringProperty("message", cut(message));
                    }
                } else {
                    original.writeName(name);
                    original.copyCurrentStructure(in);
                    bodyHasMembers = true;
                }
            }
            original.writeEndObject();
            original.flush();
            repaired.writeObjectPropertyStart("event");
            if (dataset.isPresent()) {
                repaired.writeStringProperty("dataset", dataset.get());
            }
            repaired.writeStringProperty(
                    "original", cut(bodyHasMembers ? body.toString() : message));
            repaired.writeEndObject();
            if (!marked) {
                repaired.writeObjectPropertyStart("log");
                repaired.writeArrayPropertyStart("flags");
                marks.forEach(repaired::writeString);
                repaired.writeEndArray();
                repaired.writeEndObject();
            }
            repaired.writeObjectPropertyStart("error");
            if (!error.type().isEmpty()) {
                repaired.writeStringProperty("type", error.type());
            }
            repaired.writeStringProperty("message", shortened(error.toString(), LONGEST_REASON));
            repaired.writeEndObject();
            repaired.writeEndObject();
        } catch (JacksonException e) {
            return Optional.empty();
        }
        return Optional.of(out.toByteArray());
    }

    /** Copies the object {@code log}, with more flags. */
    private void mark(JsonParser in, JsonGenerator repaired) {
        repaired.writeStartObject();
        List<String> flags = new ArrayList<>(marks);
        while (in.nextToken() == JsonToken.PROPERTY_NAME) {
            String member = in.currentName();
            JsonToken value = in.nextToken();
            if ("flags".equals(member) && value == JsonToken.START_ARRAY) {
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    String flag = in.getValueAsString();
                    if (flag != null && !flags.contains(flag)) {
                        flags.add(flag);
                    }
                }
            } else {
                repaired.writeName(member);
                repaired.copyCurrentStructure(in);
            }
        }
        repaired.writeArrayPropertyStart("flags");
        flags.forEach(repaired::writeString);
        repaired.writeEndArray();
        repaired.writeEndObject();
    }

    private static Optional<String> dataset(JsonParser in) {
        Optional<String> dataset = Optional.empty();
        while (in.nextToken() == JsonToken.PROPERTY_NAME) {
            String member = in.currentName();
            JsonToken value = in.nextToken();
            if ("dataset".equals(member) && value == JsonToken.VALUE_STRING) {
                dataset = Optional.of(in.getString());
            } else {
                in.skipChildren();
            }
        }
        return dataset;
    }

    private String cut(String text) {
        return shortened(text, keptCharacters);
    }

    private static String shortened(String text, int characters) {
        if (text.length() <= characters) {
            return text;
        }
        int end =
                Character.isHighSurrogate(text.charAt(characters - 1))
                        ? characters - 1
                        : characters;
        return text.substring(0, end);
    }
}
