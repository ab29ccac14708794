package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.tail.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.Random;

class CriLineTest {
    private final CriLine cri = new CriLine();

    @ParameterizedTest
    @ValueSource(
            strings = {
                // containerd 1.6 and 1.7: trailing zeros trimmed
                "2026-11-23T10:34:26Z",
                "2026-11-23T10:34:26.9Z",
                "2026-11-23T10:34:26.90Z",
                "2026-11-23T10:34:26.906Z",
                "2026-11-23T10:34:26.9061Z",
                "2026-11-23T10:34:26.90614Z",
                "2026-11-23T10:34:26.906140Z",
                "2026-11-23T10:34:26.9061403Z",
                "2026-11-23T10:34:27.00663531Z",
                "2026-11-23T10:34:26.906140354Z",
                // conmon: always nine digits, numeric offset
                "2026-11-23T10:31:14.933279614+00:00",
                "2026-11-23T10:31:14.933279614-08:00",
                "2026-11-23T10:31:14+05:30",
                "2026-11-23T10:31:14+18:00",
                "2024-02-29T23:59:59Z",
                "2000-02-29T00:00:00Z"
            })
    void aTimeWithAnyFractionAndOffsetIsTakenAsItStands(String time) {
        assertThat(parse(time + " stdout F hello world")).isTrue();

        assertThat(cri.timeTo).isEqualTo(time.length());
        assertThat(cri.stream).isEqualTo(Stream.STDOUT);
        assertThat(cri.partial).isFalse();
        assertThat(cri.contentFrom).isEqualTo((time + " stdout F ").length());
    }

    @ParameterizedTest
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            textBlock =
                    """
                    ' stdout F ',STDOUT,false,''
                    ' stdout F',STDOUT,false,''
                    ' stderr P',STDERR,true,''
                    ' stderr P half',STDERR,true,half
                    ' stdout F:x text',STDOUT,false,text
                    ' stdout P:a:b text',STDOUT,true,text
                    ' stdout F: text',STDOUT,false,text
                    ' stdout F:x',STDOUT,false,''
                    ' stderr F  two',STDERR,false,' two'
                    """)
    void tagsMayBeManyAndTheTextMayBeEmpty(
            String rest, Stream stream, boolean partial, String content) {
        String line = "2026-11-23T10:34:26.9Z" + rest;

        assertThat(parse(line)).as(line).isTrue();

        assertThat(cri.stream).isEqualTo(stream);
        assertThat(cri.partial).isEqualTo(partial);
        assertThat(line.substring(cri.contentFrom)).isEqualTo(content);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "hello",
                "2026-11-23T10:34:26",
                "2026-11-23T10:34:26.9Z",
                "2026-11-23T10:34:26.9Z stdout",
                "2026-11-23T10:34:26.9Z stdout ",
                "2026-11-23T10:34:26.9Z stdout X text",
                "2026-11-23T10:34:26.9Z stdout FX text",
                "2026-11-23T10:34:26.9Z stdout f text",
                "2026-11-23T10:34:26.9Z stdlog F text",
                "2026-11-23T10:34:26.9Z  stdout F text",
                "2026-11-23T10:34:26.9Z stdout  F text",
                "2026-11-23T10:34:26.9Zstdout F text",
                "2026-11-23T10:34:26.Z stdout F text",
                "2026-11-23T10:34:26.9061403541Z stdout F text",
                "2026-11-23T10:34:26.9 stdout F text",
                "2026-11-23T10:34:26.9+0000 stdout F text",
                "2026-11-23T10:34:26.9+00:60 stdout F text",
                "2026-11-23T10:34:26.9+18:01 stdout F text",
                "2026-11-23T10:34:26.9+24:00 stdout F text",
                "2026-11-23 10:34:26.9Z stdout F text",
                "2026/11/23T10:34:26.9Z stdout F text",
                "2026-13-23T10:34:26.9Z stdout F text",
                "2026-00-23T10:34:26.9Z stdout F text",
                "2026-11-31T10:34:26.9Z stdout F text",
                "2026-11-00T10:34:26.9Z stdout F text",
                "2026-02-29T10:34:26.9Z stdout F text",
                "1900-02-29T10:34:26.9Z stdout F text",
                "2026-11-23T24:34:26.9Z stdout F text",
                "2026-11-23T10:60:26.9Z stdout F text",
                "2026-11-23T10:34:60.9Z stdout F text",
                "20a6-11-23T10:34:26.9Z stdout F text",
                " 2026-11-23T10:34:26.9Z stdout F text"
            })
    void whatIsNotQuiteCriIsNone(String line) {
        assertThat(parse(line)).isFalse();
    }

    @Test
    void bytesThatWereNeverADateAreNoneForAFreshParser() {
        byte[] zeros = new byte[64];
        byte[] rest = ":00Z stdout F text".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(rest, 0, zeros, 16, rest.length);

        assertThat(cri.parse(zeros, 0, 16 + rest.length)).isFalse();
    }

    @Test
    void theDateOfTheLineBeforeIsNoExcuseForABadSecond() {
        assertThat(parse("2026-11-23T10:34:26.9Z stdout F text")).isTrue();
        assertThat(parse("2026-11-23T10:34:61.9Z stdout F text")).isFalse();
        assertThat(parse("2026-11-23T10:34 26.9Z stdout F text")).isFalse();
        assertThat(parse("2026-11-23T10:35:26.9Z stdout F text")).isTrue();
    }

    @Test
    void aLineCutAnywhereAtTheEndOfAnArrayNeverThrows() {
        String line = "2026-11-23T10:34:26.906140354+00:00 stderr P:x:y text";
        for (int length = 0; length <= line.length(); length++) {
            byte[] bytes = line.substring(0, length).getBytes(StandardCharsets.US_ASCII);
            assertThat(cri.parse(bytes, 0, bytes.length))
                    .as("first %d bytes", length)
                    .isEqualTo(length >= "2026-11-23T10:34:26.906140354+00:00 stderr P".length());
        }
    }

    @Test
    void randomDamageNeverThrows() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] good =
                "2026-11-23T10:34:26.906140354Z stdout F text".getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = good.clone();
            for (int damage = random.nextInt(4); damage >= 0; damage--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            int length = random.nextInt(bytes.length + 1);
            if (cri.parse(bytes, 0, length)) {
                assertThat(cri.contentFrom).as("seed %d", seed).isBetween(29, length);
            }
        }
    }

    private boolean parse(String line) {
        // A few bytes before, none behind: offsets must be relative, reads must stay inside.
        byte[] bytes = ("..." + line).getBytes(StandardCharsets.UTF_8);
        boolean isCri = cri.parse(bytes, 3, bytes.length);
        cri.timeTo -= 3;
        cri.contentFrom -= 3;
        return isCri;
    }
}
