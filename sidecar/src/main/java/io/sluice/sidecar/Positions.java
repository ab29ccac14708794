package io.sluice.sidecar;

import io.sluice.tail.SourcePosition;
import io.sluice.tail.StreamPosition;

import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How far each source has come, in a folder that outlives the container: one small file of lines,
 * replaced as a whole.
 *
 * <pre>
 * sluice-sidecar positions 1
 * file FINGERPRINT OFFSET BEFORE PATH        hexadecimal, decimal, hexadecimal, percent-encoded
 * journal CURSOR NAME                        both percent-encoded
 * end
 * </pre>
 *
 * <p>Main thread only.
 */
final class Positions implements AutoCloseable {
    private static final String HEAD = "sluice-sidecar positions 1";
    private static final String END = "end";

    private final Path folder;
    private final FileChannel lockFile;
    private final Map<String, SourcePosition> files = new HashMap<>();
    private final Map<String, String> cursors = new HashMap<>();
    private String saved = "";

    private Positions(Path folder, FileChannel lockFile) {
        this.folder = folder;
        this.lockFile = lockFile;
    }

    /**
     * Reads what was kept, and keeps others out.
     *
     * @throws Source.UnusableException if the folder cannot be used, or another process does
     */
    static Positions open(Path folder) throws Source.UnusableException {
        try {
            Files.createDirectories(folder);
            FileChannel lockFile =
                    FileChannel.open(
                            folder.resolve("lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
            if (!lock(lockFile)) {
                lockFile.close();
                throw new Source.UnusableException(
                        "--positions "
                                + folder
                                + " is used by another process; give each sidecar a folder of its"
                                + " own");
            }
            Positions positions = new Positions(folder, lockFile);
            positions.read();
            return positions;
        } catch (IOException e) {
            throw new Source.UnusableException(
                    "--positions "
                            + folder
                            + " cannot be used ("
                            + e
                            + "); name a folder that this user may write to, such as a mounted"
                            + " emptyDir",
                    e);
        }
    }

    private static boolean lock(FileChannel file) throws IOException {
        try {
            FileLock lock = file.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException _) {
            return false;
        }
    }

    Map<String, SourcePosition> files() {
        return files;
    }

    Optional<String> cursor(String journal) {
        return Optional.ofNullable(cursors.get(journal));
    }

    private Path file() {
        return folder.resolve("positions");
    }

    private void read() throws IOException {
        String text;
        try {
            text = Files.readString(file());
        } catch (NoSuchFileException _) {
            return;
        }
        if (!parse(text)) {
            files.clear();
            cursors.clear();
            Console.say(
                    file()
                            + " is damaged or of another version; it is left aside and everything"
                            + " is copied from its beginning");
            Files.move(
                    file(),
                    folder.resolve("positions.damaged"),
                    StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private boolean parse(String text) {
        String[] lines = text.split("\n", -1);
        if (lines.length < 3 || !lines[0].equals(HEAD) || !lines[lines.length - 2].equals(END)) {
            return false;
        }
        for (int i = 1; i < lines.length - 2; i++) {
            String[] words = lines[i].split(" ", -1);
            try {
                if (words.length == 5 && words[0].equals("file")) {
                    StreamPosition at =
                            new StreamPosition(
                                    Long.parseUnsignedLong(words[1], 16),
                                    0,
                                    Long.parseLong(words[2]),
                                    Long.parseUnsignedLong(words[3], 16));
                    files.put(decoded(words[4]), new SourcePosition(at, at));
                } else if (words.length == 3 && words[0].equals("journal")) {
                    cursors.put(decoded(words[2]), decoded(words[1]));
                } else {
                    return false;
                }
            } catch (IllegalArgumentException _) {
                return false;
            }
        }
        return true;
    }

    /**
     * Keeps these, if they are news. A power cut leaves the old ones or the new ones.
     *
     * @throws IOException if that is not possible now; what was kept before is still there
     */
    void save(Map<String, StreamPosition> ofFiles, Map<String, String> ofJournals)
            throws IOException {
        StringBuilder text = new StringBuilder(HEAD).append('\n');
        new TreeMap<>(ofFiles)
                .forEach(
                        (path, at) ->
                                text.append("file ")
                                        .append(Long.toHexString(at.fingerprint()))
                                        .append(' ')
                                        .append(at.offset())
                                        .append(' ')
                                        .append(Long.toHexString(at.before()))
                                        .append(' ')
                                        .append(encoded(path))
                                        .append('\n'));
        new TreeMap<>(ofJournals)
                .forEach(
                        (name, cursor) ->
                                text.append("journal ")
                                        .append(encoded(cursor))
                                        .append(' ')
                                        .append(encoded(name))
                                        .append('\n'));
        String all = text.append(END).append('\n').toString();
        if (!all.equals(saved)) {
            replace(all);
            saved = all;
        }
    }

    private void replace(String text) throws IOException {
        Path fresh = folder.resolve("positions.new");
        try (FileChannel channel =
                FileChannel.open(
                        fresh,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(false);
        }
        Files.move(
                fresh, file(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        try {
            lockFile.close();
        } catch (IOException e) {
            Console.say("cannot close " + folder.resolve("lock") + ": " + e.getMessage());
        }
    }
}
