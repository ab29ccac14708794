package io.sluice.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.kubernetes.KubernetesConfig.Api;
import io.sluice.kubernetes.KubernetesConfig.Credentials;
import io.sluice.kubernetes.KubernetesConfig.Trust;
import io.sluice.testing.TestCertificates;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Whom the agent believes, and who it says it is, over HTTPS: as every real API server wants it.
 */
class PodWatchTlsTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir Path directory;
    private TestCertificates certificates;
    private FakeApiServer api;
    private PodWatch watch;
    private final PodJson pod = new PodJson();

    @BeforeEach
    void startServer() throws IOException {
        certificates =
                TestCertificates.create(Files.createDirectory(directory.resolve("certificates")));
        api = new FakeApiServer(certificates.serverSslContext());
        api.put(pod);
        api.accept("secret-1");
    }

    @AfterEach
    void stop() {
        if (watch != null) {
            watch.close();
        }
        api.close();
    }

    @Test
    void insideOfAClusterTokenAndAuthorityAreTheMountedFiles() throws IOException {
        Path token = Files.writeString(directory.resolve("token"), "secret-1\n");

        start(
                new Api.InCluster(),
                new Credentials.TokenFile(token),
                new Trust.CaFile(certificates.caFile()));

        await().atMost(SOON).until(watch::isSynced);
        assertThat(watch.find(pod.origin())).isPresent();
        await().atMost(SOON).until(() -> api.watchesOpened() == 1);
        assertThat(api.lists().getFirst().authorization()).isEqualTo("Bearer secret-1");
        assertThat(api.watches().getFirst().authorization()).isEqualTo("Bearer secret-1");
    }

    @Test
    void aKubeconfigsServerTokenAndAuthorityWillDo() throws IOException {
        start(
                new Api.At(api.uri()),
                new Credentials.Token("secret-1"),
                new Trust.CaPem(Files.readString(certificates.caFile())));

        await().atMost(SOON).until(watch::isSynced);
        assertThat(watch.find(pod.origin())).isPresent();
    }

    @Test
    void anotherAuthorityIsRefusedWithTheRemedyAndBelievedOnceItsFileIsPutRight()
            throws IOException {
        TestCertificates others =
                TestCertificates.create(Files.createDirectory(directory.resolve("others")));
        Path ca = directory.resolve("ca.crt");
        Files.copy(others.caFile(), ca);

        start(new Api.At(api.uri()), new Credentials.Token("secret-1"), new Trust.CaFile(ca));

        await().atMost(SOON).until(() -> watch.health().state() == KubernetesHealth.State.FAILING);
        assertThat(watch.health().trouble())
                .contains(api.uri().toString(), "set caFile to the certificate authority")
                .doesNotContain("secret-1");
        assertThat(api.lists()).isEmpty();

        Files.copy(certificates.caFile(), ca, StandardCopyOption.REPLACE_EXISTING);

        await().atMost(SOON).until(watch::isSynced);
        assertThat(watch.find(pod.origin())).isPresent();
    }

    private void start(Api server, Credentials credentials, Trust trust) {
        watch =
                new PodWatch(
                        new KubernetesConfig(
                                server,
                                FakeApiServer.NODE,
                                credentials,
                                trust,
                                Duration.ofSeconds(5),
                                true,
                                Set.of()),
                        directory,
                        Map.of(
                                "KUBERNETES_SERVICE_HOST",
                                "127.0.0.1",
                                "KUBERNETES_SERVICE_PORT",
                                Integer.toString(api.port())),
                        PodWatchTest.QUICK,
                        RandomGenerator.getDefault());
        watch.start();
    }
}
