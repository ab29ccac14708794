package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Asks a JVM about itself. It takes some memory for the answer: ask when all is measured. */
final class Jcmd {
    /** {@code total 19648K, used 12257K} of each generation. */
    private static final Pattern GENERATION = Pattern.compile("total (\\d+)K, used (\\d+)K");

    private Jcmd() {}

    /**
     * Bytes of a heap.
     *
     * @param usedBytes objects, the dead ones included
     * @param committedBytes what it has of the system
     */
    record Heap(long usedBytes, long committedBytes) {}

    /** Empty where there is no jcmd, or the process is no JVM. */
    static Optional<Heap> heap(long pid) throws IOException {
        Optional<String> info = ask(pid, "GC.heap_info");
        if (info.isEmpty()) {
            return Optional.empty();
        }
        Matcher generations = GENERATION.matcher(info.get());
        long used = 0;
        long committed = 0;
        while (generations.find()) {
            committed += 1024 * Long.parseLong(generations.group(1));
            used += 1024 * Long.parseLong(generations.group(2));
        }
        return committed == 0 ? Optional.empty() : Optional.of(new Heap(used, committed));
    }

    /** What a JVM answers; empty where there is no jcmd, or the process is no JVM. */
    static Optional<String> ask(long pid, String command) throws IOException {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin/jcmd");
        if (!Files.isExecutable(jcmd)) {
            return Optional.empty();
        }
        Process process =
                new ProcessBuilder(jcmd.toString(), Long.toString(pid), command)
                        .redirectErrorStream(true)
                        .start();
        String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            return process.waitFor() == 0 ? Optional.of(answer) : Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
