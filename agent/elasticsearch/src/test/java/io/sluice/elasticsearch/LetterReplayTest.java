package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.buffer.DeadLetter;
import io.sluice.elasticsearch.LetterReplay.Fate;
import io.sluice.elasticsearch.LetterReplay.Fate.Delivered.As;
import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Security;
import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.api.InstanceOfAssertFactory;
import org.assertj.core.api.ObjectAssert;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Dead letters sent again, to a real Elasticsearch and to one that misbehaves. */
class LetterReplayTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Map<String, Fate> fates = new LinkedHashMap<>();

    @Test
    void aRealServerTakesOrRefusesEachForItself() throws Exception {
        ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);
        String stream = "logs-replay_" + Long.toHexString(System.nanoTime()) + "-default";
        server.requestOk("PUT", "/" + stream + "/_create/there?op_type=create", document("x"));
        List<DeadLetter> letters =
                List.of(
                        letter("taken", stream, document("a")),
                        letter("there", stream, document("x")),
                        letter("repaired", stream, document("b").replace("}", ",\"n\":{\"\":1}}")),
                        letter("refused", stream, "{\"@timestamp\":\"yesterday\"}"));

        boolean all = replay(server.url(), Optional.empty(), LONG, letters);

        assertThat(all).isTrue();
        assertThat(fates.keySet()).hasSize(4);
        assertThat(fates)
                .containsEntry("taken", new Fate.Delivered(As.ITSELF))
                .containsEntry("there", new Fate.Delivered(As.ALREADY_THERE))
                .containsEntry("repaired", new Fate.Delivered(As.REPAIRED));
        assertThat(fates.get("refused"))
                .isInstanceOfSatisfying(
                        Fate.Refused.class,
                        refused ->
                                assertThat(refused.reason())
                                        .contains(
                                                "400", "document_parsing_exception", "yesterday"));
        assertThat(server.count(stream)).isEqualTo(3);
    }

    @Test
    void anotherTargetIsTakenForAll() throws Exception {
        ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);
        List<DeadLetter> letters =
                List.of(letter("a", "logs-x-default", "{\"m\":1}"), letter("b", "y", "{\"m\":2}"));

        String index = "rejected-letters-" + Long.toHexString(System.nanoTime());

        assertThat(replay(server.url(), Optional.of(index), LONG, letters)).isTrue();

        assertThat(fates.values()).containsOnly(new Fate.Delivered(As.ITSELF));
        assertThat(server.count(index)).isEqualTo(2);
    }

    @Test
    void aMissingPipelineLeavesTheLettersAndSaysSo() throws Exception {
        try (FaultyElasticsearch server = new FaultyElasticsearch()) {
            server.behave(
                    (_, _, _) ->
                            Reply.items(
                                    _ -> true,
                                    400,
                                    "{\"type\":\"illegal_argument_exception\",\"reason\":"
                                            + "\"pipeline with id [p] does not exist\"}"));
            ElasticsearchConfig config = config(server.url()).withPipeline("p");

            boolean all = replay(config, Optional.empty(), LONG, letters(3));

            assertThat(all).isTrue();
            assertThat(server.lastHead()).contains("pipeline=p");
            assertThat(fates.values())
                    .hasSize(3)
                    .allSatisfy(
                            fate ->
                                    assertThat(fate)
                                            .asInstanceOf(waits())
                                            .extracting(Fate.Waits::reason)
                                            .asString()
                                            .contains("pipeline with id [p] does not exist"));
            assertThat(server.bulks()).as("it is not tried in vain").isEqualTo(1);
        }
    }

    @Test
    void whatIsBusyIsSentAgainUntilItIsTaken() throws Exception {
        try (FaultyElasticsearch server = new FaultyElasticsearch()) {
            server.behave(
                    (request, _, _) ->
                            switch (request) {
                                case 0 -> new Reply.Refuse(503, "{}");
                                case 1 -> new Reply.TakeAndTruncate();
                                case 2 -> new Reply.Cut();
                                case 3, 4 ->
                                        Reply.items(
                                                d -> d.id().equals("1"),
                                                429,
                                                FaultyElasticsearch.REJECTED);
                                default -> new Reply.Take();
                            });

            assertThat(replay(server.url(), Optional.empty(), LONG, letters(3))).isTrue();

            assertThat(fates.keySet()).containsExactlyInAnyOrder("0", "1", "2");
            assertThat(fates.values()).allMatch(Fate.Delivered.class::isInstance);
            assertThat(server.taken()).isEqualTo(Set.of("0", "1", "2"));
        }
    }

    @Test
    void aRequestThatIsTooLargeIsHalvedDownToTheLetterThatIs() throws Exception {
        try (FaultyElasticsearch server = new FaultyElasticsearch()) {
            server.behave(
                    (_, documents, _) ->
                            documents.stream().mapToInt(d -> d.source().length()).sum() > 100_000
                                    ? new Reply.Refuse(413, "")
                                    : new Reply.Take());
            List<DeadLetter> letters = new ArrayList<>(letters(20));
            letters.add(letter("long", "t", document("x".repeat(150_000))));
            letters.add(letter("no object", "t", "[\"" + "x".repeat(150_000) + "\"]"));

            assertThat(replay(server.url(), Optional.empty(), LONG, letters)).isTrue();

            assertThat(fates).hasSize(22);
            assertThat(fates.get("long")).isEqualTo(new Fate.Delivered(As.REPAIRED));
            assertThat(fates.get("no object")).isInstanceOf(Fate.Refused.class);
            assertThat(server.taken()).hasSize(21);
        }
    }

    @Test
    void aServerThatIsAwayStopsItAfterItsPatience() throws Exception {
        try (FaultyElasticsearch server = new FaultyElasticsearch()) {
            server.stop();
            List<DeadLetter> letters = letters(3_000);

            boolean all = replay(server.url(), Optional.empty(), Duration.ofMillis(300), letters);

            assertThat(all).isFalse();
            assertThat(fates).hasSize(1_000);
            assertThat(fates.get("0"))
                    .asInstanceOf(waits())
                    .extracting(Fate.Waits::reason)
                    .asString()
                    .contains("refused");
        }
    }

    @Test
    void wrongCredentialsStopItAtOnce() throws Exception {
        try (FaultyElasticsearch server = new FaultyElasticsearch()) {
            server.behave((_, _, _) -> new Reply.Refuse(401, "{\"error\":{\"type\":\"s\"}}"));

            assertThat(replay(server.url(), Optional.empty(), LONG, letters(3_000))).isFalse();

            assertThat(server.bulks()).isEqualTo(1);
            assertThat(fates.values()).allMatch(Fate.Waits.class::isInstance);
        }
    }

    private static InstanceOfAssertFactory<Fate.Waits, ObjectAssert<Fate.Waits>> waits() {
        return InstanceOfAssertFactories.type(Fate.Waits.class);
    }

    private boolean replay(
            URI server, Optional<String> target, Duration patience, List<DeadLetter> letters)
            throws Exception {
        return replay(config(server), target, patience, letters);
    }

    private boolean replay(
            ElasticsearchConfig config,
            Optional<String> target,
            Duration patience,
            List<DeadLetter> letters)
            throws Exception {
        Iterator<DeadLetter> next = letters.iterator();
        try (LetterReplay replay = new LetterReplay(config, target, patience)) {
            return replay.send(
                    () -> next.hasNext() ? Optional.of(next.next()) : Optional.empty(),
                    (letter, fate) ->
                            assertThat(fates.put(letter.id(), fate))
                                    .as("settled twice: %s", letter.id())
                                    .isNull());
        }
    }

    private static ElasticsearchConfig config(URI server) {
        return ElasticsearchConfig.of(List.of(server));
    }

    private static String document(String message) {
        return "{\"@timestamp\":\"2026-11-24T10:00:00Z\",\"message\":\"" + message + "\"}";
    }

    private static List<DeadLetter> letters(int count) {
        List<DeadLetter> letters = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            letters.add(letter(Integer.toString(i), "t", document("line " + i)));
        }
        return letters;
    }

    private static DeadLetter letter(String id, String target, String document) {
        return new DeadLetter(
                id,
                target,
                "{\"create\":{\"_id\":\"" + id + "\"}}",
                document,
                400,
                "document_parsing_exception",
                "as it was",
                2,
                0,
                "shop_cart_uid/web",
                document.length());
    }
}
