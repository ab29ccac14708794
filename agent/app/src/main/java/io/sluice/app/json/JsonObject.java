package io.sluice.app.json;

/**
 * One JSON object on one line, written field by field; RFC 8259. Only valid JSON comes out,
 * whatever text goes in: half a surrogate pair becomes U+FFFD.
 */
public final class JsonObject {
    private static final char[] HEX = "0123456789abcdef".toCharArray();
    private static final char REPLACEMENT = '\uFFFD';

    private final StringBuilder text = new StringBuilder(256).append('{');

    /** Adds a field with text. */
    public JsonObject put(String name, CharSequence value) {
        name(name);
        string(value, text);
        return this;
    }

    /** Adds a field with a whole number. */
    public JsonObject put(String name, long value) {
        name(name);
        text.append(value);
        return this;
    }

    /** Adds a field with true or false. */
    public JsonObject put(String name, boolean value) {
        name(name);
        text.append(value);
        return this;
    }

    /** Adds a field with an object. */
    public JsonObject put(String name, JsonObject value) {
        name(name);
        text.append(value);
        return this;
    }

    /** Adds a field with objects in their order. */
    public JsonObject put(String name, Iterable<JsonObject> values) {
        name(name);
        text.append('[');
        String between = "";
        for (JsonObject value : values) {
            text.append(between).append(value);
            between = ",";
        }
        text.append(']');
        return this;
    }

    private void name(String name) {
        if (text.length() > 1) {
            text.append(',');
        }
        string(name, text);
        text.append(':');
    }

    private static void string(CharSequence value, StringBuilder to) {
        to.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"', '\\' -> to.append('\\').append(c);
                case '\n' -> to.append("\\n");
                case '\r' -> to.append("\\r");
                case '\t' -> to.append("\\t");
                default -> {
                    if (c < ' ') {
                        to.append("\\u00").append(HEX[c >> 4]).append(HEX[c & 0xF]);
                    } else if (!Character.isSurrogate(c)) {
                        to.append(c);
                    } else if (i + 1 < value.length()
                            && Character.isSurrogatePair(c, value.charAt(i + 1))) {
                        i++;
                        to.append(c).append(value.charAt(i));
                    } else {
                        to.append(REPLACEMENT);
                    }
                }
            }
        }
        to.append('"');
    }

    /** The object as JSON. */
    @Override
    public String toString() {
        return text + "}";
    }
}
