package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A workload on disk, in a temporary folder of its own. */
public final class SampleFiles implements AutoCloseable {
    private final Path folder;
    private final LogFiles logs;

    private SampleFiles(Path folder, LogFiles logs) {
        this.folder = folder;
        this.logs = logs;
    }

    /** Complete files of about so many bytes together. */
    public static SampleFiles write(Workload workload, int files, long bytes) throws IOException {
        Path folder = Files.createTempDirectory("sluice-benchmark-").toRealPath();
        LogFiles logs = LogFiles.reproducible(folder, workload, files, 1);
        logs.fill(bytes);
        return new SampleFiles(folder, logs);
    }

    /** The folder of the kubelet's links. */
    public Path links() {
        return logs.links();
    }

    /** Of all files. */
    public long bytes() {
        return logs.bytes();
    }

    /** Removes them. */
    @Override
    public void close() throws IOException {
        logs.close();
        Workbench.remove(folder);
    }
}
