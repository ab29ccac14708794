package io.sluice.elasticsearch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The composable index template of our data stream. Priority 250: Fleet's templates for {@code
 * logs-*-*} have 200, the server's own {@code logs} has 100, and equal ones are refused.
 *
 * <p>Its text is {@code config/elasticsearch/index-template.json}, which the build packs beside
 * this class: what the agent puts is what an operator reads there.
 *
 * <p>What the application wrote ({@code app}) may be anything, so it is mapped to be forgiving: no
 * sub-objects, so that {@code user} and {@code user.name} can both be there; malformed numbers are
 * ignored, not refused; fields beyond the limit are kept in the source alone.
 */
final class IndexTemplate {
    private static final Pattern VERSION_FOUND = Pattern.compile("\"version\"\\s*:\\s*(\\d+)");

    private static final String FILE = "index-template.json";
    private static final String TEXT = text();

    /**
     * What the file says; grows with every change of it. A server's later version is left alone.
     */
    static final long VERSION =
            version(TEXT).orElseThrow(() -> new IllegalStateException(FILE + " has no version"));

    /** What the file is for as it stands. */
    private static final String DEFAULT_DATASET = "kubernetes.container_logs";

    private final String dataset;

    IndexTemplate(String dataset) {
        this.dataset = dataset;
    }

    String name() {
        return "sluice-logs-" + dataset;
    }

    String path() {
        return "/_index_template/" + name();
    }

    /** Asks for the version alone: patterns and mappings may hold anything. */
    String versionPath() {
        return path() + "?filter_path=index_templates.index_template.version";
    }

    /** Whether the answer to {@link #versionPath} names this version or a later one. */
    static boolean isCurrent(Answer.Answered answer) {
        if (answer.status() != 200) {
            return false;
        }
        OptionalLong version = version(new String(answer.body(), StandardCharsets.UTF_8));
        return version.isPresent() && version.getAsLong() >= VERSION;
    }

    private static OptionalLong version(String json) {
        Matcher version = VERSION_FOUND.matcher(json);
        return version.find()
                ? OptionalLong.of(Long.parseLong(version.group(1)))
                : OptionalLong.empty();
    }

    String json() {
        return TEXT.replace("\"" + pattern(DEFAULT_DATASET) + "\"", "\"" + pattern(dataset) + "\"");
    }

    private static String pattern(String dataset) {
        return "logs-" + dataset + "-*";
    }

    private static String text() {
        try (InputStream in = IndexTemplate.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException(
                        FILE + " is not on the class path; build with Maven, which puts it there");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
