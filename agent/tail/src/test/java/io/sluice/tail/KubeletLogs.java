package io.sluice.tail;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.GZIPOutputStream;

/** One container's files, as the kubelet and its runtime leave them. */
final class KubeletLogs {
    final Path links;
    final Path folder;
    final String key;
    private final String namespace;
    private final String pod;
    private final String container;
    private int restart;
    private int rotations;
    private OutputStream active;

    KubeletLogs(Path root, String namespace, String pod, String container) {
        this.namespace = namespace;
        this.pod = pod;
        this.container = container;
        this.links = root.resolve("containers");
        this.key = namespace + "_" + pod + "_uid-" + pod + "/" + container;
        this.folder = root.resolve("pods").resolve(key);
        try {
            Files.createDirectories(links);
            Files.createDirectories(folder);
            open();
            link();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path activeFile() {
        return folder.resolve(restart + ".log");
    }

    Path link() throws IOException {
        String id = "%064x".formatted((key.hashCode() * 31L + restart) & Long.MAX_VALUE);
        Path link = links.resolve(pod + "_" + namespace + "_" + container + "-" + id + ".log");
        if (!Files.isSymbolicLink(link)) {
            Files.createSymbolicLink(link, activeFile());
        }
        return link;
    }

    void write(String text) {
        try {
            active.write(text.getBytes(StandardCharsets.UTF_8));
            active.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Renames, then opens anew: what the kubelet and the runtime do. */
    Path rotate() throws IOException {
        Path rotated = folder.resolve("%d.log.20261124-%06d".formatted(restart, rotations++));
        Files.move(activeFile(), rotated);
        active.close();
        open();
        return rotated;
    }

    static Path gzip(Path file) throws IOException {
        Path compressed = file.resolveSibling(file.getFileName() + ".gz");
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(temporary))) {
            Files.copy(file, out);
        }
        Files.move(temporary, compressed);
        Files.delete(file);
        return compressed;
    }

    void restart() throws IOException {
        active.close();
        restart++;
        open();
        link();
    }

    /** As conmon's k8s-file does at its size limit: no old file is kept. */
    void renameOver() throws IOException {
        Path next = folder.resolve(restart + ".log.tmp");
        OutputStream opened =
                Files.newOutputStream(
                        next, StandardOpenOption.CREATE_NEW, StandardOpenOption.APPEND);
        Files.move(next, activeFile(), StandardCopyOption.ATOMIC_MOVE);
        active.close();
        active = opened;
    }

    /** As logrotate's copytruncate does. */
    Path copyAndTruncate() throws IOException {
        Path copy = copyAndKeep();
        truncate();
        return copy;
    }

    /** Half of that. */
    Path copyAndKeep() throws IOException {
        Path copy = folder.resolve("%d.log.20261124-%06d".formatted(restart, rotations++));
        return Files.copy(activeFile(), copy);
    }

    void truncate() throws IOException {
        Files.newByteChannel(activeFile(), StandardOpenOption.WRITE).truncate(0).close();
    }

    void remove() throws IOException {
        active.close();
        try (var entries = Files.list(links)) {
            for (Path link : entries.toList()) {
                if (link.getFileName().toString().startsWith(pod + "_" + namespace)) {
                    Files.delete(link);
                }
            }
        }
        try (var entries = Files.list(folder)) {
            for (Path file : entries.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
        Files.delete(folder.getParent());
    }

    private void open() throws IOException {
        active =
                Files.newOutputStream(
                        activeFile(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
