package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

class ArgumentsTest {
    @TempDir private Path folder;

    private static Options read(String... words) throws Arguments.WrongException {
        return Arguments.read(List.of(words), Map.of());
    }

    @Test
    void styleOptionsAreTheirSourcesOrEverySources() throws Exception {
        Options options =
                read(
                        "--stderr-if=ERROR",
                        "/logs/a.log",
                        "--file",
                        "/logs/b.log",
                        "--name",
                        "b",
                        "--stderr",
                        "--stderr-if",
                        "WARN",
                        "--tcp",
                        "0.0.0.0:514",
                        "--json",
                        "--drain",
                        "3s");
        assertThat(options.drain()).isEqualTo(Duration.ofSeconds(3));
        assertThat(options.maxLineBytes()).isEqualTo(1 << 20);
        assertThat(options.sources()).hasSize(3);
        Style a = options.sources().get(0).style();
        Style b = options.sources().get(1).style();
        Style tcp = options.sources().get(2).style();
        assertThat(a.stderrIf().orElseThrow().pattern()).isEqualTo("ERROR");
        assertThat(a.target()).isEqualTo(Outlets.Target.STDOUT);
        assertThat(b.stderrIf().orElseThrow().pattern()).isEqualTo("WARN");
        assertThat(b.name()).contains("b");
        assertThat(b.target()).isEqualTo(Outlets.Target.STDERR);
        assertThat(tcp.name()).isEmpty();
        assertThat(List.of(a, b, tcp)).allMatch(style -> style.wrapping() == Style.Wrapping.JSON);
        assertThat(options.sources().get(2).address().text()).isEqualTo("tcp:0.0.0.0:514");
    }

    @Test
    void theEnvironmentStandsBeforeTheArguments() throws Exception {
        Map<String, String> environment =
                Map.of(
                        "SLUICE_SIDECAR_FILE", "/logs/a.log /logs/*.txt\n",
                        "SLUICE_SIDECAR_JOURNAL", "true",
                        "SLUICE_SIDECAR_PREFIX", "true",
                        "SLUICE_SIDECAR_STDERR", "false",
                        "SLUICE_SIDECAR_NAME", "all",
                        "SLUICE_SIDECAR_DRAIN", "1m",
                        "SLUICE_SIDECAR_UNTIL_FILE", "",
                        "SLUICE_SIDECAR_JAVA_OPTS", "-Xmx16m",
                        "SLUICE_SIDECAR_SERVICE_HOST", "10.0.0.1",
                        "SLUICE_SIDECAR_PORT_80_TCP_ADDR", "10.0.0.1");
        Options options = Arguments.read(List.of("/logs/b.log", "--drain", "500ms"), environment);
        assertThat(options.sources().stream().map(wanted -> wanted.address().text()))
                .containsExactly("/logs/a.log", "/logs/*.txt", "journal", "/logs/b.log");
        assertThat(options.sources())
                .allMatch(wanted -> wanted.style().wrapping() == Style.Wrapping.PREFIX)
                .allMatch(wanted -> wanted.style().name().orElseThrow().equals("all"))
                .allMatch(wanted -> wanted.style().target() == Outlets.Target.STDOUT);
        assertThat(options.drain()).isEqualTo(Duration.ofMillis(500));
        assertThat(options.untilFile()).isEmpty();
    }

    @Test
    void whatIsWrongIsNamedWithItsRemedy() {
        refused("there is nothing to copy; name a source");
        refused("--file has 'logs/a.log', which is no absolute path", "logs/a.log");
        refused("a glob in a folder; only the last name may be one", "/logs/*/a.log");
        refused("which is no glob", "/logs/[.log");
        refused("there is no option --nonsense; --help shows all options", "--nonsense");
        refused("there is no option -h", "-h");
        refused("--tcp needs a value, [HOST:]PORT", "--tcp");
        refused("--tcp has '99999'; write a port, 1 to 65535, or HOST:PORT", "--tcp", "99999");
        refused("no address is known for nowhere.invalid", "--udp", "nowhere.invalid:5");
        refused("--json takes no value", "--json=yes", "/a");
        refused("--json and --prefix are both given; choose one", "--json", "--prefix", "/a");
        refused("--stderr-if has '(', which is no regular expression", "/a", "--stderr-if", "(");
        refused("--stderr-severity has 'bad'; choose emerg", "/a", "--stderr-severity", "bad");
        refused("--max-line is '10'; set 1KiB to", "/a", "--max-line", "10");
        refused("a quarter of the heap", "/a", "--max-line", "100000MiB");
        refused("--drain is 'soon'; write a time such as 10s", "/a", "--drain", "soon");
        refused(
                "--until-exit-of is 'me'; write the number of a process",
                "/a",
                "--until-exit-of",
                "me");
        refused("--until-file has 'done', which is no absolute path", "/a", "--until-file", "done");
        refused("--journal-match has 'x'; write FIELD=VALUE", "--journal", "--journal-match", "x");
    }

    private static void refused(String because, String... words) {
        assertThatThrownBy(() -> read(words))
                .isInstanceOf(Arguments.WrongException.class)
                .hasMessageContaining(because);
    }

    @Test
    void aVariableThatIsNoOptionsIsNamed() {
        assertThatThrownBy(
                        () ->
                                Arguments.read(
                                        List.of("/a"), Map.of("SLUICE_SIDECAR_FILES", "/logs/*")))
                .hasMessageStartingWith("SLUICE_SIDECAR_FILES is no option's variable; remove it");
        assertThatThrownBy(() -> Arguments.read(List.of("/a"), Map.of("SLUICE_SIDECAR_JSON", "1")))
                .hasMessage("SLUICE_SIDECAR_JSON is '1'; set true or false");
    }

    @Test
    void theProcessSaysWhatIsWrongInOneLine() throws Exception {
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "logs/*.log")) {
            assertThat(sidecar.awaitExit()).isEqualTo(Sidecar.UNUSABLE);
            assertThat(sidecar.errorLines()).hasSize(1);
            assertThat(sidecar.lines()).isEmpty();
        }
    }

    @Test
    void theHelpNamesEveryOption() throws Exception {
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--help")) {
            assertThat(sidecar.awaitExit()).isZero();
            String help = Files.readString(sidecar.out);
            assertThat(help).isEqualTo(Help.text());
            for (Option option : Option.values()) {
                assertThat(help).contains("  " + option.flag() + " ");
            }
            assertThat(help.lines()).allMatch(line -> line.length() <= 120 && !line.endsWith(" "));
        }
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--version")) {
            assertThat(sidecar.awaitExit()).isZero();
            assertThat(sidecar.lines()).hasSizeGreaterThan(0);
        }
    }

    @Test
    void thePageOfTheSidecarHasTheOptionsAsTheHelpSaysThem() throws Exception {
        Path page = Path.of("../docs/SIDECAR.md");
        String text = Files.readString(page, StandardCharsets.UTF_8);
        Matcher rows =
                Pattern.compile("(?m)^\\| `(--[a-z-]+)( [^`]+)?` \\| (.*) \\|$").matcher(text);
        StringBuilder said = new StringBuilder();
        while (rows.find()) {
            String value = rows.group(2) == null ? "" : rows.group(2).strip();
            said.append(row(rows.group(1), value.replace("\\|", "|"), rows.group(3)));
        }
        StringBuilder expected = new StringBuilder();
        for (Option option : Option.values()) {
            expected.append(row(option.flag(), option.value, option.help));
        }
        assertThat(said.toString()).isEqualTo(expected.toString());
    }

    private static String row(String flag, String value, String help) {
        return flag + " " + value + ": " + help + "\n";
    }
}
