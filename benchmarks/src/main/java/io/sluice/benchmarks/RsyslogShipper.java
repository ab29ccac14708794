package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * rsyslog, with its module for Elasticsearch.
 *
 * @param program {@code rsyslogd}
 */
record RsyslogShipper(Path program, SetUp setUp) implements Shipper {
    RsyslogShipper {
        if (!Files.isExecutable(program)) {
            throw new IllegalArgumentException(
                    program
                            + " cannot be run; install Debian's rsyslog, rsyslog-elasticsearch and"
                            + " rsyslog-kubernetes, or name another with --rsyslog PATH");
        }
    }

    /** How it is configured. */
    enum SetUp {
        /** All it can do for the same work: CRI taken apart, JSON parsed, metadata, disk queue. */
        FULL("rsyslog.conf", "CRI header, JSON, metadata of the API, disk-assisted queue"),
        /** The raw line, nothing else. */
        BARE("rsyslog-bare.conf", "raw lines, queue in memory");

        private final String file;
        private final String what;

        SetUp(String file, String what) {
            this.file = file;
            this.what = what;
        }
    }

    @Override
    public String name() {
        return setUp == SetUp.FULL ? "rsyslog" : "rsyslog bare";
    }

    @Override
    public String about() throws IOException {
        return RunningShipper.firstLineOf(List.of(program.toString(), "-v"))
                + "; "
                + setUp.what
                + " (`benchmarks/peers/"
                + setUp.file
                + "`)";
    }

    @Override
    public List<String> prepare(Stage stage) throws IOException {
        Files.writeString(stage.folder().resolve("token"), "benchmark");
        Path config = stage.write(setUp.file, Map.of());
        return List.of(
                program.toString(),
                "-n",
                "-f",
                config.toString(),
                "-i",
                stage.folder().resolve("rsyslogd.pid").toString());
    }
}
