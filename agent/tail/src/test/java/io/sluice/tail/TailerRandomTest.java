package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Random lives of containers and of the agent, against a model that knows what was written: every
 * byte comes once and in order; after a restart of the agent, from its position on.
 *
 * <p>A failure names its seed; {@code -Dsluice.seed=<seed>} repeats that scenario. What the model
 * does follows from the seed, when the tail looks does not: repeat more than once.
 */
class TailerRandomTest {
    private static final int SCENARIOS = 120;
    private static final int AT_ONCE = 24;

    @TempDir Path root;

    @Test
    void whateverHappensEveryLineComesOnceAndInOrder() throws Exception {
        RandomScenarios.play(
                SCENARIOS, AT_ONCE, seed -> new Scenario(root.resolve("seed-" + seed), seed));
    }

    /** A file of a container, from its first byte in the container's whole text. */
    private static final class Written {
        final int from;
        final int restart;
        int to;
        Path path;
        boolean rotated;

        Written(int from, int restart, Path path) {
            this.from = from;
            this.restart = restart;
            this.to = from;
            this.path = path;
        }
    }

    /** A place between two records: in the container's whole text, and as the buffer keeps it. */
    private record Boundary(int at, StreamPosition position) {}

    /** One container: what was written, and what the agent may know of it. */
    private static final class Model {
        final KubeletLogs logs;
        final StringBuilder text = new StringBuilder();
        final List<Written> files = new ArrayList<>();
        final Map<Long, Written> byFingerprint = new HashMap<>();

        /** Where an agent that starts anew may begin. */
        final List<Boundary> boundaries = new ArrayList<>();

        /** Nothing before this is needed: the agent has acknowledged it. */
        int floor;

        /** Of this run: where it began, and how much of its chunks was examined. */
        int runFrom;

        int examined;
        int at;
        Optional<SourcePosition> resumed = Optional.empty();
        int lines;
        String owed = "";

        Model(KubeletLogs logs) {
            this.logs = logs;
            files.add(new Written(0, 0, logs.activeFile()));
        }

        Written active() {
            return files.getLast();
        }

        void write(String piece) {
            logs.write(piece);
            text.append(piece);
            active().to = text.length();
        }

        /** What the tail must hand over by now: half a line at the very end waits. */
        int complete() {
            return text.length() == active().from
                    ? text.length()
                    : Math.max(active().from, text.lastIndexOf("\n") + 1);
        }
    }

    private static final class Scenario implements RandomScenarios.Scenario {
        private final StringBuilder story = new StringBuilder();
        private final Random random;
        private final TailConfig config;
        private final int chunkBytes;
        private final List<Model> models = new ArrayList<>();
        private CollectingSink sink;
        private Optional<RunningTailer> agent = Optional.empty();

        Scenario(Path root, long seed) {
            random = new Random(seed);
            // Neighbouring seeds give alike first numbers.
            random.nextLong();
            boolean inotify = random.nextInt(3) > 0;
            chunkBytes = List.of(64, 300, 4096).get(random.nextInt(3));
            config =
                    new TailConfig(
                            Optional.of(root.resolve("containers")),
                            List.of(),
                            List.of(),
                            new TailConfig.From.Beginning(),
                            Duration.ofMillis(20 + random.nextInt(80)),
                            Duration.ofMillis(100 + random.nextInt(400)),
                            random.nextInt(4),
                            1 + random.nextInt(8),
                            1 + random.nextInt(16),
                            inotify);
            for (int i = 0; i <= random.nextInt(3); i++) {
                models.add(new Model(new KubeletLogs(root, "shop", "web-" + i, "app")));
            }
            say((inotify ? "inotify" : "scans") + ", chunks of " + chunkBytes);
        }

        @Override
        public void play() throws IOException {
            if (random.nextBoolean()) {
                startAgent();
            }
            int steps = 20 + random.nextInt(40);
            for (int i = 0; i < steps; i++) {
                step(models.get(random.nextInt(models.size())));
            }
            end();
        }

        private void step(Model model) throws IOException {
            int dice = random.nextInt(100);
            if (dice < 45) {
                writeLines(model);
            } else if (dice < 53) {
                writeHalf(model);
            } else if (dice < 66) {
                rotate(model);
            } else if (dice < 74) {
                gzip(model);
            } else if (dice < 78) {
                restart(model);
            } else if (dice < 84) {
                removeOldest(model);
            } else if (dice < 92) {
                awaitSome(model);
            } else if (agent.isPresent()) {
                stopAgent();
            } else {
                startAgent();
            }
        }

        private void writeLines(Model model) {
            payOwed(model);
            int lines = 1 + random.nextInt(12);
            for (int i = 0; i < lines; i++) {
                model.write(line(model));
            }
            say(model, "wrote " + lines + " lines");
        }

        private String line(Model model) {
            int filling = random.nextInt(40) == 0 ? random.nextInt(6_000) : random.nextInt(80);
            return model.logs.key + " " + model.lines++ + " " + "x".repeat(filling) + "\n";
        }

        private void writeHalf(Model model) {
            payOwed(model);
            String line = line(model);
            int cut = 1 + random.nextInt(line.length() - 1);
            model.write(line.substring(0, cut));
            model.owed = line.substring(cut);
            say(model, "wrote half a line");
        }

        private static void payOwed(Model model) {
            if (!model.owed.isEmpty()) {
                model.write(model.owed);
                model.owed = "";
            }
        }

        private void rotate(Model model) throws IOException {
            if (random.nextBoolean()) {
                payOwed(model);
            }
            say(model, "rotates" + (model.owed.isEmpty() ? "" : " within a line"));
            model.owed = "";
            Written before = model.active();
            before.path = model.logs.rotate();
            before.rotated = true;
            model.files.add(
                    new Written(model.text.length(), before.restart, model.logs.activeFile()));
        }

        private void gzip(Model model) throws IOException {
            List<Written> plain =
                    model.files.stream()
                            .filter(file -> file.rotated && !file.path.toString().endsWith(".gz"))
                            .toList();
            if (!plain.isEmpty()) {
                Written file = plain.get(random.nextInt(plain.size()));
                say(model, "compresses " + file.path.getFileName());
                file.path = KubeletLogs.gzip(file.path);
            }
        }

        private void restart(Model model) throws IOException {
            if (random.nextBoolean()) {
                payOwed(model);
            }
            say(model, "restarts" + (model.owed.isEmpty() ? "" : " within a line"));
            model.owed = "";
            model.logs.restart();
            model.files.add(
                    new Written(
                            model.text.length(),
                            model.active().restart + 1,
                            model.logs.activeFile()));
        }

        /** The kubelet removes the oldest of a container's last run; here, once it was read. */
        private void removeOldest(Model model) throws IOException {
            examine(model);
            int restart = model.active().restart;
            Optional<Written> oldest =
                    model.files.stream()
                            .filter(file -> file.rotated)
                            .filter(file -> random.nextBoolean() || file.restart == restart)
                            .findFirst();
            if (oldest.isEmpty() || oldest.get().to > model.at) {
                return;
            }
            Written file = oldest.get();
            boolean olderSiblings =
                    model.files.stream()
                            .takeWhile(other -> other != file)
                            .anyMatch(other -> other.restart == file.restart);
            // An agent that starts anew must have a position behind it.
            boolean known = model.boundaries.stream().anyMatch(b -> b.at() >= file.to);
            if (!olderSiblings && known) {
                say(model, "removes " + file.path.getFileName());
                Files.delete(file.path);
                model.files.remove(file);
                model.floor = Math.max(model.floor, file.to);
            }
        }

        private void awaitSome(Model model) {
            if (agent.isPresent()) {
                examine(model);
                int most = model.complete();
                int target =
                        random.nextBoolean() || most <= model.at
                                ? most
                                : model.at + random.nextInt(most - model.at);
                say(model, "is read up to " + target);
                awaitRead(model, target);
            }
        }

        private void awaitRead(Model model, int target) {
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(10))
                    .atMost(Duration.ofSeconds(60))
                    .until(
                            () -> {
                                examine(model);
                                return model.at >= target;
                            });
        }

        private void startAgent() {
            Map<String, SourcePosition> resume = new HashMap<>();
            for (Model model : models) {
                choosePosition(model);
                model.resumed.ifPresent(position -> resume.put(model.logs.key, position));
            }
            sink = new CollectingSink(chunkBytes);
            agent = Optional.of(new RunningTailer(config, resume, ReadGate.OPEN, sink));
        }

        /** What has been acknowledged: all, or less, and not the same of both streams. */
        private void choosePosition(Model model) {
            List<Boundary> possible =
                    model.boundaries.stream().filter(b -> b.at() >= model.floor).toList();
            model.examined = 0;
            model.resumed = Optional.empty();
            model.runFrom = 0;
            if (!possible.isEmpty()) {
                Boundary out = any(possible);
                Boundary err = random.nextInt(3) == 0 ? any(possible) : out;
                model.resumed = Optional.of(new SourcePosition(out.position(), err.position()));
                model.runFrom = Math.min(out.at(), err.at());
                model.floor = model.runFrom;
                say(model, "is read from " + out + " and " + err);
            } else {
                say(model, "is read from its beginning");
            }
            model.at = model.runFrom;
        }

        private Boundary any(List<Boundary> possible) {
            return random.nextBoolean()
                    ? possible.getLast()
                    : possible.get(random.nextInt(possible.size()));
        }

        private void stopAgent() {
            say("the agent stops");
            agent.ifPresent(RunningTailer::close);
            agent = Optional.empty();
            models.forEach(this::examine);
        }

        /** What came since the last look, against what was written. */
        private void examine(Model model) {
            if (sink == null) {
                return;
            }
            List<CollectingSink.Taken> taken = sink.taken(model.logs.key);
            for (CollectingSink.Taken chunk :
                    taken.subList(Math.min(model.examined, taken.size()), taken.size())) {
                examine(model, chunk);
                model.examined++;
            }
        }

        private static void examine(Model model, CollectingSink.Taken chunk) {
            int from = model.at;
            int to = from + chunk.text().length();
            if (chunk.end() == Chunk.End.SOURCE) {
                return;
            }
            assertThat(to).as("no more than was written").isLessThanOrEqualTo(model.text.length());
            assertThat(chunk.text()).as("at %d", from).isEqualTo(model.text.substring(from, to));
            Generation generation = chunk.generation();
            int start = from - (int) chunk.offset();
            Written file =
                    model.byFingerprint.computeIfAbsent(
                            generation.fingerprint(), _ -> fileFrom(model, start, generation));
            assertThat(file.from).as("first byte of the file read at %d", from).isEqualTo(start);
            model.resumed.ifPresent(position -> examineFrom(model, generation, file, position));

            List<Boundary> found = new ArrayList<>();
            if (chunk.offset() == 0) {
                found.add(boundary(generation, file, file.from));
            }
            for (int i = 0; i < chunk.text().length(); i++) {
                if (chunk.text().charAt(i) == '\n') {
                    found.add(boundary(generation, file, from + i + 1));
                }
            }
            if (chunk.end() == Chunk.End.GENERATION) {
                assertThat(to).as("end of the file from %d", file.from).isEqualTo(file.to);
                found.add(boundary(generation, file, to));
            }
            for (Boundary boundary : found) {
                if (model.boundaries.isEmpty()
                        || boundary.at() >= model.boundaries.getLast().at()) {
                    model.boundaries.add(boundary);
                }
            }
            model.at = to;
        }

        private static Written fileFrom(Model model, int start, Generation generation) {
            // Files without a byte begin where the next one does.
            return model.files.stream()
                    .filter(file -> file.from == start && file.to > start)
                    .filter(file -> file.restart == generation.restart())
                    .findFirst()
                    .orElseThrow(
                            () -> new AssertionError("no file begins at " + start + generation));
        }

        private static Boundary boundary(Generation generation, Written file, int at) {
            return new Boundary(
                    at,
                    new StreamPosition(
                            generation.fingerprint(), generation.restart(), at - file.from));
        }

        /** Each stream is new from its own position on. */
        private static void examineFrom(
                Model model, Generation generation, Written file, SourcePosition resumed) {
            for (Stream stream : Stream.values()) {
                StreamPosition position = resumed.of(stream);
                Written positioned = model.byFingerprint.get(position.fingerprint());
                long expected =
                        file == positioned
                                ? position.offset()
                                : file.from < positioned.from ? Long.MAX_VALUE : 0;
                assertThat(generation.from(stream))
                        .as("where %s is new in the file from %d", stream, file.from)
                        .isEqualTo(expected);
            }
        }

        private void end() throws IOException {
            if (agent.isEmpty()) {
                startAgent();
            }
            for (Model model : models) {
                if (random.nextBoolean()) {
                    payOwed(model);
                }
                awaitRead(model, model.complete());
                if (random.nextInt(4) == 0) {
                    // Its last file is held once a line of it has come.
                    writeLines(model);
                    awaitRead(model, model.complete());
                    if (random.nextBoolean()) {
                        writeHalf(model);
                    }
                    say(model, "is removed");
                    model.logs.remove();
                    awaitRead(model, model.text.length());
                    await().until(
                                    () ->
                                            sink.ends(model.logs.key).stream()
                                                            .filter(Chunk.End.SOURCE::equals)
                                                            .count()
                                                    == 1);
                }
            }
            stopAgent();
            for (Model model : models) {
                assertThat(model.at).isGreaterThanOrEqualTo(model.complete());
            }
        }

        private void say(Model model, String what) {
            say(model.logs.key + " (" + model.text.length() + ") " + what);
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
