package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.CriLogs;
import io.sluice.testing.FaultyElasticsearch;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The packaged agent on a disk that is full, read-only, or gone: nothing is lost. */
@EnabledIf(
        value = "io.sluice.app.LoopDisk#canBeMade",
        disabledReason = "mounting needs root and loop devices")
class DiskIT {
    private static final Duration LONG = Duration.ofMinutes(3);

    private static final String APPENDED = "sluice_buffer_appended_documents_total";
    private static final String DROPPED = "sluice_buffer_dropped_documents_total";

    @TempDir Path folder;

    private final long seed = System.nanoTime();
    private final Random random = new Random(seed);
    private FaultyElasticsearch server;
    private CriLogs logs;
    private CriLogs.Container container;
    private AgentYaml yaml;
    private int lines;

    @BeforeEach
    void begin() throws IOException {
        server = new FaultyElasticsearch();
        logs = new CriLogs(folder.resolve("logs")).keepAll();
        container = logs.container("shop", "cart", "uid", "web");
        yaml = new AgentYaml(folder).containers(logs.links());
        Files.createDirectory(yaml.state());
    }

    @AfterEach
    void end() {
        container.close();
        server.close();
    }

    @Test
    void aFullDiskStopsReadingUntilThereIsRoomAgain() throws Exception {
        try (LoopDisk _ = LoopDisk.memory(yaml.state(), 40);
                AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
            agent.awaitReady(LONG);
            server.stop();
            Path ballast = yaml.state().resolve("somebody-elses");
            Files.write(ballast, new byte[24 << 20]);
            write(12_000);
            awaitUnready(agent, "the buffer is full");
            long appended = agent.metric(APPENDED);
            assertThat(appended).isLessThan(lines);
            write(500);

            Files.delete(ballast);
            await().atMost(LONG)
                    .untilAsserted(
                            () ->
                                    assertThat(agent.metric(APPENDED))
                                            .as(agent.log())
                                            .isEqualTo(lines));

            server.start();
            awaitDelivered(agent);
            agent.awaitReady(LONG);
            assertEndsWell(agent);
        }
    }

    @Test
    void aFullBufferThatMayDropKeepsTheNewestAndCountsTheRest() throws Exception {
        yaml.buffer("maxSize: 48MiB, minFree: 0, whenFull: dropOldest");
        try (AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
            agent.awaitReady(LONG);
            server.stop();
            // Compressed, 70 MB.
            write(90_000);
            await().atMost(LONG)
                    .untilAsserted(
                            () ->
                                    assertThat(agent.metric(APPENDED))
                                            .as(agent.log())
                                            .isEqualTo(lines));
            long dropped = agent.metric(DROPPED);
            assertThat(dropped).isBetween(lines / 10L, lines / 2L);
            assertThat(bytesIn(yaml.state().resolve("queue"))).isLessThanOrEqualTo(48L << 20);

            server.start();
            await().atMost(LONG)
                    .untilAsserted(
                            () ->
                                    assertThat(server.taken().size())
                                            .as("seed %s: %s", seed, agent.log())
                                            .isEqualTo(lines - (int) dropped));
            agent.awaitReady(LONG);
            write(10);
            await().atMost(LONG)
                    .untilAsserted(
                            () ->
                                    assertThat(server.documents())
                                            .as("it goes on")
                                            .hasSize(lines - (int) dropped));
            assertThat(agent.metric(DROPPED)).isEqualTo(dropped);
            assertThat(newestInARow()).as("the newest are there").isGreaterThan(lines / 6);
            assertThat(agent.log()).contains("dropped its oldest segment");
            assertEndsWell(agent);
        }
    }

    /** How many lines, counted back from the last, have arrived. */
    private int newestInARow() {
        BitSet arrived = new BitSet();
        Pattern number = Pattern.compile("\"message\":\"(\\d+) ");
        for (FaultyElasticsearch.Document document : server.documents()) {
            Matcher matcher = number.matcher(document.source());
            assertThat(matcher.find()).isTrue();
            arrived.set(Integer.parseInt(matcher.group(1)));
        }
        return lines - 1 - arrived.previousClearBit(lines - 1);
    }

    private static long bytesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    @Test
    void aFolderThatIsReadOnlyForAWhileHoldsUpButEndsNothing() throws Exception {
        try (AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
            write(100);
            awaitDelivered(agent);
            try (LoopDisk _ = LoopDisk.readOnly(yaml.state())) {
                // More than the space that was taken ahead.
                write(20_000);
                awaitUnready(agent, "cannot take space on its disk");
                await().during(Duration.ofSeconds(3)).until(agent::isAlive);
            }
            awaitDelivered(agent);
            agent.awaitReady(LONG);
            assertThat(agent.log().lines().filter(line -> line.contains("cannot take space")))
                    .as("said when it began and when it was over: %s", agent.log())
                    .hasSize(2);
            assertEndsWell(agent);
        }
    }

    @Test
    void aDiskThatBecomesReadOnlyIsSaidAndAfterItsRepairTheNextGoesOn() throws Exception {
        try (LoopDisk disk = LoopDisk.make(folder.resolve("disk"), yaml.state(), 256)) {
            try (AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
                write(100);
                awaitDelivered(agent);
                disk.fail();
                write(20_000);
                awaitUnready(agent, "Read-only file system");
                await().during(Duration.ofSeconds(3)).until(agent::isAlive);
                assertThat(agent.log().lines())
                        .as("loud, but not all the time: %s", agent.log())
                        .anyMatch(line -> line.contains("\"log.level\":\"error\""))
                        .hasSizeLessThan(30);
                agent.terminate();
                agent.awaitExit(LONG);
            }
            disk.repair();
            try (AgentProcess next = yaml.start(Home.CHILD, server.url())) {
                awaitDelivered(next);
                next.awaitReady(LONG);
                assertEndsWell(next);
            }
        }
    }

    @Test
    void onADiskThatIsReadOnlyTheAgentDoesNotStartAndSaysSo() throws Exception {
        try (LoopDisk _ = LoopDisk.readOnly(yaml.state());
                AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
            assertThat(agent.awaitExit(LONG)).isEqualTo(2);
            assertThat(agent.log())
                    .contains("buffer.path " + yaml.state(), "Read-only file system");
        }
    }

    @Test
    void aStateDirectoryThatIsRemovedEndsTheAgentAndTheNextReadsAgain() throws Exception {
        try (AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
            write(100);
            awaitDelivered(agent);
            deleteAll(yaml.state());
            write(3_000);

            assertThat(agent.awaitExit(LONG)).as(agent.log()).isEqualTo(1);
            assertThat(agent.log())
                    .contains("the files of " + yaml.state() + " (buffer.path) have been removed");
        }
        int before = server.alreadyThere();
        try (AgentProcess next = yaml.start(Home.CHILD, server.url())) {
            awaitDelivered(next);
            next.awaitReady(LONG);
            await().atMost(LONG)
                    .untilAsserted(
                            () ->
                                    assertThat(server.alreadyThere() - before)
                                            .as("read again, and found there")
                                            .isGreaterThanOrEqualTo(100));
            assertEndsWell(next);
        }
        assertThat(server.documents()).as("stored once").hasSize(lines);
    }

    /** About 1,000 bytes each, of which gzip leaves three quarters. */
    private void write(int more) {
        byte[] bytes = new byte[720];
        for (int i = 0; i < more; i++) {
            random.nextBytes(bytes);
            container.write(lines++ + " " + Base64.getEncoder().encodeToString(bytes));
            if (container.activeBytes() > 4 << 20) {
                container.rotate();
            }
        }
    }

    private void awaitDelivered(AgentProcess agent) {
        await().atMost(LONG)
                .pollInterval(Duration.ofMillis(200))
                .failFast(() -> assertThat(agent.isAlive()).as(agent.log()).isTrue())
                .untilAsserted(
                        () ->
                                assertThat(server.taken().size())
                                        .as("seed %s: %s", seed, agent.log())
                                        .isEqualTo(lines));
        assertThat(server.documents()).as("stored once").hasSize(lines);
    }

    private static void assertEndsWell(AgentProcess agent) throws InterruptedException {
        agent.terminate();
        assertThat(agent.awaitExit(LONG)).as(agent.log()).isZero();
        assertThat(agent.log()).doesNotContain("InternalError", "SIGBUS");
    }

    private static void awaitUnready(AgentProcess agent, String reason) {
        agent.healthPort();
        await().atMost(LONG)
                .pollInterval(Duration.ofMillis(200))
                .untilAsserted(
                        () ->
                                assertThat(agent.ask("/readyz").body())
                                        .as(agent.log())
                                        .contains(reason));
    }

    private static void deleteAll(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder())
                    .forEach(
                            path -> {
                                try {
                                    Files.deleteIfExists(path);
                                } catch (IOException e) {
                                    throw new UncheckedIOException(e);
                                }
                            });
        }
    }
}
