package io.sluice.testing;

import io.sluice.testing.ElasticsearchFixture.Options;
import io.sluice.testing.ElasticsearchFixture.Security;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * The small distribution of Maven Central as a process on loopback, run by the JDK of this JVM.
 *
 * <p>Elasticsearch refuses to run as root: there, {@code setpriv} makes it an unprivileged user.
 * Distribution and JDK are used where they are, or linked to a place that user can reach.
 * Configuration, data and logs of one server are in a temporary folder.
 */
final class ZipElasticsearch implements ElasticsearchServer {
    private static final int UNPRIVILEGED_ID = 10001;
    private static final int LOG_TAIL_LINES = 40;
    private static final String PASSWORD = "a-password-for-tests";

    // The process ends when its standard input does: also when this JVM is killed. The launcher of
    // Elasticsearch takes its server with it.
    private static final String UNTIL_STDIN_ENDS =
            "exec 3<&0; (cat <&3 >/dev/null; kill $$ 2>/dev/null) & exec \"$0\" \"$@\" </dev/null";

    private final Path home;
    private final Path javaHome;
    private final Path folder;
    private final boolean asRoot;
    private final Options options;
    private final int port;
    private final Optional<TestCertificates> certificates;
    private Process process;

    private ZipElasticsearch(
            Path home,
            Path javaHome,
            Path folder,
            boolean asRoot,
            Options options,
            int port,
            Optional<TestCertificates> certificates) {
        this.home = home;
        this.javaHome = javaHome;
        this.folder = folder;
        this.asRoot = asRoot;
        this.options = options;
        this.port = port;
        this.certificates = certificates;
    }

    /** Lays out a server's folder. */
    static ZipElasticsearch unpackedAt(Path home, Options options) {
        if (!Files.isRegularFile(home.resolve("bin/elasticsearch"))) {
            throw new IllegalStateException(
                    "no Elasticsearch at "
                            + home
                            + " ("
                            + ElasticsearchFixture.HOME_PROPERTY
                            + "); run the test through Maven, which unpacks it there");
        }
        try {
            Path folder = Files.createTempDirectory("sluice-elasticsearch-");
            Path javaHome = Path.of(System.getProperty("java.home"));
            boolean asRoot = runsAsRoot(folder);
            Path reachableHome = home;
            Path reachableJava = javaHome;
            if (asRoot) {
                own(folder);
                reachableHome = reachable(home, "bin/elasticsearch", folder.resolve("home"));
                reachableJava = reachable(javaHome, "bin/java", folder.resolve("java"));
            }
            Optional<TestCertificates> certificates =
                    switch (options.security()) {
                        case OFF, PASSWORD -> Optional.empty();
                        case TLS, MUTUAL_TLS -> {
                            // Elasticsearch reads certificates below its configuration only.
                            Path config = Files.createDirectories(folder.resolve("config"));
                            yield Optional.of(TestCertificates.create(config));
                        }
                    };
            ZipElasticsearch server =
                    new ZipElasticsearch(
                            reachableHome,
                            reachableJava,
                            folder,
                            asRoot,
                            options,
                            freePort(),
                            certificates);
            server.configure(home.resolve("config"));
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot lay out a server from " + home + ": " + e.getMessage(), e);
        }
    }

    private static boolean runsAsRoot(Path ownFile) throws IOException {
        return Integer.valueOf(0).equals(Files.getAttribute(ownFile, "unix:uid"));
    }

    private static void own(Path path) throws IOException {
        Files.setAttribute(path, "unix:gid", UNPRIVILEGED_ID);
        Files.setAttribute(path, "unix:uid", UNPRIVILEGED_ID);
    }

    /**
     * The same tree where the unprivileged user can read it: itself, or hard links to its files.
     */
    private static Path reachable(Path tree, String file, Path links) throws IOException {
        List<String> look = new ArrayList<>(unprivileged());
        look.addAll(List.of("test", "-x", tree.resolve(file).toString()));
        if (ends(look) == 0) {
            return tree;
        }
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                linkOrCopy(path, links.resolve(tree.relativize(path).toString()));
            }
        }
        return links;
    }

    private static void linkOrCopy(Path from, Path to) throws IOException {
        if (Files.isSymbolicLink(from)) {
            Files.createSymbolicLink(to, Files.readSymbolicLink(from));
        } else if (Files.isDirectory(from)) {
            Files.createDirectory(to);
            own(to);
        } else {
            try {
                Files.createLink(to, from);
            } catch (FileSystemException | UnsupportedOperationException e) {
                // Another file system.
                Files.copy(from, to);
                own(to);
            }
        }
    }

    private static List<String> unprivileged() {
        return List.of(
                "setpriv",
                "--reuid=" + UNPRIVILEGED_ID,
                "--regid=" + UNPRIVILEGED_ID,
                "--clear-groups");
    }

    private static int ends(List<String> command) throws IOException {
        try {
            return new ProcessBuilder(command).start().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + command, e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void configure(Path distributed) throws IOException {
        Path config = Files.createDirectories(folder.resolve("config"));
        for (String name : List.of("jvm.options", "log4j2.properties", "roles.yml")) {
            Files.copy(distributed.resolve(name), config.resolve(name));
        }
        Path jvmOptions = Files.createDirectory(config.resolve("jvm.options.d"));
        Files.writeString(
                jvmOptions.resolve("small.options"),
                """
                -Xms512m
                -Xmx512m
                -XX:-UseG1GC
                -XX:+UseSerialGC
                -XX:TieredStopAtLevel=1
                -Xlog:disable
                """);
        StringBuilder yaml = new StringBuilder();
        settings()
                .forEach(
                        (key, value) ->
                                yaml.append(key).append(": \"").append(value).append("\"\n"));
        Files.writeString(config.resolve("elasticsearch.yml"), yaml);
        if (options.security() != Security.OFF) {
            Files.writeString(config.resolve("users"), username() + ":" + hash(PASSWORD) + "\n");
            Files.writeString(config.resolve("users_roles"), "superuser:" + username() + "\n");
        }
        for (String name : List.of("data", "logs", "tmp")) {
            Files.createDirectory(folder.resolve(name));
        }
        if (asRoot) {
            try (Stream<Path> paths = Files.walk(config)) {
                for (Path path : (Iterable<Path>) paths::iterator) {
                    own(path);
                }
            }
            for (String name : List.of("data", "logs", "tmp")) {
                own(folder.resolve(name));
            }
        }
    }

    private Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("cluster.name", "sluice-test");
        settings.put("discovery.type", "single-node");
        settings.put("network.host", "127.0.0.1");
        settings.put("http.port", Integer.toString(port));
        settings.put("path.data", folder.resolve("data").toString());
        settings.put("path.logs", folder.resolve("logs").toString());
        settings.put("cluster.routing.allocation.disk.threshold_enabled", "false");
        boolean secured = options.security() != Security.OFF;
        settings.put("xpack.security.enabled", Boolean.toString(secured));
        if (secured) {
            settings.put("xpack.security.autoconfiguration.enabled", "false");
            settings.put("xpack.security.authc.api_key.enabled", "true");
        }
        certificates.ifPresent(
                made -> {
                    String ssl = "xpack.security.http.ssl.";
                    settings.put(ssl + "enabled", "true");
                    settings.put(ssl + "certificate", made.serverCertificateFile().toString());
                    settings.put(ssl + "key", made.serverKeyFile().toString());
                    settings.put(ssl + "certificate_authorities", made.caFile().toString());
                    if (options.security() == Security.MUTUAL_TLS) {
                        settings.put(ssl + "client_authentication", "required");
                    }
                });
        settings.putAll(options.settings());
        return settings;
    }

    /** As the file realm wants it; a hash of its own saves a run of {@code elasticsearch-users}. */
    private static String hash(String password) {
        byte[] salt = new byte[32];
        try {
            PBEKeySpec spec = new PBEKeySpec(password.toCharArray(), salt, 10_000, 256);
            byte[] hash =
                    SecretKeyFactory.getInstance("PBKDF2withHMACSHA512")
                            .generateSecret(spec)
                            .getEncoded();
            Base64.Encoder base64 = Base64.getEncoder();
            return "{PBKDF2}10000$"
                    + base64.encodeToString(salt)
                    + "$"
                    + base64.encodeToString(hash);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("PBKDF2 is in every JDK", e);
        }
    }

    @Override
    public URI url() {
        return URI.create((certificates.isPresent() ? "https" : "http") + "://127.0.0.1:" + port);
    }

    @Override
    public String username() {
        return "sluice-test";
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
        return home.getFileName() + " (small distribution) at " + url();
    }

    @Override
    public void start() {
        List<String> command = new ArrayList<>();
        if (asRoot) {
            command.addAll(unprivileged());
        }
        command.addAll(List.of("sh", "-c", UNTIL_STDIN_ENDS));
        command.add(home.resolve("bin/elasticsearch").toString());
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(consoleLog().toFile()));
        Map<String, String> environment = builder.environment();
        environment.put("ES_JAVA_HOME", javaHome.toString());
        environment.put("ES_PATH_CONF", folder.resolve("config").toString());
        environment.put("ES_TMPDIR", folder.resolve("tmp").toString());
        // The launcher leaves a folder at each start, and may not be let into the usual place.
        environment.put("CLI_JAVA_OPTS", "-Djava.io.tmpdir=" + folder.resolve("tmp"));
        environment.put("HOME", folder.toString());
        environment.remove("ES_JAVA_OPTS");
        environment.remove("JAVA_TOOL_OPTIONS");
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot start "
                            + command.getFirst()
                            + "; as root the test needs setpriv (Debian: util-linux)",
                    e);
        }
    }

    private Path consoleLog() {
        return folder.resolve("console.log");
    }

    @Override
    public boolean isRunning() {
        return process != null && process.isAlive();
    }

    @Override
    public String log() {
        try (Stream<String> lines = Files.lines(consoleLog())) {
            List<String> all = lines.toList();
            return String.join(
                    "\n", all.subList(Math.max(0, all.size() - LOG_TAIL_LINES), all.size()));
        } catch (IOException e) {
            return "no log: " + e.getMessage();
        }
    }

    @Override
    public void stop() {
        if (process == null) {
            return;
        }
        List<ProcessHandle> descendants = process.descendants().toList();
        try {
            process.getOutputStream().close();
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        descendants.forEach(ProcessHandle::destroyForcibly);
        process = null;
    }

    @Override
    public void remove() {
        try {
            Files.walkFileTree(
                    folder,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                                throws IOException {
                            Files.delete(file);
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult postVisitDirectory(Path emptied, IOException error)
                                throws IOException {
                            Files.delete(emptied);
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }
}
