package io.sluice.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Labels and annotations as the kubelet writes them, and what else may lie there. */
class DownwardFileTest {
    @TempDir Path folder;

    @Test
    void aLineIsALabel() throws Exception {
        // The kubelet's last line has no newline; a person's has.
        String kubelets = "app=\"cart\"\napp.kubernetes.io/name=\"shop=cart\"\nempty=\"\"";
        Map<String, String> labels =
                Map.of("app", "cart", "app.kubernetes.io/name", "shop=cart", "empty", "");

        assertThat(read(kubelets)).isEqualTo(labels);
        assertThat(read(kubelets + "\n")).isEqualTo(labels);
    }

    @Test
    void aPodWithoutLabelsHasAnEmptyFile() throws Exception {
        assertThat(read("")).isEmpty();
    }

    /** What Go's strconv.Quote makes of a value. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            textBlock =
                    """
                    "say \\"hi\\""           | say "hi"
                    "C:\\\\logs"             | C:\\logs
                    "Zürich 日本 👍"          | Zürich 日本 👍
                    "soft\\u00adhyphen"      | soft\u00adhyphen
                    "tag\\U000e0001"         | tag\udb40\udc01
                    "not\\xff\\xfeutf-8"     | not\ufffd\ufffdutf-8
                    "it's {\\"a\\":[1]}"     | it's {"a":[1]}
                    """)
    void valuesAreQuotedAsGoDoes(String quoted, String value) throws Exception {
        assertThat(read("key=" + quoted)).isEqualTo(Map.of("key", value));
    }

    @Test
    void controlCharactersAreEscaped() throws Exception {
        assertThat(read("key=\"\\a\\b\\f\\n\\r\\t\\v\\x00\\x7f\""))
                .isEqualTo(Map.of("key", "\007\b\f\n\r\t\013\0\177"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "app",
                "app=cart",
                "app=\"cart",
                "app=cart\"",
                "app=\"",
                "=\"cart\"",
                "my app=\"cart\"",
                "app=\"a\"b\"",
                "app=\"\\\"",
                "app=\"\\q\"",
                "app=\"\\x4\"",
                "app=\"\\xzz\"",
                "app=\"\\u12\"",
                "app=\"\\u+123\"",
                "app=\"\\Uffffffff\"",
                "{\"app\":\"cart\"}",
                "app: cart",
            })
    void whatIsNoSuchLineIsSaidByItsNumber(String line) {
        assertThatIOException()
                .isThrownBy(() -> read("first=\"1\"\n\n" + line + "\nlast=\"2\""))
                .withMessage("is something else: its line 3 is no key=\"…\"");
    }

    @Test
    void aMessageRepeatsNothingOfAFileThatMayHoldASecret() {
        assertThatIOException()
                .isThrownBy(() -> read("hush"))
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("hush"));
    }

    @Test
    void whatCannotBeReadSaysWhy() throws Exception {
        assertThatIOException()
                .isThrownBy(() -> DownwardFile.read(folder.resolve("none")))
                .withMessage("cannot be read (no such file)");
        assertThatIOException()
                .isThrownBy(() -> DownwardFile.read(folder))
                .withMessage("is no file");
        Path latin = folder.resolve("latin");
        Files.write(latin, "a=\"Zürich\"".getBytes(StandardCharsets.ISO_8859_1));
        assertThatIOException()
                .isThrownBy(() -> DownwardFile.read(latin))
                .withMessage("is not UTF-8");
        assertThatIOException()
                .isThrownBy(() -> read("a=\"" + "x".repeat(1 << 20) + "\""))
                .withMessage("has more than 1048576 bytes");
    }

    private Map<String, String> read(String text) throws IOException {
        return DownwardFile.read(Files.writeString(folder.resolve("labels"), text));
    }
}
