package io.sluice.elasticsearch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A password, key or token: never in a log, never in a message. */
public sealed interface Secret {

    /** Written in the configuration, or in a variable it names. */
    record Given(String value) implements Secret {
        public Given {
            usable(value, "the secret");
        }

        /** Without the value, so that no log can show it. */
        @Override
        public String toString() {
            return "Given[value=…]";
        }
    }

    /** Alone in a file, as a mounted Kubernetes secret is; read again when the file changes. */
    record InFile(Path path) implements Secret {}

    /**
     * The secret as it is now, without the blanks around it.
     *
     * @throws IOException if its file cannot be read or holds none; the message says what to do
     */
    default String read() throws IOException {
        return switch (this) {
            case Given(String value) -> value.strip();
            case InFile(Path path) -> {
                String text;
                try {
                    text = Files.readString(path).strip();
                } catch (IOException e) {
                    throw new IOException(
                            "the secret's file "
                                    + path
                                    + " cannot be read; mount it, or name another",
                            e);
                }
                try {
                    yield usable(text, "the secret's file " + path);
                } catch (IllegalArgumentException e) {
                    throw new IOException(e.getMessage(), e);
                }
            }
        };
    }

    private static String usable(String text, String name) {
        if (text.isBlank()) {
            throw new IllegalArgumentException(name + " is empty; put the secret alone into it");
        }
        if (text.strip().chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    name
                            + " has a line break or control character inside; put the secret alone"
                            + " into it");
        }
        return text;
    }
}
