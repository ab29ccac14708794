package io.sluice.app;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.CountingBulk;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * Starts the packaged agent and kills it, by a schedule that follows from a seed: half of the times
 * as process 1 of a pid namespace, and at moments of four kinds.
 */
final class Kills {
    /** For an append: after that the kill comes all the same. */
    private static final Duration WAITED_AT_MOST = Duration.ofSeconds(8);

    /** Appends are short: one more kill is tried until one was met, but so many at most. */
    private static final int MOST_MORE = 20;

    /** For a chunk in the ring, which stays there for some milliseconds. */
    private static final Duration RING_WITHIN = Duration.ofSeconds(5);

    /** For work, which comes sooner or later: the server does not answer meanwhile. */
    private static final Duration WORK_WITHIN = Duration.ofMinutes(3);

    private static final Duration GONE_WITHIN = Duration.ofSeconds(30);

    /** When the kill comes. */
    private enum Moment {
        /** A while after the start of the process: a virtual machine that starts, a recovery. */
        STARTING,
        /** A while after the agent has said that it is up. */
        UP,
        /** When excerpts are in the buffer and requests in flight, a while after that or later. */
        BUSY,
        /** As {@link #BUSY}, and in the middle of an append. */
        APPENDING
    }

    private record Kill(Home home, Moment moment, Duration after) {}

    /** What the agent's metrics said just before the kill. */
    private record Work(double ring, double held, double inFlight) {
        static final Work UNKNOWN = new Work(0, 0, 0);

        boolean isThere() {
            return held > 0 && inFlight > 0;
        }

        boolean isEverywhere() {
            return isThere() && ring > 0;
        }
    }

    private final AgentYaml yaml;
    private final CountingBulk server;
    private final Random random;
    private int done;
    private int asProcess1;
    private int starting;
    private int busy;
    private int underLoad;
    private int withAFilledRing;
    private int insideAnAppend;

    /**
     * @param server stalls while a kill waits for work: what is in flight stays so, and the rest
     *     gathers behind it
     */
    Kills(AgentYaml yaml, CountingBulk server, long seed) {
        this.yaml = yaml;
        this.server = server;
        this.random = new Random(seed);
    }

    /** Kills so often, and until one kill was inside an append. */
    void run(int kills) throws IOException, InterruptedException {
        for (Kill kill : schedule(kills)) {
            startAndKill(kill);
        }
        for (int more = 0; insideAnAppend == 0 && more < MOST_MORE; more++) {
            startAndKill(new Kill(Home.CHILD, Moment.APPENDING, Duration.ZERO));
        }
    }

    private void startAndKill(Kill kill) throws IOException, InterruptedException {
        try (AgentProcess agent = yaml.start(kill.home, server.url())) {
            Work work = kill(agent, kill);
            int _ = agent.awaitExit(GONE_WITHIN);
            count(kill, work);
        } finally {
            server.flow();
        }
    }

    private List<Kill> schedule(int kills) {
        List<Kill> schedule = new ArrayList<>();
        for (int i = 0; i < kills; i++) {
            Home home = i % 2 == 0 ? Home.PID_NAMESPACE : Home.CHILD;
            // Of each home's ten: one starts, one is up, three are busy, five append.
            Moment moment =
                    switch (i / 2 % 10) {
                        case 0 -> Moment.STARTING;
                        case 5 -> Moment.UP;
                        case 1, 3, 7 -> Moment.BUSY;
                        default -> Moment.APPENDING;
                    };
            int mostMillis =
                    switch (moment) {
                        case STARTING, UP -> 2_000;
                        case BUSY, APPENDING -> 200;
                    };
            schedule.add(new Kill(home, moment, Duration.ofMillis(random.nextInt(mostMillis))));
        }
        Collections.shuffle(schedule, random);
        return schedule;
    }

    private Work kill(AgentProcess agent, Kill kill) throws IOException, InterruptedException {
        Work work = Work.UNKNOWN;
        switch (kill.moment) {
            case STARTING -> pass(kill.after);
            case UP -> {
                int _ = agent.healthPort();
                pass(kill.after);
                work = work(agent);
            }
            case BUSY -> {
                int _ = agent.healthPort();
                server.stall();
                work = awaitWork(agent);
                pass(kill.after);
            }
            case APPENDING -> {
                int _ = agent.healthPort();
                server.stall();
                work = awaitWork(agent);
                // A buffer that is full takes no append.
                server.flow();
                pass(kill.after);
                freezeInAnAppend(agent);
            }
        }
        agent.kill();
        return work;
    }

    /**
     * As soon as there is work everywhere, the ring included; or in buffer and requests, where it
     * stays until the server goes on, while the ring did not show any for so long.
     */
    private static Work awaitWork(AgentProcess agent) throws IOException, InterruptedException {
        long began = System.nanoTime();
        Work work = work(agent);
        while (!work.isEverywhere()) {
            long waited = System.nanoTime() - began;
            if (work.isThere() && waited > RING_WITHIN.toNanos()) {
                return work;
            }
            if (waited > WORK_WITHIN.toNanos()) {
                throw new AssertionError("no work in " + WORK_WITHIN + ", but " + work);
            }
            pass(Duration.ofMillis(5));
            work = work(agent);
        }
        return work;
    }

    /** Stops the agent when an append seems to be under way, and lets it go on if that is over. */
    private void freezeInAnAppend(AgentProcess agent) throws IOException {
        long deadline = System.nanoTime() + WAITED_AT_MOST.toNanos();
        try (UnfinishedAppend watch = new UnfinishedAppend(yaml.state())) {
            while (System.nanoTime() - deadline < 0) {
                if (watch.sees()) {
                    agent.freeze();
                    if (watch.seesNow()) {
                        return;
                    }
                    agent.thaw();
                }
            }
        }
    }

    private static Work work(AgentProcess agent) throws IOException, InterruptedException {
        String metrics = agent.ask("/metrics").body();
        return new Work(
                figure(metrics, "sluice_pipeline_ring_used_chunks"),
                figure(metrics, "sluice_delivery_held_excerpts"),
                figure(metrics, "sluice_delivery_in_flight_requests"));
    }

    private static double figure(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in " + metrics));
    }

    /** Kills are due at a time, not on a condition. */
    private static void pass(Duration time) {
        long until = System.nanoTime() + time.toNanos();
        for (long left; (left = until - System.nanoTime()) > 0; ) {
            LockSupport.parkNanos(left);
        }
    }

    private void count(Kill kill, Work work) throws IOException {
        done++;
        asProcess1 += kill.home == Home.PID_NAMESPACE ? 1 : 0;
        starting += kill.moment == Moment.STARTING ? 1 : 0;
        busy += kill.moment == Moment.BUSY || kill.moment == Moment.APPENDING ? 1 : 0;
        underLoad += work.isThere() ? 1 : 0;
        withAFilledRing += work.isEverywhere() ? 1 : 0;
        try (UnfinishedAppend watch = new UnfinishedAppend(yaml.state())) {
            insideAnAppend += watch.seesNow() ? 1 : 0;
        }
    }

    /** Kills that were to find work. */
    int busy() {
        return busy;
    }

    /** Kills that found buffer and requests in flight not empty. */
    int underLoad() {
        return underLoad;
    }

    /** Kills that left an unfinished document at the end of the newest segment. */
    int insideAnAppend() {
        return insideAnAppend;
    }

    @Override
    public String toString() {
        return ("%d kills, %d as process 1, %d while starting, %d with buffer and requests in"
                        + " flight not empty, %d of them the ring too, %d inside an append")
                .formatted(done, asProcess1, starting, underLoad, withAFilledRing, insideAnAppend);
    }
}
