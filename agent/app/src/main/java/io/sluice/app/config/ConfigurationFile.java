package io.sluice.app.config;

import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.schema.CoreSchema;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Reads {@code agent.yaml}. Every problem is reported at once, each with its line and its remedy;
 * what is loaded can be run with, as far as files and environment can tell.
 */
public final class ConfigurationFile {

    private ConfigurationFile() {}

    /**
     * Reads a file.
     *
     * @param environment {@link System#getenv()}
     * @throws ConfigurationException with all that is wrong
     */
    public static AgentConfig load(Path file, Map<String, String> environment)
            throws ConfigurationException {
        Problems problems = new Problems(file.toString());
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            problems.about(
                    0,
                    "cannot be read ("
                            + Reasons.of(e)
                            + "); name the agent's YAML file, and let the agent's user read it");
            throw new ConfigurationException(problems.all());
        }
        return parse(file.toString(), decode(bytes, problems), environment);
    }

    /**
     * Reads a text.
     *
     * @param name what problems call it
     * @param environment {@link System#getenv()}
     * @throws ConfigurationException with all that is wrong
     */
    public static AgentConfig parse(String name, String yaml, Map<String, String> environment)
            throws ConfigurationException {
        Problems problems = new Problems(name);
        Optional<Node> root = compose(name, yaml, problems);
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems.all());
        }
        Written written = new Written(root, environment, problems);
        AgentConfig config = new ConfigurationReader(written, environment, problems).read();
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems.all());
        }
        return config;
    }

    private static String decode(byte[] bytes, Problems problems) throws ConfigurationException {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length + 1);
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            int line = 1;
            for (int i = 0; i < in.position(); i++) {
                line += bytes[i] == '\n' ? 1 : 0;
            }
            problems.about(line, "is not UTF-8 here; save the file as UTF-8");
            throw new ConfigurationException(problems.all());
        }
        return out.flip().toString();
    }

    private static Optional<Node> compose(String name, String yaml, Problems problems) {
        // The loader reports keys that are there twice itself, with the others.
        LoadSettings settings =
                LoadSettings.builder()
                        .setLabel(name)
                        .setAllowDuplicateKeys(true)
                        .setAllowNonScalarKeys(true)
                        .setSchema(new CoreSchema())
                        .build();
        try {
            String withoutMark = yaml.startsWith("\uFEFF") ? yaml.substring(1) : yaml;
            return new Compose(settings).composeString(withoutMark);
        } catch (MarkedYamlEngineException e) {
            problems.about(line(e), "is not YAML here: " + reason(e));
        } catch (YamlEngineException e) {
            problems.about(
                    1, "is not YAML: it is too long, or has characters that YAML does not allow");
        }
        return Optional.empty();
    }

    /** Of an unfinished key or quotation the begin says more than the end. */
    private static int line(MarkedYamlEngineException e) {
        boolean unfinished =
                e.getContext() != null
                        && (e.getContext().contains("simple key")
                                || e.getContext().contains("quoted scalar"));
        return (unfinished ? e.getContextMark().or(e::getProblemMark) : e.getProblemMark())
                .map(mark -> mark.getLine() + 1)
                .orElse(1);
    }

    /** The parser's reason without what it found: that may be a piece of a secret. */
    private static String reason(MarkedYamlEngineException e) {
        String problem = e.getProblem() == null ? "" : e.getProblem();
        if (problem.contains("undefined alias")) {
            return "an alias without its anchor; quote a value that begins with *";
        }
        if (problem.contains("tag") || String.valueOf(e.getContext()).contains("tag")) {
            return "an unknown tag; quote a value that begins with !";
        }
        if (problem.contains("another document")) {
            return "a second document begins; remove the line ---";
        }
        if (problem.contains("cannot start any token")) {
            return "a character that cannot begin a value; quote the value, and indent with blanks,"
                    + " not tabs";
        }
        String known = problem.replaceFirst("(?s),? ?(but )?(found|got|did not find).*", "");
        return (known.isEmpty() ? "something unexpected" : known)
                + "; mend the indentation or the quotes, here or in the line before";
    }
}
