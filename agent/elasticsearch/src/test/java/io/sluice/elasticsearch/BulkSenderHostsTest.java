package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.elasticsearch.DeliveryStats.Failure;
import io.sluice.elasticsearch.ElasticsearchConfig.SetupTemplate;
import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.FaultyElasticsearch.Reply;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Several hosts, several addresses of one host, and addresses that change. */
class BulkSenderHostsTest {
    /** Longer than a host is left alone. */
    private static final Duration LONG = Duration.ofSeconds(150);

    @TempDir Path folder;
    private final List<FaultyElasticsearch> servers = new ArrayList<>();
    private int sent;

    @AfterEach
    void stop() {
        servers.forEach(FaultyElasticsearch::close);
    }

    private FaultyElasticsearch server() {
        FaultyElasticsearch server = new FaultyElasticsearch();
        servers.add(server);
        return server;
    }

    private FaultyElasticsearch server(String address, int port) throws UnknownHostException {
        FaultyElasticsearch server = FaultyElasticsearch.at(InetAddress.getByName(address), port);
        servers.add(server);
        return server;
    }

    private static ElasticsearchConfig config(List<URI> hosts) {
        return new ElasticsearchConfig(
                hosts,
                new Auth.None(),
                Tls.PLATFORM,
                Map.of(),
                "",
                "hosts",
                "default",
                SetupTemplate.LEAVE);
    }

    private static Sending sending(Path folder, URI... hosts) {
        return new Sending(folder, config(List.of(hosts)));
    }

    /** One excerpt, delivered. */
    private void sendOne(Sending sending) {
        sending.append(Sending.documents("d", sent, sent + 1));
        sent++;
        sending.awaitDelivered();
    }

    @Test
    void hostsTakeTurns() {
        FaultyElasticsearch first = server();
        FaultyElasticsearch second = server();
        try (Sending sending = sending(folder, first.url(), second.url()).start()) {
            for (int i = 0; i < 10; i++) {
                sendOne(sending);
            }
            assertThat(first.taken()).hasSize(5);
            assertThat(second.taken()).hasSize(5);
        }
    }

    @Test
    void aDeadHostIsLeftAloneAndUsedAgainWhenItIsBack() {
        FaultyElasticsearch first = server();
        FaultyElasticsearch second = server();
        try (Sending sending = sending(folder, first.url(), second.url()).start()) {
            sendOne(sending);
            sendOne(sending);
            first.stop();
            for (int i = 0; i < 50; i++) {
                sendOne(sending);
            }
            // It is tried seldom, and what it did not take went to the other one at once.
            DeliveryStats stats = sending.sender.stats();
            long failed = stats.failures(Failure.UNREACHABLE) + stats.failures(Failure.BROKEN);
            assertThat(failed).isBetween(1L, 10L);
            assertThat(stats.healthyHosts()).isEqualTo(1);
            assertThat(sending.sender.troubles()).isEmpty();
            first.start();
            await().atMost(LONG)
                    .until(
                            () -> {
                                sendOne(sending);
                                return stats.healthyHosts() == 2;
                            });
            int before = first.bulks();
            sendOne(sending);
            sendOne(sending);
            assertThat(first.bulks()).isEqualTo(before + 1);
            assertThat(takenByAny(first, second)).hasSize(sent);
        }
    }

    @Test
    void aHostThatHangsHoldsUpOnlyWhatItWasGiven() {
        FaultyElasticsearch first = server();
        FaultyElasticsearch second = server();
        first.behave((_, _, _) -> new Reply.Hang());
        try (Sending sending =
                new Sending(
                                folder,
                                config(List.of(first.url(), second.url())),
                                "logs-hosts-default",
                                5_000)
                        .start()) {
            for (int i = 0; i < 20; i++) {
                sending.append(Sending.documents("d", i, i + 1));
            }
            sending.awaitDelivered();
            assertThat(second.taken()).hasSize(20);
            assertThat(first.bulks()).isLessThan(10);
            assertThat(sending.sender.troubles()).isEmpty();
        }
    }

    @Test
    void aGatewayWithoutANodeIsPassedOver() {
        FaultyElasticsearch gateway = server();
        FaultyElasticsearch node = server();
        gateway.behave((_, _, _) -> new Reply.Refuse(503, "no healthy upstream"));
        try (Sending sending = sending(folder, gateway.url(), node.url()).start()) {
            for (int i = 0; i < 20; i++) {
                sendOne(sending);
            }
            assertThat(node.taken()).hasSize(20);
            assertThat(gateway.bulks()).isLessThan(10);
            assertThat(sending.sender.stats().healthyHosts()).isEqualTo(1);
        }
    }

    @Test
    void allHostsDownIsAnOutageThatEndsWithTheFirstThatIsBack() {
        FaultyElasticsearch first = server();
        FaultyElasticsearch second = server();
        first.stop();
        second.stop();
        try (Sending sending = sending(folder, first.url(), second.url()).start()) {
            sending.append(Sending.documents("d", 0, 10));
            await().atMost(LONG).until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.stats().healthyHosts()).isZero();
            second.start();
            sending.awaitDelivered();
            assertThat(second.taken()).hasSize(10);
            assertThat(sending.sender.troubles()).isEmpty();
        }
    }

    @Test
    void aNameThatMovedIsLookedUpAgainForTheNextConnection() throws UnknownHostException {
        FaultyElasticsearch old = server("127.0.0.2", 0);
        FaultyElasticsearch replacement = server("127.0.0.3", old.port());
        ChangingNames.set("moved.sluice.test", "127.0.0.2");
        URI host = URI.create("http://moved.sluice.test:" + old.port());
        try (Sending sending = sending(folder, host).start()) {
            sendOne(sending);
            assertThat(old.taken()).hasSize(1);
            // As when a pod of Elasticsearch is replaced: its address goes, its name stays.
            ChangingNames.set("moved.sluice.test", "127.0.0.3");
            old.stop();
            sendOne(sending);
            assertThat(replacement.taken()).hasSize(1);
            assertThat(old.bulks()).isEqualTo(1);
        }
    }

    @Test
    void everyAddressOfANameIsTried() throws UnknownHostException {
        FaultyElasticsearch alive = server("127.0.0.4", 0);
        // Nobody listens on the first two.
        ChangingNames.set("several.sluice.test", "127.0.0.2", "127.0.0.3", "127.0.0.4");
        URI host = URI.create("http://several.sluice.test:" + alive.port());
        try (Sending sending = sending(folder, host).start()) {
            sendOne(sending);
            assertThat(alive.taken()).hasSize(1);
            assertThat(sending.sender.stats().failures(Failure.UNREACHABLE)).isZero();
        }
    }

    @Test
    void aConnectionThatIsOldIsReplacedThoughItWorksAndTheNameIsLookedUpForIt() throws Exception {
        FaultyElasticsearch old = server("127.0.0.2", 0);
        FaultyElasticsearch replacement = server("127.0.0.3", old.port());
        ChangingNames.set("aging.sluice.test", "127.0.0.2");
        ElasticsearchConfig config =
                config(List.of(URI.create("http://aging.sluice.test:" + old.port())));
        BulkClient client =
                new BulkClient(config, 2, 60_000, Duration.ofSeconds(5), System::nanoTime);
        try (Sending sending = new Sending(folder, config, client).start()) {
            sendOne(sending);
            assertThat(old.taken()).hasSize(1);
            assertThat(old.connections()).isEqualTo(1);
            ChangingNames.set("aging.sluice.test", "127.0.0.3");
            await().atMost(LONG)
                    .until(
                            () -> {
                                sendOne(sending);
                                return !replacement.taken().isEmpty();
                            });
            // The old one was well to its end: nothing failed.
            assertThat(sending.sender.stats().failures(Failure.UNREACHABLE)).isZero();
            assertThat(sending.sender.stats().failures(Failure.BROKEN)).isZero();
            assertThat(takenByAny(old, replacement)).hasSize(sent);
        }
    }

    /**
     * What a server took before it stopped in the middle of its answer, the other one is sent
     * again: hosts of one cluster would know its id.
     */
    private static Set<String> takenByAny(FaultyElasticsearch one, FaultyElasticsearch other) {
        Set<String> ids = new HashSet<>(one.taken());
        ids.addAll(other.taken());
        return ids;
    }
}
