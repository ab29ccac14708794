package io.sluice.app;

import io.sluice.buffer.DeadLetter;

import picocli.CommandLine;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Which dead letters a command is about; all of them when nothing is said. */
final class LetterFilter {
    @CommandLine.Option(
            names = "--id",
            paramLabel = "ID",
            description = "letters of these documents; may be repeated")
    private List<String> ids = List.of();

    @CommandLine.Option(
            names = "--namespace",
            paramLabel = "NAME",
            description = "letters of pods in this Kubernetes namespace")
    private Optional<String> namespace = Optional.empty();

    @CommandLine.Option(
            names = "--pod",
            paramLabel = "NAME",
            description = "letters of this pod, or of pods that begin so: cart-*")
    private Optional<String> pod = Optional.empty();

    @CommandLine.Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "letters with this error type, such as document_parsing_exception")
    private Optional<String> type = Optional.empty();

    @CommandLine.Option(
            names = "--reason",
            paramLabel = "TEXT",
            description = "letters with this text in their reason")
    private Optional<String> reason = Optional.empty();

    @CommandLine.Option(
            names = "--since",
            paramLabel = "TIME",
            converter = Age.Ago.class,
            description = "letters given up at or after: 2026-11-24T10:00:00Z, or 2h ago as 2h")
    private Optional<Instant> since = Optional.empty();

    @CommandLine.Option(
            names = "--until",
            paramLabel = "TIME",
            converter = Age.Ago.class,
            description = "letters given up before that time")
    private Optional<Instant> until = Optional.empty();

    /** Whether something was said. */
    boolean isNarrow() {
        return !ids.isEmpty()
                || namespace.isPresent()
                || pod.isPresent()
                || type.isPresent()
                || reason.isPresent()
                || since.isPresent()
                || until.isPresent();
    }

    boolean accepts(DeadLetter letter) {
        Instant time = Instant.ofEpochMilli(letter.epochMillis());
        return (ids.isEmpty() || ids.contains(letter.id()))
                && type.map(letter.errorType()::equals).orElse(true)
                && reason.map(text -> contains(letter.reason(), text)).orElse(true)
                && since.map(from -> !time.isBefore(from)).orElse(true)
                && until.map(time::isBefore).orElse(true)
                && isOf(SourceName.of(letter.source()));
    }

    private boolean isOf(SourceName source) {
        return namespace.map(source.namespace()::equals).orElse(true)
                && pod.map(name -> matches(source.pod(), name)).orElse(true);
    }

    private static boolean contains(String text, String part) {
        return text.toLowerCase(Locale.ROOT).contains(part.toLowerCase(Locale.ROOT));
    }

    private static boolean matches(String name, String wanted) {
        return wanted.endsWith("*")
                ? name.startsWith(wanted.substring(0, wanted.length() - 1))
                : name.equals(wanted);
    }
}
