package io.sluice.buffer;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the lines that {@link DeadLetterLine} writes, also when {@code jq} has written them anew:
 * one flat JSON object (RFC 8259) of strings and numbers, members in any order, others passed over.
 */
final class DeadLetterParser {
    private final String text;
    private int at;

    private DeadLetterParser(String text) {
        this.text = text;
    }

    /**
     * @param line without newline, from its begin
     * @return empty when it is no letter
     */
    static Optional<DeadLetter> parse(byte[] line, int length) {
        try {
            return Optional.of(
                    new DeadLetterParser(new String(line, 0, length, StandardCharsets.UTF_8))
                            .letter());
        } catch (IllegalArgumentException | DateTimeParseException _) {
            return Optional.empty();
        }
    }

    private DeadLetter letter() {
        Map<String, String> members = object();
        return new DeadLetter(
                member(members, "id"),
                member(members, "target"),
                member(members, "action"),
                member(members, "document"),
                Integer.parseInt(member(members, "status")),
                member(members, "errorType"),
                member(members, "reason"),
                Integer.parseInt(member(members, "attempts")),
                Instant.parse(member(members, "time")).toEpochMilli(),
                members.getOrDefault("source", ""),
                Long.parseLong(members.getOrDefault("rawBytes", "0")));
    }

    private static String member(Map<String, String> members, String name) {
        return Optional.ofNullable(members.get(name))
                .orElseThrow(() -> new IllegalArgumentException("a letter lacks " + name));
    }

    private Map<String, String> object() {
        Map<String, String> members = new HashMap<>();
        expect('{');
        if (peek() != '}') {
            do {
                String name = string();
                expect(':');
                members.put(name, peek() == '"' ? string() : scalar());
            } while (passed(','));
        }
        expect('}');
        if (peek() != END) {
            throw new IllegalArgumentException("something follows the object");
        }
        return members;
    }

    private static final char END = '\uFFFF';

    /** The next character that is no white space. */
    private char peek() {
        while (at < text.length() && " \t\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return at < text.length() ? text.charAt(at) : END;
    }

    private boolean passed(char wanted) {
        boolean there = peek() == wanted;
        if (there) {
            at++;
        }
        return there;
    }

    private void expect(char wanted) {
        if (!passed(wanted)) {
            throw new IllegalArgumentException(wanted + " expected at " + at);
        }
    }

    /** A number or a word; objects and arrays are no part of a letter. */
    private String scalar() {
        int from = at;
        while (at < text.length() && ",} \t\r".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(from, at);
    }

    private String string() {
        expect('"');
        StringBuilder value = new StringBuilder();
        int plain = at;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '"') {
                value.append(text, plain, at++);
                return value.toString();
            }
            if (c == '\\') {
                value.append(text, plain, at++);
                value.append(escaped());
                plain = at;
            } else {
                at++;
            }
        }
        throw new IllegalArgumentException("a string has no end");
    }

    private char escaped() {
        if (at >= text.length()) {
            throw new IllegalArgumentException("an escape has no end");
        }
        char c = text.charAt(at++);
        return switch (c) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'b' -> '\b';
            case 'f' -> '\f';
            case '"', '\\', '/' -> c;
            case 'u' -> {
                at += 4;
                if (at > text.length()) {
                    throw new IllegalArgumentException("an escape has no end");
                }
                yield (char) Integer.parseInt(text, at - 4, at, 16);
            }
            default -> throw new IllegalArgumentException("no escape: " + c);
        };
    }
}
