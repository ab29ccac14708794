package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.CountingBulk;
import io.sluice.testing.CriLoad;
import io.sluice.testing.CriLogs;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The agent is killed again and again while containers write and rotate and the server misbehaves:
 * every line is delivered, under one id.
 *
 * <p>{@code -Dsluice.kills=50} for so many kills ({@code -Psoak} has 200), {@code -Dsluice.seed=}
 * for the schedule of an earlier run: the same lines, kills and faults. What the agent was doing
 * when it was killed does not follow from the seed.
 */
class CrashIT {
    private static final int KILLS =
            Integer.getInteger("sluice.kills", Boolean.getBoolean("sluice.soak") ? 200 : 20);
    private static final int CONTAINERS = 20;
    private static final int NAMESPACES = 4;
    private static final int LINES_PER_SECOND = 6_000;
    private static final int ROTATE_BYTES = 400_000;

    /** A slow machine is not to be buried. */
    private static final int MOST_UNDELIVERED = 150_000;

    private static final Duration LONG = Duration.ofMinutes(5);

    @TempDir Path folder;

    @Test
    void everyLineIsDeliveredUnderOneIdWhateverIsKilledWhen() throws Exception {
        long seed =
                Long.getLong("sluice.seed", ThreadLocalRandom.current().nextLong(1_000_000_000));
        CriLogs logs = new CriLogs(folder.resolve("logs")).keepAll();
        CriLoad load =
                new CriLoad(
                        logs,
                        new CriLoad.Plan(
                                CONTAINERS,
                                NAMESPACES,
                                LINES_PER_SECOND,
                                OptionalLong.empty(),
                                Duration.ofDays(1),
                                ROTATE_BYTES,
                                seed));
        BlobLog blobs = new BlobLog(logs, 5 * ROTATE_BYTES, seed);
        try (CountingBulk server = new CountingBulk(seed)) {
            // Small segments: kills shall meet their ends, too.
            AgentYaml yaml =
                    new AgentYaml(folder)
                            .stream("crash")
                                    .containers(logs.links())
                                    .buffer("maxSize: 48MiB, minFree: 0");
            load.waitWhile(() -> load.written() - server.lines() > MOST_UNDELIVERED);
            Kills kills = new Kills(yaml, server, seed);
            Thread loadWriter = Thread.ofPlatform().name("load").start(load);
            Thread blobWriter = Thread.ofPlatform().name("blobs").start(blobs);
            try {
                kills.run(KILLS);
            } finally {
                load.stop();
                blobs.stop();
            }
            loadWriter.join();
            blobWriter.join();
            long written = load.written() + blobs.written();
            deliverTheRest(yaml, server, written, seed);
            System.out.printf(
                    "crash: seed %d: %s; %d lines written, %d delivered, %d doubled, %d sent again;"
                            + " requests %s%n",
                    seed,
                    kills,
                    written,
                    server.lines(),
                    server.doubled(),
                    server.repeated(),
                    server.faults());
            assertThat(server.complaints()).as("seed %s", seed).isEmpty();
            assertThat(server.doubled()).as("lines doubled, seed %s", seed).isZero();
            for (CriLogs.Container container : load.containers()) {
                assertAllThere(server, container.pod(), load.written(container), seed);
            }
            assertAllThere(server, blobs.pod(), blobs.written(), seed);
            assertThat(kills.busy()).as("kills that waited for work").isGreaterThan(KILLS / 2);
            assertThat(kills.underLoad())
                    .as("kills with buffer and requests in flight not empty: %s", kills)
                    .isGreaterThanOrEqualTo(kills.busy());
            assertThat(kills.insideAnAppend()).as("kills inside an append: %s", kills).isPositive();
        }
    }

    private static void deliverTheRest(AgentYaml yaml, CountingBulk server, long written, long seed)
            throws IOException, InterruptedException {
        try (AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
            await("the rest of " + written + " lines, seed " + seed)
                    .atMost(LONG)
                    .pollInterval(Duration.ofMillis(100))
                    .until(() -> server.lines() >= written || !agent.isAlive());
            AgentLedger.assertDelivered(agent, written);
            agent.terminate();
            assertThat(agent.awaitExit(Duration.ofSeconds(60)))
                    .as("exit code; the agent said: %s", agent.log())
                    .isZero();
        }
    }

    private static void assertAllThere(CountingBulk server, String pod, long written, long seed) {
        assertThat(server.missing(pod, written))
                .as("lines of %s that are missing, seed %s", pod, seed)
                .isEmpty();
    }
}
