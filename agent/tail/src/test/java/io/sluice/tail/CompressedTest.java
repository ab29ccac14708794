package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.tail.Generation.Start;
import io.sluice.tail.Loss.Cause;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** Rotated files that were compressed: whole ones, unfinished ones, damaged ones. */
class CompressedTest extends RealFiles {

    @Test
    void aFileAndItsCompressedCopyAreReadOnce() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\na2\n");
        Path first = web.rotate();
        web.write("b1\n");
        Path second = web.rotate();
        web.write("c1\n");
        // The kubelet compresses into X.tmp, renames that to X.gz, then removes X.
        compress(first, first.resolveSibling(first.getFileName() + ".gz"));
        Files.writeString(first.resolveSibling(first.getFileName() + ".tmp"), "half a copy");
        compress(second, second.resolveSibling(second.getFileName() + ".gz"));
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "a1\na2\nb1\nc1\n");
            Files.delete(first);
            Files.delete(second);
            web.write("c2\n");
            long scans = running.tailer.stats().fullScans.sum();
            await().until(() -> running.tailer.stats().fullScans.sum() > scans + 1);
            awaitText(web, "a1\na2\nb1\nc1\nc2\n");
        }
        assertThat(sink.losses(web.key)).isEmpty();
    }

    @Test
    void anUnfinishedCopyBesideItsFileIsNoDamage() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\na2\n");
        Path first = web.rotate();
        web.write("b1\n");
        Path copy = first.resolveSibling(first.getFileName() + ".gz");
        byte[] whole = gzip("a1\na2\n".getBytes(StandardCharsets.UTF_8));
        Files.write(copy, Arrays.copyOf(whole, 12));
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "a1\na2\nb1\n");
            Files.write(copy, whole);
            Files.delete(first);
            long scans = running.tailer.stats().fullScans.sum();
            await().until(() -> running.tailer.stats().fullScans.sum() > scans + 1);
            assertThat(running.tailer.stats().damagedFiles.sum()).isZero();
        }
        assertThat(sink.text(web.key)).isEqualTo("a1\na2\nb1\n");
        assertThat(sink.losses(web.key)).isEmpty();
    }

    @Test
    void aFileThatIsHeldIsReadToItsEndWhenItIsCompressed() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "a1\n");
            sink.room(0);
            web.write("a2\n");
            awaitUnread(web.key, 3);
            Path rotated = web.rotate();
            web.write("b1\n");
            await().until(() -> running.tailer.stats().openFiles() == 2);
            clock.hold(running, () -> KubeletLogs.gzip(rotated));
            long scans = running.tailer.stats().fullScans.sum();
            await().until(() -> running.tailer.stats().fullScans.sum() > scans + 1);
            sink.room(Integer.MAX_VALUE);
            awaitText(web, "a1\na2\nb1\n");
        }
        assertThat(sink.taken(web.key).getLast().generation().start()).isEqualTo(Start.CONTINUES);
        assertThat(sink.losses(web.key)).isEmpty();
    }

    @Test
    void whatIsUnreadInCompressedFilesIsKnownBeforeTheyAreRead() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("before\n");
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "before\n");
        }
        Map<String, SourcePosition> positions = sink.positions();
        web.write("x".repeat(10_000) + "\n");
        KubeletLogs.gzip(web.rotate());
        web.write("y".repeat(5_000) + "\n");
        KubeletLogs.gzip(web.rotate());
        web.write("z\n");
        CollectingSink again = new CollectingSink(4096);
        again.room(1);
        try (RunningTailer _ = start(config(true), positions, again)) {
            await().atMost(PATIENCE).until(() -> again.unread(web.key) == 15_004 - 4_096);
            assertThat(again.source(web.key).figures().atLeast()).isFalse();
        }
    }

    /** What may be wrong with a compressed file. */
    enum Damage {
        CUT_IN_THE_MIDDLE {
            @Override
            byte[] of(byte[] compressed) {
                return Arrays.copyOf(compressed, compressed.length / 2);
            }
        },
        CUT_TO_NOTHING {
            @Override
            byte[] of(byte[] compressed) {
                return new byte[0];
            }
        },
        CUT_WITHIN_ITS_HEADER {
            @Override
            byte[] of(byte[] compressed) {
                return Arrays.copyOf(compressed, 7);
            }
        },
        CORRUPT_IN_THE_MIDDLE {
            @Override
            byte[] of(byte[] compressed) {
                byte[] damaged = compressed.clone();
                new Random(7).nextBytes(damaged);
                System.arraycopy(compressed, 0, damaged, 0, compressed.length / 2);
                System.arraycopy(compressed, compressed.length - 8, damaged, damaged.length - 8, 8);
                return damaged;
            }
        },
        NO_GZIP_AT_ALL {
            @Override
            byte[] of(byte[] compressed) {
                byte[] other = new byte[compressed.length];
                Arrays.fill(other, (byte) 'x');
                return other;
            }
        },
        ANOTHER_CHECKSUM {
            @Override
            byte[] of(byte[] compressed) {
                byte[] damaged = compressed.clone();
                damaged[compressed.length - 6] ^= 1;
                return damaged;
            }
        };

        abstract byte[] of(byte[] compressed);
    }

    @ParameterizedTest
    @EnumSource(Damage.class)
    void aDamagedFileIsReadAsFarAsItGoesAndItsRestIsALossOnce(Damage damage) throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\n");
        web.rotate();
        String second = randomLines(2_000);
        web.write(second);
        Path damaged = KubeletLogs.gzip(web.rotate());
        Files.write(damaged, damage.of(Files.readAllBytes(damaged)));
        web.write("c1\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            await().atMost(PATIENCE).until(() -> sink.text(web.key).endsWith("c1\n"));
            assertThat(running.tailer.stats().damagedFiles.sum()).isEqualTo(1);
            web.write("c2\n");
            await().atMost(PATIENCE).until(() -> sink.text(web.key).endsWith("c1\nc2\n"));
            assertThat(sink.unread(web.key)).isZero();
        }
        String read = sink.text(web.key);
        String ofSecond = read.substring("a1\n".length(), read.length() - "c1\nc2\n".length());
        Loss loss = sink.losses(web.key).get(Cause.ROTATED_UNREAD);
        assertThat(loss.atLeast()).isTrue();
        switch (damage) {
            case CUT_IN_THE_MIDDLE -> {
                assertThat(second).startsWith(ofSecond);
                assertThat(ofSecond).hasSizeGreaterThan(20_000);
            }
            case CORRUPT_IN_THE_MIDDLE -> {
                // Wrong bytes make wrong lines until they make no sense at all.
                assertThat(ofSecond).startsWith(second.substring(0, 20_000));
                assertThat(loss.bytes()).isEqualTo(second.length() - ofSecond.length());
            }
            case ANOTHER_CHECKSUM -> {
                assertThat(ofSecond).isEqualTo(second);
                assertThat(loss.bytes()).isZero();
            }
            default -> assertThat(ofSecond).isEmpty();
        }
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ = start(config(true), sink.positions(), again)) {
            web.write("c3\n");
            awaitText(again, web.key, "c3\n");
        }
        assertThat(again.losses(web.key)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 6, 10, 1_000})
    void theLossOfADamagedFileIsNeitherDoubledNorForgottenByARestart(int chunks) throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write(randomLines(400));
        String first = Files.readString(web.activeFile());
        Path rotated = KubeletLogs.gzip(web.rotate());
        Files.write(rotated, Damage.CORRUPT_IN_THE_MIDDLE.of(Files.readAllBytes(rotated)));
        web.write("b1\n");
        long lost = 0;
        sink.room(chunks);
        try (RunningTailer running = start(config(true), Map.of())) {
            await().atMost(PATIENCE)
                    .until(
                            () ->
                                    running.tailer.stats().ringFull.sum() > 0
                                            || sink.text(web.key).endsWith("b1\n"));
        }
        lost += lost(sink, web.key);
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ = start(config(true), sink.positions(), again)) {
            web.write("b2\n");
            await().atMost(PATIENCE).until(() -> again.text(web.key).endsWith("b2\n"));
        }
        lost += lost(again, web.key);
        String read = sink.text(web.key) + again.text(web.key);
        assertThat(read.length() + lost).isEqualTo(first.length() + "b1\nb2\n".length());
    }

    @Test
    void aPositionBehindTheDamageLosesTheRest() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        String first = randomLines(2_000);
        web.write(first);
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, first);
        }
        web.write("never read\n");
        Path rotated = KubeletLogs.gzip(web.rotate());
        web.write("b1\n");
        Files.write(rotated, Damage.CORRUPT_IN_THE_MIDDLE.of(Files.readAllBytes(rotated)));
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ = start(config(true), sink.positions(), again)) {
            awaitText(again, web.key, "b1\n");
        }
        assertThat(again.losses(web.key).values())
                .containsExactly(new Loss(Cause.ROTATED_UNREAD, 11, true));
    }

    @Test
    void aFileOfSeveralMembersIsReadToItsEnd() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        Path rotated = web.rotate();
        ByteArrayOutputStream members = new ByteArrayOutputStream();
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            members.write(gzip(("member " + i + "\n").getBytes(StandardCharsets.UTF_8)));
            all.append("member ").append(i).append('\n');
        }
        Files.delete(rotated);
        Files.write(rotated.resolveSibling(rotated.getFileName() + ".gz"), members.toByteArray());
        web.write("b1\n");
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, all + "b1\n");
        }
        assertThat(sink.losses(web.key)).isEmpty();
    }

    private static long lost(CollectingSink from, String key) {
        return from.losses(key).values().stream().mapToLong(Loss::bytes).sum();
    }

    private static void compress(Path file, Path into) throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(into))) {
            Files.copy(file, out);
        }
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(compressed)) {
            out.write(bytes);
        }
        return compressed.toByteArray();
    }

    /** Hardly compressible, so that half of the compressed bytes hold half of the lines. */
    private static String randomLines(int count) {
        Random random = new Random(42);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("line ").append(i).append(' ');
            lines.append(Long.toHexString(random.nextLong())).append('\n');
        }
        return lines.toString();
    }
}
