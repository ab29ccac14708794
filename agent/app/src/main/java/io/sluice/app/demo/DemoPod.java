package io.sluice.app.demo;

import io.sluice.tail.Stream;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * One pod with one container, as a node's disk has it: the file that is written to, those rotated
 * away, the link to it. Line format: containerd's {@code internal/cri/io/logger.go}; rotation:
 * {@code pkg/kubelet/logs/container_log_manager.go}.
 */
final class DemoPod implements AutoCloseable {
    /** containerd splits a line that is longer. */
    static final int MAX_PIECE_BYTES = 16 * 1024;

    /** The kubelet's {@code containerLogMaxSize} and {@code containerLogMaxFiles}. */
    private static final long MAX_FILE_BYTES = 10L << 20;

    private static final int MAX_FILES = 5;

    /** Go's {@code RFC3339Nano}: no zero ends the fraction. */
    private static final DateTimeFormatter TIME =
            new DateTimeFormatterBuilder()
                    .appendPattern("uuuu-MM-dd'T'HH:mm:ss")
                    .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
                    .appendLiteral('Z')
                    .toFormatter(Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private static final DateTimeFormatter ROTATED =
            DateTimeFormatter.ofPattern("uuuuMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final String service;
    private final Path folder;
    private final Path activeFile;
    private OutputStream active;
    private long activeBytes;
    private long records;
    private long events;

    /**
     * Starts a container.
     *
     * @param root the folder that has the kubelet's two
     * @param service the container's name
     */
    DemoPod(Path root, String namespace, String pod, String service) throws IOException {
        this.service = service;
        String uid = UUID.randomUUID().toString();
        // The links are absolute, as the kubelet's.
        Path absolute = root.toAbsolutePath();
        this.folder =
                absolute.resolve("pods").resolve(namespace + "_" + pod + "_" + uid + "/" + service);
        this.activeFile = folder.resolve("0.log");
        Path links = absolute.resolve("containers");
        Files.createDirectories(folder);
        Files.createDirectories(links);
        open();
        String containerId = (UUID.randomUUID() + "" + UUID.randomUUID()).replace("-", "");
        Files.createSymbolicLink(
                links.resolve(pod + "_" + namespace + "_" + service + "-" + containerId + ".log"),
                activeFile);
    }

    private void open() throws IOException {
        active =
                Files.newOutputStream(
                        activeFile, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        activeBytes = 0;
    }

    String service() {
        return service;
    }

    /** Lines that the container wrote: what becomes one document each. */
    long records() {
        return records;
    }

    /** The number of the next thing that happens in the container, from 1. */
    long nextEvent() {
        return ++events;
    }

    /** Writes what containerd makes of a line: pieces marked P, the last one marked F. */
    void write(Stream stream, String line) throws IOException {
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        int from = 0;
        while (bytes.length - from > MAX_PIECE_BYTES) {
            writePiece(stream, 'P', bytes, from, MAX_PIECE_BYTES);
            from += MAX_PIECE_BYTES;
        }
        writePiece(stream, 'F', bytes, from, bytes.length - from);
        records++;
        if (activeBytes > MAX_FILE_BYTES) {
            rotate();
        }
    }

    private void writePiece(Stream stream, char tag, byte[] bytes, int from, int length)
            throws IOException {
        String name =
                switch (stream) {
                    case STDOUT -> "stdout";
                    case STDERR -> "stderr";
                };
        byte[] head =
                (TIME.format(Instant.now()) + " " + name + " " + tag + " ")
                        .getBytes(StandardCharsets.US_ASCII);
        byte[] whole = new byte[head.length + length + 1];
        System.arraycopy(head, 0, whole, 0, head.length);
        System.arraycopy(bytes, from, whole, head.length, length);
        whole[whole.length - 1] = '\n';
        active.write(whole);
        activeBytes += whole.length;
    }

    /** Renames the file, lets the container write to a new one, forgets the oldest. */
    void rotate() throws IOException {
        Path renamed = folder.resolve("0.log." + ROTATED.format(Instant.now()));
        if (Files.exists(renamed)) {
            // The kubelet rotates at most once in ten seconds.
            return;
        }
        Files.move(activeFile, renamed);
        active.close();
        open();
        List<Path> rotated = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "0.log.*")) {
            files.forEach(rotated::add);
        }
        rotated.sort(null);
        for (int i = 0; i <= rotated.size() - MAX_FILES; i++) {
            Files.delete(rotated.get(i));
        }
    }

    @Override
    public void close() throws IOException {
        active.close();
    }
}
