package io.sluice.app.demo;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.stream.Stream;

/**
 * The folder of one demo: empty when it is opened, and nobody else's while it is open. A marker in
 * it says that a demo made it; without one, nothing is deleted.
 */
public final class DemoFolder implements AutoCloseable {
    private static final String MARKER = ".sluice-demo";

    private final Path folder;
    private final FileChannel marker;

    private DemoFolder(Path folder, FileChannel marker) {
        this.folder = folder;
        this.marker = marker;
    }

    /**
     * Makes the folder, or empties the one of an earlier demo.
     *
     * @throws IOException if it is somebody else's; the message says what to do
     */
    public static DemoFolder open(Path wanted) throws IOException {
        Path folder = wanted.toAbsolutePath().normalize();
        Files.createDirectories(folder);
        Path mark = folder.resolve(MARKER);
        if (!Files.isRegularFile(mark, LinkOption.NOFOLLOW_LINKS) && !isEmpty(folder)) {
            throw new IOException(
                    folder + " is not empty and not a demo's; name another folder with --dir");
        }
        FileChannel marker =
                FileChannel.open(mark, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (!isLocked(marker)) {
                throw new IOException(
                        folder + " is in use by another demo; end it, or name another with --dir");
            }
            emptyBut(mark, folder);
        } catch (IOException e) {
            marker.close();
            throw e;
        }
        return new DemoFolder(folder, marker);
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    /** The lock lives as long as the channel. */
    private static boolean isLocked(FileChannel marker) throws IOException {
        try {
            FileLock lock = marker.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException _) {
            return false;
        }
    }

    /** Links are deleted, not followed. */
    private static void emptyBut(Path mark, Path folder) throws IOException {
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        if (!file.equals(mark)) {
                            Files.delete(file);
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path emptied, IOException failure)
                            throws IOException {
                        if (!emptied.equals(folder)) {
                            Files.delete(emptied);
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    /** The folder, absolute. */
    public Path path() {
        return folder;
    }

    /** Lets others have it; what is in it stays. */
    @Override
    public void close() throws IOException {
        marker.close();
    }
}
