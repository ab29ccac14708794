package io.sluice.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** An agent at work: a process of its own, measured from outside. */
final class RunningShipper implements AutoCloseable {
    private static final int SHOWN_LOG_CHARACTERS = 4_000;

    private final Shipper shipper;
    private final Process process;
    private final Path log;
    private final long startEpochMicros;

    private RunningShipper(Shipper shipper, Process process, Path log, long startEpochMicros) {
        this.shipper = shipper;
        this.process = process;
        this.log = log;
        this.startEpochMicros = startEpochMicros;
    }

    static RunningShipper start(Shipper shipper, Stage stage) throws IOException {
        List<String> command = shipper.prepare(stage);
        Path log = stage.folder().resolve("agent.log");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(shipper.environment());
        long start = epochMicros();
        return new RunningShipper(shipper, Children.add(builder.start()), log, start);
    }

    static long epochMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    /** What a program says of itself. */
    static String firstLineOf(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            String line = out.readLine();
            while (out.readLine() != null) {}
            return line == null ? command.getFirst() : line.strip();
        }
    }

    Shipper shipper() {
        return shipper;
    }

    long pid() {
        return process.pid();
    }

    /** When its process was started. */
    long startEpochMicros() {
        return startEpochMicros;
    }

    /**
     * CPU so far, seconds.
     *
     * @throws IllegalStateException with its log, if it has ended
     */
    double cpuSeconds() throws IOException {
        double seconds = ProcessClock.cpuSeconds(pid());
        if (Double.isNaN(seconds) || !process.isAlive()) {
            throw ended();
        }
        return seconds;
    }

    /** As {@link #cpuSeconds}, with memory. */
    ProcessUsage usage() throws IOException {
        var usage = ProcessUsage.of(pid());
        if (usage.isEmpty() || !process.isAlive()) {
            throw ended();
        }
        return usage.get();
    }

    private IllegalStateException ended() throws IOException {
        return failed(
                process.isAlive()
                        ? shipper.name() + " is ending"
                        : shipper.name() + " ended with " + process.exitValue());
    }

    /** A failure that shows the agent's log. */
    IllegalStateException failed(String what) throws IOException {
        String text = Files.readString(log, StandardCharsets.ISO_8859_1);
        String shown =
                text.length() <= SHOWN_LOG_CHARACTERS
                        ? text
                        : "..." + text.substring(text.length() - SHOWN_LOG_CHARACTERS);
        return new IllegalStateException(what + "; its log:\n" + shown);
    }

    @Override
    public void close() {
        Children.end(process);
    }
}
