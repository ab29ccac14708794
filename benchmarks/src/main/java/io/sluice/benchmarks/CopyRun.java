package io.sluice.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/**
 * A file that is there, copied to stdout by one program as fast as it can, and then nothing to do:
 * the time to the first line, CPU for each gigabyte, memory, CPU when idle.
 */
final class CopyRun {
    private static final double GIGABYTE = 1e9;
    private static final int BUFFER_BYTES = 1 << 16;

    private final Workbench bench;

    /** What was read of a program's output, as of now. Written by the reader, read by any. */
    private static final class Output {
        private final CRC32C sum = new CRC32C();
        private volatile long bytes;
        private volatile long lines;
        private volatile long firstNanos;
        private volatile double halfCpu = Double.NaN;
        private volatile double gigabyteCpu = Double.NaN;
        private volatile long halfBytes;
        private volatile long gigabyteBytes;
        private volatile boolean ended;
    }

    CopyRun(Workbench bench) {
        this.bench = bench;
    }

    /**
     * Measures one program.
     *
     * @throws IllegalStateException if it ended
     */
    Figures run(Copier copier, LogFiles logs) throws IOException, InterruptedException {
        Path file = logs.file(0);
        logs.warm();
        long wanted = Files.size(file);
        Path folder = bench.freshFolder();
        List<String> words = copier.words(file, folder);
        Path said = folder.resolve("stderr");
        long begun = System.nanoTime();
        Process process =
                Children.add(new ProcessBuilder(words).redirectError(said.toFile()).start());
        try {
            Output output = new Output();
            Thread.ofPlatform().name("reader").daemon().start(() -> read(process, wanted, output));
            awaitAll(copier, process, wanted, output, said);
            long copied = System.nanoTime() - begun;
            double cpu = ProcessClock.cpuSeconds(process.pid());
            ProcessUsage busy = usage(copier, process, said);
            Thread.sleep(bench.options().settle());
            ProcessUsage idle = usage(copier, process, said);
            Thread.sleep(bench.options().seconds());
            ProcessUsage later = usage(copier, process, said);
            double first = Double.isNaN(output.gigabyteCpu) ? cpu : output.gigabyteCpu;
            long firstBytes = Double.isNaN(output.gigabyteCpu) ? wanted : output.gigabyteBytes;
            return new Figures()
                    .put(Figure.MEGABYTES_PER_SECOND, wanted / 1e6 / (copied / GIGABYTE))
                    .put(Figure.COLD_CPU, first / (firstBytes / GIGABYTE))
                    .put(
                            Figure.STEADY_CPU,
                            (cpu - output.halfCpu) / ((wanted - output.halfBytes) / GIGABYTE))
                    .put(Figure.USER_CPU, busy.userSeconds() / (wanted / GIGABYTE))
                    .put(Figure.SYSTEM_CPU, busy.systemSeconds() / (wanted / GIGABYTE))
                    .put(Figure.FIRST_LINE, (output.firstNanos - begun) / GIGABYTE)
                    .put(Figure.PEAK_RSS, later.peakBytes() / 1e6)
                    .put(Figure.RSS, later.residentBytes() / 1e6)
                    .put(Figure.ANONYMOUS_RSS, later.anonymousBytes() / 1e6)
                    .put(
                            Figure.CORE_PERCENT,
                            100
                                    * (later.cpuSeconds() - idle.cpuSeconds())
                                    / (bench.options().seconds().toMillis() / 1e3))
                    .put(outcome(file, output));
        } finally {
            Children.end(process);
            Workbench.remove(folder);
        }
    }

    private static void read(Process process, long wanted, Output output) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = process.getInputStream()) {
            int length = in.read(buffer);
            output.firstNanos = System.nanoTime();
            while (length >= 0) {
                output.sum.update(buffer, 0, length);
                long lines = 0;
                for (int i = 0; i < length; i++) {
                    lines += buffer[i] == '\n' ? 1 : 0;
                }
                long bytes = output.bytes + length;
                if (Double.isNaN(output.halfCpu) && bytes >= wanted / 2) {
                    output.halfBytes = bytes;
                    output.halfCpu = ProcessClock.cpuSeconds(process.pid());
                }
                if (Double.isNaN(output.gigabyteCpu) && bytes >= GIGABYTE) {
                    output.gigabyteBytes = bytes;
                    output.gigabyteCpu = ProcessClock.cpuSeconds(process.pid());
                }
                publish(output, bytes, output.lines + lines);
                length = in.read(buffer);
            }
        } catch (IOException _) {
            // It was ended; what it has written counts.
        }
        output.ended = true;
    }

    /** One thread writes, so that adding to a volatile is no race. */
    private static void publish(Output output, long bytes, long lines) {
        output.lines = lines;
        output.bytes = bytes;
    }

    private void awaitAll(Copier copier, Process process, long wanted, Output output, Path said)
            throws IOException, InterruptedException {
        long patience = bench.options().patience().toNanos();
        long silence = bench.options().silence().toNanos();
        long begun = System.nanoTime();
        long newsNanos = begun;
        long before = 0;
        while (output.bytes < wanted) {
            TimeUnit.MILLISECONDS.sleep(2);
            long now = System.nanoTime();
            if (output.bytes != before) {
                before = output.bytes;
                newsNanos = now;
            }
            if (output.ended || now - begun > patience || now - newsNanos > silence) {
                if (!process.isAlive()) {
                    throw failed(copier, said);
                }
                // It says nothing more: what is missing is lost.
                return;
            }
        }
    }

    private static ProcessUsage usage(Copier copier, Process process, Path said)
            throws IOException {
        return ProcessUsage.of(process.pid()).orElseThrow(() -> failed(copier, said));
    }

    private static IllegalStateException failed(Copier copier, Path said) {
        String text;
        try {
            text = Files.readString(said);
        } catch (IOException e) {
            text = "unreadable, " + e;
        }
        return new IllegalStateException(copier.name() + " has ended; its stderr:\n" + text);
    }

    /** Byte by byte the same, or by how many lines it is not. */
    private static LineCheck.Outcome outcome(Path file, Output output) throws IOException {
        CRC32C sum = new CRC32C();
        long lines = 0;
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                sum.update(buffer, 0, length);
                for (int i = 0; i < length; i++) {
                    lines += buffer[i] == '\n' ? 1 : 0;
                }
            }
        }
        boolean same = sum.getValue() == output.sum.getValue();
        long more = output.lines - lines;
        return new LineCheck.Outcome(
                Math.max(0, -more), Math.max(0, more), same || more != 0 ? 0 : 1);
    }
}
