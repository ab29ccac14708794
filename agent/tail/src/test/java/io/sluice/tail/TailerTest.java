package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation.Start;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

class TailerTest extends RealFiles {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void linesOfAContainerAreHandedOverWithAndWithoutInotify(boolean inotify) throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("one\n");
        try (RunningTailer _ = start(config(inotify), Map.of())) {
            awaitText(web, "one\n");
            web.write("two\n");
            awaitText(web, "one\ntwo\n");
            KubeletLogs later = new KubeletLogs(root, "shop", "web-2", "app");
            later.write("later\n");
            awaitText(later, "later\n");
        }
        CollectingSink.Taken first = sink.taken(web.key).getFirst();
        assertThat(first.offset()).isZero();
        assertThat(first.generation().start()).isEqualTo(Start.FIRST);
        assertThat(first.generation().path()).isEqualTo(web.link().toString());
        assertThat(first.generation().containerId()).hasSize(64);
    }

    @Test
    void halfALineWaitsForItsEnd() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("whole\nhal");
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "whole\n");
            web.write("f");
            web.write("\n");
            awaitText(web, "whole\nhalf\n");
        }
        assertThat(sink.taken(web.key)).allMatch(chunk -> !chunk.text().equals("hal"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aRotationIsReadToItsEndBeforeTheNewFile(boolean inotify) throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        StringBuilder all = new StringBuilder();
        try (RunningTailer _ = start(config(inotify), Map.of())) {
            for (int i = 0; i < 5; i++) {
                for (int line = 0; line < 300; line++) {
                    String text = "generation " + i + " line " + line + "\n";
                    web.write(text);
                    all.append(text);
                }
                web.rotate();
            }
            web.write("end\n");
            awaitText(web, all + "end\n");
        }
        assertThat(sink.ends(web.key)).hasSize(5).containsOnly(End.GENERATION);
        assertThat(sink.taken(web.key).getLast().generation().start()).isEqualTo(Start.CONTINUES);
    }

    @Test
    void generationsRotatedAndCompressedWhileTheAgentWasDownAreReadInOrder() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\na2\n");
        Map<String, SourcePosition> positions;
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "a1\na2\n");
            positions = sink.positions();
        }
        web.write("a3\n");
        Path oldest = web.rotate();
        web.write("b1\n");
        Path second = web.rotate();
        web.write("c1\n");
        KubeletLogs.gzip(oldest);
        KubeletLogs.gzip(second);
        try (RunningTailer _ = start(config(true), positions)) {
            awaitText(web, "a1\na2\na3\nb1\nc1\n");
        }
        CollectingSink.Taken resumed =
                sink.taken(web.key).stream()
                        .filter(chunk -> chunk.text().startsWith("a3"))
                        .findFirst()
                        .orElseThrow();
        assertThat(resumed.offset()).isEqualTo(6);
        assertThat(resumed.generation().stdoutFrom()).isEqualTo(6);
    }

    @Test
    void theCompressedCopyOfAFileThatWasReadIsNotReadAgain() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "a1\n");
            Path rotated = web.rotate();
            web.write("b1\n");
            awaitText(web, "a1\nb1\n");
            await().until(() -> running.tailer.stats().generationsDrained.sum() == 1);
            KubeletLogs.gzip(rotated);
            web.write("b2\n");
            awaitText(web, "a1\nb1\nb2\n");
            web.rotate();
            web.write("c1\n");
            awaitText(web, "a1\nb1\nb2\nc1\n");
        }
    }

    @Test
    void aFileThatIsCompressedBeforeItWasReadIsReadOnce() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\n");
        sink.room(0);
        try (RunningTailer running = start(config(true), Map.of())) {
            await().until(() -> running.tailer.stats().ringFull.sum() > 0);
            KubeletLogs.gzip(web.rotate());
            web.write("b1\n");
            KubeletLogs.gzip(web.rotate());
            web.write("c1\n");
            await().until(() -> running.tailer.stats().ringFull.sum() > 20);
            sink.room(Integer.MAX_VALUE);
            awaitText(web, "a1\nb1\nc1\n");
        }
    }

    @Test
    void aRestartBreaksAndTheOldFileIsFinished() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        try (RunningTailer _ = start(config(true), Map.of())) {
            web.write("dying words\nno newline");
            web.restart();
            web.write("reborn\n");
            awaitText(web, "dying words\nno newlinereborn\n");
        }
        CollectingSink.Taken last = sink.taken(web.key).getLast();
        assertThat(last.generation().restart()).isEqualTo(1);
        assertThat(last.generation().start()).isEqualTo(Start.BREAKS);
        assertThat(last.generation().path()).isEqualTo(web.link().toString());
    }

    @Test
    void aDeletedContainerIsReadToItsEndAndEnds() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("first\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "first\n");
            sink.room(0);
            web.write("last words");
            web.remove();
            sink.room(Integer.MAX_VALUE);
            awaitText(web, "first\nlast words");
            await().until(() -> sink.ends(web.key).contains(End.SOURCE));
            await().until(() -> running.tailer.stats().sources() == 0);
        }
        assertThat(sink.ends(web.key)).containsExactly(End.GENERATION, End.SOURCE);
    }

    @Test
    void aPositionWhoseFilesAreGoneEnds() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        StreamPosition at = new StreamPosition(7, 0, 100);
        String gone = "shop_old-1_uid-old/app";
        try (RunningTailer _ = start(config(true), Map.of(gone, new SourcePosition(at, at)))) {
            await().until(() -> sink.ends(gone).equals(List.of(End.SOURCE)));
            web.write("still read\n");
            awaitText(web, "still read\n");
        }
    }

    @Test
    void aPositionInARemovedFileGoesOnWithWhatIsLeftAndIsCounted() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("left\n");
        StreamPosition at = new StreamPosition(7, 0, 100);
        try (RunningTailer running =
                start(config(true), Map.of(web.key, new SourcePosition(at, at)))) {
            awaitText(web, "left\n");
            assertThat(running.tailer.stats().gaps.sum()).isEqualTo(1);
        }
    }

    @Test
    void eachStreamBeginsAtItsOwnPosition() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\na2\n");
        long first;
        long second;
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "a1\na2\n");
            first = sink.taken(web.key).getLast().generation().fingerprint();
            web.rotate();
            web.write("b1\nb2\n");
            awaitText(web, "a1\na2\nb1\nb2\n");
            second = sink.taken(web.key).getLast().generation().fingerprint();
        }
        SourcePosition apart =
                new SourcePosition(
                        new StreamPosition(second, 0, 3), new StreamPosition(first, 0, 3));
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ =
                new RunningTailer(config(true), Map.of(web.key, apart), ReadGate.OPEN, again)) {
            await().until(() -> again.text(web.key).equals("a2\nb1\nb2\n"));
        }
        List<Generation> generations =
                again.taken(web.key).stream()
                        .map(CollectingSink.Taken::generation)
                        .distinct()
                        .toList();
        assertThat(generations).hasSize(2);
        assertThat(generations.getFirst().stdoutFrom()).isEqualTo(Long.MAX_VALUE);
        assertThat(generations.getFirst().stderrFrom()).isEqualTo(3);
        assertThat(generations.getLast().stdoutFrom()).isEqualTo(3);
        assertThat(generations.getLast().stderrFrom()).isZero();
    }

    @Test
    void aStreamWhosePositionWasRemovedGoesOnInTheOldestFileLeft() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\n");
        long removed;
        long ahead;
        Path oldest;
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "a1\n");
            removed = sink.taken(web.key).getLast().generation().fingerprint();
            oldest = web.rotate();
            web.write("b1\n");
            awaitText(web, "a1\nb1\n");
            web.rotate();
            web.write("c1\nc2\n");
            awaitText(web, "a1\nb1\nc1\nc2\n");
            ahead = sink.taken(web.key).getLast().generation().fingerprint();
        }
        Files.delete(oldest);
        SourcePosition apart =
                new SourcePosition(
                        new StreamPosition(removed, 0, 3), new StreamPosition(ahead, 0, 3));
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ =
                new RunningTailer(config(true), Map.of(web.key, apart), ReadGate.OPEN, again)) {
            await().until(() -> again.text(web.key).equals("b1\nc1\nc2\n"));
        }
        List<Generation> generations =
                again.taken(web.key).stream()
                        .map(CollectingSink.Taken::generation)
                        .distinct()
                        .toList();
        assertThat(generations.getFirst().stdoutFrom()).isZero();
        assertThat(generations.getFirst().stderrFrom()).isEqualTo(Long.MAX_VALUE);
        assertThat(generations.getLast().stderrFrom()).isEqualTo(3);
    }

    @Test
    void anOlderFileThatIsFoundLateDoesNotEndTheActiveOne() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("a1\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "a1\n");
            Files.writeString(web.folder.resolve("0.log.20251124-000000"), "found late\n");
            await().until(() -> running.tailer.stats().openFiles() == 2);
            web.write("a2\n");
            awaitText(web, "a1\na2\n");
            web.rotate();
            web.write("b1\n");
            awaitText(web, "a1\na2\nfound late\nb1\n");
        }
    }

    @Test
    void aCompressedFileWithoutAByteThatWasRemovedHoldsNothingUp() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        Path empty = KubeletLogs.gzip(web.rotate());
        web.write("b1\n");
        AtomicBoolean open = new AtomicBoolean();
        try (RunningTailer running =
                new RunningTailer(config(true), Map.of(), (_, _) -> open.get(), sink)) {
            await().until(() -> running.tailer.stats().openFiles() == 2);
            Files.delete(empty);
            open.set(true);
            awaitText(web, "b1\n");
        }
    }

    @Test
    void aFileThatEndsWithinItsFirstLineIsKnownAfterARestart() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("half");
        long first;
        try (RunningTailer _ = start(config(true), Map.of())) {
            web.rotate();
            web.write("b1\n");
            awaitText(web, "halfb1\n");
            first = sink.taken(web.key).getFirst().generation().fingerprint();
        }
        StreamPosition end = new StreamPosition(first, 0, 4);
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer running =
                new RunningTailer(
                        config(true),
                        Map.of(web.key, new SourcePosition(end, end)),
                        ReadGate.OPEN,
                        again)) {
            await().until(() -> again.text(web.key).equals("b1\n"));
            assertThat(running.tailer.stats().gaps.sum()).isZero();
        }
    }

    @Test
    void aLineLongerThanAChunkComesInPieces() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        String line = "x".repeat(40_000) + "\n";
        try (RunningTailer _ = start(config(true), Map.of())) {
            web.write("short\n" + line + "after\n");
            awaitText(web, "short\n" + line + "after\n");
        }
    }

    @Test
    void aTruncatedFileBeginsAgain() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("before 1\nbefore 2\n");
        try (RunningTailer running = start(config(true), Map.of())) {
            awaitText(web, "before 1\nbefore 2\n");
            web.truncate();
            web.write("after\n");
            awaitText(web, "before 1\nbefore 2\nafter\n");
            assertThat(running.tailer.stats().truncations.sum()).isEqualTo(1);
        }
        assertThat(sink.taken(web.key).getLast().generation().start()).isEqualTo(Start.BREAKS);
        assertThat(sink.taken(web.key).getLast().offset()).isZero();
    }

    @Test
    void aFileShortenedByAPowerCutGoesOnUnderAnotherFingerprint() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("first line\n");
        long fingerprint;
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "first line\n");
            fingerprint = sink.taken(web.key).getLast().generation().fingerprint();
        }
        StreamPosition beyond = new StreamPosition(fingerprint, 0, 5_000);
        CollectingSink again = new CollectingSink(4096);
        Map<String, SourcePosition> positions;
        try (RunningTailer running =
                new RunningTailer(
                        config(true),
                        Map.of(web.key, new SourcePosition(beyond, beyond)),
                        ReadGate.OPEN,
                        again)) {
            await().until(() -> running.tailer.stats().truncations.sum() == 1);
            web.write("second line\n");
            await().until(() -> again.text(web.key).equals("second line\n"));
            Generation generation = again.taken(web.key).getLast().generation();
            assertThat(generation.fingerprint()).isNotEqualTo(fingerprint);
            positions = again.positions();
        }
        CollectingSink third = new CollectingSink(4096);
        try (RunningTailer _ = new RunningTailer(config(true), positions, ReadGate.OPEN, third)) {
            web.write("third line\n");
            await().until(() -> third.text(web.key).equals("third line\n"));
        }
    }

    @Test
    void aFullRingLeavesBytesInTheirFiles() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        String many = "0123456789abcdef\n".repeat(5_000);
        web.write(many);
        sink.room(3);
        try (RunningTailer running = start(config(true), Map.of())) {
            await().until(() -> running.tailer.stats().ringFull.sum() > 5);
            assertThat(sink.text(web.key).length()).isLessThanOrEqualTo(3 * 4096);
            sink.room(Integer.MAX_VALUE);
            awaitText(web, many);
        }
    }

    @Test
    void aLoudFileLeavesRoomForQuietOnes() throws Exception {
        KubeletLogs loud = new KubeletLogs(root, "shop", "loud", "app");
        KubeletLogs quiet = new KubeletLogs(root, "shop", "quiet", "app");
        loud.write("loud\n".repeat(200_000));
        quiet.write("quiet\n");
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(quiet, "quiet\n");
            await().until(() -> sink.text(loud.key).length() == 1_000_000);
        }
        int first = sink.taken().indexOf(sink.taken(quiet.key).getFirst());
        assertThat(first).isLessThanOrEqualTo(config(true).chunksPerRound());
    }

    @Test
    void aSourceHoldsItsShareOfTheRingWhileOthersWait() throws Exception {
        KubeletLogs slow = new KubeletLogs(root, "shop", "slow", "app");
        KubeletLogs other = new KubeletLogs(root, "shop", "zother", "app");
        sink.hold();
        slow.write("slow\n".repeat(200_000));
        other.write("other\n".repeat(200_000));
        try (RunningTailer _ = start(config(true), Map.of())) {
            int share = config(true).chunksInRing();
            await().until(
                            () ->
                                    sink.taken(slow.key).size() >= share
                                            && sink.taken(other.key).size() >= share);
            assertThat(sink.taken(slow.key).size()).isLessThan(4 * share);
            sink.release();
            await().until(() -> sink.text(slow.key).length() == 1_000_000);
            await().until(() -> sink.text(other.key).length() == 1_200_000);
        }
    }

    @Test
    void aFileIsOpenedAtDiscoveryAndReadWhenTheGateOpens() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("early\n");
        AtomicBoolean open = new AtomicBoolean();
        try (RunningTailer running =
                new RunningTailer(config(true), Map.of(), (_, _) -> open.get(), sink)) {
            await().until(() -> running.tailer.stats().openFiles() == 1);
            web.remove();
            assertThat(sink.taken()).isEmpty();
            open.set(true);
            awaitText(web, "early\n");
        }
    }

    @Test
    void excludedPodsAreNotRead() throws Exception {
        KubeletLogs system = new KubeletLogs(root, "kube-system", "proxy", "app");
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        system.write("no\n");
        web.write("yes\n");
        TailConfig config =
                new TailConfig(
                        Optional.of(root.resolve("containers")),
                        List.of(),
                        List.of("kube-system/*"),
                        new TailConfig.From.Beginning(),
                        Duration.ofMillis(200),
                        Duration.ofSeconds(1),
                        0,
                        8,
                        16,
                        true);
        try (RunningTailer _ = start(config, Map.of())) {
            awaitText(web, "yes\n");
        }
        assertThat(sink.taken(system.key)).isEmpty();
    }

    @Test
    void fromNowSkipsWhatWasThereAndReadsWhatComes() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("old\n");
        TailConfig config =
                new TailConfig(
                        Optional.of(root.resolve("containers")),
                        List.of(),
                        List.of(),
                        new TailConfig.From.Now(),
                        Duration.ofMillis(200),
                        Duration.ofSeconds(1),
                        0,
                        8,
                        16,
                        true);
        try (RunningTailer running = start(config, Map.of())) {
            await().until(() -> running.tailer.stats().openFiles() == 1);
            web.write("new\n");
            awaitText(web, "new\n");
            KubeletLogs later = new KubeletLogs(root, "shop", "web-2", "app");
            later.write("all of it\n");
            awaitText(later, "all of it\n");
        }
        assertThat(sink.taken(web.key).getFirst().offset()).isEqualTo(4);
    }

    @Test
    void aFolderThatAppearsLaterIsFound() throws Exception {
        try (RunningTailer running = start(config(true), Map.of())) {
            assertThat(running.isAlive()).isTrue();
            KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
            web.write("found\n");
            awaitText(web, "found\n");
        }
    }

    @Test
    void aLinkToNothingHurtsNoOther() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        Files.createSymbolicLink(
                root.resolve("containers/ghost_shop_app-" + "a".repeat(64) + ".log"),
                root.resolve("pods/shop_ghost_uid/app/0.log"));
        Files.createSymbolicLink(
                root.resolve("containers/astray_shop_app-" + "b".repeat(64) + ".log"),
                root.resolve("elsewhere"));
        web.write("fine\n");
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "fine\n");
        }
    }

    @Test
    void dockersFilesAreReadWhereTheyLie() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        Path docker = Files.createDirectories(root.resolve("docker/abc"));
        Path real = docker.resolve("abc-json.log");
        Files.writeString(real, "now\n");
        Files.writeString(docker.resolve("abc-json.log.1"), "before\n");
        Files.delete(web.activeFile());
        Files.createSymbolicLink(web.activeFile(), real);
        try (RunningTailer _ = start(config(true), Map.of())) {
            awaitText(web, "before\nnow\n");
        }
    }

    @Test
    void plainFilesAreFollowedOverARenameAndARestartOfTheAgent() throws Exception {
        Path file = Files.createDirectories(root.resolve("logs")).resolve("app.log");
        Files.writeString(file, "same header\n1\n");
        TailConfig config = config(true).withFiles(List.of(root.resolve("logs/*.log")));
        Map<String, SourcePosition> positions;
        new KubeletLogs(root, "shop", "web-1", "app");
        try (RunningTailer _ = start(config, Map.of())) {
            await().until(() -> sink.text(file.toString()).equals("same header\n1\n"));
            Files.move(file, file.resolveSibling("app.log.1"));
            Files.writeString(file, "same header\n2\n");
            await().until(
                            () ->
                                    sink.text(file.toString())
                                            .equals("same header\n1\nsame header\n2\n"));
            positions = sink.positions();
        }
        Files.writeString(file, "3\n", java.nio.file.StandardOpenOption.APPEND);
        CollectingSink again = new CollectingSink(4096);
        try (RunningTailer _ = new RunningTailer(config, positions, ReadGate.OPEN, again)) {
            await().until(() -> again.text(file.toString()).equals("3\n"));
        }
    }

    @Test
    void aThreadThatDoesNotComeBackIsNoticedAndAWaitingOneIsNot() throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("one\n");
        Duration limit = Duration.ofMillis(300);
        AtomicBoolean hangs = new AtomicBoolean();
        CountDownLatch released = new CountDownLatch(1);
        ChunkSink hanging =
                filler -> {
                    if (hangs.get()) {
                        awaitUninterruptibly(released);
                    }
                    return sink.offer(filler);
                };
        try (RunningTailer running =
                new RunningTailer(config(true), Map.of(), ReadGate.OPEN, hanging, clock)) {
            awaitText(web, "one\n");
            // Nothing to do: it waits for longer than that.
            await().during(Duration.ofMillis(600)).until(() -> isBelow(running, limit));
            hangs.set(true);
            web.write("two\n");
            await().until(() -> !isBelow(running, limit));
            released.countDown();
            awaitText(web, "one\ntwo\n");
            await().until(() -> isBelow(running, limit));
        }
    }

    private static boolean isBelow(RunningTailer running, Duration limit) {
        return running.tailer.overdue().compareTo(limit) < 0;
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
