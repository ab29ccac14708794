package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Where a benchmark's files are, and what it was told. */
final class Workbench implements AutoCloseable {
    private final BenchmarkOptions options;
    private final Path root;
    private int folders;

    private Workbench(BenchmarkOptions options, Path root) {
        this.options = options;
        this.root = root;
    }

    static Workbench open(BenchmarkOptions options) throws IOException {
        return new Workbench(
                options,
                Files.createTempDirectory(options.folder(), "sluice-benchmark-").toRealPath());
    }

    BenchmarkOptions options() {
        return options;
    }

    /** A new one, empty. */
    Path freshFolder() throws IOException {
        return Files.createDirectory(root.resolve("run-" + ++folders));
    }

    /** Removes what is no longer needed: a run's files are as large as its logs. */
    static void remove(Path folder) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> paths = Files.walk(folder)) {
            deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.delete(path);
        }
    }

    /** Tells whoever waits how far it is. */
    void say(String progress) {
        System.err.println(progress);
    }

    @Override
    public void close() throws IOException {
        remove(root);
    }
}
