package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a figure was measured on: without it, it says nothing.
 *
 * @param processors as the JVM sees them
 * @param memoryBytes of the machine
 * @param cpu model's name
 * @param kernel name and release
 * @param java of the benchmark; the agent's launcher may find another
 * @param commit of the working tree, with {@code +} where files are changed
 * @param load average of the last minute when it was begun: others' work
 */
record Host(
        int processors,
        long memoryBytes,
        String cpu,
        String kernel,
        String java,
        String commit,
        double load) {

    static Host here() throws IOException {
        String kibibytes = field(Path.of("/proc/meminfo"), "MemTotal").replaceAll("\\D", "");
        String load = Files.readString(Path.of("/proc/loadavg"));
        return new Host(
                Runtime.getRuntime().availableProcessors(),
                kibibytes.isEmpty() ? 0 : 1024 * Long.parseLong(kibibytes),
                field(Path.of("/proc/cpuinfo"), "model name"),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                System.getProperty("java.vm.name") + " " + Runtime.version(),
                commitOfTree(),
                Double.parseDouble(load.substring(0, load.indexOf(' '))));
    }

    private static String field(Path file, String name) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(name))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse("unknown");
        }
    }

    private static String commitOfTree() {
        try {
            String commit =
                    RunningShipper.firstLineOf(List.of("git", "rev-parse", "--short=12", "HEAD"));
            String changes =
                    RunningShipper.firstLineOf(
                            List.of("git", "status", "--porcelain", "--untracked-files=no"));
            if (!commit.matches("[0-9a-f]+")) {
                return "unknown";
            }
            return changes.equals("git") ? commit : commit + "+";
        } catch (IOException _) {
            // No git: nobody has to have one.
            return "unknown";
        }
    }

    /** For people. */
    String text() {
        return String.format(
                Locale.ROOT,
                "%d processors (%s), %.0f GB, %s, %s; load average at the beginning %.2f",
                processors,
                cpu,
                memoryBytes / 1e9,
                kernel,
                java,
                load);
    }

    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("processors", processors);
        json.put("memoryBytes", memoryBytes);
        json.put("cpu", cpu);
        json.put("kernel", kernel);
        json.put("java", java);
        json.put("loadAverage", load);
        return json;
    }
}
