package io.sluice.app.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.tail.TailConfig;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Plays a row of steps, then lets an agent catch up, and looks into the books. */
final class Simulation implements AutoCloseable {
    private static final Duration CAUGHT_UP_WITHIN = Duration.ofSeconds(90);

    private final Path root;
    private final Random setting;
    private final TailConfig tail;
    private final int encoders;
    private final int chunkBytes;
    private final Books books = new Books();
    private final List<SimulatedContainer> containers = new ArrayList<>();
    private final JumpingClock clock = new JumpingClock();
    private Path state;
    private int lives;
    private Optional<SimulatedAgent> agent = Optional.empty();

    /** The wall clock, and what it is wrong by. */
    private static final class JumpingClock extends Clock {
        private volatile Duration wrongBy = Duration.ZERO;

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException("nobody asks for another zone");
        }

        @Override
        public Instant instant() {
            return Clock.systemUTC().instant().plus(wrongBy);
        }
    }

    /**
     * @param root empty
     * @param seed of the configuration
     * @param containers how many
     */
    Simulation(Path root, long seed, int containers) throws IOException {
        this.root = root;
        this.setting = new Random(seed);
        Path logs = root.resolve("logs");
        this.encoders = 1 + setting.nextInt(3);
        this.chunkBytes = List.of(1_024, 4_096, 65_536).get(setting.nextInt(3));
        for (int i = 0; i < containers; i++) {
            this.containers.add(new SimulatedContainer(logs, i, books, clock::instant));
        }
        this.tail =
                new TailConfig(
                        Optional.of(logs.resolve("containers")),
                        List.of(),
                        List.of(),
                        new TailConfig.From.Beginning(),
                        Duration.ofMillis(20 + setting.nextInt(80)),
                        Duration.ofMillis(100 + setting.nextInt(400)),
                        setting.nextInt(4),
                        1 + setting.nextInt(8),
                        1 + setting.nextInt(16),
                        setting.nextInt(3) > 0);
        this.state = Files.createDirectory(root.resolve("state-0"));
    }

    /**
     * @return documents that came
     * @throws AssertionError if the books do not balance
     */
    int play(List<Step> steps) throws Exception {
        for (Step step : steps) {
            play(step);
        }
        for (SimulatedContainer container : containers) {
            if (!container.isDeleted()) {
                container.endAll(setting);
            }
        }
        startAgent();
        catchUp();
        agent.orElseThrow().stop(books);
        agent = Optional.empty();
        assertBooks();
        return books.documents();
    }

    private void play(Step step) throws IOException, InterruptedException {
        Random random = new Random(step.seed());
        SimulatedContainer container = containers.get(step.container());
        switch (step.kind()) {
            case JUMP -> clock.wrongBy = Duration.ofMinutes(random.nextInt(2 * 24 * 60) - 24L * 60);
            case START_AGENT -> startAgent();
            case STOP_AGENT -> stopAgent();
            case KILL_AGENT -> killAgent();
            case POWER_CUT -> {
                killAgent();
                for (SimulatedContainer each : containers) {
                    if (!each.isDeleted()) {
                        each.lose(random);
                    }
                }
            }
            case DELIVER -> {
                agent.ifPresent(a -> a.deliver(books, 1 + random.nextInt(20)));
                agent.ifPresent(a -> a.acknowledge(random.nextInt(20)));
            }
            case CATCH_UP -> {
                if (agent.isPresent()) {
                    catchUp(container);
                }
            }
            default -> {
                if (!container.isDeleted()) {
                    play(step.kind(), container, random);
                }
            }
        }
        agent.flatMap(SimulatedAgent::failure)
                .ifPresent(
                        e -> {
                            throw new AssertionError("the agent ended", e);
                        });
    }

    private static void play(Step.Kind kind, SimulatedContainer container, Random random)
            throws IOException {
        switch (kind) {
            case WRITE -> container.write(random);
            case WRITE_SPLIT -> container.writeSplit(random);
            case BEGIN_LINE -> container.beginLine(random);
            case END_LINE -> container.endLine(random);
            case WRITE_HALF -> container.writeHalf(random);
            case ROTATE -> container.rotate(random);
            case COMPRESS -> container.compress(random);
            case COPY_TRUNCATE -> container.copyTruncate();
            case RENAME_OVER -> container.renameOver();
            case TRUNCATE -> container.truncate();
            case DELETE_OLDEST -> container.deleteOldest();
            case RESTART -> container.restart(random);
            case DELETE_POD -> container.delete(random);
            default -> throw new AssertionError(kind + " happens to no container");
        }
    }

    private void startAgent() {
        if (agent.isEmpty()) {
            agent = Optional.of(new SimulatedAgent(state, tail, encoders, chunkBytes, clock));
        }
    }

    private void stopAgent() throws InterruptedException {
        if (agent.isPresent()) {
            agent.get().stop(books);
            lifeEnded();
        }
    }

    private void killAgent() throws IOException {
        if (agent.isPresent()) {
            Path next = root.resolve("state-" + ++lives);
            agent.get().kill(books, next);
            state = next;
            lifeEnded();
        }
    }

    private void lifeEnded() {
        agent = Optional.empty();
        books.forgetWhatWasHeld();
        containers.forEach(SimulatedContainer::isHeldByNobody);
    }

    /** All that can be whole by now: an open line may wait for its end. */
    private void catchUp(SimulatedContainer container) throws IOException {
        if (!container.isDeleted()) {
            container.endAll(setting);
        }
        SimulatedAgent living = agent.orElseThrow();
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(10))
                .atMost(CAUGHT_UP_WITHIN)
                .failFast("the agent ended", () -> assertThat(living.failure()).isEmpty())
                .untilAsserted(
                        () -> {
                            living.deliver(books, Integer.MAX_VALUE);
                            assertThat(books.missing(container.name())).isEmpty();
                        });
        container.isHeld();
    }

    private void catchUp() throws IOException {
        for (SimulatedContainer container : containers) {
            catchUp(container);
        }
    }

    private void assertBooks() {
        assertThat(books.wrong()).isEmpty();
        assertThat(books.missing()).isEmpty();
    }

    @Override
    public void close() {
        if (agent.isPresent() && !agent.get().hasEnded()) {
            agent.get().close();
        }
    }
}
