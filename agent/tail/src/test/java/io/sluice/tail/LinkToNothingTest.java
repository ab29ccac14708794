package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Links of the kubelet's folder that lead to no file: each is named, none is in others' way. */
class LinkToNothingTest {
    private static final String ID = "c".repeat(64);

    private final Logger logger = Logger.getLogger("io.sluice.tail");
    private final List<String> said = new CopyOnWriteArrayList<>();
    private final Handler listener =
            new Handler() {
                @Override
                public void publish(LogRecord logged) {
                    said.add(logged.getMessage());
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    private final CollectingSink sink = new CollectingSink(4096);

    @TempDir Path root;

    @BeforeEach
    void listen() {
        logger.addHandler(listener);
    }

    @AfterEach
    void listenNoMore() {
        logger.removeHandler(listener);
    }

    @Test
    void aFolderWithoutTheFileIsNamedOnceAndReadWhenTheFileComes() throws Exception {
        Path folder = Files.createDirectories(root.resolve("pods/shop_ghost_uid/app"));
        Path link = link("ghost", folder.resolve("0.log"));
        try (RunningTailer _ = start()) {
            awaitComplaint(link, "leads to no file");
            assertOthersAreRead();

            Files.writeString(folder.resolve("0.log"), "late\n");

            awaitText("shop_ghost_uid/app", "late\n");
        }
        assertThat(said).filteredOn(message -> message.contains("leads to no file")).hasSize(1);
    }

    @Test
    void aFolderThatIsNotThereIsNamed() throws Exception {
        Path link = link("ghost", root.resolve("pods/shop_ghost_uid/app/0.log"));
        try (RunningTailer _ = start()) {
            awaitComplaint(link, "does not exist or is not visible here; is it mounted?");
            assertOthersAreRead();
        }
    }

    @Test
    void dockersFolderThatIsNotMountedIsNamed() throws Exception {
        Path folder = Files.createDirectories(root.resolve("pods/shop_ghost_uid/app"));
        Path docker = root.resolve("docker/containers/abc/abc-json.log");
        Files.createSymbolicLink(folder.resolve("0.log"), docker);
        Path link = link("ghost", folder.resolve("0.log"));
        try (RunningTailer _ = start()) {
            awaitComplaint(link, docker.getParent() + ", which does not exist");
            assertOthersAreRead();
        }
    }

    @Test
    void linksInACircleHoldNobodyUp() throws Exception {
        Path folder = Files.createDirectories(root.resolve("pods/shop_ghost_uid/app"));
        Files.createSymbolicLink(folder.resolve("0.log"), folder.resolve("1.log"));
        Files.createSymbolicLink(folder.resolve("1.log"), folder.resolve("0.log"));
        Path link = link("ghost", folder.resolve("0.log"));
        try (RunningTailer _ = start()) {
            awaitComplaint(link, "round in a circle");
            assertOthersAreRead();
        }
    }

    private Path link(String pod, Path target) throws IOException {
        Path links = Files.createDirectories(root.resolve("containers"));
        return Files.createSymbolicLink(links.resolve(pod + "_shop_app-" + ID + ".log"), target);
    }

    private RunningTailer start() {
        TailConfig config =
                new TailConfig(
                        Optional.of(root.resolve("containers")),
                        List.of(),
                        List.of(),
                        new TailConfig.From.Beginning(),
                        Duration.ofMillis(200),
                        Duration.ofSeconds(1),
                        0,
                        8,
                        16,
                        true);
        return new RunningTailer(config, Map.of(), ReadGate.OPEN, sink);
    }

    private void awaitComplaint(Path link, String problem) {
        await().untilAsserted(
                        () ->
                                assertThat(said)
                                        .anySatisfy(
                                                message ->
                                                        assertThat(message)
                                                                .contains(
                                                                        link.toString(), problem)));
    }

    private void assertOthersAreRead() {
        KubeletLogs web = new KubeletLogs(root, "shop", "web-1", "app");
        web.write("fine\n");
        awaitText(web.key, "fine\n");
    }

    private void awaitText(String key, String text) {
        await().untilAsserted(() -> assertThat(sink.text(key)).isEqualTo(text));
    }
}
