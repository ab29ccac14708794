package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Random lives in which bytes are destroyed before they are read, and the books that must balance:
 * written = read + backlog + lost. What the tail had seen is lost by the byte; what nobody saw may
 * be more, and then the loss says so. No line comes twice, and all come in order.
 *
 * <p>A failure names its seed; {@code -Dsluice.seed=<seed>} repeats that scenario.
 */
class TailerBooksTest {
    private static final int SCENARIOS = 48;
    private static final int AT_ONCE = 16;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir Path root;

    @Test
    void whatIsWrittenIsReadOrLeftOrLost() throws Exception {
        RandomScenarios.play(
                SCENARIOS, AT_ONCE, seed -> new Scenario(root.resolve("seed-" + seed), seed));
    }

    private static final class Scenario implements RandomScenarios.Scenario {
        private final StringBuilder story = new StringBuilder();
        private final Random random;
        private final KubeletLogs logs;
        private final TailConfig config;
        private final HeldClock clock = new HeldClock();

        /** Rotated files that are there, the oldest first. */
        private final Deque<Path> rotated = new ArrayDeque<>();

        private CollectingSink sink = new CollectingSink(300);
        private Optional<RunningTailer> agent = Optional.empty();
        private Map<String, SourcePosition> positions = Map.of();
        private boolean held;

        // The books: written, and of runs that are over, read and lost.
        private long written;
        private long readBefore;
        private long lostBefore;
        private boolean atLeastBefore;
        private final StringBuilder textBefore = new StringBuilder();

        /** Of the active file. */
        private long activeBytes;

        /** What was destroyed after the tail had seen it. */
        private long destroyed;

        /** Bytes are gone, or held by nothing but a tail that has ended, that nobody can count. */
        private boolean uncountable;

        /** Some of those were never seen, and the file that was read last is still there. */
        private boolean traceless;

        /**
         * The active file was written over since all was read: the position's file is gone, and its
         * older siblings, if there are any, look younger to an agent that starts.
         */
        private boolean writtenOver;

        private int lines;

        Scenario(Path root, long seed) {
            random = new Random(seed);
            random.nextLong();
            logs = new KubeletLogs(root, "shop", "web", "app");
            config =
                    new TailConfig(
                            Optional.of(root.resolve("containers")),
                            List.of(),
                            List.of(),
                            new TailConfig.From.Beginning(),
                            Duration.ofMillis(30),
                            Duration.ofMillis(60),
                            0,
                            1 + random.nextInt(8),
                            16,
                            random.nextInt(3) > 0);
        }

        @Override
        public void play() throws Exception {
            write();
            start();
            for (int i = 15 + random.nextInt(20); i > 0; i--) {
                step(random.nextInt(100));
                if (agent.isPresent()) {
                    awaitLook();
                    balance();
                }
            }
            if (agent.isEmpty()) {
                start();
            }
            release();
            write();
            awaitRead();
            balance();
        }

        private void step(int dice) throws Exception {
            if (dice < 30) {
                write();
            } else if (dice < 42) {
                rotate();
            } else if (dice < 50) {
                gzip();
            } else if (dice < 58) {
                deleteOldest();
            } else if (dice < 66) {
                truncate();
            } else if (dice < 72) {
                copyAndTruncate();
            } else if (dice < 80) {
                renameOver();
            } else if (dice < 86) {
                hold();
            } else if (dice < 94) {
                release();
            } else if (agent.isPresent()) {
                stop();
            } else {
                start();
            }
        }

        private void write() {
            for (int i = 1 + random.nextInt(8); i > 0; i--) {
                String line = lines++ + " " + "x".repeat(random.nextInt(60)) + "\n";
                logs.write(line);
                written += line.length();
                activeBytes += line.length();
            }
            say("wrote up to line " + (lines - 1));
        }

        private void rotate() throws IOException {
            say("rotates");
            rotated.addLast(logs.rotate());
            activeBytes = 0;
            write();
        }

        private void gzip() throws IOException {
            if (!rotated.isEmpty() && !rotated.peekFirst().toString().endsWith(".gz")) {
                say("compresses the oldest");
                rotated.addFirst(KubeletLogs.gzip(rotated.pollFirst()));
            }
        }

        /** The tail holds what it has seen; without one, what was not read is gone. */
        private void deleteOldest() throws IOException {
            if (!rotated.isEmpty()) {
                say("deletes the oldest");
                uncountable |= agent.isEmpty() && owed() > 0;
                Files.delete(rotated.pollFirst());
            }
        }

        private void truncate() throws Exception {
            if (agent.isEmpty() && !rotated.isEmpty()) {
                return;
            }
            say("truncates");
            loseActive();
            writtenOver = true;
            anew(logs::truncate);
        }

        private void copyAndTruncate() throws Exception {
            say("copies and truncates");
            anew(() -> rotated.addLast(logs.copyAndTruncate()));
        }

        private void renameOver() throws Exception {
            if (agent.isEmpty() && !rotated.isEmpty()) {
                return;
            }
            say("renames over");
            uncountable |= agent.isEmpty() && owed() > 0;
            writtenOver = true;
            anew(logs::renameOver);
        }

        /** Begins the active file anew; the tail may see both at once. */
        private void anew(HeldClock.ThrowingRunnable change) throws Exception {
            HeldClock.ThrowingRunnable both =
                    () -> {
                        change.run();
                        activeBytes = 0;
                        write();
                    };
            if (agent.isPresent() && random.nextBoolean()) {
                say("  between two looks");
                clock.hold(agent.get(), both);
            } else {
                both.run();
            }
        }

        /** Of the active file, what was not read is destroyed. */
        private void loseActive() {
            if (agent.isEmpty()) {
                uncountable |= owed() > 0;
            } else {
                destroyed += Math.min(owed(), activeBytes);
            }
        }

        private void hold() {
            if (agent.isPresent()) {
                say("holds");
                held = true;
                sink.room(0);
            }
        }

        private void release() {
            if (agent.isPresent()) {
                say("releases");
                held = false;
                sink.room(Integer.MAX_VALUE);
                awaitRead();
            }
        }

        private void start() {
            say("the agent starts");
            sink = new CollectingSink(300);
            held = false;
            agent = Optional.of(new RunningTailer(config, positions, ReadGate.OPEN, sink, clock));
            awaitLook();
            if (!uncountable) {
                awaitRead();
            }
        }

        /** What only the tail held, and losses that are in no chunk yet, go with it. */
        private void stop() {
            if (writtenOver && !rotated.isEmpty()) {
                release();
            }
            uncountable |= owed() > 0 || unread() > 0;
            traceless |= owed() > 0;
            say("the agent stops" + (uncountable ? ", not all is countable" : ""));
            agent.orElseThrow().close();
            agent = Optional.empty();
            positions = sink.positions().isEmpty() ? positions : sink.positions();
            readBefore += read();
            lostBefore += lost();
            atLeastBefore |= isAtLeast();
            textBefore.append(sink.text(logs.key));
            sink = new CollectingSink(300);
        }

        /** Of what was written: neither read nor destroyed so far. */
        private long owed() {
            return written - readBefore - read() - destroyed;
        }

        private long read() {
            return sink.text(logs.key).length();
        }

        private long lost() {
            return sink.losses(logs.key).values().stream().mapToLong(Loss::bytes).sum();
        }

        private boolean isAtLeast() {
            return sink.losses(logs.key).values().stream().anyMatch(Loss::atLeast);
        }

        private long unread() {
            return Math.max(0, sink.unread(logs.key));
        }

        /** Everything there was a moment ago was opened and looked at. */
        private void awaitLook() {
            TailStats stats = agent.orElseThrow().tailer.stats();
            long scans = stats.fullScans.sum();
            await().pollInterval(Duration.ofMillis(5))
                    .atMost(PATIENCE)
                    .until(() -> stats.fullScans.sum() > scans + 1);
            if (!held) {
                awaitRead();
            }
        }

        private void awaitRead() {
            String last = (lines - 1) + " ";
            await().pollInterval(Duration.ofMillis(5))
                    .atMost(PATIENCE)
                    .until(
                            () -> {
                                String text = textBefore + sink.text(logs.key);
                                int from = text.lastIndexOf('\n', text.length() - 2) + 1;
                                return text.startsWith(last, from) && unread() == 0;
                            });
            writtenOver = false;
        }

        private void balance() {
            long read = readBefore + read();
            long lost = lostBefore + lost();
            if (uncountable) {
                assertThat(read + unread() + lost)
                        .as("no more than was written")
                        .isLessThanOrEqualTo(written);
                if (!held && !traceless && read + lost < written) {
                    assertThat(atLeastBefore || isAtLeast())
                            .as("a loss of unknown size is said to be one")
                            .isTrue();
                }
            } else if (sink.source(logs.key) != null) {
                assertThat(read + unread() + lost).as("read, left and lost").isEqualTo(written);
                if (!held) {
                    assertThat(lost).as("lost").isEqualTo(destroyed);
                }
            }
            inOrderAndOnce();
        }

        private void inOrderAndOnce() {
            int before = -1;
            for (String line : (textBefore + sink.text(logs.key)).lines().toList()) {
                int number = Integer.parseInt(line.substring(0, line.indexOf(' ')));
                assertThat(number).as("line after %d", before).isGreaterThan(before);
                if (destroyed == 0 && !uncountable) {
                    assertThat(number).as("line after %d", before).isEqualTo(before + 1);
                }
                before = number;
            }
        }

        private void say(String what) {
            story.append("  ").append(what).append('\n');
        }

        @Override
        public CharSequence story() {
            return story;
        }

        @Override
        public void close() {
            agent.ifPresent(RunningTailer::close);
        }
    }
}
