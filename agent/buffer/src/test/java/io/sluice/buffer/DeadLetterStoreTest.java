package io.sluice.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Stream;

class DeadLetterStoreTest {
    private static final long MEBIBYTE = 1 << 20;

    @TempDir Path directory;

    private DeadLetterStore store;

    @BeforeEach
    void open() {
        store = new DeadLetterStore(directory);
    }

    @Test
    void whatWasWrittenIsReadBackWhateverItHolds() throws Exception {
        StringBuilder every = new StringBuilder("pair: \ud83d\ude00 ");
        for (char c = 0; c < 0x300; c++) {
            every.append(c);
        }
        DeadLetter letter =
                new DeadLetter(
                        "\"id\" \\",
                        "logs-x-default",
                        "{\"create\":{\"_id\":\"1\"}}",
                        every.toString(),
                        400,
                        "document_parsing_exception",
                        "[1:9] failed to parse\n\tbecause",
                        2,
                        1_763_978_400_123L,
                        "shop_cart-1_uid/web",
                        1L << 33);
        write(letter, letter("2"));

        assertThat(letters()).containsExactly(letter, letter("2"));
    }

    @Test
    void whatJqHasWrittenAnewIsReadAsWell() throws Exception {
        String line =
                "{ \"time\" : \"2025-11-24T10:00:00Z\", \"note\":\"mine\", \"n\":null,"
                        + "\"id\":\""
                        + "\\"
                        + "u0061\\t\\/\",\"target\":\"t\",\"action\":\"{}\",\"document\":\"d\","
                        + "\"status\": 400 ,\"errorType\":\"e\",\"reason\":\"\",\"attempts\":1 }\r";
        assertThat(parse(line))
                .contains(
                        new DeadLetter(
                                "a\t/", "t", "{}", "d", 400, "e", "", 1, 1763978400_000L, "", 0));
    }

    @Test
    void linesOfAnyLengthAreReadWhole() throws Exception {
        List<DeadLetter> written = new ArrayList<>();
        for (int length : new int[] {1, 65_000, 65_400, 65_536, 4, 90_000, 131_072 - 400, 0}) {
            written.add(
                    new DeadLetter(
                            "of " + length, "t", "{}", "x".repeat(length), 1, "", "", 1, 0, "", 0));
        }
        try (DeadLetterFiles files = DeadLetterFiles.open(directory, 64 * MEBIBYTE)) {
            written.forEach(files::write);
            files.force();
        }
        assertThat(letters()).isEqualTo(written);
    }

    @Test
    void aLineThatIsNoLetterIsPassedOverAndCountedAndNeverRemoved() throws Exception {
        write(letter("1"), letter("2"));
        String good = Files.readString(file());
        List<String> broken = new ArrayList<>(List.of("", "{}", "[1]", "null", "\0\0\0"));
        for (int length = 1; length < good.indexOf('\n'); length++) {
            broken.add(good.substring(0, length));
        }
        broken.add(good.substring(0, good.indexOf('\n')) + "x");
        broken.add(
                good.substring(0, good.indexOf('\n')).replace("\"status\":400", "\"status\":4e"));
        broken.add(good.substring(0, good.indexOf('\n')).replace("1970", "1970-"));
        Files.writeString(file(), String.join("\n", broken) + "\n", StandardOpenOption.APPEND);

        try (DeadLetterReader reader = store.read(file())) {
            assertThat(reader.next()).map(DeadLetter::id).contains("1");
            assertThat(reader.next()).map(DeadLetter::id).contains("2");
            assertThat(reader.next()).isEmpty();
            assertThat(reader.unreadable()).isEqualTo(broken.size());
        }
        assertThat(store.remove(file(), _ -> true)).isEqualTo(2);
        assertThat(Files.readString(file())).isEqualTo(String.join("\n", broken) + "\n");
    }

    @Test
    void lettersAreRemovedOneByOneAndTheOthersStayAsTheyAre() throws Exception {
        write(letter("1"), letter("2"), letter("3"));
        List<String> lines = Files.readAllLines(file());

        assertThat(store.remove(file(), letter -> letter.id().equals("2"))).isEqualTo(1);
        assertThat(Files.readAllLines(file())).containsExactly(lines.get(0), lines.get(2));
        assertThat(store.remove(file(), letter -> letter.id().equals("2"))).isZero();

        assertThat(store.remove(file(), _ -> true)).isEqualTo(2);
        assertThat(store.files()).isEmpty();
        assertThat(directory.resolve("dead-letters")).isEmptyDirectory();
    }

    @Test
    void aDirectoryWithoutLettersOrWithoutAnythingIsLeftAsItIs() throws Exception {
        assertThat(store.files()).isEmpty();
        Path gone = directory.resolve("dead-letters/letters-0000000001.ndjson");
        assertThat(store.remove(gone, _ -> true)).isZero();
        try (DeadLetterReader reader = store.read(gone)) {
            assertThat(reader.next()).isEmpty();
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void anAgentSeesWhatIsRemovedWhileItRunsAndGoesOnAppending() throws Exception {
        try (DeadLetterFiles agent = DeadLetterFiles.open(directory, MEBIBYTE)) {
            agent.write(letter("1"));
            agent.write(letter("2"));
            agent.force();

            store.remove(file(), letter -> letter.id().equals("1"));
            assertThat(agent.stats().letters()).isEqualTo(1);
            assertThat(agent.stats().bytes()).isEqualTo(Files.size(file()));
            agent.write(letter("3"));
            agent.force();
            assertThat(letters()).containsExactly(letter("2"), letter("3"));

            store.remove(file(), _ -> true);
            assertThat(agent.stats().letters()).isZero();
            assertThat(agent.stats().bytes()).isZero();
            agent.write(letter("4"));
            agent.force();
            assertThat(letters()).containsExactly(letter("4"));
            assertThat(agent.stats().letters()).isEqualTo(1);
            assertThat(agent.stats().dropped()).isZero();
        }
    }

    @Test
    void whileOneAppendsAndOneRemovesNoLetterIsLostOrDoubled() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int count = 3_000;
        Set<String> removed = new ConcurrentSkipListSet<>();
        Thread remover;
        try (DeadLetterFiles agent = DeadLetterFiles.open(directory, 64 * MEBIBYTE)) {
            remover =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        while (!Thread.interrupted()) {
                                            removeSome(removed, random);
                                        }
                                    });
            for (int i = 0; i < count; i++) {
                agent.write(letter("%05d".formatted(i)));
                if (i % 3 == 0) {
                    agent.force();
                }
            }
            agent.force();
            remover.interrupt();
            remover.join();
            assertThat(agent.stats().written()).isEqualTo(count);
            assertThat(agent.stats().letters()).isEqualTo(letters().size());
        }
        List<String> kept = letters().stream().map(DeadLetter::id).toList();
        assertThat(kept)
                .as("seed %s", seed)
                .doesNotHaveDuplicates()
                .doesNotContainAnyElementsOf(removed);
        Set<String> all = new TreeSet<>(kept);
        all.addAll(removed);
        assertThat(all).as("seed %s", seed).hasSize(count);
        assertThat(removed).as("seed %s: nothing was removed", seed).isNotEmpty();
    }

    private void removeSome(Set<String> removed, Random random) {
        try {
            for (Path file : store.files()) {
                Set<String> chosen = new TreeSet<>();
                try (DeadLetterReader reader = store.read(file)) {
                    for (Optional<DeadLetter> next = reader.next();
                            next.isPresent();
                            next = reader.next()) {
                        if (random.nextInt(4) == 0) {
                            chosen.add(next.get().id());
                        }
                    }
                }
                assertThat(store.remove(file, letter -> chosen.contains(letter.id())))
                        .isEqualTo(chosen.size());
                removed.addAll(chosen);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aCommandThatStandsStillDoesNotHoldUpTheAgentForEver() throws Exception {
        try (DeadLetterFiles agent = DeadLetterFiles.open(directory, MEBIBYTE)) {
            agent.write(letter("1"));
            Process holder = holdTheLock();
            try {
                assertThatThrownBy(agent::force)
                        .isInstanceOf(UncheckedIOException.class)
                        .hasRootCauseMessage(
                                "another process has held "
                                        + directory.resolve("dead-letters.lock")
                                        + " for 5 s; see which one with fuser or lsof, and end it");
                assertThat(agent.stats().failedForces()).isEqualTo(1);
            } finally {
                holder.destroyForcibly().waitFor();
            }
            agent.force();
            assertThat(letters()).containsExactly(letter("1"));
        }
    }

    @Test
    void theLockIsForOneAtATime() throws Exception {
        try (DeadLetterLock _ = DeadLetterLock.acquire(directory)) {
            assertThatThrownBy(() -> DeadLetterLock.acquire(directory, Duration.ofMillis(20)))
                    .hasMessageContaining("end it");
        }
        DeadLetterLock.acquire(directory, Duration.ZERO).close();
    }

    /** Another process with an OS lock on the same file, as a stopped command would have it. */
    private Process holdTheLock() throws IOException {
        Path lock = directory.resolve("dead-letters.lock");
        try (RandomAccessFile file = new RandomAccessFile(lock.toFile(), "rw")) {
            file.setLength(0);
        }
        Process holder =
                new ProcessBuilder(
                                ProcessHandle.current().info().command().orElseThrow(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                LockHolder.class.getName(),
                                lock.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        assertThat(holder.getInputStream().read()).as("it holds the lock").isEqualTo('!');
        return holder;
    }

    /** Takes the lock, says so, and stands still. */
    static final class LockHolder {
        private LockHolder() {}

        public static void main(String[] arguments) throws Exception {
            try (RandomAccessFile file = new RandomAccessFile(arguments[0], "rw");
                    var _ = file.getChannel().lock()) {
                System.out.write('!');
                System.out.flush();
                Thread.currentThread().join();
            }
        }
    }

    private static Optional<DeadLetter> parse(String line) {
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        return DeadLetterParser.parse(bytes, bytes.length);
    }

    private static DeadLetter letter(String id) {
        return new DeadLetter(id, "t", "{}", "document " + id, 400, "type", "reason", 1, 0, "", 0);
    }

    private void write(DeadLetter... letters) {
        try (DeadLetterFiles files = DeadLetterFiles.open(directory, MEBIBYTE)) {
            Stream.of(letters).forEach(files::write);
            files.force();
        }
    }

    private List<DeadLetter> letters() throws IOException {
        List<DeadLetter> letters = new ArrayList<>();
        for (Path file : store.files()) {
            try (DeadLetterReader reader = store.read(file)) {
                for (Optional<DeadLetter> next = reader.next();
                        next.isPresent();
                        next = reader.next()) {
                    letters.add(next.get());
                }
            }
        }
        return letters;
    }

    private Path file() {
        return directory.resolve("dead-letters/letters-0000000001.ndjson");
    }
}
