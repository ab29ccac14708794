package io.sluice.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/**
 * Container logs as the kubelet and containerd leave them on a node: real files below {@code
 * <root>/pods}, and the links below {@code <root>/containers} that lead to them.
 *
 * <p>The line is that of containerd's {@code internal/cri/io/logger.go}, the rotation that of
 * {@code pkg/kubelet/logs/container_log_manager.go}. Every method of a {@link Container} is done
 * when it returns; they may be called by any thread, one after the other.
 */
public final class CriLogs {
    /** containerd's {@code max_container_log_line_size}: what is longer is split. */
    public static final int MAX_PIECE_BYTES = 16 * 1024;

    /** The kubelet's {@code containerLogMaxFiles}, the active file among them. */
    private static final int DEFAULT_MAX_FILES = 5;

    /** Go's {@code RFC3339Nano}: no zero ends the fraction, and where it is zero there is none. */
    private static final DateTimeFormatter TIME =
            new DateTimeFormatterBuilder()
                    .appendPattern("yyyy-MM-dd'T'HH:mm:ss")
                    .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
                    .appendLiteral('Z')
                    .toFormatter(Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private static final DateTimeFormatter ROTATED =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

    private final Path pods;
    private final Path links;
    private final Clock clock;
    private int maxFiles = DEFAULT_MAX_FILES;

    /** Logs below {@code root}, which is made if it is not there. */
    public CriLogs(Path root) {
        this(root, Clock.systemUTC());
    }

    CriLogs(Path root, Clock clock) {
        // The links are absolute, as the kubelet's.
        this.pods = root.toAbsolutePath().resolve("pods");
        this.links = root.toAbsolutePath().resolve("containers");
        this.clock = clock;
        try {
            Files.createDirectories(pods);
            Files.createDirectories(links);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * From now on no rotation and no restart deletes a file: nothing can be lost but by a reader.
     */
    public CriLogs keepAll() {
        maxFiles = Integer.MAX_VALUE;
        return this;
    }

    /** The folder of links: what {@code containers.path} is set to. */
    public Path links() {
        return links;
    }

    /** The folder of the pods' folders. */
    public Path pods() {
        return pods;
    }

    /**
     * Starts a container: an empty file, and the link to it. Where files of this container are
     * already, it is their next restart.
     */
    public Container container(String namespace, String pod, String uid, String name) {
        return new Container(namespace, pod, uid, name);
    }

    /** The two streams of a container. */
    public enum Stream {
        STDOUT("stdout"),
        STDERR("stderr");

        private final String text;

        Stream(String text) {
            this.text = text;
        }

        /** As a CRI line names it. */
        public String text() {
            return text;
        }
    }

    /** One container of a pod, over its restarts. */
    public final class Container implements AutoCloseable {
        private final String pod;
        private final String linkPrefix;
        private final String key;
        private final Path folder;
        private int restart;
        private Path link;
        private OutputStream active;
        private long activeBytes;
        private Instant lastTime = Instant.EPOCH;
        private Instant lastRotation = Instant.EPOCH;

        private Container(String namespace, String pod, String uid, String name) {
            this.pod = pod;
            this.linkPrefix = pod + "_" + namespace + "_" + name + "-";
            this.key = namespace + "_" + pod + "_" + uid + "/" + name;
            this.folder = pods.resolve(key);
            try {
                Files.createDirectories(folder);
                while (Files.exists(activeFile())) {
                    restart++;
                }
                open();
                this.link = link();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** {@code <namespace>_<pod>_<uid>/<container>}: what the agent keeps its position under. */
        public String key() {
            return key;
        }

        /** The pod's name. */
        public String pod() {
            return pod;
        }

        /** Where all files of this container lie. */
        public Path folder() {
            return folder;
        }

        /** The file that is written to. */
        public Path activeFile() {
            return folder.resolve(restart + ".log");
        }

        /** The link that leads to the active file. */
        public synchronized Path linkPath() {
            return link;
        }

        /** How often this container was started again. */
        public synchronized int restarts() {
            return restart;
        }

        /** Size of the active file, in bytes. */
        public synchronized long activeBytes() {
            return activeBytes;
        }

        /** {@link #write(Stream, String)} to stdout. */
        public void write(String line) {
            write(Stream.STDOUT, line);
        }

        /**
         * What containerd makes of a line with its newline: pieces of {@link #MAX_PIECE_BYTES}
         * marked {@code P}, and the rest marked {@code F}. Cuts bytes, not characters.
         *
         * @param line without newline
         */
        public synchronized void write(Stream stream, String line) {
            byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
            int from = 0;
            while (bytes.length - from > MAX_PIECE_BYTES) {
                writePiece(stream, 'P', bytes, from, MAX_PIECE_BYTES);
                from += MAX_PIECE_BYTES;
            }
            writePiece(stream, 'F', bytes, from, bytes.length - from);
        }

        /**
         * A piece marked {@code P}: the beginning of a line whose rest comes later, or never.
         *
         * @param piece at most {@link #MAX_PIECE_BYTES} in UTF-8
         */
        public synchronized void writePartial(Stream stream, String piece) {
            byte[] bytes = piece.getBytes(StandardCharsets.UTF_8);
            if (bytes.length > MAX_PIECE_BYTES) {
                throw new IllegalArgumentException(
                        "the piece has "
                                + bytes.length
                                + " bytes; containerd's have at most "
                                + MAX_PIECE_BYTES);
            }
            writePiece(stream, 'P', bytes, 0, bytes.length);
        }

        /** One piece, by one call of {@code write(2)}, as containerd does it. */
        private void writePiece(Stream stream, char tag, byte[] bytes, int from, int length) {
            String head = time() + " " + stream.text() + " " + tag + " ";
            byte[] before = head.getBytes(StandardCharsets.US_ASCII);
            byte[] whole = new byte[before.length + length + 1];
            System.arraycopy(before, 0, whole, 0, before.length);
            System.arraycopy(bytes, from, whole, before.length, length);
            whole[whole.length - 1] = '\n';
            try {
                active.write(whole);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            activeBytes += whole.length;
        }

        /** Later than the line before, even where the clock is not. */
        private String time() {
            Instant now = clock.instant();
            lastTime = now.isAfter(lastTime) ? now : lastTime.plusNanos(1);
            return format(lastTime);
        }

        /**
         * Rotates as the kubelet does: deletes the oldest files beyond {@code
         * containerLogMaxFiles}, compresses those that were rotated before, renames the active one,
         * and lets the runtime open a new one.
         *
         * @return the renamed file; the next rotation compresses it
         */
        public synchronized Path rotate() {
            try {
                deleteExcess(rotated(restart));
                for (Path older : rotated(restart)) {
                    if (!older.toString().endsWith(".gz")) {
                        compress(older);
                    }
                }
                Path renamed = Files.move(activeFile(), freeName());
                active.close();
                open();
                return renamed;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** The next rotation leaves room for the file it renames and for the new one. */
        private void deleteExcess(List<Path> oldestFirst) throws IOException {
            int kept = Math.max(0, maxFiles - 2);
            for (int i = 0; i < oldestFirst.size() - kept; i++) {
                Files.delete(oldestFirst.get(i));
            }
        }

        /**
         * The kubelet rotates at most once in ten seconds and has its stamps to itself. Here a
         * stamp that is taken counts on, so that names sort in the order of rotation.
         */
        private Path freeName() {
            Instant second = clock.instant().truncatedTo(ChronoUnit.SECONDS);
            lastRotation = second.isAfter(lastRotation) ? second : lastRotation.plusSeconds(1);
            return folder.resolve(restart + ".log." + ROTATED.format(lastRotation));
        }

        private static void compress(Path file) throws IOException {
            Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
            try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(temporary))) {
                Files.copy(file, out);
            }
            Files.move(temporary, file.resolveSibling(file.getFileName() + ".gz"));
            Files.delete(file);
        }

        /** What was rotated away in one run of the container, the oldest first. */
        private List<Path> rotated(int ofRestart) throws IOException {
            return files(ofRestart + ".log.*");
        }

        private List<Path> files(String glob) throws IOException {
            List<Path> found = new ArrayList<>();
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
                entries.forEach(found::add);
            }
            found.sort(null);
            return found;
        }

        /**
         * The container ended and was started again: the next number, a new id, the link moved. The
         * kubelet keeps the files of the run before, and forgets those of older ones.
         */
        public synchronized void restart() {
            try {
                active.close();
                restart++;
                open();
                Path before = link;
                link = link();
                Files.deleteIfExists(before);
                if (maxFiles != Integer.MAX_VALUE && restart >= 2) {
                    forget(restart - 2);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void forget(int run) throws IOException {
            Files.deleteIfExists(folder.resolve(run + ".log"));
            for (Path file : rotated(run)) {
                Files.delete(file);
            }
        }

        /** The pod is gone: its link, its files, its folder. Nothing can be written any more. */
        public synchronized void delete() {
            try {
                active.close();
                try (DirectoryStream<Path> entries =
                        Files.newDirectoryStream(links, linkPrefix + "*.log")) {
                    for (Path entry : entries) {
                        if (Files.readSymbolicLink(entry).startsWith(folder)) {
                            Files.delete(entry);
                        }
                    }
                }
                for (Path file : files("*")) {
                    Files.delete(file);
                }
                Files.delete(folder);
                Path pod = folder.getParent();
                try (DirectoryStream<Path> others = Files.newDirectoryStream(pod)) {
                    if (others.iterator().hasNext()) {
                        return;
                    }
                }
                Files.delete(pod);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Lets go of the file, as a container that has ended. What was written stays. */
        @Override
        public synchronized void close() {
            try {
                active.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void open() throws IOException {
            active =
                    Files.newOutputStream(
                            activeFile(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            activeBytes = 0;
        }

        private Path link() throws IOException {
            Path made = links.resolve(linkPrefix + containerId() + ".log");
            // A link with this name is there if this run's file was deleted by hand: the same link.
            Path fresh = links.resolve(linkPrefix + "fresh");
            Files.deleteIfExists(fresh);
            Files.createSymbolicLink(fresh, activeFile());
            return Files.move(fresh, made, StandardCopyOption.REPLACE_EXISTING);
        }

        /** Another one for each run, and the same in each run of a test. */
        private String containerId() {
            try {
                byte[] identity = (key + "/" + restart).getBytes(StandardCharsets.UTF_8);
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(identity));
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError("every Java has SHA-256", e);
            }
        }
    }

    /** As containerd writes a time, in UTC. */
    static String format(Instant time) {
        return TIME.format(time);
    }
}
