package io.sluice.app;

import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** JSON as maps, lists, strings and numbers. */
public final class Json {
    private Json() {}

    /** JSON is YAML; a key that is there twice is an error. */
    static Object parse(String text) {
        return new Load(LoadSettings.builder().setAllowDuplicateKeys(false).build())
                .loadFromString(text);
    }

    /** What {@link #parse} reads, written again. */
    static String text(Object value) {
        return switch (value) {
            case Map<?, ?> map ->
                    map.entrySet().stream()
                            .map(entry -> text(entry.getKey()) + ":" + text(entry.getValue()))
                            .collect(Collectors.joining(",", "{", "}"));
            case List<?> list ->
                    list.stream().map(Json::text).collect(Collectors.joining(",", "[", "]"));
            case String string ->
                    '"'
                            + string.replace("\\", "\\\\")
                                    .replace("\"", "\\\"")
                                    .replace("\n", "\\n")
                            + '"';
            case null -> "null";
            default -> value.toString();
        };
    }

    /**
     * A value inside.
     *
     * @param path keys, and positions in lists
     * @return null if it is not there
     */
    public static Object at(Object root, Object... path) {
        Object at = root;
        for (Object step : path) {
            at =
                    switch (at) {
                        case Map<?, ?> map -> map.get(step);
                        case List<?> list when step instanceof Integer i && i < list.size() ->
                                list.get(i);
                        case null, default -> null;
                    };
        }
        return at;
    }

    /** A list inside; empty if it is not there. */
    static List<?> list(Object root, Object... path) {
        return at(root, path) instanceof List<?> list ? list : List.of();
    }

    /** A text inside; empty if it is not there. */
    static String string(Object root, Object... path) {
        return at(root, path) instanceof String string ? string : "";
    }
}
