package io.sluice.testing;

import io.sluice.testing.ElasticsearchFixture.Options;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.elasticsearch.ElasticsearchContainer;
import org.testcontainers.images.RemoteDockerImage;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The full distribution in a container, with a fixed port on this machine. */
final class DockerElasticsearch implements ElasticsearchServer {
    private static final String VERSION = System.getProperty("sluice.elasticsearch.version", "");
    private static final String IMAGE = "docker.elastic.co/elasticsearch/elasticsearch:";
    private static final String CONFIG = "/usr/share/elasticsearch/config/";
    private static final String PASSWORD = "a-password-for-tests";
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(3);

    private final Options options;
    private final int port;
    private final Optional<TestCertificates> certificates;
    private final ElasticsearchContainer container;
    private boolean running;

    /**
     * Asks the engine itself: looking through Testcontainers takes long and logs a page where there
     * is none.
     */
    static boolean engineAnswers() {
        String host = System.getenv().getOrDefault("DOCKER_HOST", "");
        if (host.startsWith("tcp://")) {
            return answersHttp(URI.create("http" + host.substring(3) + "/_ping"));
        }
        List<String> sockets =
                host.startsWith("unix://")
                        ? List.of(host.substring("unix://".length()))
                        : List.of(
                                "/var/run/docker.sock",
                                System.getenv().getOrDefault("XDG_RUNTIME_DIR", "/nowhere")
                                        + "/docker.sock",
                                System.getProperty("user.home") + "/.docker/run/docker.sock");
        return sockets.stream()
                .map(Path::of)
                .anyMatch(path -> Files.exists(path) && answersUnix(path));
    }

    private static boolean answersHttp(URI ping) {
        try (HttpClient client = HttpClient.newBuilder().connectTimeout(ANSWER_WITHIN).build()) {
            HttpRequest request = HttpRequest.newBuilder(ping).timeout(ANSWER_WITHIN).build();
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static boolean answersUnix(Path socket) {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        // A daemon: an engine that hangs keeps nothing but this thread.
        Thread.ofVirtual().start(() -> answer.complete(ping(socket)));
        try {
            return answer.get(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static boolean ping(Path socket) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(
                    StandardCharsets.US_ASCII.encode(
                            "GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"));
            ByteBuffer start = ByteBuffer.allocate(64);
            channel.read(start);
            return StandardCharsets.US_ASCII.decode(start.flip()).toString().contains(" 200 ");
        } catch (IOException e) {
            return false;
        }
    }

    /** False, and one line why, when the engine cannot fetch the image. */
    static boolean imageAvailable() {
        try {
            new RemoteDockerImage(image()).get();
            return true;
        } catch (ContainerFetchException e) {
            System.getLogger("io.sluice.testing")
                    .log(
                            System.Logger.Level.WARNING,
                            "Docker answers but cannot fetch " + image() + ": " + e.getMessage());
            return false;
        }
    }

    private static DockerImageName image() {
        return DockerImageName.parse(IMAGE + VERSION);
    }

    DockerElasticsearch(Options options) {
        this.options = options;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            this.port = socket.getLocalPort();
            this.certificates =
                    switch (options.security()) {
                        case OFF, PASSWORD -> Optional.empty();
                        case TLS, MUTUAL_TLS ->
                                Optional.of(
                                        TestCertificates.create(
                                                Files.createTempDirectory("sluice-tls-")));
                    };
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.container = new ElasticsearchContainer(image());
        // A restarted container keeps a fixed port only.
        container.setPortBindings(List.of("127.0.0.1:" + port + ":9200"));
        container.withEnv("ES_JAVA_OPTS", "-Xms512m -Xmx512m");
        container.withEnv("cluster.routing.allocation.disk.threshold_enabled", "false");
        container.withEnv("ingest.geoip.downloader.enabled", "false");
        container.withPassword(PASSWORD);
        container.withEnv(
                "xpack.security.enabled", Boolean.toString(options.security() != Security.OFF));
        container.withEnv("xpack.security.http.ssl.enabled", "false");
        certificates.ifPresent(this::useCertificates);
        options.settings().forEach(container::withEnv);
    }

    private void useCertificates(TestCertificates made) {
        Map<String, Path> files =
                Map.of(
                        "certificate", made.serverCertificateFile(),
                        "key", made.serverKeyFile(),
                        "certificate_authorities", made.caFile());
        files.forEach(
                (setting, file) -> {
                    container.withCopyFileToContainer(
                            MountableFile.forHostPath(file, 0644), CONFIG + file.getFileName());
                    container.withEnv(
                            "xpack.security.http.ssl." + setting, CONFIG + file.getFileName());
                });
        container.withEnv("xpack.security.http.ssl.enabled", "true");
        if (options.security() == Security.MUTUAL_TLS) {
            container.withEnv("xpack.security.http.ssl.client_authentication", "required");
        }
    }

    @Override
    public URI url() {
        return URI.create((certificates.isPresent() ? "https" : "http") + "://127.0.0.1:" + port);
    }

    @Override
    public String username() {
        return "elastic";
    }

    @Override
    public String password() {
        return options.security() == Security.OFF ? "" : PASSWORD;
    }

    @Override
    public Optional<TestCertificates> certificates() {
        return certificates;
    }

    @Override
    public String description() {
        return image() + " at " + url();
    }

    @Override
    public void start() {
        if (container.getContainerId() == null) {
            container.start();
        } else {
            container.getDockerClient().startContainerCmd(container.getContainerId()).exec();
        }
        running = true;
    }

    @Override
    public boolean isRunning() {
        return running && container.isRunning();
    }

    @Override
    public String log() {
        return container.getLogs();
    }

    @Override
    public void stop() {
        if (running) {
            container.getDockerClient().stopContainerCmd(container.getContainerId()).exec();
            running = false;
        }
    }

    @Override
    public void remove() {
        container.stop();
    }
}
