package io.sluice.buffer;

import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The dead letters of a state directory, for those who deal with them, whether an agent is running
 * or not: read at any time, removed one by one.
 *
 * <p>A file is never changed in place but replaced, in one step, by one without the letters that
 * go, under the {@link DeadLetterLock} that the agent takes for each append; so whoever is killed
 * or loses power leaves either file whole, and a letter that the agent appends meanwhile stays.
 */
public final class DeadLetterStore {
    /** Behind a file's name: what will take its place. A crash may leave one; nobody reads it. */
    static final String REST = ".new";

    private final Path stateDirectory;
    private final Path directory;

    /** Opens nothing yet; a directory that is not there holds no letters. */
    public DeadLetterStore(Path stateDirectory) {
        this.stateDirectory = stateDirectory;
        this.directory = DeadLetterFiles.directoryIn(stateDirectory);
    }

    /**
     * Its files, the oldest first. They may go while they are looked at.
     *
     * @throws IOException if the directory is there and cannot be read
     */
    public List<Path> files() throws IOException {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.filter(DeadLetterFiles::isLetters).sorted().toList();
        } catch (NoSuchFileException _) {
            return List.of();
        }
    }

    /**
     * Reads one file.
     *
     * @throws IOException if it is there and cannot be opened
     */
    public DeadLetterReader read(Path file) throws IOException {
        return new DeadLetterReader(file);
    }

    /**
     * Removes letters from one file; a file of which nothing is left is deleted. Lines that are no
     * letter stay.
     *
     * @return how many were removed
     * @throws IOException if the disk refuses: then all of them are still there
     */
    public long remove(Path file, Predicate<DeadLetter> removed) throws IOException {
        if (!Files.exists(file)) {
            // And perhaps the state directory is not there either: make no lock in it.
            return 0;
        }
        Path rest = directory.resolve(file.getFileName() + REST);
        try (DeadLetterLock _ = DeadLetterLock.acquire(stateDirectory)) {
            try {
                return remove(file, removed, rest);
            } finally {
                Files.deleteIfExists(rest);
            }
        }
    }

    private long remove(Path file, Predicate<DeadLetter> removed, Path rest) throws IOException {
        long count = 0;
        long kept = 0;
        try (DeadLetterReader reader = new DeadLetterReader(file);
                FileOutputStream out = new FileOutputStream(rest.toFile());
                OutputStream buffered = new BufferedOutputStream(out, 1 << 16)) {
            while (reader.nextLine()) {
                if (reader.letter().filter(removed).isPresent()) {
                    count++;
                } else {
                    reader.writeLine(buffered);
                    kept++;
                }
            }
            buffered.flush();
            out.getFD().sync();
        }
        if (count == 0) {
            return 0;
        }
        if (kept == 0) {
            Files.delete(file);
        } else {
            Files.move(
                    rest,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        }
        Disk.forceDirectory(directory);
        return count;
    }
}
