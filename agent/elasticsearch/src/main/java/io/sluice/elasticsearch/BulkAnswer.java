package io.sluice.elasticsearch;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a {@code _bulk} answer says of each item, or an error answer of the request. Items that went
 * well are only counted.
 *
 * <p>Format: <a
 * href="https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk">bulk API</a>.
 *
 * @param items how many items the answer has
 * @param created items with status 200 or 201
 * @param failureStored of those, how many went to the data stream's failure store
 * @param faults the other items, in order
 * @param error {@code error} of the request as a whole; with an empty type where there is none
 */
record BulkAnswer(
        int items, int created, int failureStored, List<Fault> faults, ServerError error) {
    private static final JsonFactory JSON = JsonFactory.builder().build();

    /** A reason is cut at this length: it may quote the document. */
    private static final int REASON_CHARACTERS = 1_000;

    /** How the usual answer begins and ends, in which every document was created. */
    private static final byte[] ITEMS = ascii("{\"errors\":false,\"items\":[");

    private static final byte[] END = ascii("]}");
    private static final byte[] CREATED = ascii("{\"create\":{\"status\":201}},");

    /**
     * An item that was not created.
     *
     * @param item its place among the items, from 0
     */
    record Fault(int item, int status, ServerError error) {}

    /** {@code error.type} and {@code error.reason}, the cause's reason behind it. */
    record ServerError(String type, String reason) {
        static final ServerError NONE = new ServerError("", "");

        @Override
        public String toString() {
            return type.isEmpty() ? "no reason given" : type + ": " + reason;
        }
    }

    /** The answer is not what the API promises: cut off, or of somebody in between. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedException(String message) {
            super(message);
        }
    }

    static BulkAnswer parse(byte[] body) throws MalformedException {
        int created = allCreated(body);
        if (created > 0) {
            return new BulkAnswer(created, created, 0, List.of(), ServerError.NONE);
        }
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), body)) {
            return new Reader(parser).answer();
        } catch (JacksonException e) {
            throw new MalformedException("the answer is no JSON: " + e.getOriginalMessage());
        }
    }

    /** What the answer to a refused request says, also where somebody in between wrote it. */
    static ServerError errorOf(byte[] body) {
        try {
            return parse(body).error();
        } catch (MalformedException _) {
            String text = new String(body, 0, Math.min(body.length, 200), StandardCharsets.UTF_8);
            return new ServerError("", text.replaceAll("\\s+", " ").strip());
        }
    }

    /**
     * The usual answer is one item again and again: what is equal to itself moved on by one item,
     * and begins with that item, is that item to its end.
     *
     * @return how many items there are, or 0 if the answer is any other
     */
    private static int allCreated(byte[] body) {
        int from = ITEMS.length;
        int to = body.length - END.length;
        // The last item has no comma behind it.
        int items = (to - from + 1) / CREATED.length;
        boolean usual =
                items > 0
                        && to - from + 1 == items * CREATED.length
                        && startsWith(body, 0, ITEMS, ITEMS.length)
                        && startsWith(body, to, END, END.length)
                        && startsWith(body, from, CREATED, Math.min(to - from, CREATED.length))
                        && repeats(body, from, to);
        return usual ? items : 0;
    }

    private static boolean repeats(byte[] body, int from, int to) {
        int second = Math.min(from + CREATED.length, to);
        return Arrays.equals(body, from, from + to - second, body, second, to);
    }

    private static boolean startsWith(byte[] body, int from, byte[] text, int length) {
        return Arrays.equals(body, from, from + length, text, 0, length);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Walks one answer. */
    private static final class Reader {
        private final JsonParser parser;
        private final List<Fault> faults = new ArrayList<>();
        private int items;
        private int created;
        private int failureStored;
        private ServerError error = ServerError.NONE;

        Reader(JsonParser parser) {
            this.parser = parser;
        }

        BulkAnswer answer() throws MalformedException {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new MalformedException("the answer is no JSON object");
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if ("items".equals(name) && value == JsonToken.START_ARRAY) {
                    items();
                } else if ("error".equals(name)) {
                    error = error();
                } else {
                    parser.skipChildren();
                }
            }
            if (parser.currentToken() != JsonToken.END_OBJECT) {
                throw new MalformedException("the answer is cut off");
            }
            return new BulkAnswer(items, created, failureStored, List.copyOf(faults), error);
        }

        private void items() throws MalformedException {
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                if (parser.nextToken() != JsonToken.PROPERTY_NAME
                        || parser.nextToken() != JsonToken.START_OBJECT) {
                    throw new MalformedException("item " + items + " has no action");
                }
                item();
                if (parser.nextToken() != JsonToken.END_OBJECT) {
                    throw new MalformedException("item " + items + " has two actions");
                }
                items++;
            }
        }

        private void item() throws MalformedException {
            int status = 0;
            boolean stored = false;
            ServerError fault = ServerError.NONE;
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                switch (name) {
                    case "status" -> status = value.isNumeric() ? parser.getIntValue() : 0;
                    case "failure_store" -> stored = "used".equals(parser.getValueAsString());
                    case "error" -> fault = error();
                    default -> parser.skipChildren();
                }
            }
            if (status == 0) {
                throw new MalformedException("item " + items + " has no status");
            }
            if (status == 200 || status == 201) {
                created++;
                failureStored += stored ? 1 : 0;
            } else {
                faults.add(new Fault(items, status, fault));
            }
        }

        /** The error object, or the text that a proxy or an old server puts there. */
        private ServerError error() {
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                String text = parser.currentToken().isScalarValue() ? parser.getString() : "";
                parser.skipChildren();
                return new ServerError("", cut(text));
            }
            String type = "";
            String reason = "";
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if ("type".equals(name) && value.isScalarValue()) {
                    type = parser.getString();
                } else if ("reason".equals(name) && value.isScalarValue()) {
                    reason = reason.isEmpty() ? parser.getString() : parser.getString() + reason;
                } else if ("caused_by".equals(name) && value == JsonToken.START_OBJECT) {
                    ServerError cause = error();
                    reason = cause.reason.isEmpty() ? reason : reason + ": " + cause.reason;
                } else {
                    parser.skipChildren();
                }
            }
            return new ServerError(type, cut(reason));
        }

        private static String cut(String text) {
            return text.length() <= REASON_CHARACTERS
                    ? text
                    : text.substring(0, REASON_CHARACTERS) + "…";
        }
    }
}
