package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sluice.tail.Loss.Cause;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Names that move on, inodes that come back, and files that are written to when all is over. */
class RotationTest extends RealFiles {

    @Test
    void anInodeThatComesBackIsAnotherFile() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        StringBuilder all = new StringBuilder();
        Object gone = "";
        int reused = 0;
        try (RunningTailer running = start(config(true), Map.of())) {
            for (int i = 0; i < 100 && reused < 3; i++) {
                // All of one size: it tells nothing.
                String line = "generation %02d\n".formatted(i);
                web.write(line);
                all.append(line);
                awaitText(web, all.toString());
                Path rotated = web.rotate();
                reused += key(web.activeFile()).equals(gone) ? 1 : 0;
                String next = "begin of %02d\n".formatted(i + 1);
                web.write(next);
                all.append(next);
                long drained = i;
                await().until(() -> running.tailer.stats().generationsDrained.sum() > drained);
                gone = key(rotated);
                Files.delete(rotated);
            }
            awaitText(web, all.toString());
        }
        assertThat(sink.losses(web.key)).isEmpty();
        // Others create files, too, and not every file system gives an inode twice.
        assumeTrue(reused > 0, "the file system gave no inode anew in a hundred rotations");
    }

    @Test
    void aFileThatEndsWithinALineThatManyBeginWithIsNoCopy() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("{\"log\":\"one\"}\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "{\"log\":\"one\"}\n");
            Files.writeString(web.folder.resolve("0.log.20251124-000000"), "{\"log\":\"");
            await().atMost(PATIENCE).until(() -> running.tailer.stats().openFiles() == 2);
            web.rotate();
            web.write("{\"log\":\"two\"}\n");
            awaitText(web, "{\"log\":\"one\"}\n{\"log\":\"{\"log\":\"two\"}\n");
        }
        assertThat(sink.losses(web.key)).isEmpty();
    }

    @Test
    void aFileRotatedWithinItsFirstLineBetweenTwoLooksComesBeforeTheYoungerOne() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("one\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "one\n");
            // What is there of it could become a copy of the first.
            clock.hold(
                    running,
                    () -> {
                        web.rotate();
                        web.write("o");
                        web.rotate();
                        web.write("ne more\n");
                    });
            awaitText(web, "one\none more\n");
        }
        assertThat(sink.losses(web.key)).isEmpty();
    }

    @Test
    void aPlainFileThatIsRenamedAgainAndAgainIsReadOnce() throws Exception {
        Path file = Files.createDirectories(root.resolve("logs")).resolve("app.log");
        Files.writeString(file, "header\n0\n");
        StringBuilder all = new StringBuilder("header\n0\n");
        TailConfig config = config(true).withFiles(List.of(file));
        new KubeletLogs(root, "shop", "web-1", "app");
        try (RunningTailer running = start(config, Map.of())) {
            for (int i = 1; i < 6; i++) {
                awaitText(sink, file.toString(), all.toString());
                for (int n = 4; n > 1; n--) {
                    rename(numbered(file, n - 1, ""), numbered(file, n, ""));
                    rename(numbered(file, n - 1, ".gz"), numbered(file, n, ".gz"));
                }
                // As logrotate does with delaycompress.
                if (Files.exists(numbered(file, 2, ""))) {
                    KubeletLogs.gzip(numbered(file, 2, ""));
                }
                Files.move(file, numbered(file, 1, ""));
                Files.writeString(file, "header\n" + i + "\n");
                all.append("header\n").append(i).append('\n');
            }
            awaitText(sink, file.toString(), all.toString());
            long scans = running.tailer.stats().fullScans.sum();
            await().until(() -> running.tailer.stats().fullScans.sum() > scans + 2);
        }
        assertThat(sink.text(file.toString())).isEqualTo(all.toString());
        assertThat(sink.losses(file.toString())).isEmpty();
    }

    @Test
    void aPlainFileThatWasRotatedWhileTheAgentWasDownIsFoundAmongThoseThatBeginAlike()
            throws Exception {
        Path file = Files.createDirectories(root.resolve("logs")).resolve("app.log");
        Files.writeString(file, "header\nread before the restart\n");
        TailConfig config = config(true).withFiles(List.of(file));
        new KubeletLogs(root, "shop", "web-1", "app");
        Map<String, SourcePosition> positions;
        try (RunningTailer _ = start(config, Map.of())) {
            awaitText(sink, file.toString(), "header\nread before the restart\n");
            positions = sink.positions();
        }
        Files.writeString(file, "rest\n", StandardOpenOption.APPEND);
        Files.move(file, numbered(file, 1, ""));
        Files.writeString(file, "header\nnew\n");
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ = start(config, positions, again)) {
            awaitText(again, file.toString(), "rest\nheader\nnew\n");
        }
        assertThat(again.losses(file.toString())).isEmpty();
    }

    @Test
    void whatIsWrittenToARotatedFileLongAfterIsCounted() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "a1\n");
            Path rotated = web.rotate();
            web.write("b1\n");
            await().until(() -> running.tailer.stats().generationsDrained.sum() == 1);
            // The next chunk takes the loss along.
            awaitText(web, "a1\nb1\n");
            Files.writeString(rotated, "too late\n", StandardOpenOption.APPEND);
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    running.tailer.stats().lostBytes(Cause.ROTATED_UNREAD) == 9
                                            && sink.unread(web.key) == 9);
            web.write("b2\n");
            awaitText(web, "a1\nb1\nb2\n");
        }
        assertThat(sink.losses(web.key).values())
                .containsExactly(new Loss(Cause.ROTATED_UNREAD, 9, false));
        assertThat(sink.unread(web.key)).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFileThatWasIdleForLongIsReadOnWhenItIsWrittenToAgain(boolean inotify) throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("years ago\n");
        Path old = web.rotate();
        web.write("days ago\n");
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(900))));
        Files.setLastModifiedTime(
                web.activeFile(), FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        TailConfig all = config(inotify);
        TailConfig config =
                new TailConfig(
                        all.containers(),
                        all.files(),
                        all.exclude(),
                        new TailConfig.From.Within(Duration.ofHours(1)),
                        all.activeScan(),
                        all.fullScan(),
                        all.roundMillis(),
                        all.chunksPerRound(),
                        all.chunksInRing(),
                        all.useInotify());
        try (RunningTailer running = start(config, Map.of())) {
            await().until(() -> running.tailer.stats().openFiles() == 1);
            web.write("now\n");
            awaitText(web, "now\n");
        }
        assertThat(sink.losses(web.key)).isEmpty();
        assertThat(sink.unread(web.key)).isZero();
    }

    private static Object key(Path file) throws Exception {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    private static Path numbered(Path file, int number, String suffix) {
        return file.resolveSibling(file.getFileName() + "." + number + suffix);
    }

    private static void rename(Path from, Path to) throws Exception {
        if (Files.exists(from)) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
