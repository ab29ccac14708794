package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The walker against jackson-core, over cases in the manner of <a
 * href="https://github.com/nst/JSONTestSuite">JSONTestSuite</a>.
 *
 * <p>In the corpus, {@code <FF>} is the byte of that value.
 */
class JsonWalkerTest {
    /** Values: each is tried alone in an object, inside of an array, and with spaces around it. */
    private static final List<String> GOOD_VALUES =
            List.of(
                    // numbers
                    "0",
                    "-0",
                    "1",
                    "-1",
                    "123",
                    "0.5",
                    "-0.5",
                    "0e1",
                    "0e+1",
                    "0E-1",
                    "1e5",
                    "1E5",
                    "1e+05",
                    "1.5e-300",
                    "123.456e78",
                    "-1e-1",
                    "10",
                    "100000000000000000000000",
                    "0.0000000000000000000000001",
                    "1e400",
                    "-1e400",
                    "1.7976931348623157e308",
                    // words
                    "true",
                    "false",
                    "null",
                    // strings
                    "\"\"",
                    "\"a\"",
                    "\"abcdefg\"",
                    "\"abcdefgh\"",
                    "\"abcdefghi\"",
                    "\"abcdefghijklmnopqrstuvwxyz\"",
                    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                    "\"\\u0000\"",
                    "\"\\u001f\"",
                    "\"\\u00e9\"",
                    "\"\\uABCD\"",
                    "\"\\uabcd\"",
                    "\"\\ud83d\\ude00\"",
                    "\"\\uDBFF\\uDFFF\"",
                    "\"\\\\u0000\"",
                    "\"\\\\\"",
                    "\"\\u0022\"",
                    "\"a\\u0022b\"",
                    "\"<7F>\"",
                    "\"é\"",
                    "\"€\"",
                    "\"😀\"",
                    "\"<C2><80>\"",
                    "\"<DF><BF>\"",
                    "\"<E0><A0><80>\"",
                    "\"<ED><9F><BF>\"",
                    "\"<EE><80><80>\"",
                    "\"<EF><BF><BF>\"",
                    "\"<F0><90><80><80>\"",
                    "\"<F4><8F><BF><BF>\"",
                    "\"\u2028\u2029\"",
                    "\"\uFEFF\"",
                    "\"/\"",
                    "\"'\"",
                    "\"{}[],:\"",
                    "\"// no comment\"",
                    "\"abcdefgé\"",
                    "\"abcdef€€€€€€ x\"",
                    // structures
                    "[]",
                    "[[]]",
                    "[[],[]]",
                    "[ ]",
                    "[1,2,3]",
                    "[null,true,\"x\",{}]",
                    "{}",
                    "{ }",
                    "{\"a\":{}}",
                    "{\"a\":[{\"b\":[]}]}",
                    "{\"a\":1,\"b\":2,\"c\":3}",
                    "{\"\":0}",
                    "{\"a b\":\"c d\"}",
                    "{\"\\u0061b\":1}",
                    "[\t1\n,\r2 ]",
                    "{ \"a\" : 1 , \"b\" : [ ] }");

    /** No values: each is tried as the good ones are. */
    private static final List<String> BAD_VALUES =
            List.of(
                    // numbers
                    "01",
                    "-01",
                    "00",
                    "-",
                    "--1",
                    "+1",
                    "1.",
                    "-1.",
                    ".5",
                    "-.5",
                    "1e",
                    "1e+",
                    "1e-",
                    "1E",
                    "1.e1",
                    "1.5e",
                    "0x1",
                    "0b1",
                    "1_000",
                    "1 000",
                    "1a",
                    "1.2.3",
                    "1e1.5",
                    "1e1e1",
                    "NaN",
                    "-NaN",
                    "nan",
                    "Infinity",
                    "-Infinity",
                    "inf",
                    "1f",
                    "1L",
                    "0.e1",
                    "-a",
                    "1-1",
                    "1+1",
                    "2e3+",
                    "9.e+",
                    "<EF><BC><91>",
                    "0-",
                    "-0-",
                    // words
                    "True",
                    "TRUE",
                    "tru",
                    "truex",
                    "nul",
                    "nulll",
                    "NULL",
                    "fals",
                    "False",
                    "t",
                    "undefined",
                    "none",
                    "a",
                    "t rue",
                    "nu<00>l",
                    "<C3><A9>",
                    // strings
                    "\"",
                    "\"a",
                    "\"\\\"",
                    "\"\\",
                    "\"\\x00\"",
                    "\"\\a\"",
                    "\"\\'\"",
                    "\"\\0\"",
                    "\"\\u\"",
                    "\"\\u1\"",
                    "\"\\u12\"",
                    "\"\\u123\"",
                    "\"\\u123g\"",
                    "\"\\u 123\"",
                    "\"\\U0041\"",
                    "\"\\u00<C3><A9>\"",
                    "\"<00>\"",
                    "\"<01>\"",
                    "\"<1F>\"",
                    "\"<09>\"",
                    "\"<0A>\"",
                    "\"<0D>\"",
                    "\"a<0A>b\"",
                    "\"abcdefgh<08>\"",
                    "\"abcdefghijkl<1F>mnop\"",
                    "'a'",
                    "'",
                    "`a`",
                    "\"a\"\"b\"",
                    "\"a\"b",
                    "\"a\" \"b\"",
                    "\\\"a\\\"",
                    "\\u0022a\\u0022",
                    "“a”",
                    "\"\\<0A>\"",
                    "\"\\é\"",
                    "\"\\ud83d\\u\"",
                    // structures
                    ",",
                    ":",
                    "[",
                    "]",
                    "{",
                    "}",
                    "[1",
                    "[1,",
                    "[1,]",
                    "[,]",
                    "[,1]",
                    "[1,,2]",
                    "[1 2]",
                    "[1;2]",
                    "[1}",
                    "{1]",
                    "[]]",
                    "[[]",
                    "[:]",
                    "[1:2]",
                    "[\"a\":1]",
                    "[\"a\",",
                    "[\"a",
                    "{]",
                    "{,}",
                    "{\"a\"}",
                    "{\"a\":}",
                    "{\"a\",1}",
                    "{\"a\":1",
                    "{\"a\":1,",
                    "{\"a\":1,}",
                    "{,\"a\":1}",
                    "{\"a\":1,,\"b\":2}",
                    "{\"a\":1 \"b\":2}",
                    "{\"a\"::1}",
                    "{\"a\":1:2}",
                    "{\"a\" 1}",
                    "{\"a\"=1}",
                    "{a:1}",
                    "{'a':1}",
                    "{1:1}",
                    "{null:1}",
                    "{[]:1}",
                    "{\"a\":1}}",
                    "{{}}",
                    "{\"a\":{}",
                    "{:1}",
                    "{\"a\":1;}",
                    "{\"a\":'b'}",
                    "[1]x",
                    "{}x",
                    "[<0B>1]",
                    "[<0C>1]",
                    "[<A0>1]",
                    "<C2><A0>",
                    "<E2><81><A0>",
                    "<EF><BB><BF>1",
                    "1<00>",
                    "<00>",
                    "[<00>]",
                    "{\"a\"<00>:1}",
                    "/**/1",
                    "1/**/",
                    "1//",
                    "#1",
                    "1#",
                    "<FF>",
                    "[<FF>]",
                    "[1,<C3>]",
                    "\"a\\u00A\"",
                    "{\"a\\u00A\":1}",
                    "{\"a<0A>\":1}",
                    "<1B>[0m",
                    "*",
                    "@",
                    "$",
                    "!",
                    "(1)",
                    "<>",
                    "1]");

    /** Whole texts: what is around an object, and what is no object. */
    private static final List<String> BAD_TEXTS =
            List.of(
                    "",
                    " ",
                    "1",
                    "\"a\"",
                    "null",
                    "[]",
                    "[{}]",
                    "{}{}",
                    "{} {}",
                    "{}[]",
                    "{},",
                    ",{}",
                    "{}x",
                    "x{}",
                    "{}}",
                    "{{}",
                    "{",
                    "}",
                    "{\"a\"",
                    "{\"a\":",
                    "{}<00>",
                    "{}<0C>",
                    "{\"k\":}",
                    "{\"k\": }",
                    "{\"k\":1,2}",
                    "{\"k\":\"a\",\"b\"}",
                    "{}//",
                    "{}/**/",
                    "// a\n{}",
                    "{}\n#",
                    "<C2><A0>{}",
                    "{}<C2><A0>",
                    "({})",
                    "{};",
                    "<FF>");

    private static final List<String> GOOD_TEXTS =
            List.of("{}", " {}", "{} ", "\t{}\r\n", " \n { \n } \n ", "{\"a\":1}\r", "{\"\":{}}");

    /**
     * Not JSON to a strict reader, which Jackson is here; we take them and replace what is wrong.
     */
    private static final List<String> BROKEN_TEXT =
            List.of(
                    "\"<80>\"",
                    "\"<BF>\"",
                    "\"<C0><80>\"",
                    "\"<C0><AF>\"",
                    "\"<C1><BF>\"",
                    "\"<C3>\"",
                    "\"<C3>abc\"",
                    "\"<C3>\\n\"",
                    "\"<E0><80><80>\"",
                    "\"<E0><A0>\"",
                    "\"<E2><82>\"",
                    "\"<ED><A0><80>\"",
                    "\"<ED><BF><BF>\"",
                    "\"<F0><80><80><80>\"",
                    "\"<F0><9F><98>\"",
                    "\"<F4><90><80><80>\"",
                    "\"<F5><80><80><80>\"",
                    "\"<F8>\"",
                    "\"<FC><83><BF><BF><BF><BF>\"",
                    "\"<FE>\"",
                    "\"<FF>\"",
                    "\"abcdefgh<FF>ijk\"",
                    "{\"<FF>\":1}",
                    "{\"a<C3>\":{\"<ED><A0><80>\":0}}",
                    "[\"<E9>\"]");

    /** Grammar allows them, Unicode does not. */
    private static final List<String> HALF_PAIRS =
            List.of(
                    "\"\\ud800\"",
                    "\"\\udfff\"",
                    "\"\\ud83d x\"",
                    "\"\\ud83d\\n\"",
                    "\"\\ud83d\\ud83d\\ude00\"",
                    "\"\\ude00\\ud83d\"",
                    "\"\\ud83d\\u0041\"",
                    "\"\\uD83D\\\\ude00\"",
                    "{\"\\udead\":1}",
                    "[\"\\uDADA\"]");

    private static final Pattern BYTE = Pattern.compile("<([0-9A-F]{2})>");

    private static final JsonFactory JACKSON =
            JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(1_000).build())
                    .build();

    private final JsonWalker walker = new JsonWalker(1_000);

    static Stream<String> goodTexts() {
        return Stream.concat(
                GOOD_TEXTS.stream(), GOOD_VALUES.stream().flatMap(JsonWalkerTest::with));
    }

    static Stream<String> badTexts() {
        return Stream.concat(BAD_TEXTS.stream(), BAD_VALUES.stream().flatMap(JsonWalkerTest::with));
    }

    static Stream<String> brokenTexts() {
        return BROKEN_TEXT.stream().flatMap(JsonWalkerTest::with);
    }

    static Stream<String> halfPairs() {
        return HALF_PAIRS.stream().flatMap(JsonWalkerTest::with);
    }

    private static Stream<String> with(String value) {
        return Stream.of(
                "{\"k\":" + value + "}",
                "{\"k\":[" + value + "]}",
                "{\"first\":1,\"k\": " + value + " ,\"last\":{}}");
    }

    @ParameterizedTest
    @MethodSource("goodTexts")
    void whatIsJsonIsWalked(String text) {
        byte[] bytes = bytes(text);

        assertThat(walk(bytes)).isTrue();
        assertThat(walker.hasBrokenText()).isFalse();
        assertThat(jacksonTakes(bytes)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("badTexts")
    void whatIsNotJsonIsNotWalked(String text) {
        byte[] bytes = bytes(text);

        assertThat(walk(bytes)).isFalse();
        assertThat(jacksonTakes(bytes)).isFalse();
    }

    /** Jackson would find out in which encoding they are. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "<EF><BB><BF>{}",
                "<00>{<00>}",
                "{<00>}<00>",
                "<FE><FF><00>{<00>}",
                "<FF><FE>{<00>}<00>",
                "<00><00><00>{<00><00><00>}"
            })
    void onlyUtf8WithoutAMarkIsWalked(String text) {
        assertThat(walk(bytes(text))).isFalse();
    }

    @ParameterizedTest
    @MethodSource("brokenTexts")
    void brokenUtf8IsSeenAndCanBeRepaired(String text) {
        byte[] bytes = bytes(text);

        assertThat(walk(bytes)).isTrue();
        assertThat(walker.hasBrokenText()).isTrue();
        byte[] repaired = repaired(bytes);
        assertThat(walk(repaired)).isTrue();
        assertThat(walker.hasBrokenText()).isFalse();
        assertThat(jacksonTakes(repaired)).isTrue();
        assertThat(decoded(repaired)).isEqualTo(decoded(bytes));
    }

    @ParameterizedTest
    @MethodSource("halfPairs")
    void halfASurrogatePairIsSeenAndCanBeRepaired(String text) {
        byte[] bytes = bytes(text);

        assertThat(walk(bytes)).isTrue();
        assertThat(walker.hasBrokenText()).isTrue();
        byte[] repaired = repaired(bytes);
        assertThat(walk(repaired)).isTrue();
        assertThat(walker.hasBrokenText()).isFalse();
        assertThat(jacksonTakes(repaired)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("goodTexts")
    void noBeginningOfAnObjectIsOne(String text) {
        byte[] bytes = bytes(text.strip());
        assertThat(walk(bytes)).isTrue();
        for (int length = 0; length < bytes.length; length++) {
            // In an array of exactly this length: nothing behind it may be looked at.
            assertThat(walker.walk(Arrays.copyOf(bytes, length), 0, length)).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("goodTexts")
    void whatIsAroundATextIsNotLookedAt(String text) {
        byte[] bytes = bytes("\"\\" + text + "}]\"x}");

        assertThat(walker.walk(bytes, 2, bytes.length - 5)).isTrue();
    }

    @Test
    void namesAreComparedAsTheyRead() {
        assertThat(walk(bytes("{\"a\":1,\"\\u0061\":2,\"b\":3}"))).isTrue();
        assertThat(walker.hasReplacedMembers()).isTrue();
        assertThat(walker.hasRefusedNames()).isFalse();
        assertThat(walker.mark(0)).isEqualTo(JsonWalker.REPLACED);
        assertThat(walker.mark(1)).isZero();

        assertThat(walk(bytes("{\"o\":{\"a\":1,\"\\u0061\":2}}"))).isTrue();
        assertThat(walker.hasReplacedMembers()).isFalse();
        assertThat(walker.hasRefusedNames()).isTrue();

        assertThat(walk(bytes("{\"a\":{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}}"))).isTrue();
        assertThat(walker.hasReplacedMembers()).isFalse();
        assertThat(walker.hasRefusedNames()).isFalse();
    }

    @Test
    void aDuplicateIsFoundAmongAnyNumberOfNames() {
        StringBuilder object = new StringBuilder("{\"o\":{");
        for (int i = 0; i < 900; i++) {
            object.append("\"name").append(i).append("\":").append(i).append(',');
        }
        assertThat(walk(bytes(object + "\"last\":0}}"))).isTrue();
        assertThat(walker.hasRefusedNames()).isFalse();
        for (int i = 0; i < 900; i += 13) {
            assertThat(walk(bytes(object + "\"name" + i + "\":0}}"))).isTrue();
            assertThat(walker.hasRefusedNames()).isTrue();
        }
        String replaced = object.substring("{\"o\":".length()) + "\"name7\":0}";
        assertThat(walk(bytes(replaced))).isTrue();
        assertThat(walker.mark(7)).isEqualTo(JsonWalker.REPLACED);
        assertThat(walker.mark(900)).isZero();
    }

    @Test
    void aNumberOrNameOfAbsurdLengthIsNotTaken() {
        assertThat(walk(bytes("{\"a\":" + "1".repeat(1_000) + "}"))).isTrue();
        assertThat(walk(bytes("{\"a\":" + "1".repeat(1_001) + "}"))).isFalse();
        assertThat(walk(bytes("{\"" + "n".repeat(1_024) + "\":1}"))).isTrue();
        assertThat(walker.hasRefusedNames()).isFalse();
        assertThat(walk(bytes("{\"" + "n".repeat(1_025) + "\":1}"))).isTrue();
        assertThat(walker.hasRefusedNames()).isTrue();
    }

    private boolean walk(byte[] bytes) {
        return walker.walk(bytes, 0, bytes.length);
    }

    private static byte[] repaired(byte[] bytes) {
        DocumentBuffer out = new DocumentBuffer(0);
        JsonText.appendRepaired(bytes, 0, bytes.length, out);
        return out.toByteArray();
    }

    static String decoded(byte[] bytes) {
        return decoded(new String(bytes, StandardCharsets.UTF_8));
    }

    /** How many replacements half a pair in UTF-8 makes is each decoder's own business. */
    static String decoded(String text) {
        return text.replaceAll("\uFFFD+", "\uFFFD");
    }

    private static boolean jacksonTakes(byte[] bytes) {
        return jacksonTakes(JACKSON, bytes);
    }

    /** Whether Jackson reads one object and nothing else. */
    static boolean jacksonTakes(JsonFactory jackson, byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        try (JsonParser parser = jackson.createParser(ObjectReadContext.empty(), text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            int depth = 1;
            while (parser.nextToken() != null) {
                if (depth == 0) {
                    return false;
                }
                JsonToken token = parser.currentToken();
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                // Jackson looks at a string when it is asked for.
                parser.getString();
            }
            return depth == 0;
        } catch (JacksonException e) {
            return false;
        }
    }

    /** A text as its bytes, those in angle brackets as what they stand for. */
    private static byte[] bytes(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Matcher matcher = BYTE.matcher(text);
        int from = 0;
        while (matcher.find()) {
            bytes.writeBytes(
                    text.substring(from, matcher.start()).getBytes(StandardCharsets.UTF_8));
            bytes.write(Integer.parseInt(matcher.group(1), 16));
            from = matcher.end();
        }
        bytes.writeBytes(text.substring(from).getBytes(StandardCharsets.UTF_8));
        return bytes.toByteArray();
    }
}
