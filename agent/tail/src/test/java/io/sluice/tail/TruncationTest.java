package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.tail.Generation.Start;
import io.sluice.tail.Loss.Cause;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Files that are truncated, written anew or over; what the tail sees of it is as late as may be.
 */
class TruncationTest extends RealFiles {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFileThatHasGrownBeyondWhatWasReadSinceItWasTruncatedIsReadFromItsFirstByte(
            boolean inotify) throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        String before = lines("before", 100);
        web.write(before);
        String after = lines("after", 200);
        try (RunningTailer running = start(config(inotify), Map.of())) {
            awaitText(web, before);
            clock.hold(
                    running,
                    () -> {
                        web.truncate();
                        web.write(after);
                    });
            awaitText(web, before + after);
            assertThat(running.tailer.stats().truncations.sum()).isEqualTo(1);
        }
        List<CollectingSink.Taken> chunks = sink.taken(web.key);
        CollectingSink.Taken first =
                chunks.stream()
                        .filter(chunk -> chunk.text().startsWith("after"))
                        .findFirst()
                        .orElseThrow();
        assertThat(first.offset()).isZero();
        assertThat(first.generation().start()).isEqualTo(Start.BREAKS);
        assertThat(first.generation().fingerprint())
                .isNotEqualTo(chunks.getFirst().generation().fingerprint());
        assertThat(first.losses()).containsExactly(new Loss(Cause.TRUNCATED, 0, true));
    }

    @Test
    void aFileThatIsAsLongAsBeforeIsFoundToBeAnother() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("one line\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "one line\n");
            clock.hold(
                    running,
                    () -> {
                        web.truncate();
                        web.write("two line\n");
                    });
            awaitText(web, "one line\ntwo line\n");
        }
    }

    @Test
    void whatWasSeenAndNotReadOfATruncatedFileIsLostAndCounted() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("read\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "read\n");
            sink.room(0);
            web.write("seen\nhalf");
            awaitUnread(web.key, 9);
            clock.hold(
                    running,
                    () -> {
                        web.truncate();
                        web.write("new and longer\n");
                    });
            awaitUnread(web.key, 15 + 9);
            sink.room(Integer.MAX_VALUE);
            awaitText(web, "read\nnew and longer\n");
            assertThat(sink.losses(web.key).values())
                    .containsExactly(new Loss(Cause.TRUNCATED, 9, true));
            assertThat(sink.unread(web.key)).isZero();
            assertThat(running.tailer.stats().lostBytes(Cause.TRUNCATED)).isEqualTo(9);
        }
    }

    @Test
    void unreadLinesThatAreCutAwayAreCountedAndTheFileGoesOn() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("read\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "read\n");
            sink.room(0);
            web.write("stays\ngoes away\n");
            awaitUnread(web.key, 16);
            clock.hold(
                    running,
                    () -> {
                        try (FileChannel file =
                                FileChannel.open(web.activeFile(), StandardOpenOption.WRITE)) {
                            file.truncate(11);
                        }
                        web.write("!\n");
                    });
            sink.room(Integer.MAX_VALUE);
            awaitText(web, "read\nstays\n!\n");
            assertThat(sink.losses(web.key).values())
                    .containsExactly(new Loss(Cause.TRUNCATED, 8, true));
        }
        assertThat(sink.taken(web.key).stream().map(CollectingSink.Taken::generation).distinct())
                .hasSize(1);
    }

    @Test
    void aTruncatedFileIsAnotherAlsoBeforeAnythingOfItWasRead() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        sink.room(0);
        web.write("never read\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            await().until(() -> running.tailer.stats().ringFull.sum() > 0);
            clock.hold(
                    running,
                    () -> {
                        web.truncate();
                        web.write("another first line\n");
                    });
            await().until(() -> running.tailer.stats().truncations.sum() == 1);
            sink.room(Integer.MAX_VALUE);
            awaitText(web, "another first line\n");
        }
        assertThat(sink.losses(web.key).values())
                .containsExactly(new Loss(Cause.TRUNCATED, 11, true));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFileThatIsRenamedOverIsReadToItsEndThenTheNewOne(boolean inotify) throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        StringBuilder all = new StringBuilder();
        try (RunningTailer running = start(config(inotify), Map.of())) {
            for (int i = 0; i < 5; i++) {
                web.write(lines("file " + i, 300));
                all.append(lines("file " + i, 300));
                // It is held before it is replaced.
                awaitText(web, all.toString());
                sink.room(0);
                web.write("rest of " + i + "\n");
                all.append("rest of ").append(i).append('\n');
                clock.hold(running, web::renameOver);
                sink.room(Integer.MAX_VALUE);
            }
            web.write("end\n");
            awaitText(web, all + "end\n");
        }
        assertThat(sink.losses(web.key)).isEmpty();
    }

    @Test
    void aFileThatWasRenamedOverWhileTheAgentWasDownIsALossOfUnknownSize() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("read\n");
        Map<String, SourcePosition> positions;
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "read\n");
            positions = sink.positions();
        }
        web.write("never seen\n");
        web.renameOver();
        web.write("new and longer than the old one was\n");
        try (RunningTailer _ = start(config(true), positions)) {
            awaitText(web, "read\nnew and longer than the old one was\n");
        }
        assertThat(sink.losses(web.key).values())
                .containsExactly(new Loss(Cause.ROTATED_UNREAD, 0, true));
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ = start(config(true), sink.positions(), again)) {
            web.write("once\n");
            awaitText(again, web.key, "once\n");
        }
        assertThat(again.losses(web.key)).isEmpty();
    }

    @Test
    void aTruncatedContainersFileIsReadOnInTheCopyThatWasMadeOfIt() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("read\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "read\n");
            sink.room(0);
            web.write("in the copy\n");
            awaitUnread(web.key, 12);
            clock.hold(
                    running,
                    () -> {
                        web.copyAndTruncate();
                        web.write("a new file, and longer\n");
                    });
            await().until(() -> running.tailer.stats().truncations.sum() == 1);
            sink.room(Integer.MAX_VALUE);
            awaitText(web, "read\nin the copy\na new file, and longer\n");
        }
        // Between the copy and the truncation something may have been written.
        assertThat(sink.losses(web.key).values())
                .containsExactly(new Loss(Cause.TRUNCATED, 0, true));
    }

    @Test
    void aCopyThatIsSeenBeforeItIsFilledIsNoFileOfItsOwn() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("first line\nread\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "first line\nread\n");
            sink.room(0);
            web.write("in the copy\n");
            awaitUnread(web.key, 12);
            Path copy = Files.createFile(web.folder.resolve("0.log.20261124-999999"));
            awaitScans(running);
            // Between two of its bytes a busy machine may stand still for so long that it is quiet.
            FileTime later = FileTime.from(Instant.now().plus(Duration.ofHours(1)));
            clock.hold(
                    running,
                    () -> {
                        append(copy, "first");
                        Files.setLastModifiedTime(copy, later);
                    });
            awaitScans(running);
            assertThat(sink.unread(web.key)).isEqualTo(12);
            clock.hold(
                    running,
                    () -> {
                        Files.copy(web.activeFile(), copy, StandardCopyOption.REPLACE_EXISTING);
                        web.truncate();
                        web.write("new, and longer than the old one\n");
                    });
            await().until(() -> running.tailer.stats().truncations.sum() == 1);
            sink.room(Integer.MAX_VALUE);
            awaitText(web, "first line\nread\nin the copy\nnew, and longer than the old one\n");
        }
        assertThat(sink.losses(web.key).values())
                .containsExactly(new Loss(Cause.TRUNCATED, 0, true));
    }

    @Test
    void ofTwoCopiesThatWereMadeBetweenTwoLooksBothAreReadInOrder() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("read\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "read\n");
            sink.room(0);
            web.write("in the first\n");
            awaitUnread(web.key, 13);
            clock.hold(
                    running,
                    () -> {
                        web.copyAndTruncate();
                        web.write("in the second, which nobody has seen\n");
                        web.copyAndTruncate();
                        web.write("in neither, and by far the longest line of them\n");
                    });
            await().until(() -> running.tailer.stats().truncations.sum() == 1);
            sink.room(Integer.MAX_VALUE);
            awaitText(
                    web,
                    """
                    read
                    in the first
                    in the second, which nobody has seen
                    in neither, and by far the longest line of them
                    """);
        }
        assertThat(sink.losses(web.key).get(Cause.TRUNCATED).bytes()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"copy", "copy seen before", "compressed"})
    void aPlainFileIsReadOnInItsCopyAndNothingTwice(String how) throws Exception {
        Path file = Files.createDirectories(root.resolve("logs")).resolve("app.log");
        Files.writeString(file, "header\n1\n");
        TailConfig config = config(true).withFiles(List.of(file));
        new KubeletLogs(root, "shop", "web-1", "app");
        StringBuilder all = new StringBuilder("header\n1\n");
        try (RunningTailer running = start(config, Map.of())) {
            awaitText(sink, file.toString(), all.toString());
            for (int i = 2; i < 5; i++) {
                int number = i;
                sink.room(0);
                append(file, number + " before\n");
                await().until(() -> sink.unread(file.toString()) == 9);
                rename(copy(file, 1), copy(file, 2));
                rename(compressed(copy(file, 1)), compressed(copy(file, 2)));
                if (how.equals("copy seen before")) {
                    Files.copy(file, copy(file, 1));
                    long scans = running.tailer.stats().fullScans.sum();
                    await().until(() -> running.tailer.stats().fullScans.sum() > scans + 1);
                }
                clock.hold(
                        running,
                        () -> {
                            if (Files.notExists(copy(file, 1))) {
                                Files.copy(file, copy(file, 1));
                            }
                            FileChannel.open(file, StandardOpenOption.WRITE).truncate(0).close();
                            if (how.equals("compressed")) {
                                KubeletLogs.gzip(copy(file, 1));
                            }
                            append(file, "header\n" + number + " after, and more than before\n");
                        });
                sink.room(Integer.MAX_VALUE);
                all.append(number).append(" before\nheader\n");
                all.append(number).append(" after, and more than before\n");
                awaitText(sink, file.toString(), all.toString());
            }
            long scans = running.tailer.stats().fullScans.sum();
            await().until(() -> running.tailer.stats().fullScans.sum() > scans + 2);
            assertThat(sink.text(file.toString())).isEqualTo(all.toString());
        }
        assertThat(sink.losses(file.toString()).get(Cause.TRUNCATED).bytes()).isZero();
    }

    @Test
    void aPlainFileThatWasTruncatedWhileTheAgentWasDownIsReadFromItsFirstByte() throws Exception {
        Path file = Files.createDirectories(root.resolve("logs")).resolve("app.log");
        Files.writeString(file, "header\n" + lines("before", 10));
        TailConfig config = config(true).withFiles(List.of(file));
        new KubeletLogs(root, "shop", "web-1", "app");
        Map<String, SourcePosition> positions;
        try (RunningTailer _ = start(config, Map.of())) {
            awaitText(sink, file.toString(), "header\n" + lines("before", 10));
            positions = sink.positions();
        }
        Files.writeString(file, "header\nafter\n");
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ = start(config, positions, again)) {
            awaitText(again, file.toString(), "header\nafter\n");
        }
        assertThat(again.losses(file.toString()).values())
                .containsExactly(new Loss(Cause.TRUNCATED, 0, true));
    }

    private static void awaitScans(RunningTailer running) {
        long scans = running.tailer.stats().fullScans.sum();
        await().atMost(PATIENCE).until(() -> running.tailer.stats().fullScans.sum() > scans + 1);
    }

    private static Path copy(Path file, int number) {
        return file.resolveSibling(file.getFileName() + "." + number);
    }

    private static Path compressed(Path file) {
        return file.resolveSibling(file.getFileName() + ".gz");
    }

    private static void rename(Path from, Path to) throws IOException {
        if (Files.exists(from)) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void append(Path file, String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.APPEND);
    }

    private static String lines(String text, int count) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(text).append(" line ").append(i).append('\n');
        }
        return lines.toString();
    }
}
