package io.sluice.benchmarks;

import java.util.List;
import java.util.Map;

/** Writes maps, lists, strings, numbers and booleans as JSON that people can read. */
final class Json {
    private Json() {}

    static String of(Object value) {
        StringBuilder out = new StringBuilder();
        append(out, value, "\n");
        return out.append('\n').toString();
    }

    private static void append(StringBuilder out, Object value, String newline) {
        switch (value) {
            case Map<?, ?> map -> {
                out.append('{');
                String separator = "";
                for (Map.Entry<?, ?> member : map.entrySet()) {
                    out.append(separator).append(newline).append("  ");
                    string(out, member.getKey().toString());
                    out.append(": ");
                    append(out, member.getValue(), newline + "  ");
                    separator = ",";
                }
                out.append(map.isEmpty() ? "" : newline).append('}');
            }
            case List<?> list -> {
                out.append('[');
                String separator = "";
                for (Object element : list) {
                    out.append(separator).append(newline).append("  ");
                    append(out, element, newline + "  ");
                    separator = ",";
                }
                out.append(list.isEmpty() ? "" : newline).append(']');
            }
            case Number number -> out.append(number);
            case Boolean truth -> out.append(truth);
            default -> string(out, value.toString());
        }
    }

    private static void string(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            switch (character) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                default -> {
                    if (character < ' ') {
                        out.append(String.format("\\u%04x", (int) character));
                    } else {
                        out.append(character);
                    }
                }
            }
        }
        out.append('"');
    }
}
