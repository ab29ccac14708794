package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a figure was measured on: without it, it says nothing.
 *
 * @param processors as the JVM sees them
 * @param cpu model's name
 * @param kernel name and release
 * @param java of the benchmark; the agent's launcher may find another
 */
record Host(int processors, String cpu, String kernel, String java) {

    static Host here() throws IOException {
        String cpu = "unknown";
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            cpu =
                    lines.filter(line -> line.startsWith("model name"))
                            .findFirst()
                            .map(line -> line.substring(line.indexOf(':') + 1).strip())
                            .orElse(cpu);
        }
        return new Host(
                Runtime.getRuntime().availableProcessors(),
                cpu,
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                System.getProperty("java.vm.name") + " " + Runtime.version());
    }
}
