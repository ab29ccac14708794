package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.app.AgentProcess.Home;
import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Logs as conmon writes them, which is CRI-O's and podman's: 8 KiB pieces, an empty {@code F}
 * behind them, {@code +00:00}; and its rotation, which renames a new file over the old one and
 * keeps nothing.
 */
@Tag("runtimes")
class PodmanRuntimeIT {
    private static final int LINES = 2_000;

    /** A little more than a burst has: no burst rotates twice. */
    private static final String ROTATE_AT = "1200k";

    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Pattern GAPS = Pattern.compile("sluice_tail_gaps_total ([1-9]\\d*)");

    @TempDir private static Path shared;
    private static Podman podman;
    private static String image;

    @TempDir private Path folder;
    private final List<String> containers = new ArrayList<>();
    private ElasticsearchFixture server;
    private AgentYaml yaml;
    private NodeLogs logs;
    private Bursts bursts;

    @BeforeAll
    static void makeTheWriter() throws IOException {
        Optional<String> missing = Podman.missing().or(WriterImage::missing);
        Assumptions.assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        podman = new Podman(shared);
        image = WriterImage.build(podman, shared);
    }

    @AfterAll
    static void removeTheWriter() {
        if (image != null) {
            podman.run("rmi", "--force", image);
        }
    }

    @BeforeEach
    void layOut() throws IOException {
        server = ElasticsearchFixture.shared(Security.OFF);
        logs = new NodeLogs(folder.resolve("logs"));
        bursts = new Bursts(folder.resolve("go"));
        yaml = new AgentYaml(folder).stream("podman").containers(logs.links());
    }

    @AfterEach
    void removeContainers() {
        containers.forEach(id -> podman.run("rm", "--force", "--time=0", id));
    }

    @Test
    void everyLineOfConmonsIsOneDocumentOverKills() throws Exception {
        List<String> pods = List.of("cart-1", "cart-2", "cart-3");
        for (String pod : pods) {
            run(pod, 3);
        }
        AgentProcess agent = yaml.start(Home.CHILD, server.url());
        try {
            bursts.begin(1);
            yaml.awaitDocuments(agent, server, LINES);
            agent.close();
            bursts.begin(2);
            agent = yaml.start(Home.CHILD, server.url());
            yaml.awaitDocuments(agent, server, 4 * LINES);
            agent.close();
            bursts.begin(3);
            bursts.awaitWritten(3, pods);
            agent = yaml.start(Home.CHILD, server.url());
            yaml.awaitDocuments(agent, server, 9 * LINES);
            AgentLedger.assertDelivered(agent, 9 * LINES);
        } finally {
            agent.close();
        }
        try (Stream<String> lines = Files.lines(logs.existing("cart-1"))) {
            assertThat(lines.anyMatch(line -> line.endsWith("+00:00 stdout F ")))
                    .as("an empty last piece, and an offset, which containerd never writes")
                    .isTrue();
        }
        Map<String, Integer> last = new TreeMap<>();
        pods.forEach(pod -> last.put(pod + "/app", 3 * LINES));
        NumberedLines.in(server, yaml.stream(), "conmon").assertComplete(last);
    }

    @Test
    void aFileThatAnotherIsRenamedOverIsReadToItsEnd() throws Exception {
        run("cart-1", 4, "--log-opt=max-size=" + ROTATE_AT);
        try (AgentProcess agent = yaml.start(Home.CHILD, server.url())) {
            for (int burst = 1; burst <= 4; burst++) {
                // One rotation at most while the agent looks elsewhere: two could hide a file.
                bursts.begin(burst);
                yaml.awaitDocuments(agent, server, (long) burst * LINES);
            }
        }
        NumberedLines.in(server, yaml.stream(), "conmon rotates")
                .assertComplete(Map.of("cart-1/app", 4 * LINES));
    }

    /** conmon keeps no file that it rotates away: what nobody had open is gone, and is counted. */
    @Test
    void whatWasReplacedWhileNobodyReadIsAGapAndNothingIsThereTwice() throws Exception {
        run("cart-1", 4, "--log-opt=max-size=" + ROTATE_AT);
        AgentProcess agent = yaml.start(Home.CHILD, server.url());
        try {
            bursts.begin(1);
            yaml.awaitDocuments(agent, server, LINES);
            agent.close();
            bursts.begin(2);
            bursts.begin(3);
            bursts.awaitWritten(3, List.of("cart-1"));
            agent = yaml.start(Home.CHILD, server.url());
            bursts.begin(4);
            await("the last line")
                    .atMost(LONG)
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> delivered().of("cart-1", "app").get(4 * LINES));
            NumberedLines delivered = delivered();
            assertThat(delivered.of("cart-1", "app").cardinality())
                    .as("lines")
                    .isLessThan(4 * LINES);
            Matcher gaps = GAPS.matcher(agent.ask("/metrics").body());
            assertThat(gaps.find()).as("gaps are counted").isTrue();
            // conmon rotates between the pieces of a line, too.
            assertThat(delivered.rests())
                    .as("lines whose beginning is in a gap")
                    .isLessThanOrEqualTo(Integer.parseInt(gaps.group(1)));
        } finally {
            agent.close();
        }
    }

    private NumberedLines delivered() {
        return NumberedLines.in(server, yaml.stream(), "conmon rotates");
    }

    private void run(String pod, int bursts, String... logOptions) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--detach",
                                "--pull=never",
                                "--network=none",
                                "--log-driver=k8s-file",
                                "--log-opt=path=" + logs.log(pod),
                                "--env=NAME=" + pod,
                                "--volume=" + this.bursts.folder() + ":/go"));
        command.addAll(List.of(logOptions));
        command.addAll(
                List.of(image, "/bin/write", Integer.toString(bursts), Integer.toString(LINES)));
        String[] output = podman.runOk(command).split("\n", -1);
        containers.add(output[output.length - 1]);
    }
}
