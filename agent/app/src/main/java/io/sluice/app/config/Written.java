package io.sluice.app.config;

import io.sluice.app.config.Setting.Bare;
import io.sluice.app.config.Setting.Defaulted;
import io.sluice.app.config.Setting.Entries;
import io.sluice.app.config.Setting.Listed;
import io.sluice.app.config.Setting.Mapped;
import io.sluice.app.config.Variables.Replaced;

import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the operator wrote: each setting's place and value. A value that is wrong is reported and
 * then taken as its default, so that one look finds all mistakes.
 */
final class Written {
    private final Problems problems;
    private final Variables variables;
    private final Set<String> settings = new LinkedHashSet<>();
    private final Set<String> sections = new LinkedHashSet<>();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Set<String> refused = new HashSet<>();

    /** A key and what stands behind it; nothing for {@code null}. */
    private record Entry(int line, Optional<Node> value) {}

    Written(Optional<Node> root, Map<String, String> environment, Problems problems) {
        this.problems = problems;
        this.variables = new Variables(environment);
        for (Setting setting : Settings.ALL) {
            settings.add(setting.name());
            for (String section = parent(setting.name());
                    !section.isEmpty();
                    section = parent(section)) {
                sections.add(section);
            }
        }
        root.filter(node -> !isNull(node)).ifPresent(this::walkRoot);
    }

    private void walkRoot(Node root) {
        if (root instanceof MappingNode mapping) {
            walk(mapping, "");
        } else {
            problems.about(
                    line(root),
                    "holds no settings; write them as \"section:\" and, indented below it,"
                            + " \"key: value\"");
        }
    }

    private void walk(MappingNode mapping, String prefix) {
        for (NodeTuple tuple : mapping.getValue()) {
            int line = line(tuple.getKeyNode());
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                problems.about(
                        line, section(prefix), "has a key that is no text; write key: value");
                continue;
            }
            String name = prefix + key.getValue();
            Node value = tuple.getValueNode();
            if (!settings.contains(name) && !sections.contains(name)) {
                reportUnknown(line, prefix, key.getValue());
                continue;
            }
            Entry first =
                    entries.putIfAbsent(
                            name, new Entry(line, Optional.of(value).filter(v -> !isNull(v))));
            if (first != null) {
                problems.about(
                        line,
                        name,
                        "is there twice, first on line " + first.line() + "; keep one of them");
            }
            if (sections.contains(name) && !isNull(value)) {
                if (value instanceof MappingNode section) {
                    walk(section, name + ".");
                } else {
                    // Its text is not repeated: it may be "apiKey:…" with the blank forgotten.
                    problems.about(
                            line,
                            name,
                            "is a section, but has no \"key: value\" below it; known here: "
                                    + String.join(", ", children(name + ".")));
                }
            }
        }
    }

    private void reportUnknown(int line, String prefix, String key) {
        int colon = key.indexOf(':');
        if (colon >= 0) {
            // What follows may be a secret.
            problems.about(
                    line,
                    prefix + key.substring(0, colon),
                    "has no blank behind its colon; write "
                            + key.substring(0, colon)
                            + ": and then the value");
            return;
        }
        List<String> known = children(prefix);
        Optional<String> meant =
                Spelling.nearest(key, known)
                        .map(name -> prefix + name)
                        .or(
                                () ->
                                        settings.stream()
                                                .filter(
                                                        name ->
                                                                Spelling.plain(last(name))
                                                                        .equals(
                                                                                Spelling.plain(
                                                                                        key)))
                                                .min(Comparator.comparingLong(Written::depth)));
        problems.about(
                line,
                prefix + key,
                "is no setting; "
                        + meant.map(name -> "did you mean " + name + "?")
                                .orElseGet(() -> "known here: " + String.join(", ", known)));
    }

    /** Whether a value is written. */
    boolean has(Setting setting) {
        return value(setting.name()).isPresent();
    }

    /** Whether anything is written in a section. */
    boolean has(String section) {
        return value(section).isPresent();
    }

    /** Whether a list is written that has nothing in it. */
    boolean isEmptyList(Listed<?> setting) {
        return value(setting.name())
                .filter(node -> node instanceof SequenceNode list && list.getValue().isEmpty())
                .isPresent();
    }

    /**
     * Line of a setting; where it is not written that of the section it would be in, or the first.
     */
    int line(String name) {
        for (String at = name; !at.isEmpty(); at = parent(at)) {
            if (entries.containsKey(at)) {
                return entries.get(at).line();
            }
        }
        return 1;
    }

    <T> T value(Defaulted<T> setting) {
        Optional<T> value = Optional.empty();
        if (!refused.contains(setting.name())) {
            value =
                    has(setting)
                            ? parse(
                                    line(setting.name()),
                                    setting.name(),
                                    setting.of(),
                                    value(setting.name()).orElseThrow(),
                                    orDefault(setting))
                            : parse(
                                    line(setting.name()),
                                    setting.name(),
                                    setting.of(),
                                    setting.text(),
                                    "");
        }
        if (value.isEmpty()) {
            refused.add(setting.name());
        }
        return value.orElseGet(() -> byDefault(setting));
    }

    <T> Optional<T> value(Bare<T> setting) {
        return refused.contains(setting.name())
                ? Optional.empty()
                : value(setting.name())
                        .flatMap(
                                node ->
                                        parse(
                                                line(setting.name()),
                                                setting.name(),
                                                setting.of(),
                                                node,
                                                ", or remove it"));
    }

    <T> List<T> value(Listed<T> setting) {
        List<T> values = new ArrayList<>();
        List<Node> elements = elements(setting, "[…, …], or each on a line behind \"- \"");
        for (int i = 0; i < elements.size(); i++) {
            Node element = elements.get(i);
            parse(line(element), setting.name() + "[" + i + "]", setting.of(), element, "")
                    .ifPresent(values::add);
        }
        return values;
    }

    <T> List<T> value(Entries<T> setting) {
        List<T> values = new ArrayList<>();
        List<Node> elements = elements(setting, "\"- " + setting.key() + ": …\" for each");
        for (int i = 0; i < elements.size(); i++) {
            String name = setting.name() + "[" + i + "]";
            if (!(elements.get(i) instanceof MappingNode mapping)) {
                problems.about(
                        line(elements.get(i)),
                        name,
                        "is no section; write " + setting.key() + ": …");
                continue;
            }
            Map<String, Node> keys = keys(mapping, name);
            keys.forEach(
                    (key, value) -> {
                        if (key.equals(setting.key())) {
                            parse(line(value), name + "." + key, setting.of(), value, "")
                                    .ifPresent(values::add);
                        } else {
                            problems.about(
                                    line(value),
                                    name + "." + key,
                                    "is no setting; known here: " + setting.key());
                        }
                    });
            if (!keys.containsKey(setting.key())) {
                problems.about(line(mapping), name, "has no " + setting.key() + "; set it");
            }
        }
        return values;
    }

    Map<String, String> value(Mapped setting) {
        Optional<Node> node =
                value(setting.name()).filter(written -> !refused.contains(setting.name()));
        if (node.isEmpty()) {
            return Map.of();
        }
        if (!(node.get() instanceof MappingNode mapping)) {
            problems.about(
                    line(setting.name()),
                    setting.name(),
                    "is no map; write \"name: text\" below it");
            return Map.of();
        }
        Map<String, String> texts = new LinkedHashMap<>();
        // A header may be a key to something, too.
        Type<String> text = new Type<>("text", value -> "…", value -> new Parsed.Value<>(value));
        keys(mapping, setting.name())
                .forEach(
                        (key, value) ->
                                parse(line(value), setting.name() + "." + key, text, value, "")
                                        .ifPresent(written -> texts.put(key, written)));
        return texts;
    }

    /** The text of a setting before it is parsed, if its variables are all there. */
    Optional<String> text(Defaulted<?> setting) {
        String raw =
                value(setting.name())
                        .map(node -> node instanceof ScalarNode scalar ? scalar.getValue() : "")
                        .orElse(setting.text());
        return variables.replace(raw) instanceof Replaced.Text(String text)
                ? Optional.of(text)
                : Optional.empty();
    }

    /** Reports a value that a room's record does not take; from now on it is the default. */
    void refuse(Setting setting, String remedy) {
        refused.add(setting.name());
        switch (setting) {
            case Defaulted<?> one -> {
                String text = text(one).orElse(one.text());
                problems.wrong(
                        line(one.name()),
                        one.name(),
                        one.of().shown().apply(text),
                        remedy + (has(one) ? orDefault(one) : ""));
            }
            case Bare<?> one ->
                    problems.wrong(
                            line(one.name()),
                            one.name(),
                            value(one.name())
                                    .filter(ScalarNode.class::isInstance)
                                    .map(node -> ((ScalarNode) node).getValue())
                                    .map(variables::replace)
                                    .filter(Replaced.Text.class::isInstance)
                                    .map(text -> ((Replaced.Text) text).text())
                                    .map(one.of().shown())
                                    .orElse(""),
                            remedy);
            case Listed<?> many -> problems.about(line(many.name()), many.name(), remedy);
            case Entries<?> many -> problems.about(line(many.name()), many.name(), remedy);
            case Mapped many -> problems.about(line(many.name()), many.name(), remedy);
        }
    }

    boolean isRefused(Setting setting) {
        return refused.contains(setting.name());
    }

    private <T> Optional<T> parse(
            int line, String name, Type<T> type, Node node, String orDefault) {
        if (node instanceof ScalarNode scalar && !isNull(scalar)) {
            return parse(line, name, type, scalar.getValue(), orDefault);
        }
        String found =
                switch (node) {
                    case SequenceNode list -> "a list";
                    case MappingNode map -> "a section";
                    default -> "empty";
                };
        problems.about(line, name, "is " + found + "; write one value" + orDefault);
        return Optional.empty();
    }

    private <T> Optional<T> parse(
            int line, String name, Type<T> type, String raw, String orDefault) {
        return switch (variables.replace(raw)) {
            case Replaced.Malformed() -> {
                problems.wrong(
                        line,
                        name,
                        type.shown().apply(raw),
                        "write ${NAME} or ${NAME:-default} for a variable of the environment, and"
                                + " $${ for the characters ${");
                yield Optional.empty();
            }
            case Replaced.Unset(String variable) -> {
                problems.wrong(
                        line,
                        name,
                        type.shown().apply(raw),
                        "but the environment has no variable "
                                + variable
                                + "; set it, or write ${"
                                + variable
                                + ":-default}");
                yield Optional.empty();
            }
            case Replaced.Text(String text) ->
                    switch (type.parse().apply(text)) {
                        case Parsed.Value<T>(T value) -> Optional.of(value);
                        case Parsed.Wrong<T>(String remedy) -> {
                            problems.wrong(
                                    line, name, type.shown().apply(text), remedy + orDefault);
                            yield Optional.empty();
                        }
                    };
        };
    }

    /** What stands in for a value that was reported, so that the rest can be looked at, too. */
    private <T> T byDefault(Defaulted<T> setting) {
        String text =
                variables.replace(setting.text()) instanceof Replaced.Text(String replaced)
                        ? replaced
                        : setting.text();
        return switch (setting.of().parse().apply(text)) {
            case Parsed.Value<T>(T value) -> value;
            case Parsed.Wrong<T>(String remedy) ->
                    throw new IllegalStateException(
                            "the default of " + setting.name() + " is wrong: " + remedy);
        };
    }

    private static String orDefault(Defaulted<?> setting) {
        return setting.text().isEmpty()
                ? ", or remove it"
                : ", or remove it for the default " + setting.text();
    }

    private List<Node> elements(Setting setting, String example) {
        Optional<Node> node =
                value(setting.name()).filter(written -> !refused.contains(setting.name()));
        if (node.isEmpty()) {
            return List.of();
        }
        if (node.get() instanceof SequenceNode sequence) {
            return sequence.getValue();
        }
        problems.about(line(setting.name()), setting.name(), "is no list; write " + example);
        return List.of();
    }

    /** A mapping whose keys are not settings. */
    private Map<String, Node> keys(MappingNode mapping, String name) {
        Map<String, Node> keys = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                problems.about(
                        line(tuple.getKeyNode()),
                        name,
                        "has a key that is no text; write key: value");
            } else if (key.getValue().indexOf(':') >= 0) {
                reportUnknown(line(key), name + ".", key.getValue());
            } else if (keys.putIfAbsent(key.getValue(), tuple.getValueNode()) != null) {
                problems.about(
                        line(key), name + "." + key.getValue(), "is there twice; keep one of them");
            }
        }
        return keys;
    }

    private Optional<Node> value(String name) {
        return Optional.ofNullable(entries.get(name)).flatMap(Entry::value);
    }

    private List<String> children(String prefix) {
        Set<String> names = new LinkedHashSet<>(settings);
        names.addAll(sections);
        return names.stream()
                .filter(name -> name.startsWith(prefix))
                .map(name -> name.substring(prefix.length()))
                .filter(name -> !name.contains("."))
                .collect(Collectors.toList());
    }

    private static String section(String prefix) {
        return prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1);
    }

    private static String parent(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(0, dot);
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /** Of two settings of one name, the one that is less deep in sections is rather meant. */
    private static long depth(String name) {
        return name.chars().filter(c -> c == '.').count();
    }

    private static boolean isNull(Node node) {
        return node.getTag().equals(Tag.NULL);
    }

    private static int line(Node node) {
        return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
    }
}
