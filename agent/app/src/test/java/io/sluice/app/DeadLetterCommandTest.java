package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.buffer.DeadLetter;
import io.sluice.buffer.DeadLetterFiles;
import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

class DeadLetterCommandTest {
    private final Instant now = Instant.now();

    @TempDir Path folder;

    private Path state;

    @BeforeEach
    void keepLetters() throws IOException {
        state = Files.createDirectory(folder.resolve("state"));
        try (DeadLetterFiles letters = DeadLetterFiles.open(state, 1 << 20)) {
            letters.write(letter("a", "shop", "cart-1", Duration.ofDays(9), "[1:2] no object"));
            letters.write(letter("b", "shop", "till-1", Duration.ofHours(3), "limit of fields"));
            letters.write(letter("c", "bank", "cart-2", Duration.ofMinutes(2), "\u001b[31mred"));
            letters.force();
        }
    }

    @Test
    void aListSaysWhenWhoAndWhyAndSteersNoTerminal() {
        Commands list = list();

        assertThat(list.exitCode()).isZero();
        assertThat(list.errors()).isEmpty();
        assertThat(list.lines()).hasSize(5);
        assertThat(list.lines().get(0)).startsWith("TIME  ");
        assertThat(list.lines().get(1))
                .startsWith(now.minus(Duration.ofDays(9)).toString().substring(0, 19))
                .contains("shop/cart-1", "400", "document_parsing_exception: [1:2] no object");
        assertThat(list.output()).doesNotContain("\u001b").contains("\uFFFD[31mred");
        assertThat(list.lines().getLast()).isEqualTo("3 letters");
    }

    @Test
    void aListIsNarrowedByAnythingThatIsKnown() {
        assertThat(idsOf("--namespace", "shop")).containsExactly("a", "b");
        assertThat(idsOf("--pod", "cart-*")).containsExactly("a", "c");
        assertThat(idsOf("--pod", "cart-2")).containsExactly("c");
        assertThat(idsOf("--pod", "cart")).isEmpty();
        assertThat(idsOf("--type", "document_parsing_exception")).hasSize(3);
        assertThat(idsOf("--type", "other")).isEmpty();
        assertThat(idsOf("--reason", "LIMIT")).containsExactly("b");
        assertThat(idsOf("--since", "4h")).containsExactly("b", "c");
        assertThat(idsOf("--until", "4h")).containsExactly("a");
        assertThat(idsOf("--until", now.minus(Duration.ofMinutes(3)).toString()))
                .containsExactly("a", "b");
        assertThat(idsOf("--id", "a", "--id", "c")).containsExactly("a", "c");
        assertThat(idsOf("--namespace", "shop", "--since", "4h")).containsExactly("b");
        assertThat(list("--namespace", "shop").lines().getLast()).isEqualTo("2 letters of 3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"yesterday", "5", "3w", "-1h", ""})
    void aTimeThatIsNoneIsNamedWithTheRemedy(String time) {
        Commands list = list("--since", time);

        assertThat(list.exitCode()).isEqualTo(Sluice.TOLD_WRONG);
        assertThat(list.errors())
                .contains("--since", "\"" + time + "\"", "write 2026-11-24T10:00:00Z");
    }

    @Test
    void showPrintsAllOfALetter() {
        Commands show = Commands.run("dead-letter", "show", "--path", state.toString(), "b");

        assertThat(show.exitCode()).isZero();
        assertThat(show.lines())
                .contains(
                        "id         b",
                        "target     logs-x-default",
                        "namespace  shop",
                        "pod        till-1",
                        "container  web",
                        "status     400",
                        "reason     limit of fields",
                        "attempts   2",
                        "action     {\"create\":{\"_id\":\"b\"}}",
                        "document   {\"message\":\"of till-1\"}");
        Commands json =
                Commands.run("dead-letter", "show", "--json", "--path", state.toString(), "b");
        assertThat(json.lines()).singleElement().asString().startsWith("{\"id\":\"b\",");
    }

    @Test
    void aLetterThatIsNotThereAndAFolderThatIsNotThereAreSaid() {
        Commands show = Commands.run("dead-letter", "show", "--path", state.toString(), "z");
        assertThat(show.exitCode()).isEqualTo(Sluice.FAILED);
        assertThat(show.errors()).contains("no letter z among 3 letters", state.toString());

        Commands list = Commands.run("dead-letter", "list", "--path", folder + "/nowhere");
        assertThat(list.exitCode()).isEqualTo(Sluice.TOLD_WRONG);
        assertThat(list.errors()).contains(folder + "/nowhere", "--path", "--config");
    }

    @Test
    void aLetterOfAPlainFileNamesTheFile() {
        try (DeadLetterFiles letters = DeadLetterFiles.open(state, 1 << 20)) {
            letters.write(
                    new DeadLetter(
                            "d", "t", "{}", "{}", 400, "type", "reason", 1, 0, "/logs/a_b_c/d", 1));
            letters.force();
        }
        assertThat(list("--id", "d").output()).contains("/logs/a_b_c/d", "1970-01-01T00:00:00Z");
        assertThat(idsOf("--namespace", "")).containsExactly("d");
    }

    @Test
    void damagedLinesAreToldAndTheOthersListed() throws Exception {
        Path file = state.resolve("dead-letters/letters-0000000001.ndjson");
        Files.writeString(file, "{\"id\":\"torn\n", StandardOpenOption.APPEND);

        Commands list = list();

        assertThat(list.lines()).hasSize(5);
        assertThat(list.errors()).contains("1 line in", "can be read as no letter");
    }

    @Test
    void purgeRemovesOnlyWhatWasChosenAndConfirmed() {
        Commands asked = purge("--older-than", "1d");
        assertThat(asked.exitCode()).isEqualTo(Sluice.TOLD_WRONG);
        assertThat(asked.output()).contains("would remove 1 letter of 3; say --yes");
        assertThat(idsOf()).hasSize(3);

        Commands removed = purge("--older-than", "1d", "--yes");
        assertThat(removed.exitCode()).isZero();
        assertThat(removed.output()).contains("removed 1 letter");
        assertThat(idsOf()).containsExactly("b", "c");

        assertThat(purge("--yes").errors()).contains("say which letters");
        assertThat(purge("--yes").exitCode()).isEqualTo(Sluice.TOLD_WRONG);
        assertThat(purge("--yes", "--all", "--id", "b").exitCode()).isEqualTo(Sluice.TOLD_WRONG);
        assertThat(purge("--yes", "--namespace", "bank").output()).contains("removed 1 letter");
        assertThat(purge("--yes", "--all").output()).contains("removed 1 letter");
        assertThat(purge("--yes", "--all").output()).contains("removed 0 letters");
        assertThat(idsOf()).isEmpty();
    }

    @Test
    void replayRemovesWhatIsTakenAndSaysWhyTheRestIsNot() throws Exception {
        try (FaultyElasticsearch server = new FaultyElasticsearch()) {
            server.behave(
                    (_, _, _) ->
                            Reply.items(
                                    document -> document.source().contains("till"),
                                    400,
                                    FaultyElasticsearch.MAPPING_FAULT));

            Commands replay = replay(server);

            assertThat(replay.exitCode()).as(replay.errors()).isEqualTo(Sluice.FAILED);
            assertThat(replay.lines())
                    .containsExactly(
                            "refused  b  400, document_parsing_exception: [1:2] failed to parse"
                                    + " field [app.n]",
                            "3 letters sent: 2 delivered and removed, 1 refused again, 0 must"
                                    + " wait");
            assertThat(idsOf()).containsExactly("b");
            assertThat(server.lastHead()).startsWith("POST /logs-x-default/_bulk");

            server.behave((_, _, _) -> new Reply.Take());
            Commands mended = replay(server, "--json", "--to-index", "other", "--pipeline", "p");
            assertThat(mended.exitCode()).isZero();
            assertThat(mended.lines())
                    .containsExactly(
                            "{\"id\":\"b\",\"target\":\"other\",\"fate\":\"delivered\",\"reason\":\"\"}");
            assertThat(server.lastHead()).startsWith("POST /other/_bulk").contains("pipeline=p");
            assertThat(idsOf()).isEmpty();
            assertThat(replay(server).output()).startsWith("0 letters sent");
        }
    }

    @Test
    void replaySendsOnlyWhatWasChosen() throws Exception {
        try (FaultyElasticsearch server = new FaultyElasticsearch()) {
            assertThat(replay(server, "--namespace", "bank").exitCode()).isZero();
            assertThat(server.taken()).containsExactly("c");
            assertThat(idsOf()).containsExactly("a", "b");
        }
    }

    @Test
    void replayToAServerThatIsAwayKeepsEverything() throws Exception {
        try (FaultyElasticsearch server = new FaultyElasticsearch()) {
            server.stop();

            Commands replay = replay(server, "--timeout", "1s");

            assertThat(replay.exitCode()).isEqualTo(Sluice.FAILED);
            assertThat(replay.output())
                    .contains("waits    a  ", "refused", "3 must wait", "stopped there");
            assertThat(idsOf()).hasSize(3);
        }
    }

    @Test
    void withoutAnActionItSaysWhichThereAre() {
        Commands none = Commands.run("dead-letter");
        assertThat(none.exitCode()).isEqualTo(Sluice.TOLD_WRONG);
        assertThat(none.errors()).contains("list, show, replay or purge", "Examples:");
    }

    private Commands list(String... arguments) {
        return at("list", arguments);
    }

    private Commands purge(String... arguments) {
        return at("purge", arguments);
    }

    private Commands at(String action, String... arguments) {
        List<String> all = new ArrayList<>(List.of("dead-letter", action));
        all.addAll(List.of("--path", state.toString()));
        all.addAll(List.of(arguments));
        return Commands.run(all.toArray(new String[0]));
    }

    private Commands replay(FaultyElasticsearch server, String... arguments) throws IOException {
        AgentYaml yaml = new AgentYaml(folder).containers(folder);
        List<String> all = new ArrayList<>(List.of("dead-letter", "replay", "--config"));
        all.add(yaml.write(server.url()).toString());
        all.addAll(List.of(arguments));
        return Commands.run(all.toArray(new String[0]));
    }

    private List<String> idsOf(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--json");
        return list(all.toArray(new String[0])).lines().stream()
                .map(line -> line.replaceFirst(".*\"id\":\"(.*?)\".*", "$1"))
                .toList();
    }

    private DeadLetter letter(
            String id, String namespace, String pod, Duration age, String reason) {
        return new DeadLetter(
                id,
                "logs-x-default",
                "{\"create\":{\"_id\":\"" + id + "\"}}",
                "{\"message\":\"of " + pod + "\"}",
                400,
                "document_parsing_exception",
                reason,
                2,
                now.minus(age).toEpochMilli(),
                namespace + "_" + pod + "_5f1c/web",
                120);
    }
}
