package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What becomes of lines, whatever pieces they come in. */
class ShapesTest {
    @TempDir private Path folder;
    private FileChannel out;
    private FileChannel err;
    private Outlets outlets;
    private final HeldBytes room = new HeldBytes(4 << 20);

    @BeforeEach
    void open() throws IOException {
        out = create("out");
        err = create("err");
        outlets = new Outlets(new Outlet("stdout", out), new Outlet("stderr", err));
    }

    private FileChannel create(String name) throws IOException {
        return FileChannel.open(
                folder.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    @AfterEach
    void close() throws IOException {
        out.close();
        err.close();
    }

    private String out() throws IOException {
        return Files.readString(folder.resolve("out"), StandardCharsets.ISO_8859_1);
    }

    private String err() throws IOException {
        return Files.readString(folder.resolve("err"), StandardCharsets.ISO_8859_1);
    }

    private LineShaper shaper(String... options) throws Arguments.WrongException {
        List<String> words = new java.util.ArrayList<>(List.of("/logs/app.log"));
        words.addAll(List.of(options));
        Style style = Arguments.read(words, Map.of()).sources().getFirst().style();
        return new LineShaper(style, "/logs/app.log", outlets, room, new Activity());
    }

    private static void take(LineShaper shaper, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        shaper.take(bytes, 0, bytes.length);
    }

    @Test
    void piecesMakeTheSameLinesAsTheWholeInEveryShape() throws Exception {
        long seed = Long.getLong("sluice.seed", System.nanoTime());
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 2_000; i++) {
            text.append(i % 7 == 0 ? "2026 begins " : "  goes on ").append(i);
            text.append(i % 97 == 0 ? "x".repeat(random.nextInt(3_000)) : "").append('\n');
        }
        String all = text.toString();
        for (String[] shape :
                List.of(
                        new String[] {},
                        new String[] {"--prefix"},
                        new String[] {"--json"},
                        new String[] {"--max-line", "1KiB"},
                        new String[] {"--stderr-if", "7$"},
                        new String[] {"--multiline", "^2026"})) {
            String wholeOut = "";
            String wholeErr = "";
            for (boolean whole : new boolean[] {true, false}) {
                out.truncate(0).position(0);
                err.truncate(0).position(0);
                LineShaper shaper = shaper(shape);
                int at = 0;
                while (at < all.length()) {
                    int most = whole ? LineShaper.BLOCK_BYTES : 1 + random.nextInt(200);
                    int end = Math.min(all.length(), at + most);
                    take(shaper, all.substring(at, end));
                    at = end;
                }
                shaper.endRecord();
                assertThat(shaper.openBytes()).isZero();
                if (whole) {
                    wholeOut = out();
                    wholeErr = err();
                }
            }
            assertThat(out()).as("%s, seed %d", List.of(shape), seed).isEqualTo(wholeOut);
            assertThat(err()).as("%s, seed %d", List.of(shape), seed).isEqualTo(wholeErr);
            assertThat(wholeOut).isNotEmpty();
        }
        assertThat(room.takenBytes()).isZero();
    }

    @Test
    void aPlainLineIsUntouchedAndAPrefixNamesItsSource() throws Exception {
        take(shaper(), "a\r\n\n\0\u00ff\n");
        take(shaper("--prefix"), "b\n");
        take(shaper("--prefix", "--name", "app"), "c\n");
        assertThat(out()).isEqualTo("a\r\n\n\0\u00ff\n[/logs/app.log] b\n[app] c\n");
    }

    @Test
    void jsonIsValidWhateverTheBytes() throws Exception {
        String bytes =
                new String(
                        "gr\u00fc\u00df \ud83d\ude00".getBytes(StandardCharsets.UTF_8),
                        StandardCharsets.ISO_8859_1);
        take(shaper("--json"), "say \"hi\"\\\t\u0001 " + bytes + "\n");
        take(shaper("--json"), "bad \u00ff\u00c3(\u00ed\u00a0\u0080\u00f0\u009f\n");
        String text =
                new String(out().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        String[] lines = text.split("\n", -1);
        assertThat(lines[0])
                .isEqualTo(
                        "{\"source\":\"/logs/app.log\",\"message\":\"say \\\"hi\\\"\\\\\\t\\u0001"
                                + " gr\u00fc\u00df \ud83d\ude00\"}");
        assertThat(lines[1])
                .isEqualTo(
                        "{\"source\":\"/logs/app.log\",\"message\":\"bad \ufffd\ufffd("
                                + "\ufffd".repeat(5)
                                + "\"}");
    }

    @Test
    void linesOfAPatternGoToStderr() throws Exception {
        LineShaper shaper = shaper("--stderr-if", "ERROR|f\u00fcr");
        String utf8 =
                new String(
                        "nur f\u00fcr dich".getBytes(StandardCharsets.UTF_8),
                        StandardCharsets.ISO_8859_1);
        take(shaper, "one\nan ERROR\ntwo\n" + utf8 + "\n");
        assertThat(out()).isEqualTo("one\ntwo\n");
        assertThat(err()).isEqualTo("an ERROR\n" + utf8 + "\n");
        take(shaper("--stderr"), "three\n");
        assertThat(err()).endsWith("three\n");
    }

    @Test
    void aRecordIsOneLineOfJsonAndEndsWhenNothingComes() throws Exception {
        LineShaper shaper = shaper("--multiline", "^\\d{4}");
        take(shaper, "2026 first\n  at A\n  at B\n2027 second\n");
        assertThat(out()).isEqualTo(json("2026 first\\n  at A\\n  at B"));
        assertThat(shaper.openBytes()).isEqualTo("2027 second\n".length());
        take(shaper, "  at C\nbegun");
        shaper.endRecordOlderThan(0);
        assertThat(out()).endsWith(json("2027 second\\n  at C"));
        assertThat(shaper.openBytes()).isEqualTo("begun".length());
        shaper.endRecord();
        assertThat(out()).endsWith(json("begun"));
    }

    private static String json(String message) {
        return "{\"source\":\"/logs/app.log\",\"message\":\"" + message + "\"}\n";
    }

    @Test
    void whatIsCutSaysSo() throws Exception {
        LineShaper plain = shaper("--max-line", "1KiB");
        take(plain, "x".repeat(5_000) + "\nshort\n");
        assertThat(out()).isEqualTo("x".repeat(1024) + " [cut; bytes of this line: 5000]\nshort\n");
        out.truncate(0).position(0);
        LineShaper json = shaper("--json", "--max-line", "1KiB");
        take(json, "y".repeat(3_000));
        take(json, "y".repeat(3_000) + "\n");
        assertThat(out())
                .isEqualTo(
                        "{\"source\":\"/logs/app.log\",\"message\":\""
                                + "y".repeat(1024)
                                + "\",\"cutFromBytes\":6000}\n");
    }

    @Test
    void begunLinesOfManySourcesTogetherHaveABound() throws Exception {
        HeldBytes little = new HeldBytes(100_000);
        Style style =
                Arguments.read(List.of("/logs/app.log"), Map.of()).sources().getFirst().style();
        LineShaper[] shapers = new LineShaper[100];
        String piece = "x".repeat(50_000);
        for (int i = 0; i < shapers.length; i++) {
            shapers[i] = new LineShaper(style, "app", outlets, little, new Activity());
            take(shapers[i], piece);
            assertThat(little.takenBytes()).isLessThanOrEqualTo(100_000);
        }
        for (LineShaper shaper : shapers) {
            take(shaper, "\n");
        }
        String[] lines = out().split("\n", -1);
        assertThat(lines).hasSize(101);
        assertThat(lines[0]).isEqualTo(piece);
        assertThat(lines[99]).isEqualTo("x".repeat(4096) + " [cut; bytes of this line: 50000]");
        assertThat(little.takenBytes()).isZero();
    }
}
