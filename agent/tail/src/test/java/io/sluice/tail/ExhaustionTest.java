package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** What the kernel has no more of: events, watches, instances, descriptors. */
class ExhaustionTest extends RealFiles {
    private static final Path MOST_EVENTS = Path.of("/proc/sys/fs/inotify/max_queued_events");
    private static final Path MOST_WATCHES = Path.of("/proc/sys/user/max_inotify_watches");
    private static final Path MOST_INSTANCES = Path.of("/proc/sys/user/max_inotify_instances");

    @Test
    void whenEventsAreDroppedAllIsLookedAt() throws Exception {
        // An instance keeps the limit that held when it was made; this is the usual one.
        int most = Math.max(16_384, Integer.parseInt(Files.readString(MOST_EVENTS).strip()));
        KubeletLogs loud = new KubeletLogs(root, "shop", "loud", "app");
        KubeletLogs late = new KubeletLogs(root, "shop", "late", "app");
        loud.write("begin\n");
        late.write("before\n");
        TailConfig usual = config(true);
        TailConfig config =
                new TailConfig(
                        usual.containers(),
                        usual.files(),
                        usual.exclude(),
                        usual.from(),
                        // Nothing but the overflow makes it look.
                        Duration.ofHours(1),
                        Duration.ofHours(1),
                        usual.roundMillis(),
                        usual.chunksPerRound(),
                        usual.chunksInRing(),
                        true);
        StringBuilder all = new StringBuilder("begin\n");
        try (RunningTailer running = start(config, Map.of())) {
            awaitText(loud, "begin\n");
            awaitText(late, "before\n");
            clock.hold(
                    running,
                    () -> {
                        // Two files in turn: the kernel merges events that are the same.
                        Path beside = loud.folder.resolve("beside");
                        try (OutputStream other = Files.newOutputStream(beside)) {
                            for (int i = 0; i < most / 2 + 100; i++) {
                                loud.write("line " + i + "\n");
                                all.append("line ").append(i).append('\n');
                                other.write('x');
                            }
                        }
                        late.write("rotated\n");
                        late.rotate();
                        late.write("after\n");
                        new KubeletLogs(root, "shop", "new", "app").write("found\n");
                    });
            awaitText(loud, all.toString());
            awaitText(late, "before\nrotated\nafter\n");
            awaitText(sink, "shop_new_uid-new/app", "found\n");
            assertThat(running.tailer.stats().inotifyOverflows.sum()).isPositive();
        }
    }

    @Test
    void withoutWatchesFilesAreFoundAndReadAndWatchedWhenThereAreSome() throws Exception {
        List<KubeletLogs> all = containers(8);
        try (TailingProcess tail = limited(MOST_WATCHES, 3)) {
            assertAllAreFollowed(tail, all);
            assertThat(tail.stats().get("watchFailures")).isPositive();
            assertThat(tail.stats().get("watches")).isLessThanOrEqualTo(3);
            assertThat(tail.log().stream().filter(line -> line.contains("ENOSPC")))
                    .singleElement()
                    .asString()
                    .contains("raise fs.inotify.max_user_watches");
            tail.set(MOST_WATCHES, "1000");
            await().atMost(PATIENCE).until(() -> tail.stats().get("watches") == 8);
        }
    }

    @Test
    void withoutAnInstanceFilesAreFoundAndReadAndWatchedWhenThereIsOne() throws Exception {
        List<KubeletLogs> all = containers(8);
        try (TailingProcess tail = limited(MOST_INSTANCES, 0)) {
            assertAllAreFollowed(tail, all);
            assertThat(tail.stats().get("instanceFailures")).isPositive();
            assertThat(tail.log().stream().filter(line -> line.contains("EMFILE")))
                    .singleElement()
                    .asString()
                    .contains("raise fs.inotify.max_user_instances");
            tail.set(MOST_INSTANCES, "10");
            await().atMost(PATIENCE).until(() -> tail.stats().get("watches") == 8);
        }
    }

    /**
     * @param others descriptors that the process itself has taken: with none, the tail stops before
     *     it has taken the last ones, with many, the kernel gives it none
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 15})
    void filesOfAContainerWaitForDescriptorsInTheirOrder(int others) throws Exception {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        StringBuilder all = new StringBuilder();
        Path missed = root;
        for (int i = 0; i < 70; i++) {
            web.write("generation " + i + "\n");
            Path rotated = web.rotate();
            if (i == 60) {
                missed = rotated;
            } else {
                all.append("generation ").append(i).append('\n');
            }
        }
        web.write("active\n");
        try (TailingProcess tail = descriptors(50, others)) {
            await().atMost(PATIENCE).until(() -> tail.stats().get("descriptorFailures") > 3);
            Files.delete(missed);
            long scans = tail.stats().get("fullScans");
            await().atMost(PATIENCE).until(() -> tail.stats().get("fullScans") > scans + 1);
            assertThat(tail.text(web.key)).isEmpty();
            tail.release();
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () -> assertThat(tail.text(web.key)).isEqualTo(all + "active\n"));
            assertThat(tail.lost(web.key)).isEqualTo("generation 60\n".length());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 15})
    void containersWaitForDescriptorsAndNothingSpins(int others) throws Exception {
        List<KubeletLogs> all = containers(60);
        for (KubeletLogs one : all) {
            one.write(one.key + " rotated\n");
            one.rotate();
            one.write(one.key + " active\n");
        }
        try (TailingProcess tail = descriptors(50, others)) {
            tail.release();
            await().atMost(PATIENCE).until(() -> tail.stats().get("descriptorFailures") > 60);
            Map<String, Long> before = tail.stats();
            await().atMost(PATIENCE)
                    .until(() -> tail.stats().get("fullScans") >= before.get("fullScans") + 3);
            Map<String, Long> after = tail.stats();
            // Five quick scans to a full one; in each, every source that waits is tried.
            long scans = (after.get("fullScans") - before.get("fullScans") + 1) * 6;
            assertThat(after.get("descriptorFailures") - before.get("descriptorFailures"))
                    .isBetween(1L, scans * 60);

            List<KubeletLogs> waiting = new ArrayList<>(all);
            waiting.removeIf(isRead(tail));
            assertThat(waiting).hasSizeBetween(10, 59);
            // What is gone before it could be looked at is lost; how much, nobody knows.
            KubeletLogs missed = waiting.getLast();
            missed.remove();
            await().atMost(PATIENCE).until(() -> tail.losses(missed.key) == 1);
            // The others take the places of those that end.
            all.remove(missed);
            List<KubeletLogs> left = new ArrayList<>(all);
            while (!left.isEmpty()) {
                await().atMost(PATIENCE).until(() -> left.stream().anyMatch(isRead(tail)));
                for (KubeletLogs one : left.stream().filter(isRead(tail)).toList()) {
                    one.write(one.key + " last\n");
                    one.remove();
                    left.remove(one);
                }
            }
            for (KubeletLogs one : all) {
                String key = one.key;
                String whole = key + " rotated\n" + key + " active\n" + key + " last\n";
                await().atMost(PATIENCE)
                        .untilAsserted(() -> assertThat(tail.text(key)).isEqualTo(whole));
                assertThat(tail.losses(key)).isZero();
            }
            await().atMost(PATIENCE).until(() -> tail.stats().get("sources") == 0);
            assertThat(tail.log().stream().filter(line -> line.contains("EMFILE")))
                    .singleElement()
                    .asString()
                    .contains("LimitNOFILE");
            assertThat(tail.isAlive()).isTrue();
        }
    }

    private static Predicate<KubeletLogs> isRead(TailingProcess tail) {
        return one -> tail.text(one.key).endsWith(" active\n");
    }

    private TailingProcess descriptors(int count, int others) throws IOException {
        return new TailingProcess(
                root, List.of("prlimit", "--nofile=%d:%d".formatted(count, count)), others);
    }

    private List<KubeletLogs> containers(int count) {
        List<KubeletLogs> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(new KubeletLogs(root, "shop", "web-%02d".formatted(i), "app"));
        }
        return all;
    }

    private static void assertAllAreFollowed(TailingProcess tail, List<KubeletLogs> all)
            throws IOException {
        tail.release();
        for (KubeletLogs one : all) {
            one.write("first\n");
        }
        for (KubeletLogs one : all) {
            await().atMost(PATIENCE).until(() -> tail.text(one.key).equals("first\n"));
            one.write("second\n");
            one.rotate();
            one.write("third\n");
        }
        for (KubeletLogs one : all) {
            await().atMost(PATIENCE)
                    .until(() -> tail.text(one.key).equals("first\nsecond\nthird\n"));
        }
    }

    /** In a user namespace the kernel counts these on their own. */
    private TailingProcess limited(Path limit, int value) throws Exception {
        Process probe =
                new ProcessBuilder(
                                "unshare", "--user", "--map-root-user", "sh", "-c", "cat " + limit)
                        .redirectErrorStream(true)
                        .start();
        boolean works = probe.waitFor(60, TimeUnit.SECONDS) && probe.exitValue() == 0;
        assumeTrue(works, "the kernel lets nobody here make a user namespace");
        String script = "echo " + value + " > " + limit + " && exec \"$@\"";
        return new TailingProcess(
                root, List.of("unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"));
    }
}
