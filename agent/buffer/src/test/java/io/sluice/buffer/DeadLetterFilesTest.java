package io.sluice.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

class DeadLetterFilesTest {
    private static final long MEBIBYTE = 1 << 20;

    @TempDir Path directory;

    @Test
    void aLetterIsALineOfJsonWithAllThatIsKnown() throws Exception {
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            letters.write(
                    new DeadLetter(
                            "AbC-_1",
                            "logs-x-default",
                            "{\"create\":{}}",
                            "{\"message\":\"a\\nb\"}",
                            400,
                            "document_parsing_exception",
                            "[1:9] failed to parse",
                            2,
                            1_763_978_400_000L,
                            "shop_cart-1_uid/app",
                            120));
            letters.force();
        }
        assertThat(lines())
                .containsExactly(
                        "{\"id\":\"AbC-_1\",\"target\":\"logs-x-default\","
                                + "\"source\":\"shop_cart-1_uid/app\",\"rawBytes\":120,"
                                + "\"action\":\"{\\\"create\\\":{}}\","
                                + "\"document\":\"{\\\"message\\\":\\\"a\\\\nb\\\"}\","
                                + "\"status\":400,\"errorType\":\"document_parsing_exception\","
                                + "\"reason\":\"[1:9] failed to parse\",\"attempts\":2,"
                                + "\"time\":\"2025-11-24T10:00:00Z\"}");
    }

    @Test
    @EnabledIf("jqIsHere")
    void jqReadsBackWhateverADocumentHolds() throws Exception {
        StringBuilder every = new StringBuilder("half pairs: \ud83d \ude00, whole: \ud83d\ude00 ");
        for (char c = 0; c < 0x300; c++) {
            every.append(c);
        }
        String document = every.toString();
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            letters.write(letter("\"quoted\" \\ id", "t", document));
            letters.write(letter("2", "t", "second"));
            letters.force();
        }
        Process jq =
                new ProcessBuilder("jq", "-j", ".document", file(1).toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        String read = new String(jq.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(jq.waitFor()).isZero();
        assertThat(read)
                .isEqualTo(
                        document.replace("\ud83d ", "\ufffd ").replace(" \ude00,", " \ufffd,")
                                + "second");
    }

    static boolean jqIsHere() throws InterruptedException {
        try {
            Process jq =
                    new ProcessBuilder("jq", "--version")
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return jq.waitFor(10, TimeUnit.SECONDS) && jq.exitValue() == 0;
        } catch (IOException _) {
            return false;
        }
    }

    @Test
    void theSameDocumentForTheSameTargetIsKeptOnceAlsoAfterARestart() throws Exception {
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            letters.write(letter("\"1\"", "a", "first"));
            letters.write(letter("\"1\"", "a", "sent again"));
            letters.write(letter("\"1\"", "b", "another target"));
            letters.force();
            letters.write(letter("\"1\"", "a", "sent again"));
            letters.force();
            assertThat(letters.stats().written()).isEqualTo(2);
            assertThat(letters.stats().repeated()).isEqualTo(2);
        }
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            assertThat(letters.stats().letters()).isEqualTo(2);
            letters.write(letter("\"1\"", "b", "sent again"));
            letters.write(letter("2", "b", "new"));
            letters.force();
            assertThat(letters.stats().letters()).isEqualTo(3);
            assertThat(letters.stats().bytes()).isEqualTo(Files.size(file(1)));
        }
        assertThat(documents()).containsExactly("first", "another target", "new");
    }

    @Test
    void theOldestFileMakesRoomAndItsLettersAreCounted() throws Exception {
        String document = "x".repeat(10_000);
        int count = 500;
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            for (int i = 0; i < count; i++) {
                letters.write(letter("%04d".formatted(i), "t", document));
                if (i % 7 == 0) {
                    letters.force();
                    assertThat(bytesOnDisk()).isLessThanOrEqualTo(MEBIBYTE);
                }
            }
            letters.force();
            DeadLetterStats stats = letters.stats();
            assertThat(stats.written()).isEqualTo(count);
            assertThat(stats.letters()).isEqualTo(lines().size()).isGreaterThan(80);
            assertThat(stats.dropped()).isEqualTo(count - stats.letters());
            assertThat(stats.bytes()).isEqualTo(bytesOnDisk()).isLessThanOrEqualTo(MEBIBYTE);
            for (Path file : files()) {
                assertThat(Files.size(file)).isLessThanOrEqualTo(MEBIBYTE / 8);
            }
        }
        List<String> lines = lines();
        for (int i = 0; i < lines.size(); i++) {
            assertThat(lines.get(i))
                    .startsWith("{\"id\":\"%04d\"".formatted(count - lines.size() + i));
        }
    }

    @Test
    void aSmallerLimitAfterARestartDropsTheOldest() throws Exception {
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, 4 * MEBIBYTE)) {
            for (int i = 0; i < 300; i++) {
                letters.write(letter("%04d".formatted(i), "t", "x".repeat(10_000)));
            }
            letters.force();
        }
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            assertThat(bytesOnDisk()).isLessThanOrEqualTo(MEBIBYTE);
            assertThat(letters.stats().dropped() + letters.stats().letters()).isEqualTo(300);
            letters.write(letter("new", "t", "the last"));
            letters.force();
        }
        assertThat(documents()).last().isEqualTo("the last");
    }

    @Test
    void aTornLastLineIsCutOffAndWrittenAgain() throws Exception {
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            letters.write(letter("1", "t", "whole"));
            letters.write(letter("2", "t", "to be torn"));
            letters.force();
        }
        byte[] bytes = Files.readAllBytes(file(1));
        String whole = lines().getFirst() + "\n";
        for (int length = whole.length(); length < bytes.length; length += 17) {
            Files.write(file(1), Arrays.copyOf(bytes, length));
            try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
                assertThat(Files.readString(file(1))).isEqualTo(whole);
                letters.write(letter("1", "t", "whole"));
                letters.write(letter("2", "t", "again"));
                letters.force();
            }
            assertThat(documents()).containsExactly("whole", "again");
        }
    }

    @Test
    void aTailOfZerosAfterAPowerCutIsCutOff() throws Exception {
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            letters.write(letter("1", "t", "whole"));
            letters.force();
        }
        long size = Files.size(file(1));
        Files.write(file(1), new byte[5_000], StandardOpenOption.APPEND);
        DeadLetterFiles.open(directory, MEBIBYTE).close();
        assertThat(file(1)).hasSize(size);
    }

    @Test
    void aFullDiskIsToldAndALaterTryKeepsEveryLetterOnce() throws Exception {
        try (Tmpfs _ = Tmpfs.mount(directory, 1);
                DeadLetterFiles letters = DeadLetterFiles.open(directory, 16 * MEBIBYTE)) {
            letters.write(letter("before", "t", "x"));
            letters.force();
            fill(directory.resolve("ballast"));
            letters.write(letter("small", "t", "y".repeat(5_000)));
            letters.write(letter("large", "t", "z".repeat(100_000)));

            assertThatThrownBy(letters::force)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("dead letters cannot be written to")
                    .hasRootCauseMessage("No space left on device");
            assertThatThrownBy(letters::force).isInstanceOf(UncheckedIOException.class);
            assertThat(letters.stats().failedForces()).isEqualTo(2);
            assertThat(letters.stats().written()).isEqualTo(1);
            assertThat(lines()).as("no torn line for those who read").hasSize(1);

            Files.delete(directory.resolve("ballast"));
            letters.write(letter("small", "t", "written again by the one who tries again"));
            letters.force();
            assertThat(letters.stats().written()).isEqualTo(3);
            assertThat(lines()).hasSize(3);
            assertThat(documents().get(2)).hasSize(100_000);
        }
    }

    @Test
    void whatDoesNotFitInMemoryOnAFullDiskIsNeverReportedAsSafe() throws Exception {
        try (Tmpfs _ = Tmpfs.mount(directory, 1);
                DeadLetterFiles letters = DeadLetterFiles.open(directory, 16 * MEBIBYTE)) {
            fill(directory.resolve("ballast"));
            List<DeadLetter> written = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                written.add(letter("id " + i, "t", "x".repeat(100_000)));
            }
            written.forEach(letters::write);
            assertThatThrownBy(letters::force).hasMessageContaining("make room");

            Files.delete(directory.resolve("ballast"));
            run("mount", "-o", "remount,size=8m", directory.toString());
            assertThatThrownBy(letters::force).hasMessageContaining("must be written again");
            written.forEach(letters::write);
            letters.force();
            assertThat(letters.stats().written()).isEqualTo(30);
            assertThat(lines()).hasSize(30).doesNotHaveDuplicates();
        }
    }

    @Test
    void filesMayBeTakenAwayWhileTheAgentRuns() throws Exception {
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            letters.write(letter("1", "t", "dealt with"));
            letters.force();
            Files.delete(file(1));
            Files.delete(file(1).getParent());
            letters.write(letter("2", "t", "new"));
            letters.force();
        }
        assertThat(documents()).containsExactly("new");
    }

    @Test
    void anInterruptedThreadStillKeepsItsLetters() throws Exception {
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            Thread.currentThread().interrupt();
            letters.write(letter("1", "t", "kept"));
            letters.force();
            assertThat(Thread.interrupted()).isTrue();
            letters.write(letter("2", "t", "kept, too"));
            letters.force();
        }
        assertThat(documents()).containsExactly("kept", "kept, too");
    }

    @Test
    void aLetterLargerThanAFileIsCountedAsDropped() throws Exception {
        try (DeadLetterFiles letters = DeadLetterFiles.open(directory, MEBIBYTE)) {
            assertThat(letters.write(letter("1", "t", "x".repeat((int) MEBIBYTE / 8)))).isFalse();
            assertThat(letters.write(letter("2", "t", "fits"))).isTrue();
            letters.force();
            assertThat(letters.stats().dropped()).isEqualTo(1);
        }
        assertThat(documents()).containsExactly("fits");
    }

    @Test
    void aStateDirectoryThatCannotHoldThemIsNamedAtTheStart() throws Exception {
        Files.createFile(directory.resolve("dead-letters"));
        assertThatThrownBy(() -> DeadLetterFiles.open(directory, MEBIBYTE))
                .isInstanceOf(BufferException.class)
                .hasMessageContaining(directory.toString());
        assertThatThrownBy(() -> DeadLetterFiles.open(directory, 1_000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("set at least 1048576");
    }

    @Test
    void atLeastTheNewestHashesAreRemembered() {
        RecentHashes hashes = new RecentHashes(3_000);
        long step = 0x9E37_79B9_7F4A_7C15L;
        for (long i = 0; i < 10_000; i++) {
            hashes.add(i * step);
            for (long j = Math.max(0, i - 2_999); j <= i; j += 331) {
                assertThat(hashes.contains(j * step)).isTrue();
            }
        }
        assertThat(hashes.contains(0)).isFalse();
        assertThat(hashes.contains(10_000 * step)).isFalse();
    }

    private static DeadLetter letter(String id, String target, String document) {
        return new DeadLetter(id, target, "{}", document, 400, "type", "reason", 1, 0, "", 0);
    }

    private Path file(int number) {
        return directory.resolve("dead-letters/letters-%010d.ndjson".formatted(number));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> paths = Files.list(directory.resolve("dead-letters"))) {
            return paths.sorted().toList();
        }
    }

    private List<String> lines() throws IOException {
        List<String> lines = new ArrayList<>();
        for (Path file : files()) {
            lines.addAll(Files.readAllLines(file));
        }
        return lines;
    }

    private List<String> documents() throws IOException {
        return lines().stream()
                .map(line -> line.replaceFirst(".*\"document\":\"", "").replaceFirst("\".*", ""))
                .toList();
    }

    private long bytesOnDisk() throws IOException {
        long bytes = 0;
        for (Path file : files()) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    private static void fill(Path ballast) throws IOException {
        assertThatThrownBy(
                        () -> {
                            try (var out = Files.newOutputStream(ballast)) {
                                for (; ; ) {
                                    out.write(new byte[4096]);
                                }
                            }
                        })
                .hasMessageContaining("No space left");
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }
}
