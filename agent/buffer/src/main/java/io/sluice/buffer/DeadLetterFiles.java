package io.sluice.buffer;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Dead letters in files of JSON lines, {@code <state>/dead-letters/letters-<number>.ndjson}, to be
 * read by people and by {@code jq}. The highest number is the newest.
 *
 * <p>A file is closed at an eighth of {@code maxBytes}; the oldest goes when all would exceed
 * {@code maxBytes}. Whoever has dealt with letters may delete files at any time, or replace them as
 * {@link DeadLetterStore} does. A crash may leave a torn last line, which is cut off at the next
 * start.
 *
 * <p>Letters stay in memory until the disk has confirmed them (a failed fsync must not be repeated:
 * the kernel may have dropped the pages it could not write, so the bytes are written again). What
 * waits there is bounded: a letter beyond the bound is refused, and {@link #force} fails until it
 * was written again.
 *
 * <p>Used by one thread at a time, {@code deliver}; the gauges of its figures by any. Opened after
 * the {@link Buffer}, whose lock keeps other agents out of the state directory; commands are kept
 * away by the {@link DeadLetterLock}, held for each append.
 */
public final class DeadLetterFiles implements DeadLetters, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.sluice.buffer");
    private static final Pattern NAME = Pattern.compile("letters-(\\d{10})\\.ndjson");
    private static final int FILES = 8;
    private static final long MIN_BYTES = 1 << 20;
    private static final int MAX_UNFORCED_BYTES = 1 << 20;

    /** What may come again after a crash is what was in flight: thousands of documents. */
    private static final int REMEMBERED_LETTERS = 1 << 16;

    private static final class LetterFile {
        final Path path;
        final long number;

        /** Which file that path was when it was read or made; null before. */
        Object key;

        /** Up to the end of the last letter that the disk has confirmed. */
        long bytes;

        long letters;

        /** Whose letters they are. */
        final Map<String, Amount> origins = new HashMap<>();

        LetterFile(Path path, long number) {
            this.path = path;
            this.number = number;
        }

        void add(byte[] head, int length) {
            letters++;
            DeadLetterLine.origin(head, length)
                    .ifPresent(
                            origin ->
                                    origins.merge(
                                            origin.source(),
                                            new Amount(origin.rawBytes(), 1),
                                            Amount::plus));
        }
    }

    /** Who counts the letters that make room for newer ones. */
    private interface Books {

        /** Number of the newest file whose letters are counted as dropped. */
        long droppedTo();

        /** Counts them; false if the disk does not know it: they must stay. */
        boolean drop(long number, Map<String, Amount> origins);
    }

    private static final Books NONE =
            new Books() {
                @Override
                public long droppedTo() {
                    return 0;
                }

                @Override
                public boolean drop(long number, Map<String, Amount> origins) {
                    return true;
                }
            };

    private final Path stateDirectory;
    private final Path directory;
    private final long maxBytes;
    private final long maxFileBytes;
    private final Books books;
    private final DeadLetterStats stats = new DeadLetterStats(this::lookAgain);

    /** Guards everything below. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Deque<LetterFile> files = new ArrayDeque<>();
    private final RecentHashes kept = new RecentHashes(REMEMBERED_LETTERS);

    /** Lines the disk has not confirmed, in order. */
    private final Deque<byte[]> unforced = new ArrayDeque<>();

    private int unforcedBytes;

    /** Letters that found no room there: of excerpts in flight, and no more than those hold. */
    private final Set<Long> refused = new HashSet<>();

    /**
     * The newest file, when it is open for writing. Not a {@code FileChannel}: an interrupt of the
     * thread would close that.
     */
    private RandomAccessFile out;

    private boolean saidTooLarge;

    private DeadLetterFiles(Path stateDirectory, long maxBytes, Books books) {
        this.books = books;
        this.stateDirectory = stateDirectory;
        this.directory = directoryIn(stateDirectory);
        this.maxBytes = maxBytes;
        this.maxFileBytes = maxBytes / FILES;
    }

    /**
     * Opens the store of a buffer's state directory and reads what it holds. The buffer's ledger
     * counts the letters that make room for newer ones.
     *
     * @param output whose letters they are: its place in {@link BufferConfig#outputs}
     * @param maxBytes all files together; at least 1 MiB
     * @throws BufferException if the directory cannot be read or written
     */
    public static DeadLetterFiles open(Buffer buffer, int output, long maxBytes) {
        return open(
                buffer.directory(),
                maxBytes,
                new Books() {
                    @Override
                    public long droppedTo() {
                        return buffer.ledger().lettersDroppedTo();
                    }

                    @Override
                    public boolean drop(long number, Map<String, Amount> origins) {
                        return buffer.dropLetters(output, number, origins);
                    }
                });
    }

    /** As {@link #open(Buffer, int, long)}, for a state directory whose buffer is not open. */
    public static DeadLetterFiles open(Path stateDirectory, long maxBytes) {
        return open(stateDirectory, maxBytes, NONE);
    }

    private static DeadLetterFiles open(Path stateDirectory, long maxBytes, Books books) {
        if (maxBytes < MIN_BYTES) {
            throw new IllegalArgumentException(
                    "deadLetters.maxSize is " + maxBytes + " bytes; set at least " + MIN_BYTES);
        }
        DeadLetterFiles letters = new DeadLetterFiles(stateDirectory, maxBytes, books);
        try (DeadLetterLock _ = DeadLetterLock.acquire(stateDirectory)) {
            letters.recover();
        } catch (IOException | UncheckedIOException e) {
            throw new BufferException(
                    "dead letters in "
                            + letters.directory
                            + " cannot be read ("
                            + e
                            + "); make it a directory that this user may read and write, or move"
                            + " it away",
                    e);
        }
        return letters;
    }

    /** Where the letters of a state directory are. */
    static Path directoryIn(Path stateDirectory) {
        return stateDirectory.resolve("dead-letters");
    }

    /** Whether a file holds letters, by its name. */
    static boolean isLetters(Path file) {
        return NAME.matcher(file.getFileName().toString()).matches();
    }

    private void recover() throws IOException {
        Files.createDirectories(directory);
        List<LetterFile> found = new ArrayList<>();
        try (Stream<Path> paths = Files.list(directory)) {
            for (Path path : paths.toList()) {
                String fileName = path.getFileName().toString();
                Matcher name = NAME.matcher(fileName);
                if (name.matches()) {
                    found.add(new LetterFile(path, Long.parseLong(name.group(1))));
                } else if (fileName.endsWith(DeadLetterStore.REST)) {
                    Files.delete(path);
                }
            }
        }
        found.sort(Comparator.comparingLong(file -> file.number));
        for (LetterFile file : found) {
            if (file.number <= books.droppedTo()) {
                // Counted as dropped before the crash that came between.
                Files.deleteIfExists(file.path);
            } else {
                read(file);
                files.add(file);
            }
        }
        if (!files.isEmpty()) {
            LetterFile last = files.getLast();
            Disk.truncate(last.path, last.bytes);
        }
        publish();
        makeRoom(0);
    }

    private void read(LetterFile file) throws IOException {
        file.key = keyOf(file.path);
        file.bytes = 0;
        file.letters = 0;
        file.origins.clear();
        byte[] buffer = new byte[1 << 16];
        byte[] head = new byte[DeadLetterLine.MAX_KEY_BYTES];
        int headBytes = 0;
        long offset = 0;
        byte before = 0;
        try (InputStream in = Files.newInputStream(file.path)) {
            for (int length; (length = in.read(buffer)) > 0; ) {
                for (int i = 0; i < length; i++) {
                    byte b = buffer[i];
                    offset++;
                    if (b != '\n') {
                        if (headBytes < head.length) {
                            head[headBytes++] = b;
                        }
                        before = b;
                        continue;
                    }
                    if (before == '}' && DeadLetterLine.isLetter(head, headBytes)) {
                        kept.add(DeadLetterLine.key(head, headBytes));
                        file.add(head, headBytes);
                        file.bytes = offset;
                    }
                    headBytes = 0;
                    before = 0;
                }
            }
        }
    }

    private static Object keyOf(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    /** Lock held: sees what commands have removed since the last look. */
    private void lookForChanges() throws IOException {
        boolean changed = false;
        for (Iterator<LetterFile> all = files.iterator(); all.hasNext(); ) {
            LetterFile file = all.next();
            try {
                BasicFileAttributes now =
                        Files.readAttributes(file.path, BasicFileAttributes.class);
                if (now.fileKey().equals(file.key) && now.size() >= file.bytes) {
                    continue;
                }
                changed = true;
                closeOutOf(file);
                read(file);
            } catch (NoSuchFileException _) {
                changed = true;
                closeOutOf(file);
                all.remove();
            }
        }
        if (changed) {
            publish();
        }
    }

    private void closeOutOf(LetterFile file) {
        if (file == files.peekLast()) {
            closeOut();
        }
    }

    /** For who reads the gauges: any thread. Figures stay what they were while letters are kept. */
    private void lookAgain() {
        if (lock.tryLock()) {
            try {
                lookForChanges();
            } catch (IOException _) {
                // The next append meets the same fault, and tells the one who can act.
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public boolean write(DeadLetter letter) {
        lock.lock();
        try {
            return keep(letter);
        } finally {
            lock.unlock();
        }
    }

    private boolean keep(DeadLetter letter) {
        byte[] line = DeadLetterLine.of(letter);
        if (line.length > maxFileBytes) {
            dropTooLarge(letter, line.length);
            return false;
        }
        long key = DeadLetterLine.key(line, line.length);
        if (kept.contains(key)) {
            stats.repeated.increment();
            return true;
        }
        if (!unforced.isEmpty() && unforcedBytes + line.length > MAX_UNFORCED_BYTES) {
            try {
                persist();
            } catch (IOException _) {
                // force() meets the same fault, and tells the one who can act.
                refused.add(key);
                return true;
            }
        }
        kept.add(key);
        refused.remove(key);
        unforced.add(line);
        unforcedBytes += line.length;
        return true;
    }

    private void dropTooLarge(DeadLetter letter, int bytes) {
        stats.dropped.increment();
        if (!saidTooLarge) {
            saidTooLarge = true;
            LOG.log(
                    Level.ERROR,
                    "dead letter {0} for {1} is lost: its {2} bytes are more than a file of {3}"
                            + " bytes. Set a larger deadLetters.maxSize; further ones are only"
                            + " counted",
                    letter.id(),
                    letter.target(),
                    Integer.toString(bytes),
                    Long.toString(maxFileBytes));
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>To try again: write the letters of what is not acknowledged again and force; those that
     * were kept are not kept twice. Forcing alone never reports a letter as safe that is not.
     */
    @Override
    public void force() {
        lock.lock();
        try {
            persist();
            failIfRefused();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "dead letters cannot be written to " + directory + "; make room or repair it",
                    e);
        } finally {
            lock.unlock();
        }
    }

    private void failIfRefused() {
        if (!refused.isEmpty()) {
            throw new UncheckedIOException(
                    new IOException(
                            refused.size()
                                    + " dead letters came while "
                                    + directory
                                    + " could not be written; they must be written again"));
        }
    }

    private void persist() throws IOException {
        if (unforced.isEmpty()) {
            return;
        }
        try (DeadLetterLock _ = DeadLetterLock.acquire(stateDirectory)) {
            persistLocked();
        } catch (IOException e) {
            stats.failedForces.increment();
            throw e;
        }
    }

    private void persistLocked() throws IOException {
        try {
            lookForChanges();
            while (!unforced.isEmpty()) {
                LetterFile file = writable(unforced.getFirst().length);
                byte[] lines = linesFor(file);
                makeRoom(lines.length);
                out.seek(file.bytes);
                out.write(lines);
                Disk.force(out, file.path);
                confirm(file, lines.length);
            }
        } catch (IOException e) {
            cutTornLine();
            throw e;
        }
    }

    /** The newest file, if the next line fits and nobody has removed it; else a new one. */
    private LetterFile writable(int lineBytes) throws IOException {
        LetterFile newest = files.peekLast();
        if (newest != null && newest.bytes + lineBytes <= maxFileBytes) {
            if (out == null) {
                out = new RandomAccessFile(newest.path.toFile(), "rw");
            }
            return newest;
        }
        closeOut();
        // Never a number again that is counted as dropped.
        long number = Math.max(newest == null ? 0 : newest.number, books.droppedTo()) + 1;
        Path path = directory.resolve("letters-%010d.ndjson".formatted(number));
        Files.createDirectories(directory);
        RandomAccessFile created = new RandomAccessFile(path.toFile(), "rw");
        try {
            Disk.forceDirectory(directory);
        } catch (IOException e) {
            created.close();
            throw e;
        }
        out = created;
        LetterFile file = new LetterFile(path, number);
        file.key = keyOf(path);
        files.add(file);
        return file;
    }

    private byte[] linesFor(LetterFile file) {
        int bytes = 0;
        for (byte[] line : unforced) {
            if (file.bytes + bytes + line.length > maxFileBytes) {
                break;
            }
            bytes += line.length;
        }
        byte[] lines = new byte[bytes];
        int at = 0;
        for (byte[] line : unforced) {
            if (at == bytes) {
                break;
            }
            System.arraycopy(line, 0, lines, at, line.length);
            at += line.length;
        }
        return lines;
    }

    private void makeRoom(int newBytes) throws IOException {
        while (bytes() + newBytes > maxBytes && !files.isEmpty()) {
            LetterFile oldest = files.getFirst();
            boolean deleted = Files.exists(oldest.path);
            if (deleted && !books.drop(oldest.number, oldest.origins)) {
                throw new IOException("the ledger cannot be written, so no letters may go");
            }
            Files.deleteIfExists(oldest.path);
            files.removeFirst();
            publish();
            if (deleted) {
                stats.dropped.add(oldest.letters);
                LOG.log(
                        Level.ERROR,
                        "dead letters in {0} exceed {1} bytes: the oldest file is deleted, with"
                                + " {2} letters",
                        directory,
                        Long.toString(maxBytes),
                        Long.toString(oldest.letters));
            }
        }
    }

    private long bytes() {
        return files.stream().mapToLong(file -> file.bytes).sum();
    }

    private void confirm(LetterFile file, int bytes) {
        for (int left = bytes; left > 0; ) {
            byte[] line = unforced.removeFirst();
            left -= line.length;
            file.add(line, line.length);
            stats.written.increment();
        }
        unforcedBytes -= bytes;
        file.bytes += bytes;
        publish();
    }

    private void publish() {
        stats.bytes.set(bytes());
        stats.letters.set(files.stream().mapToLong(file -> file.letters).sum());
    }

    /** Leaves whole lines to those who read; the next try begins with a fresh descriptor. */
    private void cutTornLine() {
        if (out != null) {
            try {
                out.setLength(files.getLast().bytes);
            } catch (IOException _) {
                // The next try writes over it, the next start cuts it off.
            }
            closeOut();
        }
    }

    private void closeOut() {
        if (out != null) {
            try {
                out.close();
            } catch (IOException _) {
                // What counts was confirmed by sync.
            }
            out = null;
        }
    }

    /** What was done and what is held. */
    public DeadLetterStats stats() {
        return stats;
    }

    /** Forces what it can. What is not on the disk then was not acknowledged, and comes again. */
    @Override
    public void close() {
        lock.lock();
        try {
            persist();
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "dead letters cannot be written to {0} ({1}); their excerpts are sent again"
                            + " after the start",
                    directory,
                    e);
        } finally {
            closeOut();
            lock.unlock();
        }
    }
}
