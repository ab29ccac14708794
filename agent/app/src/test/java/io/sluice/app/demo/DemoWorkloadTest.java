package io.sluice.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

class DemoWorkloadTest {
    private static final Pattern CRI =
            Pattern.compile(
                    "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{0,8}[1-9])?Z"
                            + " (stdout|stderr) ([PF]) (.*)");
    private static final Pattern EVENT = Pattern.compile("event_id[=\":]+[a-z]+-(\\d+)");

    @TempDir private Path root;

    @Test
    void everyLineIsACriLineAndEveryRecordIsCounted() throws IOException {
        try (DemoWorkload workload = new DemoWorkload(root)) {
            workload.write(3_000);

            List<String> lines = lines(files());

            assertThat(lines).allMatch(line -> CRI.matcher(line).matches());
            assertThat(lines.stream().filter(line -> tag(line).equals("F")))
                    .hasSize(Math.toIntExact(workload.written()));
            assertThat(lines).as("split lines").anyMatch(line -> tag(line).equals("P"));
            assertThat(lines).as("stack traces").anyMatch(line -> line.contains(" stderr F \tat "));
            assertThat(lines).as("JSON").anyMatch(line -> line.contains(" stdout F {\"level\":"));
        }
    }

    @Test
    void nothingIsMissingOverARotation() throws IOException {
        try (DemoWorkload workload = new DemoWorkload(root)) {
            workload.write(1_000);
            workload.rotate();
            workload.write(1_000);

            Map<Path, List<Path>> byPod =
                    files().stream().collect(Collectors.groupingBy(Path::getParent));

            assertThat(byPod).hasSize(workload.pods());
            for (List<Path> filesOfPod : byPod.values()) {
                // 0.log sorts before those rotated away from it.
                assertThat(filesOfPod).hasSize(2);
                assertThat(events(filesOfPod.reversed()))
                        .isNotEmpty()
                        .isEqualTo(oneTo(events(filesOfPod).size()));
            }
        }
    }

    @Test
    void everyPodHasALinkToTheFileThatIsWrittenTo() throws IOException {
        try (DemoWorkload workload = new DemoWorkload(root);
                Stream<Path> links = Files.list(workload.links())) {
            List<Path> all = links.toList();

            assertThat(all).hasSize(workload.pods());
            assertThat(all).allMatch(Files::isSymbolicLink);
            assertThat(all).allMatch(link -> link.toString().matches(".*-[0-9a-f]{64}\\.log"));
            assertThat(all).allMatch(Files::isRegularFile);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(root.resolve("pods"))) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static List<String> lines(List<Path> files) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Path file : files) {
            lines.addAll(Files.readAllLines(file));
        }
        return lines;
    }

    private static String tag(String line) {
        return CRI.matcher(line).results().map(found -> found.group(3)).findFirst().orElse("");
    }

    private static List<Long> events(List<Path> files) throws IOException {
        return lines(files).stream()
                .flatMap(line -> EVENT.matcher(line).results().map(DemoWorkloadTest::number))
                .toList();
    }

    private static long number(MatchResult event) {
        return Long.parseLong(event.group(1));
    }

    private static List<Long> oneTo(int last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }
}
