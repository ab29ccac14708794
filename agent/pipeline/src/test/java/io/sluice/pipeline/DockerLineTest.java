package io.sluice.pipeline;

import static io.sluice.pipeline.FedEncoder.config;
import static io.sluice.pipeline.FedEncoder.container;
import static io.sluice.pipeline.FedEncoder.file;
import static io.sluice.pipeline.FedEncoder.generation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.pipeline.AppendedBatches.Document;
import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.LogSource;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/** Lines of Docker's json-file driver, through one encoder. */
class DockerLineTest {
    private static final String TIME = "2026-11-23T10:50:44.541378534Z";

    private final FedEncoder fed = new FedEncoder(config());
    private final LogSource source = container("shop_cart-1_uid-1/app");
    private final Generation first = generation(1, 0, Start.FIRST);
    private long offset;

    @Test
    void aLineHasTimeStreamAndText() {
        feed(
                docker("hello\\n", "stdout")
                        + docker("tab\\t\\u003c\\u00fc\\ud83d\\ude00\\n", "stderr"));

        assertThat(documents()).extracting(Document::message).containsExactly("hello", "tab\t<ü😀");
        assertThat(documents()).extracting(Document::stream).containsExactly("stdout", "stderr");
        assertThat(documents().getFirst().fields())
                .containsEntry("@timestamp", TIME)
                .containsEntry("log.offset", "0")
                .doesNotContainKey("log.flags");
        assertThat(documents().getLast().offset()).isEqualTo(docker("hello\\n", "stdout").length());
    }

    @Test
    void attributesAreLeftOutAndMembersComeInAnyOrder() {
        feed(
                "{\"attrs\":{\"com.example\":\"x\",\"\":\"y\"},\"time\":\""
                        + TIME
                        + "\",\"stream\":\"stderr\",\"log\":\"any order\\n\"}\n");

        assertThat(documents()).extracting(Document::message).containsExactly("any order");
        assertThat(documents()).extracting(Document::stream).containsExactly("stderr");
        assertThat(documents()).extracting(Document::flags).containsExactly("");
    }

    @Test
    void textWithoutANewlineIsAPartialOfItsStream() {
        feed(
                docker("one, ", "stdout")
                        + docker("not in between\\n", "stderr")
                        + docker("two, ", "stdout")
                        + docker("", "stdout")
                        + docker("three\\n", "stdout")
                        + docker("\\n", "stdout"));

        assertThat(documents())
                .extracting(Document::message)
                .containsExactly("not in between", "one, two, three", "");
        assertThat(documents().get(1).offset()).isZero();
    }

    @Test
    void aPartialWithoutItsEndIsShippedAfterSilence() {
        feed(docker("half", "stdout"));
        fed.advance(Duration.ofSeconds(4));
        fed.timeout();
        fed.advance(Duration.ofSeconds(1));
        fed.timeout();

        assertThat(documents()).extracting(Document::message).containsExactly("half");
        assertThat(documents()).extracting(Document::flags).containsExactly("partial");
    }

    @Test
    void aLineOverManyChunksIsOneLine() {
        String line = docker("in pieces\\n", "stdout");
        for (int i = 0; i < line.length(); i++) {
            feed(line.substring(i, i + 1));
        }

        assertThat(documents()).extracting(Document::message).containsExactly("in pieces");
        assertThat(documents()).extracting(Document::flags).containsExactly("");
    }

    @Test
    void anObjectInsideIsReadAsABody() {
        feed(
                docker(
                        "{\\\"level\\\":\\\"warn\\\",\\\"msg\\\":\\\"a\\\\nb\\\",\\\"n\\\":1}\\n",
                        "stdout"));

        assertThat(documents().getFirst().fields())
                .containsEntry("message", "a\nb")
                .containsEntry("log.level", "warn")
                .containsEntry("app.n", "1");
    }

    @Test
    void lineBreaksInsideAnObjectDoNotBreakTheBulkBody() {
        feed(docker("{\\\"msg\\\":\\\"m\\\",\\n\\\"n\\\":\\r\\n[1,\\n2]}\\n", "stdout"));

        assertThat(documents()).hasSize(1);
        assertThat(documents().getFirst().fields())
                .containsEntry("message", "m")
                .containsEntry("app.n", "1,2");
    }

    @Test
    void aLineBreakInsideAStringIsNoJson() {
        feed(docker("{\\n\\\"msg\\\":\\\"a\\nb\\\"}\\n", "stdout"));

        assertThat(documents())
                .extracting(Document::message)
                .containsExactly("{\n\"msg\":\"a\nb\"}");
        assertThat(documents()).extracting(Document::flags).containsExactly("unparsed");
    }

    @Test
    void bytesThatAreNoTextComeOutAsText() {
        feed(docker("nul \\u0000 half \\ud83d.\\n", "stdout"));

        assertThat(documents())
                .extracting(Document::message)
                .containsExactly("nul \u0000 half \uFFFD.");
    }

    @Test
    void howALineIsReadIsDecidedForEachLine() {
        feed(
                docker("docker\\n", "stdout")
                        + TIME
                        + " stdout F cri\n"
                        + "neither\n"
                        + docker("docker again\\n", "stdout"));

        assertThat(documents())
                .extracting(Document::message)
                .containsExactly("docker", "cri", "neither", "docker again");
        assertThat(documents()).extracting(Document::flags).containsExactly("", "", "not_cri", "");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"log\":\"a\\n\"}",
                "{\"log\":\"a\\n\",\"stream\":\"stdout\"}",
                "{\"log\":\"a\\n\",\"time\":\"" + TIME + "\"}",
                "{\"stream\":\"stdout\",\"time\":\"" + TIME + "\"}",
                "{\"log\":\"a\\n\",\"stream\":\"stdin\",\"time\":\"" + TIME + "\"}",
                "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"2026-02-30T10:50:44Z\"}",
                "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T10:50:44Z \"}",
                "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"\"}",
                "{\"log\":{},\"stream\":\"stdout\",\"time\":\"" + TIME + "\"}",
                "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"" + TIME + "\",\"more\":1}",
                "{\"log\":\"a\",\"log\":\"b\",\"stream\":\"stdout\",\"time\":\"" + TIME + "\"}",
                "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"" + TIME + "\""
            })
    void whatIsNotQuiteDockersIsText(String line) {
        feed(line + "\n");

        assertThat(documents()).extracting(Document::message).containsExactly(line);
        assertThat(documents()).extracting(Document::flags).containsExactly("not_cri");
    }

    @Test
    void aPlainFilesLineIsNeverDockers() {
        String line = docker("a\\n", "stdout");
        fed.feed(file("syslog"), first, 0, line, End.OPEN);

        assertThat(documents().getFirst().fields())
                .containsEntry("message", "a\n")
                .containsEntry("app.time", TIME);
    }

    private static String docker(String log, String stream) {
        return "{\"log\":\""
                + log
                + "\",\"stream\":\""
                + stream
                + "\",\"time\":\""
                + TIME
                + "\"}\n";
    }

    private void feed(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        fed.feed(source, first, offset, bytes, End.OPEN, false);
        offset += bytes.length;
    }

    private List<Document> documents() {
        fed.shutDown();
        return fed.appended.documents();
    }
}
