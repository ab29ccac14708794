package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.tail.Generation.Start;
import io.sluice.tail.Loss.Cause;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Files that are deleted before they are read, and a cap on what they may take of the disk. */
class PinnedFilesTest extends RealFiles {
    private static final int FILE_BYTES = 40_000;

    @Test
    void beyondTheCapTheOldestOfAllAreGivenUpAndCountedByTheByte() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web", "app");
        KubeletLogs db = new KubeletLogs(root, "shop", "db", "app");
        web.write("web\n");
        db.write("db\n");
        TailConfig config = quick().withLimits(3 * FILE_BYTES, TailConfig.Rotation.USUAL);
        StringBuilder webLeft = new StringBuilder("web\n");
        StringBuilder dbLeft = new StringBuilder("db\n");
        try (RunningTailer running = start(config, Map.of())) {
            awaitText(web, "web\n");
            awaitText(db, "db\n");
            sink.room(0);
            // In turn; three may stay, of the five of each the last one of web and the last two
            // of db.
            for (int i = 0; i < 5; i++) {
                deleteOne(running, web, file("web " + i));
                deleteOne(running, db, file("db " + i));
                if (i > 3) {
                    webLeft.append(file("web " + i));
                }
                if (i > 2) {
                    dbLeft.append(file("db " + i));
                }
                assertThat(running.tailer.stats().pinnedBytes())
                        .isLessThanOrEqualTo(3 * FILE_BYTES + 4);
            }
            web.write("web again\n");
            db.write("db again\n");
            assertThat(running.tailer.stats().pinnedBytes()).isEqualTo(3 * FILE_BYTES);
            sink.room(Integer.MAX_VALUE);
            awaitText(web, webLeft + "web again\n");
            awaitText(db, dbLeft + "db again\n");
            await().atMost(PATIENCE).until(() -> running.tailer.stats().pinnedBytes() == 0);
        }
        assertThat(sink.losses(web.key).values())
                .containsExactly(new Loss(Cause.DELETED_UNREAD, 4 * FILE_BYTES, false));
        assertThat(sink.losses(db.key).values())
                .containsExactly(new Loss(Cause.DELETED_UNREAD, 3 * FILE_BYTES, false));
        assertThat(sink.unread(web.key)).isZero();
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ = start(config, sink.positions(), again)) {
            web.write("once\n");
            awaitText(again, web.key, "once\n");
        }
        assertThat(again.losses(web.key)).isEmpty();
    }

    @Test
    void aFileThatIsGivenUpInItsMiddleEndsThere() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web", "app");
        String first = file("first");
        sink.room(3);
        web.write(first);
        TailConfig config = config(true).withLimits(0, TailConfig.Rotation.USUAL);
        try (RunningTailer running = start(config, Map.of())) {
            await().until(() -> running.tailer.stats().ringFull.sum() > 0);
            Path rotated = web.rotate();
            web.write("next\n");
            await().until(() -> running.tailer.stats().openFiles() == 2);
            Files.delete(rotated);
            await().atMost(PATIENCE)
                    .until(() -> running.tailer.stats().lostBytes(Cause.DELETED_UNREAD) > 0);
            sink.room(Integer.MAX_VALUE);
            await().atMost(PATIENCE).until(() -> sink.text(web.key).endsWith("next\n"));
        }
        int read = sink.text(web.key).length() - "next\n".length();
        assertThat(read).isBetween(1, 3 * 4096);
        assertThat(sink.losses(web.key).values())
                .containsExactly(new Loss(Cause.DELETED_UNREAD, FILE_BYTES - read, false));
        CollectingSink.Taken last = sink.taken(web.key).getLast();
        assertThat(last.generation().start()).isEqualTo(Start.BREAKS);
        assertThat(last.losses()).hasSize(1);
    }

    @Test
    void whatHasACompressedCopyIsReadThereInstead() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web", "app");
        StringBuilder all = new StringBuilder(file("0"));
        sink.room(3);
        web.write(file("0"));
        TailConfig config = config(true).withLimits(0, TailConfig.Rotation.USUAL);
        try (RunningTailer running = start(config, Map.of())) {
            await().until(() -> running.tailer.stats().ringFull.sum() > 0);
            for (int i = 1; i < 4; i++) {
                Path rotated = web.rotate();
                web.write(file("" + i));
                all.append(file("" + i));
                // They are held before they are compressed.
                int held = i + 1;
                await().until(() -> running.tailer.stats().openFiles() == held);
                KubeletLogs.gzip(rotated);
            }
            long scans = running.tailer.stats().fullScans.sum();
            await().atMost(PATIENCE)
                    .until(() -> running.tailer.stats().fullScans.sum() > scans + 1);
            assertThat(running.tailer.stats().pinnedBytes()).isZero();
            sink.room(Integer.MAX_VALUE);
            awaitText(web, all.toString());
            assertThat(sink.unread(web.key)).isZero();
        }
        assertThat(sink.losses(web.key)).isEmpty();
        assertThat(sink.taken(web.key).stream().map(chunk -> chunk.generation().start()))
                .doesNotContain(Start.BREAKS);
    }

    @Test
    void aDeletedContainerMayTakeWhatIsAllowed() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web", "app");
        web.write("begin\n");
        TailConfig config = config(true).withLimits(2 * FILE_BYTES, TailConfig.Rotation.USUAL);
        try (RunningTailer running = start(config, Map.of())) {
            awaitText(web, "begin\n");
            sink.room(0);
            web.write(file("last words"));
            awaitUnread(web.key, FILE_BYTES);
            web.remove();
            await().atMost(PATIENCE)
                    .until(() -> running.tailer.stats().pinnedBytes() == FILE_BYTES + 6);
            sink.room(Integer.MAX_VALUE);
            awaitText(web, "begin\n" + file("last words"));
            await().atMost(PATIENCE).until(() -> running.tailer.stats().pinnedBytes() == 0);
        }
        assertThat(sink.losses(web.key)).isEmpty();
    }

    /** All is looked at as often as what is active. */
    private TailConfig quick() {
        TailConfig usual = config(true);
        return new TailConfig(
                usual.containers(),
                usual.files(),
                usual.exclude(),
                usual.from(),
                usual.activeScan(),
                usual.activeScan(),
                usual.roundMillis(),
                usual.chunksPerRound(),
                usual.chunksInRing(),
                usual.useInotify());
    }

    /** Written, seen, rotated, seen, deleted, seen. */
    private void deleteOne(RunningTailer running, KubeletLogs logs, String text) throws Exception {
        long unread = sink.unread(logs.key);
        logs.write(text);
        awaitUnread(logs.key, unread + text.length());
        // Files are counted by scans: one that was given up may be in the last count.
        long scans = running.tailer.stats().fullScans.sum();
        await().atMost(PATIENCE).until(() -> running.tailer.stats().fullScans.sum() > scans);
        int open = running.tailer.stats().openFiles();
        Path rotated = logs.rotate();
        await().atMost(PATIENCE).until(() -> running.tailer.stats().openFiles() > open);
        long before = running.tailer.stats().pinnedBytes();
        long lost = running.tailer.stats().lostBytes(Cause.DELETED_UNREAD);
        Files.delete(rotated);
        await().atMost(PATIENCE)
                .until(
                        () ->
                                running.tailer.stats().pinnedBytes() > before
                                        || running.tailer.stats().lostBytes(Cause.DELETED_UNREAD)
                                                > lost);
    }

    private static String file(String name) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; lines.length() < FILE_BYTES; i++) {
            lines.append(name).append(' ').append(i).append('\n');
        }
        lines.setLength(FILE_BYTES - 1);
        return lines.append('\n').toString();
    }
}
