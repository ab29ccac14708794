package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.elasticsearch.DeliveryStats.Failure;
import io.sluice.elasticsearch.ElasticsearchConfig.SetupTemplate;
import io.sluice.testing.FaultyElasticsearch;
import io.sluice.testing.TestCertificates;
import io.sluice.testing.TestCertificates.Shown;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Servers that are not to be believed: nothing is sent to them, and nothing is lost. */
class BulkSenderTlsTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir static Path made;
    private static TestCertificates certificates;
    private static TestCertificates strangers;

    @TempDir Path folder;

    @BeforeAll
    static void make() throws IOException {
        certificates = TestCertificates.create(Files.createDirectory(made.resolve("ours")));
        strangers = TestCertificates.create(Files.createDirectory(made.resolve("theirs")));
    }

    private static ElasticsearchConfig config(URI host, Path caFile) {
        return new ElasticsearchConfig(
                List.of(host),
                new Auth.None(),
                new Tls(Optional.of(caFile), Optional.empty(), Optional.empty()),
                Map.of(),
                "",
                "tls",
                "default",
                SetupTemplate.LEAVE);
    }

    private static String troubles(Sending sending) {
        return String.join(" ", sending.sender.troubles());
    }

    @Test
    void aServerOfAnotherAuthorityGetsNothingUntilThatOneIsBelieved() throws IOException {
        Path ca = folder.resolve("ca.pem");
        Files.copy(strangers.caFile(), ca);
        try (FaultyElasticsearch server =
                        FaultyElasticsearch.withTls(certificates.serverSslContext(Shown.GOOD));
                Sending sending = new Sending(folder, config(server.url(), ca)).start()) {
            sending.append(Sending.documents("d", 0, 10));
            await().atMost(LONG).until(() -> troubles(sending).contains("no TLS with this server"));
            assertThat(server.bulks()).isZero();
            assertThat(sending.sender.stats().failures(Failure.UNREACHABLE)).isPositive();
            assertThat(sending.sender.stats().failures(Failure.BROKEN)).isZero();
            Files.copy(certificates.caFile(), ca, StandardCopyOption.REPLACE_EXISTING);
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(10);
            assertThat(server.alreadyThere()).isZero();
            assertThat(sending.sender.troubles()).isEmpty();
        }
    }

    @Test
    void anExpiredCertificateIsWaitedForUntilItIsRenewed() {
        renewed(Shown.EXPIRED, "NotAfter");
    }

    @Test
    void aCertificateOfAnotherHostIsWaitedForUntilItIsRight() {
        renewed(Shown.OTHER_HOST, "No subject alternative names matching IP address 127.0.0.1");
    }

    private void renewed(Shown wrong, String said) {
        try (FaultyElasticsearch server =
                        FaultyElasticsearch.withTls(certificates.serverSslContext(wrong));
                Sending sending =
                        new Sending(folder, config(server.url(), certificates.caFile())).start()) {
            sending.append(Sending.documents("d", 0, 10));
            await().atMost(LONG).until(() -> troubles(sending).contains(said));
            assertThat(server.bulks()).isZero();
            assertThat(sending.sender.stats().failures(Failure.BROKEN)).isZero();
            server.stop();
            server.startWith(certificates.serverSslContext(Shown.GOOD));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(10);
            assertThat(server.alreadyThere()).isZero();
            assertThat(sending.sender.troubles()).isEmpty();
        }
    }

    @Test
    void aServerThatSpeaksNoTlsIsNotTakenForABrokenOne() {
        try (FaultyElasticsearch server = new FaultyElasticsearch();
                Sending sending =
                        new Sending(
                                        folder,
                                        config(
                                                URI.create("https://127.0.0.1:" + server.port()),
                                                certificates.caFile()))
                                .start()) {
            sending.append(Sending.documents("d", 0, 10));
            await().atMost(LONG)
                    .until(() -> sending.sender.stats().failures(Failure.UNREACHABLE) > 3);
            assertThat(sending.sender.stats().failures(Failure.BROKEN)).isZero();
            assertThat(sending.sender.stats().splitRequests()).isZero();
            assertThat(troubles(sending)).contains("cannot be reached").contains("tls");
        }
    }
}
