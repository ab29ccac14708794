package io.sluice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** What a load says it has written is what is in the files. */
class CriLoadTest {
    private static final long FAST = 1_000_000_000;
    private static final Pattern SEQ = Pattern.compile("(?:\"seq\":|seq=)(\\d+)");

    @TempDir private Path root;

    private static CriLoad.Plan plan(long linesPerContainer, long rotateBytes, long seed) {
        return new CriLoad.Plan(
                3,
                2,
                FAST,
                OptionalLong.of(linesPerContainer),
                Duration.ofMinutes(1),
                rotateBytes,
                seed);
    }

    @Test
    void everyLineIsInTheFilesOnceAndInOrderOverRotations() throws IOException {
        CriLoad load = new CriLoad(new CriLogs(root).keepAll(), plan(5_000, 100_000, 7));

        load.run();

        assertThat(load.written()).isEqualTo(15_000);
        for (CriLogs.Container container : load.containers()) {
            assertThat(load.written(container)).isEqualTo(5_000);
            try (Stream<Path> files = Files.list(container.folder())) {
                assertThat(files.count()).isGreaterThan(5);
            }
            assertThat(numbers(container.folder()))
                    .containsExactlyElementsOf(LongStream.rangeClosed(1, 5_000).boxed().toList());
        }
    }

    @Test
    void allKindsOfLinesAreThere() throws IOException {
        CriLoad load = new CriLoad(new CriLogs(root), plan(5_000, Long.MAX_VALUE, 7));

        load.run();

        List<String> lines = lines(load.containers().getFirst().folder());
        assertThat(lines)
                .anyMatch(line -> line.contains(" stdout F {\"level\":\"info\","))
                .anyMatch(line -> line.contains(" stdout F INFO [worker-"))
                .anyMatch(line -> line.contains(" stderr F \tat shop."))
                .anyMatch(line -> line.contains(" stdout P {"));
    }

    @Test
    void theSameSeedWritesTheSameLines() throws IOException {
        List<List<String>> runs = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            CriLoad load =
                    new CriLoad(new CriLogs(root.resolve("run" + run)), plan(500, 1 << 30, 42));
            load.run();
            List<String> bodies = new ArrayList<>();
            for (CriLogs.Container container : load.containers()) {
                for (String line : lines(container.folder())) {
                    bodies.add(line.substring(line.indexOf(' ')));
                }
            }
            runs.add(bodies);
        }

        assertThat(runs.getFirst()).isEqualTo(runs.getLast()).hasSizeGreaterThanOrEqualTo(1_500);
    }

    @Test
    void theTimeEndsALoadThatIsSlow() {
        CriLoad load =
                new CriLoad(
                        new CriLogs(root),
                        new CriLoad.Plan(
                                2, 1, 8, OptionalLong.empty(), Duration.ofSeconds(4), 1_000, 1));

        load.run();

        assertThat(load.written()).isBetween(2L, 33L);
    }

    @Test
    void aProcessThatIsTerminatedSaysWhatItHasWritten() throws Exception {
        Path out = root.resolve("summary.json");
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                CriLoad.class.getName(),
                                root.toString(),
                                "--containers",
                                "1",
                                "--rate",
                                "2000",
                                "--rotate",
                                "50000",
                                "--keep-all")
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .redirectOutput(out.toFile())
                        .start();
        Path folder = root.resolve("pods/load-1_shop-1_00000000-0000-0001-0000-000000000000/app");
        try {
            await().until(() -> Files.exists(folder) && hasRotated(folder));
        } finally {
            process.destroy();
        }

        assertThat(process.waitFor()).isEqualTo(143);
        List<Long> numbers = numbers(folder);
        assertThat(Files.readString(out))
                .isEqualTo(
                        "{\"load-1_shop-1_00000000-0000-0001-0000-000000000000/app\":"
                                + numbers.getLast()
                                + "}\n");
        assertThat(numbers)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, numbers.getLast()).boxed().toList());
    }

    private static boolean hasRotated(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.count() > 1;
        }
    }

    private static List<Long> numbers(Path folder) throws IOException {
        List<Long> numbers = new ArrayList<>();
        StringBuilder record = new StringBuilder();
        for (String line : lines(folder)) {
            String[] parts = line.split(" ", 4);
            record.append(parts[3]);
            if (parts[2].equals("F")) {
                Matcher seq = SEQ.matcher(record);
                assertThat(seq.find()).as("seq in %s", record).isTrue();
                numbers.add(Long.valueOf(seq.group(1)));
                record.setLength(0);
            }
        }
        return numbers;
    }

    /** In the order of writing: rotated files by their stamps, then the active one. */
    private static List<String> lines(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> entries = Files.list(folder)) {
            files = new ArrayList<>(entries.sorted().toList());
        }
        files.add(files.removeFirst());
        List<String> lines = new ArrayList<>();
        for (Path file : files) {
            try (InputStream plain = Files.newInputStream(file);
                    InputStream in =
                            file.toString().endsWith(".gz") ? new GZIPInputStream(plain) : plain) {
                new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(lines::add);
            }
        }
        return lines;
    }
}
