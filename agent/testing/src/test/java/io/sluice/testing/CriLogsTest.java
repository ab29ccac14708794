package io.sluice.testing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** The files are what the kubelet and containerd would have left. */
class CriLogsTest {
    private static final String UID = "0f1e2d3c-0000-4000-8000-000000000001";

    @TempDir private Path root;

    private CriLogs.Container shop(CriLogs logs) {
        return logs.container("prod", "shop-1", UID, "app");
    }

    @Test
    void theLinkIsNamedAsTheKubeletNamesItAndLeadsToTheFile() throws IOException {
        CriLogs logs = new CriLogs(root);
        CriLogs.Container shop = shop(logs);

        shop.write("hello");

        assertThat(names(logs.links())).hasSize(1);
        assertThat(names(logs.links()).getFirst()).matches("shop-1_prod_app-[0-9a-f]{64}\\.log");
        assertThat(Files.readSymbolicLink(shop.linkPath()))
                .isEqualTo(root.resolve("pods/prod_shop-1_" + UID + "/app/0.log"));
        assertThat(Files.readString(shop.linkPath())).endsWith(" stdout F hello\n");
    }

    @Test
    void timesAreThoseOfContainerd() {
        assertThat(CriLogs.format(Instant.parse("2026-11-24T10:00:00.123456789Z")))
                .isEqualTo("2026-11-24T10:00:00.123456789Z");
        assertThat(CriLogs.format(Instant.parse("2026-11-24T10:00:00.120000000Z")))
                .isEqualTo("2026-11-24T10:00:00.12Z");
        assertThat(CriLogs.format(Instant.parse("2026-11-24T10:00:00.000000010Z")))
                .isEqualTo("2026-11-24T10:00:00.00000001Z");
        assertThat(CriLogs.format(Instant.parse("2026-11-24T10:00:00Z")))
                .isEqualTo("2026-11-24T10:00:00Z");
    }

    @Test
    void eachLineIsLaterThanTheOneBeforeEvenWhileTheClockStands() throws IOException {
        Instant instant = Instant.parse("2026-11-24T10:00:00.000000009Z");
        CriLogs.Container shop = shop(new CriLogs(root, Clock.fixed(instant, ZoneOffset.UTC)));

        shop.write("one");
        shop.write(CriLogs.Stream.STDERR, "two");
        shop.write("three");

        assertThat(Files.readAllLines(shop.activeFile()))
                .containsExactly(
                        "2026-11-24T10:00:00.000000009Z stdout F one",
                        "2026-11-24T10:00:00.00000001Z stderr F two",
                        "2026-11-24T10:00:00.000000011Z stdout F three");
    }

    @Test
    void aLineOverSixteenKibibytesIsSplitBetweenBytes() throws IOException {
        CriLogs.Container shop = shop(new CriLogs(root));
        String whole = "a" + "ü".repeat(CriLogs.MAX_PIECE_BYTES);

        shop.write(whole);
        shop.write("b".repeat(CriLogs.MAX_PIECE_BYTES));
        shop.writePartial(CriLogs.Stream.STDOUT, "begun");

        List<String> pieces = latin1Lines(shop.activeFile());
        assertThat(pieces).extracting(CriLogsTest::tag).containsExactly("P", "P", "F", "F", "P");
        assertThat(pieces)
                .extracting(line -> body(line).length())
                .containsExactly(16_384, 16_384, 1, 16_384, 5);
        String joined = body(pieces.get(0)) + body(pieces.get(1)) + body(pieces.get(2));
        assertThat(new String(joined.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8))
                .isEqualTo(whole);
    }

    @Test
    void rotationCompressesWhatWasRotatedBeforeAndKeepsFiveFiles() throws IOException {
        CriLogs.Container shop = shop(new CriLogs(root));
        for (int i = 1; i <= 7; i++) {
            shop.write("line " + i);
            shop.rotate();
        }
        shop.write("line 8");

        List<String> names = names(shop.folder());
        assertThat(names).hasSize(5).first().isEqualTo("0.log");
        assertThat(names.subList(1, 4))
                .allMatch(name -> name.matches("0\\.log\\.\\d{8}-\\d{6}\\.gz"));
        assertThat(names.get(4)).matches("0\\.log\\.\\d{8}-\\d{6}");
        assertThat(bodiesInOrder(shop))
                .containsExactly("line 4", "line 5", "line 6", "line 7", "line 8");
    }

    @Test
    void whatIsKeptForEverIsNeverDeleted() throws IOException {
        CriLogs.Container shop = shop(new CriLogs(root).keepAll());
        for (int i = 1; i <= 9; i++) {
            shop.write("line " + i);
            shop.rotate();
        }

        assertThat(bodiesInOrder(shop)).hasSize(9).startsWith("line 1").endsWith("line 9");
    }

    @Test
    void aRestartBeginsTheNextFileAndMovesTheLink() throws IOException {
        CriLogs logs = new CriLogs(root);
        CriLogs.Container shop = shop(logs);
        shop.write("first run");
        Path before = shop.linkPath();

        shop.restart();
        shop.write("second run");

        assertThat(names(shop.folder())).containsExactly("0.log", "1.log");
        assertThat(names(logs.links())).hasSize(1);
        assertThat(shop.linkPath()).isNotEqualTo(before);
        assertThat(Files.readString(shop.linkPath())).endsWith("second run\n");

        shop.restart();
        assertThat(names(shop.folder())).containsExactly("1.log", "2.log");
    }

    @Test
    void aContainerWhoseFilesAreThereGoesOnAsItsNextRestart() throws IOException {
        CriLogs logs = new CriLogs(root);
        shop(logs).close();

        CriLogs.Container again = shop(logs);

        assertThat(again.restarts()).isEqualTo(1);
        assertThat(names(again.folder())).containsExactly("0.log", "1.log");
    }

    @Test
    void aDeletedPodLeavesNothingBehind() throws IOException {
        CriLogs logs = new CriLogs(root);
        CriLogs.Container shop = shop(logs);
        CriLogs.Container sidecar = logs.container("prod", "shop-1", UID, "proxy");
        shop.write("line");
        shop.rotate();
        shop.restart();

        shop.delete();

        assertThat(names(logs.links())).hasSize(1);
        assertThat(shop.folder()).doesNotExist();
        assertThat(sidecar.folder()).exists();

        sidecar.delete();

        assertThat(names(logs.links())).isEmpty();
        assertThat(names(logs.pods())).isEmpty();
    }

    private static String tag(String line) {
        return line.split(" ", 4)[2];
    }

    private static String body(String line) {
        return line.split(" ", 4)[3];
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private static List<String> latin1Lines(Path file) throws IOException {
        return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    }

    /** Rotated files have longer names than the active one, and sort by their stamps. */
    private static List<String> bodiesInOrder(CriLogs.Container container) throws IOException {
        StringBuilder rotated = new StringBuilder();
        for (String name : names(container.folder())) {
            if (!name.equals("0.log")) {
                rotated.append(content(container.folder().resolve(name)));
            }
        }
        rotated.append(content(container.activeFile()));
        return rotated.toString().lines().map(CriLogsTest::body).toList();
    }

    private static String content(Path file) throws IOException {
        if (!file.toString().endsWith(".gz")) {
            return Files.readString(file);
        }
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
