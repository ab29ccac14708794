package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.elasticsearch.Hosts.Host;

import org.junit.jupiter.api.Test;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

class HostsTest {
    private long now = 1_000;

    private Hosts hosts(int count) {
        List<URI> urls =
                IntStream.range(0, count)
                        .mapToObj(n -> URI.create("http://es-" + n + ":9200"))
                        .toList();
        return new Hosts(urls, () -> now);
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    private static List<String> next(Hosts hosts, int times) {
        List<String> chosen = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            chosen.add(hosts.next().url.getHost());
        }
        return chosen;
    }

    @Test
    void theyTakeTurns() {
        assertThat(next(hosts(3), 6))
                .containsExactly("es-0", "es-1", "es-2", "es-0", "es-1", "es-2");
    }

    @Test
    void oneThatFailsIsLeftAloneAndTriedAgainByOneRequest() {
        Hosts hosts = hosts(3);
        Host failed = hosts.next();
        assertThat(hosts.failed(failed, now, "refused")).isTrue();
        assertThat(hosts.healthy()).isEqualTo(2);
        assertThat(next(hosts, 10)).doesNotContain("es-0");
        pass(Duration.ofSeconds(3));
        assertThat(next(hosts, 10)).containsOnlyOnce("es-0");
        hosts.answered(failed);
        assertThat(hosts.healthy()).isEqualTo(3);
        assertThat(next(hosts, 3)).contains("es-0");
    }

    @Test
    void oneThatFailsAgainIsLeftAloneLongerButNeverMoreThanAMinute() {
        Hosts hosts = hosts(2);
        Host failed = hosts.next();
        hosts.failed(failed, now, "refused");
        int tries = 0;
        for (int second = 0; second < 600; second++) {
            pass(Duration.ofSeconds(1));
            for (String chosen : next(hosts, 5)) {
                if ("es-0".equals(chosen)) {
                    tries++;
                    hosts.failed(failed, now, "refused");
                }
            }
        }
        assertThat(tries).isBetween(12, 30);
    }

    @Test
    void requestsUnderWayTogetherFailTogether() {
        Hosts hosts = hosts(2);
        Host failed = hosts.next();
        long sent = now;
        pass(Duration.ofMillis(10));
        for (int i = 0; i < 8; i++) {
            hosts.failed(failed, sent, "reset");
        }
        // Eight failures in a row would have been minutes.
        pass(Duration.ofSeconds(3));
        assertThat(next(hosts, 4)).contains("es-0");
    }

    @Test
    void whenAllAreDownTheOneThatIsDueFirstIsAsked() {
        Hosts hosts = hosts(2);
        Host first = hosts.next();
        Host second = hosts.next();
        hosts.failed(first, now, "refused");
        pass(Duration.ofMillis(2_500));
        assertThat(hosts.failed(second, now, "refused")).isFalse();
        assertThat(hosts.healthy()).isZero();
        assertThat(next(hosts, 1)).containsExactly("es-0");
        // Then the other one's turn.
        assertThat(next(hosts, 1)).containsExactly("es-1");
    }

    @Test
    void aGatewayWithNobodyBehindItIsAHostThatFailed() {
        Hosts hosts = hosts(2);
        Host gateway = hosts.next();
        assertThat(hosts.answered(gateway, 502, now, "bad gateway")).isTrue();
        assertThat(hosts.healthy()).isEqualTo(1);
        assertThat(hosts.answered(gateway, 429, now, "busy")).isFalse();
        assertThat(hosts.healthy()).isEqualTo(2);
    }
}
