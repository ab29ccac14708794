package io.sluice.benchmarks;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * A workload on disk, in the kubelet's layout: one file for each container, complete before the
 * agent starts.
 *
 * @param links what {@code containers.path} is set to
 * @param bytes of all files
 * @param lines of all files: the documents that have to arrive
 */
record WorkloadFiles(Path links, long bytes, long lines) {
    private static final int BUFFER_BYTES = 1024 * 1024;

    /** Writes files of about {@code bytes} in all. */
    static WorkloadFiles write(Path root, Workload workload, int containers, long bytes)
            throws IOException {
        Path links = Files.createDirectories(root.resolve("containers"));
        long written = 0;
        long lines = 0;
        for (int i = 0; i < containers; i++) {
            Path file = root.resolve(podFolder(i)).resolve("app/0.log");
            Files.createDirectories(file.getParent());
            SplittableRandom random = new SplittableRandom(i);
            long due = bytes * (i + 1) / containers;
            byte[] buffer = new byte[BUFFER_BYTES];
            int used = 0;
            try (OutputStream out = Files.newOutputStream(file)) {
                for (long number = 0; written < due; number++) {
                    byte[] line = workload.line(random, number);
                    if (used + line.length > buffer.length) {
                        out.write(buffer, 0, used);
                        used = 0;
                    }
                    System.arraycopy(line, 0, buffer, used, line.length);
                    used += line.length;
                    written += line.length;
                    lines++;
                }
                out.write(buffer, 0, used);
            }
            Files.createSymbolicLink(
                    links.resolve("shop-%d_bench_app-%064x.log".formatted(i, i + 1)), file);
        }
        return new WorkloadFiles(links, written, lines);
    }

    private static String podFolder(int number) {
        return String.format(
                Locale.ROOT, "pods/bench_shop-%d_00000000-0000-4000-8000-%012d", number, number);
    }
}
