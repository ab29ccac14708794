package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sluice.app.AgentProcess.Home;
import io.sluice.buffer.DeadLetter;
import io.sluice.buffer.DeadLetterReader;
import io.sluice.buffer.DeadLetterStore;
import io.sluice.testing.CriLogs;
import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.FaultyElasticsearch.Document;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * {@code sluice dead-letter} beside a running agent that keeps finding dead letters, and without
 * one: nothing is lost, nothing is doubled, whatever is killed in between.
 */
class DeadLetterIT {
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir Path folder;

    private FaultyElasticsearch server;

    /** Ids that the server has been sent, by whomever. */
    private final Set<String> seen = ConcurrentHashMap.newKeySet();

    private int commands;

    @Test
    void lettersAreReplayedBesideAnAgentThatFindsMoreAndWithoutOne() throws Exception {
        CriLogs logs = new CriLogs(folder.resolve("logs")).keepAll();
        try (FaultyElasticsearch faulty = new FaultyElasticsearch();
                CriLogs.Container container = logs.container("shop", "cart", "uid", "web")) {
            server = faulty;
            refuse("red", "blue");
            AgentYaml yaml = new AgentYaml(folder).containers(logs.links());
            Path config = yaml.write(server.url());
            for (int i = 0; i < 500; i++) {
                container.write("line " + i + (i % 5 == 0 ? " red" : ""));
            }
            AgentProcess agent = yaml.start(Home.CHILD, server.url());
            int blue;
            try {
                awaitLetters(agent, 100);
                assertThat(run(config, "list", "--json").lines()).hasSize(100);
                assertThat(run(config, "replay").output).contains("100 refused again");
                assertThat(letters(yaml)).hasSize(100);

                // While the agent appends blue letters, red ones are sent again and removed.
                refuse("blue");
                AtomicBoolean enough = new AtomicBoolean();
                int[] written = new int[1];
                Thread writer =
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            while (!enough.get()) {
                                                container.write("blue " + written[0]++);
                                                pause();
                                            }
                                        });
                killReplaysInTheMiddle(config, yaml);
                Result replay = run(config, "replay", "--namespace", "shop");
                enough.set(true);
                writer.join();
                blue = written[0];
                assertThat(replay.exitCode).as("blue ones are refused").isEqualTo(1);
                assertThat(letters(yaml)).noneMatch(letter -> letter.document().contains("red"));
                awaitLetters(agent, blue);

                agent.terminate();
                assertThat(agent.awaitExit(Duration.ofSeconds(60))).as(agent.log()).isZero();
            } finally {
                agent.close();
            }
            List<DeadLetter> kept = letters(yaml);
            assertThat(kept).hasSize(blue).allMatch(letter -> letter.document().contains("blue"));
            assertThat(kept.stream().map(DeadLetter::id)).doesNotHaveDuplicates();

            // No agent.
            refuse();
            Result last = run(config, "replay");
            assertThat(last.exitCode).as(last.toString()).isZero();
            assertThat(letters(yaml)).isEmpty();
            assertThat(server.documents()).as("stored once").hasSize(500 + blue);
            assertThat(server.taken()).hasSize(500 + blue);

            // Its next start finds nothing to send and no letter.
            try (AgentProcess next = yaml.start(Home.CHILD, server.url())) {
                next.awaitReady(LONG);
                assertThat(next.ask("/metrics").body().lines())
                        .contains("sluice_dead_letters_kept 0.0");
                assertThat(server.documents()).hasSize(500 + blue);
            }
        }
    }

    /** Each is killed a moment after the server has seen a letter of it: around the removal. */
    private void killReplaysInTheMiddle(Path config, AgentYaml yaml) throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 4; i++) {
            seen.clear();
            Set<String> ids = new HashSet<>();
            letters(yaml).forEach(letter -> ids.add(letter.id()));
            Path log = folder.resolve("killed-" + i);
            try (AgentProcess replay = start(log, config, "replay")) {
                await().atMost(LONG)
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> !replay.isAlive() || seen.stream().anyMatch(ids::contains));
                assertThat(seen)
                        .as("a letter was sent: %s", replay.log())
                        .containsAnyElementsOf(ids);
                long until = System.nanoTime() + random.nextInt(100_000_000);
                await().pollDelay(Duration.ZERO)
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> System.nanoTime() - until > 0);
                replay.kill();
                assertThat(replay.awaitExit(LONG)).as("seed %s", seed).isIn(0, 1, 137);
            }
        }
    }

    @Test
    void purgeBesideARunningAgentShowsInItsFigures() throws Exception {
        CriLogs logs = new CriLogs(folder.resolve("logs"));
        try (FaultyElasticsearch faulty = new FaultyElasticsearch();
                CriLogs.Container container = logs.container("shop", "cart", "uid", "web")) {
            server = faulty;
            refuse("red");
            AgentYaml yaml = new AgentYaml(folder).containers(logs.links());
            Path config = yaml.write(server.url());
            container.write("red 1");
            container.write("red 2");
            try (AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
                awaitLetters(agent, 2);

                assertThat(run(config, "purge", "--all").exitCode).isEqualTo(2);
                assertThat(run(config, "purge", "--all", "--yes").output)
                        .contains("removed 2 letters");

                assertThat(agent.ask("/metrics").body().lines())
                        .contains("sluice_dead_letters_kept 0.0");
                container.write("red 3");
                awaitLetters(agent, 1);
                assertThat(run(config, "list").output).contains("shop/cart");
            }
        }
    }

    /** Documents with one of these words are refused, also when they are repaired. */
    private void refuse(String... words) {
        server.behave(
                (_, _, _) ->
                        new Reply.Mixed(
                                (Document document) -> {
                                    seen.add(document.id());
                                    for (String word : words) {
                                        if (document.source().contains(word)) {
                                            return Optional.of(
                                                    new FaultyElasticsearch.Fault(
                                                            400,
                                                            FaultyElasticsearch.MAPPING_FAULT));
                                        }
                                    }
                                    return Optional.empty();
                                }));
    }

    private static void awaitLetters(AgentProcess agent, int letters) {
        agent.healthPort();
        await().atMost(LONG)
                .pollInterval(Duration.ofMillis(200))
                .ignoreExceptionsInstanceOf(IOException.class)
                .untilAsserted(
                        () ->
                                assertThat(agent.ask("/metrics").body().lines())
                                        .contains("sluice_dead_letters_kept " + letters + ".0"));
    }

    private static List<DeadLetter> letters(AgentYaml yaml) throws IOException {
        DeadLetterStore store = new DeadLetterStore(yaml.state());
        List<DeadLetter> letters = new ArrayList<>();
        for (Path file : store.files()) {
            try (DeadLetterReader reader = store.read(file)) {
                for (Optional<DeadLetter> next = reader.next();
                        next.isPresent();
                        next = reader.next()) {
                    letters.add(next.get());
                }
                assertThat(reader.unreadable()).isZero();
            }
        }
        return letters;
    }

    /** A command that has ended. */
    private record Result(int exitCode, String output) {
        List<String> lines() {
            return output.lines().toList();
        }
    }

    private Result run(Path config, String... arguments) throws Exception {
        Path log = folder.resolve("command-" + commands++);
        try (AgentProcess command = start(log, config, arguments)) {
            int exitCode = command.awaitExit(LONG);
            String output = Files.readString(folder.resolve(log.getFileName() + ".out"), UTF_8);
            assertThat(command.log()).as("errors of the command").isEmpty();
            return new Result(exitCode, output);
        }
    }

    private static AgentProcess start(Path log, Path config, String... arguments)
            throws IOException {
        List<String> all = new ArrayList<>(List.of("dead-letter", arguments[0]));
        all.addAll(List.of("--config", config.toString()));
        all.addAll(List.of(arguments).subList(1, arguments.length));
        return AgentProcess.start(Home.CHILD, log, Map.of(), all.toArray(new String[0]));
    }

    private static void pause() {
        long until = System.nanoTime() + 2_000_000;
        while (System.nanoTime() - until < 0) {
            Thread.onSpinWait();
        }
    }
}
