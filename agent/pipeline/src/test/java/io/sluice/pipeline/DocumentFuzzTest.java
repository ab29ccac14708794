package io.sluice.pipeline;

import static io.sluice.pipeline.FedEncoder.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.tail.Generation;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * Any body makes a document that Elasticsearch can read and that says the truth about its origin.
 *
 * <p>A failure names its seed: give it to {@link #anyBodyMakesAnHonestDocument} to see it again.
 */
class DocumentFuzzTest {
    private static final int BODIES = 10_000;
    private static final String TIME = "2026-11-23T10:34:26.9Z";

    private static final JsonFactory STRICT =
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private static final JsonFactory LENIENT = new JsonFactory();

    private static final List<String> NAMES =
            List.of(
                    "a",
                    "b",
                    "a.b",
                    "\\u0061",
                    "message",
                    "msg",
                    "log",
                    "level",
                    "severity",
                    "lvl",
                    "log.level",
                    "log\\u002elevel",
                    "loglevel",
                    "levelname",
                    "@timestamp",
                    "@timestamp",
                    "@timestamp",
                    "\\u0040timestamp",
                    "kubernetes",
                    "kubernetes.pod",
                    "kubernetes.namespace",
                    "kubern\\u0065tes.namespace",
                    "container.id",
                    "host",
                    "host.name",
                    "orchestrator.cluster.name",
                    "data_stream",
                    "data_stream.type",
                    "ecs.version",
                    "event",
                    "event.dataset",
                    "log.offset",
                    "log.file.path",
                    "log.flags",
                    "offset",
                    "file",
                    "flags",
                    "file.path",
                    "stream",
                    "_id",
                    "app",
                    "app.a",
                    "logger",
                    "<ff>",
                    "<fe>",
                    "\\ud800",
                    "\\udfff",
                    "ü",
                    "time");

    /** Rare, as each of them alone makes text of a whole body. */
    private static final List<String> REFUSED =
            List.of("", ".", "..", "a.", ".a", "a..b", " ", "a. .b", "\\u0000", "\\t", "\\u002e");

    private static final List<String> LEAVES =
            List.of(
                    "1",
                    "-0.5e3",
                    "30",
                    "60",
                    "true",
                    "null",
                    "\"\"",
                    "\"INFO\"",
                    "\"warning\"",
                    "\"a \\\" b\"",
                    "\"\\u0000\"",
                    "\"\\ud83d\\ude00\"",
                    "\"\\ud83d\"",
                    "\"ünï<ff>\"",
                    "\"<c3>\"",
                    "\"FORGED\"",
                    "[]",
                    "{}",
                    "99999999999999999999");

    /** What mutations put somewhere. */
    private static final List<String> PIECES =
            List.of(
                    "\"",
                    "\\",
                    "{",
                    "}",
                    "[",
                    "]",
                    ",",
                    ":",
                    "\n",
                    "\r",
                    " ",
                    "\0",
                    "\u0001",
                    "<ff>",
                    "<c3>",
                    "<ed><a0><80>",
                    "\\u",
                    "\\ud83d",
                    "\\u0000",
                    "\"kubernetes\":",
                    "\"\":",
                    "\"@timestamp\":\"1\",",
                    "\"log.level\":\"info\",",
                    "\"log\":{\"offset\":7},",
                    "0",
                    "e",
                    "-",
                    ".",
                    "null",
                    "tru");

    private final PipelineConfig config = config();
    private final DocumentWriter writer = new DocumentWriter(config);
    private final JsonWalker walker = new JsonWalker(config.maxFields());
    private final SourceFields fields =
            SourceFields.encode(
                    config,
                    Optional.of(FedEncoder.CONTAINER),
                    new Generation(1, 0, "c0ffee", "/logs/0.log", Start.FIRST, 0, 0),
                    OptionalInt.of(0),
                    Optional.empty());
    private final DocumentBuffer out = new DocumentBuffer(0);
    private final LogRecord record = new LogRecord();

    /** What every document has, and no body can change. */
    private final Map<String, String> truth = new TreeMap<>();

    private int objects;
    private int atRoot;

    @Test
    void anotherSeedEachTime() {
        anyBodyMakesAnHonestDocument(System.nanoTime());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void anyBodyMakesAnHonestDocument(long seed) {
        record.time = TIME.getBytes(StandardCharsets.US_ASCII);
        record.timeTo = record.time.length;
        record.stream = Stream.STDERR;
        record.offset = 4_711;
        write("text".getBytes(StandardCharsets.UTF_8));
        truth.putAll(leaves());
        truth.remove("/message");
        assertThat(truth).containsEntry("/@timestamp", TIME).containsEntry("/log/offset", "4711");

        Random random = new Random(seed);
        for (int i = 0; i < BODIES; i++) {
            byte[] body = bytes(object(random, 0));
            int mutations = Math.max(0, random.nextInt(6) - 2);
            for (int m = 0; m < mutations; m++) {
                body = mutated(body, random);
            }
            try {
                check(body);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(
                        "seed %d, body %d: %s"
                                .formatted(seed, i, new String(body, StandardCharsets.UTF_8)),
                        e);
            }
        }

        // Otherwise it has tried only one side.
        assertThat(objects).isBetween(BODIES / 4, BODIES * 9 / 10);
        assertThat(atRoot).isGreaterThan(BODIES / 100);
    }

    private void check(byte[] body) throws CharacterCodingException {
        int flags = write(body);

        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(out.bytes, 0, out.length));
        String document = new String(out.bytes, 0, out.length, StandardCharsets.UTF_8);
        assertThat(document.chars().noneMatch(c -> c == '\n' || c == '\r')).isTrue();
        Map<String, String> leaves = leaves();
        boolean isText = (flags & LogRecord.UNPARSED) != 0;
        leaves.forEach(
                (path, value) -> {
                    if (truth.containsKey(path)) {
                        assertThat(value).as(path).isEqualTo(truth.get(path));
                    } else if (!path.startsWith("/app/")) {
                        assertThat(path).as(path).satisfies(DocumentFuzzTest::isNotOurs);
                    }
                });
        assertThat(leaves.keySet()).containsAll(truth.keySet());
        if (isText) {
            assertThat(JsonWalkerTest.decoded(leaves.get("/message")))
                    .isEqualTo(JsonWalkerTest.decoded(body));
        } else if (leaves.containsKey("/app") || leaves.size() > truth.size() + 1) {
            objects++;
        }
        if (leaves.containsKey("/a") || leaves.containsKey("/b")) {
            atRoot++;
        }
        String text = new String(body, StandardCharsets.UTF_8);
        byte[] asText = text.getBytes(StandardCharsets.UTF_8);
        boolean walked = walker.walk(asText, 0, asText.length);
        if (!walked || !walker.hasBrokenText()) {
            // Jackson's mind about half a surrogate pair is not ours.
            assertThat(JsonWalkerTest.jacksonTakes(LENIENT, asText)).isEqualTo(walked);
        }
        if (!isText && walked) {
            assertThat(walker.hasRefusedNames()).isFalse();
        }
    }

    private static void isNotOurs(String path) {
        String name = path.substring(1).replace('/', '.');
        assertThat(name)
                .doesNotMatch(
                        "(@timestamp|kubernetes|container|host|orchestrator|data_stream|ecs|event"
                                + "|stream|log[.](offset|file)|_[^.]*)([.].*)?");
        // One of these is ours or the body's, but never an object.
        assertThat(name).doesNotMatch("(message|log[.]level|log[.]flags[.][^0-9])[.].*");
    }

    private int write(byte[] body) {
        out.length = 0;
        record.bytes = body;
        record.bodyTo = body.length;
        return writer.write(record, fields, out);
    }

    /** Leaves by JSON pointer; fails on a name that is refused. */
    private Map<String, String> leaves() {
        Map<String, String> leaves = new TreeMap<>();
        try (JsonParser parser =
                STRICT.createParser(
                        ObjectReadContext.empty(), Arrays.copyOf(out.bytes, out.length))) {
            while (parser.nextToken() != null) {
                JsonToken token = parser.currentToken();
                if (token == JsonToken.PROPERTY_NAME) {
                    for (String part : parser.currentName().split("[.]", -1)) {
                        assertThat(part).isNotBlank();
                    }
                } else if (token.isScalarValue()) {
                    leaves.put(
                            parser.streamReadContext().pathAsPointer().toString(),
                            parser.getString());
                }
            }
        }
        return leaves;
    }

    private static String object(Random random, int depth) {
        List<String> members = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int count = random.nextInt(depth == 0 ? 12 : 4);
        for (int i = 0; i < count; i++) {
            List<String> from = random.nextInt(100) == 0 ? REFUSED : NAMES;
            String name = from.get(random.nextInt(from.size()));
            // Inside, a duplicate makes text of everything.
            if (depth == 0 || names.add(name) || random.nextInt(20) == 0) {
                members.add("\"" + name + "\":" + value(random, depth));
            }
        }
        if (depth == 0 && random.nextInt(3) == 0) {
            members.add(random.nextInt(members.size() + 1), "\"@timestamp\":" + value(random, 2));
            String level = LEAVES.get(random.nextInt(LEAVES.size()));
            members.add(
                    random.nextInt(members.size() + 1),
                    random.nextBoolean()
                            ? "\"log.level\":" + level
                            : "\"log\":{\"level\":"
                                    + level
                                    + ",\"file\":1}"
                                            .replace(
                                                    "file",
                                                    NAMES.get(random.nextInt(NAMES.size()))));
        }
        String space = random.nextInt(10) == 0 ? " \n " : "";
        return "{" + space + String.join("," + space, members) + space + "}";
    }

    private static String value(Random random, int depth) {
        if (depth < 3 && random.nextInt(5) == 0) {
            return random.nextBoolean()
                    ? object(random, depth + 1)
                    : "[" + value(random, depth + 1) + "," + object(random, depth + 2) + "]";
        }
        return LEAVES.get(random.nextInt(LEAVES.size()));
    }

    private static byte[] mutated(byte[] body, Random random) {
        int at = random.nextInt(body.length + 1);
        int to = Math.min(body.length, at + random.nextInt(6));
        byte[] piece =
                switch (random.nextInt(4)) {
                    case 0 -> new byte[0];
                    case 1 -> new byte[] {(byte) random.nextInt()};
                    case 2 -> {
                        int from = random.nextInt(body.length + 1);
                        yield Arrays.copyOfRange(
                                body, from, Math.min(body.length, from + random.nextInt(30)));
                    }
                    default -> bytes(PIECES.get(random.nextInt(PIECES.size())));
                };
        ByteArrayOutputStream mutated = new ByteArrayOutputStream();
        mutated.write(body, 0, at);
        mutated.writeBytes(piece);
        // In place of something, or in between.
        int rest = random.nextBoolean() ? to : at;
        mutated.write(body, rest, body.length - rest);
        return mutated.toByteArray();
    }

    /** UTF-8, with the byte of that value for {@code <ff>}. */
    private static byte[] bytes(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < text.length(); i++) {
            if (text.startsWith("<", i) && text.startsWith(">", i + 3)) {
                bytes.write(Integer.parseInt(text.substring(i + 1, i + 3), 16));
                i += 3;
            } else {
                int character = text.codePointAt(i);
                i += Character.charCount(character) - 1;
                bytes.writeBytes(Character.toString(character).getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
    }
}
