package io.sluice.pipeline;

import static io.sluice.pipeline.FedEncoder.config;
import static io.sluice.pipeline.FedEncoder.container;
import static io.sluice.pipeline.FedEncoder.generation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.pipeline.AppendedBatches.Document;
import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation.Start;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What becomes of a body, through one encoder. */
class JsonBodyTest {
    private static final String TIME = "2026-11-23T10:34:26.9Z";

    private final FedEncoder fed = new FedEncoder(config());
    private int unparsed;
    private long offset;

    @AfterEach
    void whatCouldNotBeUsedIsCounted() {
        assertThat(fed.stats.unparsedRecords()).isEqualTo(unparsed);
    }

    @Test
    void anObjectGoesUnderTheTargetWithoutMessageAndLevel() {
        Document document =
                read(
                        "{\"level\":\"INFO\",\"msg\":\"a"
                                + " \\\"b\\\"\",\"n\":1.50,\"deep\":{\"k\":[1,{}]}}");

        assertThat(document.message()).isEqualTo("a \"b\"");
        assertThat(document.flags()).isEmpty();
        assertThat(document.fields())
                .containsEntry("log.level", "info")
                .containsEntry("app.n", "1.50")
                .containsEntry("app.deep.k", "1")
                .doesNotContainKeys("app.msg", "app.level");
    }

    @Test
    void ofSeveralMessagesTheFirstByNameIsTakenThatIsText() {
        assertThat(read("{\"log\":\"c\",\"msg\":\"b\",\"message\":\"a\"}").fields())
                .containsEntry("message", "a")
                .containsEntry("app.msg", "b")
                .containsEntry("app.log", "c");
        assertThat(read("{\"log\":\"c\",\"msg\":null,\"message\":{\"a\":1}}").fields())
                .containsEntry("message", "c")
                .containsEntry("app.msg", "null")
                .containsEntry("app.message.a", "1");
    }

    @Test
    void noMessageIsInvented() {
        assertThat(read("{\"a\":1}").fields())
                .containsEntry("app.a", "1")
                .doesNotContainKey("message");
        assertThat(read("{}").fields()).doesNotContainKeys("message", "log.flags");
        assertThat(read("{\"msg\":\"alone\"}").message()).isEqualTo("alone");
    }

    @ParameterizedTest
    @CsvSource({
        "\"WARNING\", warn",
        "\"Warn\", warn",
        "\"CRITICAL\", fatal",
        "\"PANIC\", fatal",
        "\"EMERG\", fatal",
        "\"NOTICE\", info",
        "\"Information\", info",
        "\"ERR\", error",
        "\"SEVERE\", error",
        "\"FINE\", debug",
        "\"verbose\", trace",
        "\"Audit\", audit",
        "\"\\u0057ARN\", warn",
        "\"ÄRGER\", Ärger",
        "10, trace",
        "20, debug",
        "30, info",
        "35, info",
        "40, warn",
        "50, error",
        "60, fatal",
    })
    void aLevelIsWrittenInOneWay(String said, String written) {
        assertThat(read("{\"level\":" + said + "}").fields())
                .containsEntry("log.level", written)
                .doesNotContainKey("app.level");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "61",
                "9",
                "-30",
                "3e1",
                "30.5",
                "300",
                "true",
                "null",
                "\"\"",
                "\" \"",
                "\"one of the longest levels in the world\""
            })
    void whatIsNoLevelStaysWhereItIs(String said) {
        assertThat(read("{\"level\":" + said + "}").fields())
                .doesNotContainKey("log.level")
                .containsKey("app.level");
    }

    @ParameterizedTest
    @ValueSource(strings = {"level", "severity", "lvl", "log.level", "loglevel", "levelname"})
    void aLevelHasManyNames(String name) {
        assertThat(read("{\"" + name + "\":\"Debug\",\"a\":1}").fields())
                .containsEntry("log.level", "debug")
                .doesNotContainKey("app." + name);
    }

    @Test
    void ofSeveralLevelsTheFirstByNameIsTakenThatIsOne() {
        assertThat(read("{\"levelname\":\"x\",\"severity\":\"ERROR\",\"level\":7}").fields())
                .containsEntry("log.level", "error")
                .containsEntry("app.level", "7")
                .containsEntry("app.levelname", "x");
    }

    @Test
    void anEcsBodyIsMergedAtTheRoot() {
        Document document =
                read(
                        "{\"@timestamp\":\"2001-01-01T00:00:00Z\",\"log.level\":\"WARN\","
                            + "\"message\":\"hi\",\"service.name\":\"cart\",\"trace\":{\"id\":\"t\"},"
                            + "\"log.logger\":\"com.Cart\",\"ecs.version\":\"1.2.0\"}");

        assertThat(document.message()).isEqualTo("hi");
        assertThat(document.fields())
                .containsEntry("@timestamp", TIME)
                .containsEntry("log.level", "warn")
                .containsEntry("service.name", "cart")
                .containsEntry("trace.id", "t")
                .containsEntry("log.logger", "com.Cart")
                .containsEntry("app.@timestamp", "2001-01-01T00:00:00Z")
                .containsEntry("app.ecs.version", "1.2.0");
    }

    @Test
    void anEcsBodysLogObjectIsMergedWithOurs() {
        assertThat(
                        read("{\"@timestamp\":\"x\",\"log\":{\"logger\":\"l\",\"level\":\"ERROR\","
                                        + "\"origin\":{\"file\":{\"line\":7}}},\"a\":1}")
                                .fields())
                .containsEntry("log.level", "error")
                .containsEntry("log.logger", "l")
                .containsEntry("log.origin.file.line", "7")
                .containsEntry("log.offset", "0")
                .containsEntry("log.file.path", "/logs/0.log")
                .containsEntry("a", "1")
                .doesNotContainKeys("app.log.level", "app.log.logger");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "kubernetes",
                "kubernetes.pod.name",
                "\\u006bubernetes",
                "kubernetes\\u002epod\\u002ename",
                "container.id",
                "host",
                "host.name",
                "orchestrator.cluster.name",
                "data_stream.type",
                "ecs",
                "event",
                "event.dataset",
                "\\u0065vent.dataset",
                "log.offset",
                "log.file.path",
                "log.file",
                "log.flags",
                "l\\u006fg.flags",
                "log.level.x",
                "stream",
                "message.x",
                "@timestamp.x",
                "_id",
                "_source",
                "app",
                "app.x"
            })
    void nobodyCanForgeWhatIsOurs(String name) {
        Document honest = read("{\"@timestamp\":\"1\",\"log.level\":\"info\",\"mine\":\"stays\"}");
        Document forged =
                read(
                        "{\"@timestamp\":\"1\",\"log.level\":\"info\",\"mine\":\"stays\",\""
                                + name
                                + "\":\"FORGED\"}");

        assertThat(forged.flags()).isEmpty();
        assertThat(forged.fields())
                .allSatisfy(
                        (field, value) -> {
                            if (!field.startsWith("app.") && !field.equals("log.offset")) {
                                assertThat(honest.fields()).containsEntry(field, value);
                            }
                        });
        assertThat(forged.fields()).hasSize(honest.fields().size() + 1).containsValue("FORGED");
        assertThat(forged.offset()).isGreaterThan(honest.offset());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"offset\":9",
                "\"file\":{\"path\":\"/etc/passwd\"}",
                "\"file.path\":\"/etc/passwd\"",
                "\"fil\\u0065.path\":\"/etc/passwd\"",
                "\"flags\":[\"truncated\"]"
            })
    void aLogObjectWithSomethingOfOursGoesUnderTheTargetAsAWhole(String ours) {
        Document document =
                read(
                        "{\"@timestamp\":\"1\",\"log\":{\"level\":\"info\",\"logger\":\"l\","
                                + ours
                                + "}}");

        assertThat(document.fields())
                .containsEntry("log.level", "info")
                .containsEntry("log.offset", "0")
                .containsEntry("log.file.path", "/logs/0.log")
                .containsEntry("app.log.logger", "l")
                .doesNotContainKeys("log.logger", "log.flags");
    }

    @Test
    void withoutTheShapeOfEcsNothingIsAtTheRoot() {
        assertThat(
                        read("{\"@timestamp\":\"1\",\"kubernetes\":{\"namespace\":\"bank\"},"
                                        + "\"@timestamp.x\":2,\"host\":\"h\"}")
                                .fields())
                .containsEntry("@timestamp", TIME)
                .containsEntry("kubernetes.namespace", "shop")
                .containsEntry("app.kubernetes.namespace", "bank")
                .containsEntry("app.@timestamp", "1")
                .containsEntry("app.host", "h");
    }

    @Test
    void ofDuplicatesTheLastOneCounts() {
        Document document =
                read(
                        "{\"a\":1,\"msg\":\"old\",\"b\":2,\"\\u0061\":3,\"msg\":\"new\",\"level\":\"x\",\"level\":\"warn\"}");

        assertThat(document.message()).isEqualTo("new");
        assertThat(document.flags()).isEmpty();
        assertThat(document.fields())
                .containsEntry("app.a", "3")
                .containsEntry("app.b", "2")
                .containsEntry("log.level", "warn");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"o\":{\"a\":1,\"a\":2}}",
                "{\"o\":[{\"a\":1,\"\\u0061\":2}]}",
                "{\"\":1}",
                "{\"o\":{\"\":1}}",
                "{\".\":1}",
                "{\"..\":1}",
                "{\".a\":1}",
                "{\"a.\":1}",
                "{\"a..b\":1}",
                "{\"a\\u002e\":1}",
                "{\" \":1}",
                "{\"a. .b\":1}",
                "{\"\\t\":1}",
                "{\"\u2003\":1}",
                "{\"a\\u0000b\":1}",
                "{\"a\":1",
                "{\"a\":1} trailing",
                "{\"a\":1}{\"b\":2}",
                "{'a':1}",
                "{a:1}",
                "{\"a\":01}",
                "{\"a\":NaN}",
                "{\"a\":\"\u0001\"}",
                "{\"a\":\"\u0000\"}",
                "{\u0000\"a\":1}",
                "{not json at all}",
                "{"
            })
    void whatCannotBeUsedIsKeptAsTextAndMarked(String body) {
        unparsed = 1;

        Document document = read(body);

        assertThat(document.message()).isEqualTo(body);
        assertThat(document.flags()).isEqualTo("unparsed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain",
                "",
                "[1,2]",
                "\"text\"",
                "1",
                "null",
                "\uFEFF{\"a\":1}",
                "[{\"a\":1}]"
            })
    void whatDoesNotBeginAsAnObjectIsText(String body) {
        Document document = read(body);

        assertThat(document.message()).isEqualTo(body);
        assertThat(document.flags()).isEmpty();
    }

    @Test
    void depthHasALimit() {
        unparsed = 2;
        int most = JsonWalker.DEPTH_LIMIT - 1;
        assertThat(read(nested("{\"k\":", most, "}")).flags()).isEmpty();
        assertThat(read("{\"k\":" + "[".repeat(most) + "]".repeat(most) + "}").flags()).isEmpty();
        assertThat(read(nested("{\"k\":", most + 1, "}")).flags()).isEqualTo("unparsed");
        assertThat(read("{\"k\":" + "[".repeat(100_000)).flags()).isEqualTo("unparsed");
    }

    @Test
    void fieldsHaveALimit() {
        unparsed = 1;
        assertThat(read(fields(1_000)).fields()).containsEntry("app.f999", "999");
        assertThat(read(fields(1_001)).message()).isEqualTo(fields(1_001));
    }

    @Test
    void brokenUtf8IsReplacedAndTheBodyStaysAnObject() {
        byte[] body = "{\"msg\":\"a?b\",\"k?\":\"ünï?\",\"n\":1}".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < body.length; i++) {
            if (body[i] == '?') {
                body[i] = (byte) 0xFF;
            }
        }

        Document document = read(body);

        assertThat(document.flags()).isEqualTo("invalid_utf8");
        assertThat(document.message()).isEqualTo("a\uFFFDb");
        assertThat(document.fields())
                .containsEntry("app.k\uFFFD", "ünï\uFFFD")
                .containsEntry("app.n", "1");
        assertThat(fed.stats.invalidUtf8Records()).isEqualTo(1);
    }

    @Test
    void halfASurrogatePairIsReplacedAndAWholeOneIsNot() {
        Document document =
                read(
                        "{\"msg\":\"\\ud83d\\ude00 \\ud83d \\ude00 \\\\ud83d"
                                + " \\uD83Dx\",\"a\":\"\\ud83d\\u0041\"}");

        assertThat(document.message()).isEqualTo("😀 \uFFFD \uFFFD \\ud83d \uFFFDx");
        assertThat(document.fields()).containsEntry("app.a", "\uFFFDA");
        assertThat(document.flags()).isEqualTo("invalid_utf8");
    }

    @Test
    void namesThatAreAlikeOnceTheyAreRepairedAreDuplicates() {
        byte[] body = "{\"k?\":1,\"k!\":2}".getBytes(StandardCharsets.UTF_8);
        body[3] = (byte) 0xFE;
        body[10] = (byte) 0xFF;

        assertThat(read(body).fields()).containsEntry("app.k\uFFFD", "2");
    }

    @Test
    void spacesAroundAnObjectAreLeftOut() {
        assertThat(read(" \t{ \"a\" : [ 1 , 2 ] , \"msg\":\"m\" , \"b\" : { } } \t\r").fields())
                .containsEntry("message", "m")
                .containsEntry("app.a", "1,2");
    }

    @Test
    void aLineWithoutHeaderIsTextWhateverItLooksLike() {
        byte[] line = "{\"a\":1}\n".getBytes(StandardCharsets.UTF_8);
        feed(line);

        assertThat(last().message()).isEqualTo("{\"a\":1}");
        assertThat(last().flags()).isEqualTo("not_cri");
    }

    private static String nested(String opening, int times, String closing) {
        return opening.repeat(times) + "{}" + closing.repeat(times);
    }

    private static String fields(int count) {
        List<String> fields = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            fields.add("\"f" + i + "\":" + i);
        }
        return "{" + String.join(",", fields) + "}";
    }

    private Document read(String body) {
        return read(body.getBytes(StandardCharsets.UTF_8));
    }

    private Document read(byte[] body) {
        byte[] header = (TIME + " stdout F ").getBytes(StandardCharsets.UTF_8);
        byte[] line = new byte[header.length + body.length + 1];
        System.arraycopy(header, 0, line, 0, header.length);
        System.arraycopy(body, 0, line, header.length, body.length);
        line[line.length - 1] = '\n';
        feed(line);
        return last();
    }

    private void feed(byte[] line) {
        fed.advance(Duration.ofSeconds(1));
        fed.feed(container("c"), generation(1, 0, Start.FIRST), offset, line, End.OPEN, true);
        offset += line.length;
    }

    private Document last() {
        return fed.appended.documents().getLast();
    }
}
