package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.elasticsearch.SimulatedServer.Client;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Against servers of a known capacity, in simulated time. */
class InFlightLimitTest {
    private static final int MOST = 32;
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long SERVICE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final SimulatedServer server = new SimulatedServer(42);

    private static long seconds(int seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }

    /** Of what the server could have done in that time. */
    private double used(Client client, long nanos) {
        long before = client.answered;
        server.run(nanos);
        return (client.answered - before) * (double) SERVICE_NANOS / (server.workers * nanos);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8})
    void theLimitSettlesWhereTheServerIsBusyAndTheQueueShort(int workers) {
        server.workers = workers;
        server.fixedNanos = SERVICE_NANOS;
        Client client = server.greedy(new InFlightLimit(MOST));
        server.run(seconds(20));
        assertThat(used(client, seconds(120))).isGreaterThan(0.97);
        assertThat(client.mostUnderWay).isLessThanOrEqualTo(2 * workers + 1);
    }

    @Test
    void itIsNeverAboveWhatLittlesLawAllowsForTheDemand() {
        server.workers = 8;
        server.fixedNanos = SERVICE_NANOS;
        // 20 a second, 50 ms each: one under way on average, as Little's law has it.
        Client client = server.steady(new InFlightLimit(MOST), SECOND / 20);
        server.run(seconds(120));
        assertThat(client.answered).isGreaterThan(2_300);
        assertThat(client.limit.requests()).isLessThanOrEqualTo(1 + InFlightLimit.GAIN * 1);
        // And again, after a time in which all was wanted.
        Client eager = server.greedy(new InFlightLimit(MOST));
        server.run(seconds(20));
        assertThat(eager.limit.requests()).isGreaterThan(4);
    }

    @Test
    void aBurstAfterQuietTimesGetsWhatItNeedsSoon() {
        server.workers = 8;
        server.fixedNanos = SERVICE_NANOS;
        InFlightLimit limit = new InFlightLimit(MOST);
        server.steady(limit, SECOND);
        server.run(seconds(60));
        assertThat(limit.requests()).isLessThanOrEqualTo(2);
        server.greedy(limit);
        server.run(seconds(2));
        assertThat(limit.requests()).isGreaterThanOrEqualTo(8);
    }

    @Test
    void aServerThatLosesCapacityIsFollowedAndSoIsOneThatGainsIt() {
        server.workers = 8;
        server.fixedNanos = SERVICE_NANOS;
        Client client = server.greedy(new InFlightLimit(MOST));
        server.run(seconds(30));
        assertThat(client.limit.requests()).isBetween(8, 17);
        server.workers = 2;
        server.run(seconds(30));
        assertThat(client.limit.requests()).isBetween(2, 6);
        server.workers = 8;
        server.run(seconds(30));
        assertThat(client.limit.requests()).isBetween(8, 17);
    }

    @Test
    void aServerThatIsSlowerForGoodIsBelievedToBe() {
        server.fixedNanos = SERVICE_NANOS;
        Client client = server.greedy(new InFlightLimit(MOST));
        server.run(seconds(30));
        server.fixedNanos = 4 * SERVICE_NANOS;
        server.run(seconds(45));
        long before = client.answered;
        server.run(seconds(60));
        double used =
                (client.answered - before) * 4.0 * SERVICE_NANOS / (server.workers * seconds(60));
        assertThat(used).isGreaterThan(0.95);
        assertThat(client.limit.requests()).isLessThanOrEqualTo(2 * server.workers + 1);
    }

    @Test
    void unevenAnswersDoNotTalkItDown() {
        server.fixedNanos = SERVICE_NANOS;
        // 50 to 250 ms, 150 on average.
        server.unevenness = 4;
        Client client = server.greedy(new InFlightLimit(MOST));
        server.run(seconds(20));
        long before = client.answered;
        server.run(seconds(120));
        double used =
                (client.answered - before)
                        * 3.0
                        * SERVICE_NANOS
                        / ((double) server.workers * seconds(120));
        assertThat(used).isGreaterThan(0.9);
        assertThat(client.mostUnderWay).isLessThanOrEqualTo(4 * server.workers);
    }

    @Test
    void smallRequestsDoNotMakeLargeOnesLookSlow() {
        // 5 ms and 100 ms a mebibyte: a lone line is answered twenty times sooner.
        server.fixedNanos = 5_000_000;
        server.nanosPerByte = 100e6 / (1 << 20);
        Client small = server.steady(new InFlightLimit(MOST), SECOND);
        small.bytes = 1_000;
        server.run(seconds(60));
        Client client = server.greedy(small.limit);
        server.run(seconds(20));
        long before = client.answered;
        server.run(seconds(60));
        double used = (client.answered - before) * 105e6 / ((double) server.workers * seconds(60));
        assertThat(used).isGreaterThan(0.9);
    }

    @Test
    void aServerThatRefusesWhatIsTooMuchIsSeldomAskedForMore() {
        server.fixedNanos = SERVICE_NANOS;
        server.places = 1;
        Client client = server.greedy(new InFlightLimit(MOST));
        server.run(seconds(20));
        long refusedBefore = client.refused;
        long answeredBefore = client.answered;
        server.run(seconds(120));
        double refused =
                (client.refused - refusedBefore) / (double) (client.answered - answeredBefore);
        assertThat(refused).isLessThan(0.1);
        assertThat(used(client, seconds(60))).isGreaterThan(0.7);
    }

    @Test
    void oneAnswerToSeveralAtOnceIsOneCut() {
        InFlightLimit limit = new InFlightLimit(MOST);
        long now = 0;
        for (int round = 0; limit.requests() < 16; round++) {
            now += SERVICE_NANOS;
            for (int i = limit.requests(); i > 0; i--) {
                limit.answered(limit.requests(), 1 << 20, now - SERVICE_NANOS, now);
            }
            assertThat(round).isLessThan(1_000);
        }
        int before = limit.requests();
        for (int i = 0; i < before; i++) {
            limit.busy(now - i, now + i);
        }
        assertThat(limit.requests()).isEqualTo(before / 2);
        limit.busy(now + 1_000, now + 2_000);
        assertThat(limit.requests()).isEqualTo(before / 4);
    }

    @Test
    void theLimitStaysInItsBounds() {
        server.workers = 64;
        server.fixedNanos = SERVICE_NANOS;
        Client client = server.greedy(new InFlightLimit(8));
        server.run(seconds(60));
        assertThat(client.mostUnderWay).isEqualTo(8);
        InFlightLimit beaten = new InFlightLimit(8);
        for (int i = 0; i < 100; i++) {
            beaten.busy(2L * i + 1, 2L * i + 2);
        }
        assertThat(beaten.requests()).isEqualTo(1);
    }

    @Test
    void manyAgentsOfOneServerGetFairShares() {
        server.workers = 16;
        server.fixedNanos = SERVICE_NANOS;
        server.places = 16;
        List<Client> agents = new ArrayList<>();
        for (int agent = 0; agent < 8; agent++) {
            agents.add(server.greedy(new InFlightLimit(MOST)));
            server.run(seconds(5));
        }
        server.run(seconds(60));
        long[] before = agents.stream().mapToLong(agent -> agent.answered).toArray();
        server.run(seconds(300));
        double sum = 0;
        double squares = 0;
        for (int agent = 0; agent < agents.size(); agent++) {
            double share = agents.get(agent).answered - before[agent];
            sum += share;
            squares += share * share;
        }
        // Jain's index: 1 when all have the same, 1/n when one has all.
        assertThat(sum * sum / (agents.size() * squares)).isGreaterThan(0.9);
        assertThat(sum * SERVICE_NANOS / (server.workers * seconds(300))).isGreaterThan(0.8);
    }
}
