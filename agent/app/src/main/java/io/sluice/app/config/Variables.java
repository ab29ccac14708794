package io.sluice.app.config;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Replaces <code>$&#123;NAME&#125;</code> and <code>$&#123;NAME:-default&#125;</code> in a value.
 * As in a shell, the default also stands in for an empty variable. A second dollar sign before the
 * brace makes it a literal one.
 *
 * @param environment {@link System#getenv()}
 */
record Variables(Map<String, String> environment) {
    private static final Pattern REFERENCE =
            Pattern.compile(
                    "\\$(?<literal>\\$\\{)"
                            + "|\\$\\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<default>[^}]*))?}"
                            + "|(?<malformed>\\$\\{)");

    /** A value with its variables replaced, or why it has none. */
    sealed interface Replaced {
        record Text(String text) implements Replaced {}

        record Unset(String variable) implements Replaced {}

        record Malformed() implements Replaced {}
    }

    Replaced replace(String text) {
        StringBuilder replaced = new StringBuilder();
        Matcher reference = REFERENCE.matcher(text);
        while (reference.find()) {
            if (reference.group("malformed") != null) {
                return new Replaced.Malformed();
            }
            String value;
            if (reference.group("literal") != null) {
                value = "${";
            } else {
                String name = reference.group("name");
                String byDefault = reference.group("default");
                value = environment.get(name);
                if (byDefault != null && (value == null || value.isEmpty())) {
                    value = byDefault;
                }
                if (value == null) {
                    return new Replaced.Unset(name);
                }
            }
            reference.appendReplacement(replaced, Matcher.quoteReplacement(value));
        }
        return new Replaced.Text(reference.appendTail(replaced).toString());
    }
}
