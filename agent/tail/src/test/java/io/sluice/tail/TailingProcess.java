package io.sluice.tail;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

/**
 * A tailer in a process of its own, where limits can be set that would hurt the tests themselves.
 *
 * <p>What it reads it writes to stdout, one chunk a line; it takes commands from stdin.
 */
final class TailingProcess implements AutoCloseable {
    private final Process process;
    private final PrintStream commands;
    private final Map<String, StringBuilder> texts = new LinkedHashMap<>();
    private final Map<String, Long> lost = new LinkedHashMap<>();
    private final Map<String, Integer> losses = new LinkedHashMap<>();
    private final List<String> log = new ArrayList<>();
    private final BlockingQueue<Map<String, Long>> stats = new LinkedBlockingQueue<>();

    /**
     * Starts it.
     *
     * @param before the words of a command that becomes the one behind it, such as {@code prlimit
     *     --nofile=50}
     */
    TailingProcess(Path root, List<String> before) throws IOException {
        this(root, before, 0);
    }

    /**
     * Starts it.
     *
     * @param descriptors so many it takes for nothing
     */
    TailingProcess(Path root, List<String> before, int descriptors) throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        // Else it raises its own limit of open files as far as it may.
                        "-XX:-MaxFDLimit",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Djava.util.logging.SimpleFormatter.format=%4$s %5$s%n",
                        "-cp",
                        jar(root).toString(),
                        TailingProcess.class.getName(),
                        root.resolve("containers").toString(),
                        Integer.toString(descriptors)));
        process = new ProcessBuilder(command).start();
        commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().start(() -> lines(process.getInputStream(), this::take));
        Thread.ofPlatform().daemon().start(() -> lines(process.getErrorStream(), this::takeLog));
    }

    /** As the agent has it: classes of a folder would need a descriptor each. */
    private static Path jar(Path root) throws IOException {
        Path jar = root.resolve("classes.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            for (Class<?> in : List.of(Tailer.class, TailingProcess.class)) {
                Path folder =
                        Path.of(in.getProtectionDomain().getCodeSource().getLocation().getPath());
                List<Path> classes;
                try (Stream<Path> files = Files.walk(folder)) {
                    classes = files.filter(file -> file.toString().endsWith(".class")).toList();
                }
                for (Path file : classes) {
                    out.putNextEntry(new ZipEntry(folder.relativize(file).toString()));
                    Files.copy(file, out);
                }
            }
        }
        return jar;
    }

    private static void lines(InputStream from, java.util.function.Consumer<String> into) {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
            lines.lines().forEach(into);
        } catch (IOException | UncheckedIOException _) {
            // The process has ended.
        }
    }

    private synchronized void take(String line) {
        String[] words = line.split("\t", 3);
        switch (words[0]) {
            case "chunk" ->
                    texts.computeIfAbsent(words[1], _ -> new StringBuilder())
                            .append(words[2].replace('|', '\n'));
            case "lost" -> {
                lost.merge(words[1], Long.valueOf(words[2]), Long::sum);
                losses.merge(words[1], 1, Integer::sum);
            }
            case "stats" -> {
                Map<String, Long> counted = new LinkedHashMap<>();
                for (String pair : words[1].split(" ", -1)) {
                    String[] one = pair.split("=", 2);
                    counted.put(one[0], Long.valueOf(one[1]));
                }
                stats.add(counted);
            }
            default -> log.add(line);
        }
    }

    private synchronized void takeLog(String line) {
        log.add(line);
    }

    synchronized String text(String source) {
        return texts.getOrDefault(source, new StringBuilder()).toString();
    }

    /** Known bytes of all losses of a source. */
    synchronized long lost(String source) {
        return lost.getOrDefault(source, 0L);
    }

    /** How many losses of a source it has told. */
    synchronized int losses(String source) {
        return losses.getOrDefault(source, 0);
    }

    /** It reads nothing before this. */
    void release() {
        commands.println("release");
    }

    /** What it logged. */
    synchronized List<String> log() {
        return List.copyOf(log);
    }

    /** What it has counted so far. */
    Map<String, Long> stats() throws InterruptedException {
        commands.println("stats");
        Map<String, Long> answer = stats.poll(60, TimeUnit.SECONDS);
        if (answer == null) {
            throw new AssertionError("no answer; " + log());
        }
        return answer;
    }

    /** Makes it write a file, of those in which the kernel keeps its limits. */
    void set(Path file, String value) {
        commands.println("set " + file + " " + value);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() {
        commands.close();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while the process ended", e);
        }
    }

    /** Runs in the process: tails until stdin ends. */
    public static void main(String[] args) throws Exception {
        PrintStream out = System.out;
        // As the agent does: the first line that is logged opens files of the Java run-time.
        System.getLogger("io.sluice.tail").log(System.Logger.Level.INFO, "tailing " + args[0]);
        List<InputStream> taken = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(args[1]); i++) {
            taken.add(Files.newInputStream(Path.of("/dev/null")));
        }
        TailConfig config =
                new TailConfig(
                        Optional.of(Path.of(args[0])),
                        List.of(),
                        List.of(),
                        new TailConfig.From.Beginning(),
                        Duration.ofMillis(200),
                        Duration.ofSeconds(1),
                        0,
                        8,
                        16,
                        true);
        Chunk chunk = new Chunk(4096);
        AtomicBoolean held = new AtomicBoolean(true);
        ChunkSink sink =
                filler -> {
                    if (held.get()) {
                        return false;
                    }
                    filler.fill(chunk);
                    print(out, chunk);
                    chunk.source.chunkConsumed();
                    chunk.clear();
                    return true;
                };
        try (RunningTailer running =
                new RunningTailer(config, Map.of(), ReadGate.OPEN, sink, System::nanoTime)) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ", 3);
                switch (words[0]) {
                    case "set" -> {
                        try (OutputStream file = Files.newOutputStream(Path.of(words[1]))) {
                            file.write(words[2].getBytes(StandardCharsets.UTF_8));
                        }
                    }
                    case "release" -> held.set(false);
                    default -> print(out, running.tailer.stats());
                }
            }
        }
        for (InputStream one : taken) {
            one.close();
        }
    }

    private static void print(PrintStream out, Chunk chunk) {
        String key = chunk.source.key();
        for (Loss loss : chunk.losses) {
            out.println("lost\t" + key + "\t" + loss.bytes());
        }
        String text = new String(chunk.bytes, 0, chunk.length, StandardCharsets.UTF_8);
        out.println("chunk\t" + key + "\t" + text.replace('\n', '|'));
    }

    private static void print(PrintStream out, TailStats stats) {
        out.println(
                "stats\tfullScans="
                        + stats.fullScans.sum()
                        + " descriptorFailures="
                        + stats.descriptorFailures.sum()
                        + " watchFailures="
                        + stats.watchFailures.sum()
                        + " instanceFailures="
                        + stats.instanceFailures.sum()
                        + " overflows="
                        + stats.inotifyOverflows.sum()
                        + " watches="
                        + stats.watches()
                        + " openFiles="
                        + stats.openFiles()
                        + " sources="
                        + stats.sources());
    }
}
