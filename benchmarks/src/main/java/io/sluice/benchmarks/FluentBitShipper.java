package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Fluent Bit, whatever binary there is.
 *
 * @param program {@code fluent-bit}
 */
record FluentBitShipper(Path program, SetUp setUp) implements Shipper {
    FluentBitShipper {
        if (!Files.isExecutable(program)) {
            throw new IllegalArgumentException(
                    program + " cannot be run; name the fluent-bit program with --fluent-bit PATH");
        }
    }

    /** How it is configured. */
    enum SetUp {
        /** As its Helm chart, with a buffer on disk and an offset database besides. */
        CHART(
                "fluent-bit",
                "fluent-bit.conf",
                "",
                "its chart plus disk buffer and offset database"),
        /** The same, compressing what it sends. */
        CHART_GZIP(
                "fluent-bit gzip",
                "fluent-bit.conf",
                "compress gzip",
                "its chart plus disk buffer and offset database, gzip"),
        /** From tail to es: JSON not parsed, partials not joined, no metadata, no buffer. */
        BARE("fluent-bit bare", "fluent-bit-bare.conf", "", "tail to es, nothing else");

        private final String label;
        private final String file;
        private final String compress;
        private final String what;

        SetUp(String label, String file, String compress, String what) {
            this.label = label;
            this.file = file;
            this.compress = compress;
            this.what = what;
        }
    }

    @Override
    public String name() {
        return setUp.label;
    }

    @Override
    public String about() throws IOException {
        return RunningShipper.firstLineOf(List.of(program.toString(), "--version"))
                + "; "
                + setUp.what
                + " (`benchmarks/peers/"
                + setUp.file
                + "`)";
    }

    @Override
    public List<String> prepare(Stage stage) throws IOException {
        Files.writeString(stage.folder().resolve("token"), "benchmark");
        // Its tags are the files' paths, with dots for slashes.
        String tagPrefix = "kube" + stage.logs().links().toString().replace('/', '.') + '.';
        Path config =
                stage.write(setUp.file, Map.of("tagPrefix", tagPrefix, "compress", setUp.compress));
        return List.of(program.toString(), "-c", config.toString());
    }
}
