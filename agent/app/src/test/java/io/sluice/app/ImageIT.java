package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.AgentContainer.Limits;
import io.sluice.testing.CriLoad;
import io.sluice.testing.CriLogs;
import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * The agent's image, built by its one command and run as a DaemonSet's container would be. Needs
 * root and podman; where one is missing the tests say so.
 */
class ImageIT {
    private static final Path HOME = Path.of(System.getProperty("sluice.home"));
    private static final Path BUILD = Path.of("src/main/image/build").toAbsolutePath();
    private static final Duration LONG = Duration.ofMinutes(3);
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int ANOTHER_USER = 12345;

    /** A line of its shell that writes a file's lines: there is no cat. */
    private static final String READ =
            "while IFS= read -r line || [ -n \"$line\" ]; do printf '%s\\n' \"$line\"; done";

    @TempDir private static Path shared;
    private static Podman podman;
    private static String image;

    @TempDir private Path folder;
    private AgentYaml yaml;
    private CriLogs logs;

    @BeforeAll
    static void buildTheImage() {
        Optional<String> missing = Podman.missing();
        Assumptions.assumeTrue(missing.isEmpty(), missing::get);
        podman = new Podman(shared);
        image = "localhost/sluice-test:" + Long.toHexString(System.nanoTime());
        Map<String, String> environment = new HashMap<>(podman.environment());
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("SLUICE_HOME", HOME.toString());
        Podman.Ended built = Podman.run(List.of(BUILD.toString(), image), environment, shared);
        assertThat(built.code()).as(built.output()).isZero();
    }

    @AfterAll
    static void removeTheImage() {
        if (image != null) {
            podman.run("rmi", "--force", image);
        }
    }

    @BeforeEach
    void layOut() {
        yaml = new AgentYaml(folder).stream("image");
        logs = new CriLogs(folder.resolve("logs")).keepAll();
        yaml.containers(logs.links());
    }

    @Test
    void theImageIsSmallAndSaysWhatItIs() {
        long bytes =
                Long.parseLong(podman.runOk("image", "inspect", "--format", "{{.Size}}", image));

        assertThat(bytes / 1_000_000).as("MB, unpacked").isLessThanOrEqualTo(130);
        // It fails if what was learned at the build does not fit.
        String version = inImage("--env=SLUICE_JAVA_OPTS=-XX:AOTMode=on", image, "version");
        assertThat(version).startsWith("Sluice ");
        assertThat(podman.runOk("image", "inspect", "--format", "{{.Labels}}", image))
                .contains("org.opencontainers.image.title:Sluice")
                .contains("org.opencontainers.image.licenses:Apache-2.0")
                .contains(
                        "org.opencontainers.image.version:"
                                + version.lines().findFirst().orElse("").replace("Sluice ", ""));
    }

    @Test
    void theImageHasItsBillOfMaterialsAndIgzipWhereTheBuilderHasIt() throws Exception {
        assertThat(inShell(READ + " </usr/share/sluice/sbom.cdx.json"))
                .isEqualTo(Files.readString(HOME.resolve("sbom.cdx.json")).strip());
        String igzip = "for file in /usr/lib/*/libisal.so.2; do [ ! -e $file ] || echo igzip; done";
        Podman.Ended here = Podman.run(List.of("/bin/sh", "-c", igzip), Map.of(), shared);
        assertThat(inShell(igzip)).isEqualTo(here.output().strip());
    }

    private static String inShell(String line) {
        return inImage("--entrypoint=[\"/bin/sh\"]", image, "-c", line);
    }

    /** What its container writes that may do nothing. */
    private static String inImage(String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of("run", "--rm", "--network=none", "--read-only", "--cap-drop=all"));
        command.addAll(List.of(arguments));
        return podman.runOk(command);
    }

    @Test
    void everyLineIsOneDocumentOverKillsOfProcessOneWithinTheMemoryLimit() throws Exception {
        ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);
        long seed = System.nanoTime() & 0xffff;
        CriLoad load = load(5, 8_000, 4_000, seed);
        Path config = yaml.write(server.url());
        Thread writer = Thread.ofPlatform().name("load").start(load);
        AgentContainer agent = start(config, Limits.DEFAULT);
        try {
            assertThat(agent.inside("read -r name </proc/1/comm; echo $name"))
                    .as("process 1")
                    .isEqualTo("java");
            for (int documents : new int[] {4_000, 14_000, 25_000}) {
                awaitDocuments(server, agent, documents);
                agent.kill();
                agent.close();
                agent = start(config, Limits.DEFAULT);
            }
            writer.join();
            awaitDocuments(server, agent, 5 * 8_000);
            int highWater = agent.highWaterMebibytes();
            assertThat(highWater).as("MiB of memory").isLessThan(Limits.DEFAULT.memoryMebibytes());
            agent.terminate();
            assertThat(agent.awaitExit(SOON)).as(agent.log()).isZero();
        } finally {
            load.stop();
            agent.close();
        }
        NumberedLines.in(server, yaml.stream(), "seed " + seed)
                .assertComplete(load.lastByContainer());
    }

    @Test
    void theMemoryLimitHoldsAndWhatItCostIsMadeUpFor() throws Exception {
        ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);
        CriLoad load = load(2, 5_000, 1_000_000, 7);
        load.run();
        Path config = yaml.write(server.url());

        try (AgentContainer starved = start(config, Limits.DEFAULT.withMemory(48))) {
            assertThat(starved.awaitExit(SOON)).as(starved.log()).isEqualTo(137);
        }
        try (AgentContainer agent = start(config, Limits.DEFAULT)) {
            awaitDocuments(server, agent, 2 * 5_000);
        }
        NumberedLines.in(server, yaml.stream(), "seed 7").assertComplete(load.lastByContainer());
    }

    @Test
    void aSecondAgentOnTheSameStateWaitsForTheFirstAndGoesOn() throws Exception {
        ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);
        CriLogs.Container container = logs.container("shop", "cart-1", "uid-1", "app");
        container.write("seq=1");
        Path config = yaml.write(server.url());

        try (AgentContainer first = start(config, Limits.DEFAULT)) {
            awaitDocuments(server, first, 1);
            try (AgentContainer second = start(config, Limits.DEFAULT);
                    AgentContainer third = start(config, Limits.DEFAULT)) {
                second.awaitLog("in use by another agent", SOON);
                third.awaitLog("in use by another agent", SOON);
                container.write("seq=2");
                awaitDocuments(server, first, 2);
                first.kill();
                container.write("seq=3");
                await().atMost(SOON).until(() -> server.count(yaml.stream()) >= 3);
                // One of the two has it now; the other one's patience ends.
                await().atMost(LONG).until(() -> !(second.isRunning() && third.isRunning()));
                AgentContainer loser = second.isRunning() ? third : second;
                assertThat(loser.awaitExit(SOON)).isEqualTo(2);
                assertThat(loser.log()).contains("is in use by another agent", "stop that one");
            }
        }
        NumberedLines.in(server, yaml.stream(), "three lines")
                .assertComplete(Map.of("cart-1/app", 3));
    }

    @Test
    void withoutTheCapabilityTheAgentSaysWhatItMayNotRead() throws Exception {
        ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);
        CriLoad load = load(1, 10, 1_000, 3);
        load.run();
        keepTo(ANOTHER_USER, logs.pods());
        Path config = yaml.write(server.url());

        try (AgentContainer agent = start(config, Limits.DEFAULT.withCapabilities())) {
            agent.awaitLog("CAP_DAC_READ_SEARCH", SOON);
            assertThat(agent.log()).contains(logs.pods().toString());
        }
        try (AgentContainer agent = start(config, Limits.DEFAULT)) {
            awaitDocuments(server, agent, 10);
            assertThat(agent.log()).doesNotContain("CAP_DAC_READ_SEARCH");
        }
    }

    /** As a sidecar in an application's pod: there it may read the files by their group. */
    @Test
    void besideAnApplicationItNeedsNeitherRootNorCapability() throws Exception {
        ElasticsearchFixture server = ElasticsearchFixture.shared(Security.OFF);
        Path log = folder.resolve("logs/app.log");
        Files.writeString(log, "seq=1\nseq=2\n");
        yaml =
                new AgentYaml(folder)
                        .stream("image_sidecar")
                                .with("files: [{path: \"" + log + "\"}]")
                                .with("pod: {namespace: shop, name: cart-1, container: app}");
        Files.createDirectory(yaml.state());
        keepTo(ANOTHER_USER, yaml.state());

        Limits limits = Limits.DEFAULT.withUser(ANOTHER_USER).withCapabilities();
        try (AgentContainer agent = start(yaml.write(server.url()), limits)) {
            awaitDocuments(server, agent, 2);
            Files.writeString(log, "seq=3", StandardOpenOption.APPEND);
            agent.terminate();
            assertThat(agent.awaitExit(SOON)).as(agent.log()).isZero();
        }
        NumberedLines.in(server, yaml.stream(), "three lines")
                .assertComplete(Map.of("cart-1/app", 3));
    }

    private CriLoad load(int containers, int lines, int perSecond, long seed) {
        return new CriLoad(
                logs,
                new CriLoad.Plan(
                        containers, 2, perSecond, OptionalLong.of(lines), LONG, 300_000, seed));
    }

    private AgentContainer start(Path config, Limits limits) throws IOException {
        return AgentContainer.start(
                podman, image, config, yaml.state(), List.of(folder.resolve("logs")), limits);
    }

    private void awaitDocuments(ElasticsearchFixture server, AgentContainer agent, int documents) {
        await(documents + " documents")
                .atMost(LONG)
                .pollInterval(Duration.ofMillis(250))
                .untilAsserted(
                        () ->
                                assertThat(server.count(yaml.stream()))
                                        .as(() -> agent.log())
                                        .isGreaterThanOrEqualTo(documents));
    }

    /** As a runtime does whose files are not root's. */
    private static void keepTo(int user, Path tree) throws IOException {
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                String mode = Files.isDirectory(path) ? "rwx------" : "rw-------";
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
                Files.setAttribute(path, "unix:uid", user);
            }
        }
    }
}
