package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The page that says what is promised names a test for each fault; each of them exists. */
class DeliveryPageTest {
    /** A class that ends as ours do, perhaps with a method of it. */
    private static final Pattern NAMED =
            Pattern.compile("`([A-Z][A-Za-z0-9]*(?:Test|IT))(?:\\.([a-z][A-Za-z0-9]*))?`");

    private static final Pattern ROW = Pattern.compile("^\\| .* \\|$");

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        Path project = project();
        Map<String, Path> sources = testSources(project);
        String page = Files.readString(project.resolve("docs/DELIVERY.md"));
        List<String> missing = new ArrayList<>();
        int named = 0;
        for (Matcher name = NAMED.matcher(page); name.find(); named++) {
            Optional<Path> source = Optional.ofNullable(sources.get(name.group(1)));
            if (source.isEmpty() || !hasTest(source.get(), Optional.ofNullable(name.group(2)))) {
                missing.add(name.group());
            }
        }
        assertThat(missing).isEmpty();
        assertThat(named).isGreaterThan(100);
    }

    @Test
    void everyFaultNamesATest() throws IOException {
        List<String> rows =
                Files.readAllLines(project().resolve("docs/DELIVERY.md")).stream()
                        .filter(ROW.asMatchPredicate())
                        .filter(row -> !row.endsWith("| proof |") && !row.startsWith("| ---"))
                        .toList();
        assertThat(rows)
                .hasSizeGreaterThan(50)
                .allSatisfy(
                        row -> {
                            String proof = row.substring(row.lastIndexOf('|', row.length() - 2));
                            assertThat(NAMED.matcher(proof).find()).as(row).isTrue();
                        });
    }

    private static boolean hasTest(Path source, Optional<String> method) throws IOException {
        if (method.isEmpty()) {
            return true;
        }
        Pattern declared =
                Pattern.compile(
                        "@(?:Test|ParameterizedTest|RepeatedTest)\\b"
                                + "(?:(?!\\bvoid\\b)[\\s\\S])*\\bvoid "
                                + method.get()
                                + "\\(");
        return declared.matcher(Files.readString(source)).find();
    }

    private static Map<String, Path> testSources(Path project) throws IOException {
        Map<String, Path> sources = new HashMap<>();
        try (Stream<Path> rooms = Files.list(project.resolve("agent"))) {
            for (Path room : (Iterable<Path>) rooms::iterator) {
                Path tests = room.resolve("src/test/java");
                if (!Files.isDirectory(tests)) {
                    continue;
                }
                try (Stream<Path> files = Files.walk(tests)) {
                    files.filter(file -> file.toString().endsWith(".java"))
                            .forEach(
                                    file ->
                                            sources.put(
                                                    file.getFileName()
                                                            .toString()
                                                            .replace(".java", ""),
                                                    file));
                }
            }
        }
        return sources;
    }

    /** The folder that has docs/, wherever the test was started. */
    private static Path project() throws IOException {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.exists(at.resolve("docs/DELIVERY.md"))) {
                return at;
            }
        }
        throw new IOException("no docs/DELIVERY.md above " + Path.of("").toAbsolutePath());
    }
}
