package io.sluice.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The log files of a measurement in the kubelet's layout: {@code pods/<namespace>_<pod>_<uid>/
 * <container>/0.log}, and in {@code containers} a link to each. Nothing is rotated.
 *
 * <p>One thread at a time writes.
 */
final class LogFiles implements AutoCloseable {
    static final String NAMESPACE = "bench";

    private static final int BUFFER_CHARACTERS = 512 * 1024;

    /** Time goes on by this from event to event; nine digits of a fraction, always. */
    private static final long STEP_NANOS = 1_000_010;

    private static final Instant FIRST = Instant.parse("2026-11-24T10:00:00.000000001Z");

    private final Path links;
    private final List<Path> files = new ArrayList<>();
    private final List<Container> containers;
    private final List<LineSource> sources = new ArrayList<>();

    /** Open for what {@link #append} writes; null where nothing was appended yet. */
    private final List<FileChannel> channels = new ArrayList<>();

    private final StringBuilder text = new StringBuilder();
    private long bytes;

    /**
     * Who writes one of the files.
     *
     * @param id of the container, without its runtime
     */
    record Container(String pod, String uid, String name, String id) {
        String folder() {
            return NAMESPACE + '_' + pod + '_' + uid;
        }

        String link() {
            return pod + '_' + NAMESPACE + '_' + name + '-' + id + ".log";
        }
    }

    private LogFiles(Path root, Workload workload, List<Container> containers, InstantSource clock)
            throws IOException {
        this.links = Files.createDirectories(root.resolve("containers"));
        this.containers = containers;
        for (int i = 0; i < containers.size(); i++) {
            Container container = containers.get(i);
            Path file =
                    root.resolve("pods")
                            .resolve(container.folder())
                            .resolve(container.name())
                            .resolve("0.log");
            Files.createDirectories(file.getParent());
            Files.createFile(file);
            Files.createSymbolicLink(links.resolve(container.link()), file);
            files.add(file);
            sources.add(new LineSource(workload, i, clock));
            channels.add(null);
        }
    }

    /**
     * Empty files for lines of the same times at every run.
     *
     * @param perPod how many containers one pod has
     */
    static LogFiles reproducible(Path root, Workload workload, int sources, int perPod)
            throws IOException {
        return new LogFiles(root, workload, containers(sources, perPod), steps());
    }

    /** Empty files for lines that are written while somebody reads: they have the time of day. */
    static LogFiles live(Path root, Workload workload, int sources, int perPod) throws IOException {
        return new LogFiles(root, workload, containers(sources, perPod), InstantSource.system());
    }

    private static List<Container> containers(int sources, int perPod) {
        List<Container> containers = new ArrayList<>();
        for (int i = 0; i < sources; i++) {
            int pod = i / perPod;
            containers.add(
                    new Container(
                            "shop-" + pod,
                            String.format(Locale.ROOT, "00000000-0000-4000-8000-%012d", pod),
                            perPod == 1 ? "app" : "app-" + i % perPod,
                            String.format(Locale.ROOT, "%064x", i + 1)));
        }
        return containers;
    }

    private static InstantSource steps() {
        return new InstantSource() {
            private long step;

            @Override
            public Instant instant() {
                return FIRST.plusNanos(step++ * STEP_NANOS);
            }
        };
    }

    /** What {@code containers.path} is set to. */
    Path links() {
        return links;
    }

    Path file(int source) {
        return files.get(source);
    }

    List<Container> containers() {
        return containers;
    }

    /** In all files. */
    long bytes() {
        return bytes;
    }

    /** By source; the applications' lines, so that a split one counts once. */
    long[] lines() {
        return sources.stream().mapToLong(LineSource::lines).toArray();
    }

    /** Lines of one source so far. */
    long lines(int source) {
        return sources.get(source).lines();
    }

    /** Lines in all files. */
    long totalLines() {
        return sources.stream().mapToLong(LineSource::lines).sum();
    }

    /** Writes one file after the other, together about so many bytes. */
    void fill(long totalBytes) throws IOException {
        for (int i = 0; i < files.size(); i++) {
            long due = totalBytes * (i + 1) / files.size();
            try (FileChannel out = FileChannel.open(files.get(i), StandardOpenOption.APPEND)) {
                while (bytes < due) {
                    text.setLength(0);
                    while (text.length() < BUFFER_CHARACTERS && bytes + text.length() < due) {
                        sources.get(i).next(text);
                    }
                    write(out);
                }
            }
        }
    }

    /** Writes so many events into each file. */
    void fillEach(int events) throws IOException {
        for (int i = 0; i < files.size(); i++) {
            text.setLength(0);
            for (int event = 0; event < events; event++) {
                sources.get(i).next(text);
            }
            try (FileChannel out = FileChannel.open(files.get(i), StandardOpenOption.APPEND)) {
                write(out);
            }
        }
    }

    /** Writes some events of one source at once, as a container that logs does. */
    void append(int source, int events) throws IOException {
        FileChannel channel = channels.get(source);
        if (channel == null) {
            channel = FileChannel.open(files.get(source), StandardOpenOption.APPEND);
            channels.set(source, channel);
        }
        text.setLength(0);
        for (int event = 0; event < events; event++) {
            sources.get(source).next(text);
        }
        write(channel);
    }

    private void write(FileChannel out) throws IOException {
        ByteBuffer encoded = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.US_ASCII));
        bytes += encoded.remaining();
        while (encoded.hasRemaining()) {
            out.write(encoded);
        }
    }

    /** Reads everything once, so that nobody who is measured has to wait for the disk. */
    void warm() throws IOException {
        byte[] buffer = new byte[1 << 20];
        for (Path file : files) {
            try (InputStream in = Files.newInputStream(file)) {
                while (in.read(buffer) >= 0) {}
            }
        }
    }

    @Override
    public void close() throws IOException {
        for (FileChannel channel : channels) {
            if (channel != null) {
                channel.close();
            }
        }
    }
}
