package io.sluice.tail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * One open file of a source. The descriptor is held over rename and delete; the name only says
 * where the file stands among its siblings.
 *
 * <p>Leave alone: nothing here looks at the name to reach the bytes.
 */
final class LogFile implements AutoCloseable {

    /** What became of what was read of a file, and of the rest. */
    enum Change {
        /** It is as it was, or has grown. */
        NONE,
        /** Bytes that were not read yet are gone; what was read is as it was. */
        CUT,
        /** It holds another content, or less than what was read of it. */
        REPLACED
    }

    private final FileChannel channel;
    private final Object key;

    LogFileName name;
    Path path;

    /** Its name is gone or another file's: nobody opens it any more to write. */
    boolean unlinked;

    /** When it was seen that its name is gone. */
    long unlinkedNanos;

    /** First byte that is not yet handed over, uncompressed. */
    long offset;

    /** As it was when it was last looked at; {@link Long#MAX_VALUE} for gzip until its end. */
    long sizeBytes;

    /** The size at which there was no whole line behind {@link #offset}; -1 for none. */
    long incompleteSizeBytes = -1;

    /** When its last bytes came, or its writer was seen to go on elsewhere. */
    long changedNanos;

    /** Null until the first line is complete. */
    Generation generation;

    /** Of the content, before any epoch. */
    long contentFingerprint;

    int epoch;

    /** Where each stream of it begins to be new; see {@link Generation}. */
    long stdoutFrom;

    long stderrFrom;

    /** See {@link Generation#before}, of what an earlier life of the agent has read; 0 for none. */
    long before;

    /** What was read before it is not what was written before it. */
    boolean afterGap;

    /**
     * It was empty at one time: there may be copies of what it held since. It is not begun before
     * its first line was known when the directory was looked at, or they would come behind it.
     */
    boolean mayHaveCopies;

    private final Marks marks = new Marks();

    /** The size at which it was last known to hold what it did before. */
    private long knownSizeBytes;

    /** Its times have changed and its size has not: to be looked into. */
    private boolean suspicious;

    private FileTime modified = FileTime.fromMillis(0);

    // gzip only: the size it says it has, the stream, the bytes behind the last newline that was
    // handed over, and what was found to be wrong
    private OptionalLong inflatedBytes = OptionalLong.empty();
    private long compressedBytes;
    private Inflated inflated;
    private byte[] rest = {};
    private Inflated.Damage damage = Inflated.Damage.NONE;

    private LogFile(FileChannel channel, Object key, Path path, LogFileName name) {
        this.channel = channel;
        this.key = key;
        this.path = path;
        this.name = name;
    }

    /** Opens what was found. */
    static LogFile open(FoundFile entry, long nowNanos) throws IOException {
        FileChannel channel = FileChannel.open(entry.path(), StandardOpenOption.READ);
        LogFile file = new LogFile(channel, entry.key(), entry.path(), entry.name());
        file.changedNanos = nowNanos;
        file.modified = entry.attributes().lastModifiedTime();
        try {
            file.refreshSize(nowNanos);
            file.knownSizeBytes = file.sizeBytes;
            file.mayHaveCopies = file.name.isActive() && file.sizeBytes == 0;
            if (file.isCompressed()) {
                file.compressedBytes = channel.size();
                file.inflatedBytes = Inflated.sizeBytes(channel);
            } else {
                file.marks.noteHead(file.readAt(0, Marks.WINDOW_BYTES));
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        return file;
    }

    /** Device and inode of a path. */
    static Object keyOf(BasicFileAttributes attributes) {
        return Objects.requireNonNullElse(attributes.fileKey(), attributes.creationTime());
    }

    Object key() {
        return key;
    }

    boolean is(Object other) {
        return key.equals(other);
    }

    boolean isCompressed() {
        return name.compressed();
    }

    /** Looks at the size again. */
    void refreshSize(long nowNanos) throws IOException {
        if (isCompressed()) {
            if (inflated == null) {
                sizeBytes = Long.MAX_VALUE;
            }
            return;
        }
        long now = channel.size();
        if (now != sizeBytes) {
            sizeBytes = now;
            changedNanos = nowNanos;
        }
    }

    /** Whether it has grown or shrunk since it was last looked at; never for a compressed one. */
    boolean hasOtherSize() {
        try {
            return !isCompressed() && channel.size() != sizeBytes;
        } catch (IOException _) {
            // Whoever reads it says what is wrong.
            return true;
        }
    }

    /** A look at the directory shows when it was last written to. */
    void modified(FileTime time) {
        suspicious |= !time.equals(modified) && sizeBytes == knownSizeBytes;
        modified = time;
    }

    /** What it takes of the disk, as of the last look. */
    long bytesOnDisk() {
        return isCompressed() ? compressedBytes : sizeBytes;
    }

    /** Uncompressed; empty where a compressed file does not say it. */
    OptionalLong contentBytes() {
        return isCompressed() ? inflatedBytes : OptionalLong.of(sizeBytes);
    }

    /** Something of it was read, or it is known where reading begins. */
    boolean isBegun() {
        return generation != null || offset > 0;
    }

    boolean hasUnread() {
        return sizeBytes > offset;
    }

    /**
     * Bytes that were there when it was last looked at and are in no chunk yet. What only one of
     * the streams is read again for was in one before.
     */
    Unread unread() {
        if (!isCompressed()) {
            return unread(Math.max(knownSizeBytes, sizeBytes), false);
        }
        return sizeBytes == Long.MAX_VALUE
                ? unread(inflatedBytes.orElse(0), inflatedBytes.isEmpty())
                : unread(sizeBytes, false);
    }

    /**
     * Of what was there when it was last looked at, how much stood behind an offset; less what was
     * in a chunk.
     */
    long lostBytes(long behind) {
        return Math.max(0, knownSizeBytes - Math.max(behind, offset));
    }

    /** Where its content ends, as far as that is known; at least where reading has come to. */
    long contentEnd() {
        return Math.max(offset, contentBytes().orElse(0));
    }

    /** What cannot be had of a damaged file. */
    Unread unreadable() {
        // Where the end is missing, the size that stands there is, too.
        boolean sized = damage == Inflated.Damage.CORRUPT;
        return unread(sized ? inflatedBytes.orElse(0) : 0, true);
    }

    private Unread unread(long size, boolean atLeast) {
        long from = Math.max(offset, Math.max(stdoutFrom, stderrFrom));
        boolean apart = offset < from && stdoutFrom != stderrFrom;
        return new Unread(Math.max(0, size - from), atLeast || apart);
    }

    /**
     * An amount of bytes that are not read.
     *
     * @param atLeast there may be more
     */
    record Unread(long bytes, boolean atLeast) {}

    /** The content's first line, or as much of it as counts; empty while that is not there yet. */
    byte[] firstLine(boolean complete) throws IOException {
        byte[] prefix = isCompressed() ? inflatedAt(0, Fingerprint.PREFIX_BYTES) : plainPrefix();
        for (int i = 0; i < prefix.length; i++) {
            if (prefix[i] == '\n') {
                return Arrays.copyOf(prefix, i + 1);
            }
        }
        return complete || prefix.length == Fingerprint.PREFIX_BYTES ? prefix : new byte[0];
    }

    private byte[] plainPrefix() throws IOException {
        int wanted = (int) Math.min(Fingerprint.PREFIX_BYTES, channel.size());
        // Most first lines are short: look there before reading all that could count.
        byte[] head = readAt(0, Math.min(wanted, 1024));
        for (byte b : head) {
            if (b == '\n') {
                return head;
            }
        }
        return head.length == wanted ? head : readAt(0, wanted);
    }

    /** Nobody will find its content any more: it has no name, nor has a compressed copy of it. */
    boolean isGone() {
        return unlinked && !Files.exists(path.resolveSibling(path.getFileName() + ".gz"));
    }

    /** Bytes of it, wherever reading has come to; fewer at its end. */
    byte[] contentAt(long from, int length) throws IOException {
        return isCompressed() ? inflatedAt(from, length) : readAt(from, length);
    }

    private byte[] inflatedAt(long from, int length) throws IOException {
        try (Inflated another = new Inflated(channel)) {
            byte[] bytes = new byte[length];
            int there = another.skip(from) == from ? another.read(bytes, 0, length) : 0;
            noteDamage(another);
            return Arrays.copyOf(bytes, there);
        }
    }

    private byte[] readAt(long from, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && channel.read(buffer, from + buffer.position()) > 0) {
            // Until the buffer is full or the file ends.
        }
        return buffer.hasRemaining()
                ? Arrays.copyOf(buffer.array(), buffer.position())
                : buffer.array();
    }

    /**
     * Whether it still holds what it did when it was last looked at. Reads two small windows where
     * it has changed since, else nothing. Bytes that it lost are still among {@link #unread} until
     * {@link #accept}.
     */
    Change change() throws IOException {
        if (isCompressed() || (sizeBytes == knownSizeBytes && !suspicious)) {
            return Change.NONE;
        }
        if (!marks.areSet()) {
            // It had no byte at all.
            marks.noteHead(readAt(0, Marks.WINDOW_BYTES));
            return sizeBytes < knownSizeBytes ? Change.REPLACED : Change.NONE;
        }
        if (sizeBytes < offset || !marks.match(this::readAt)) {
            return Change.REPLACED;
        }
        return sizeBytes < knownSizeBytes ? Change.CUT : Change.NONE;
    }

    /** It may hold another content than it did when it was looked at. */
    boolean isSuspicious() {
        return suspicious;
    }

    /** What it holds now is what counts from here on. */
    void accept() {
        suspicious = false;
        knownSizeBytes = sizeBytes;
    }

    /**
     * Another file is a copy of what this one holds. Who makes copies truncates: if that is done
     * before anything else of it was seen, this is how it is noticed.
     */
    void isCopiedIn(LogFile copy) throws IOException {
        if (!marks.areSet() && !isCompressed() && !copy.isCompressed()) {
            marks.noteHead(copy.readAt(0, Marks.WINDOW_BYTES));
            knownSizeBytes = Math.max(knownSizeBytes, copy.sizeBytes);
        }
    }

    /** Whether another file has this one's content, as far as it was read. */
    boolean isContinuedIn(LogFile copy) throws IOException {
        return marks.match(copy::contentAt);
    }

    /**
     * Reads on from {@link #offset} and moves it.
     *
     * @param whole the file will not grow: what stands behind its last newline counts
     * @return how many bytes of {@code into} are handed over; 0 where no line is complete
     */
    int read(byte[] into, ByteBuffer wrapped, boolean whole) throws IOException {
        long from = offset;
        int taken = isCompressed() ? readCompressed(into) : readPlain(into, wrapped, whole);
        marks.note(into, taken, from);
        return taken;
    }

    private int readPlain(byte[] into, ByteBuffer wrapped, boolean whole) throws IOException {
        wrapped.clear();
        int length = 0;
        while (wrapped.hasRemaining()) {
            int more = channel.read(wrapped, offset + length);
            if (more <= 0) {
                break;
            }
            length += more;
        }
        // It may have been truncated, and written to, since it was looked at: these are then bytes
        // of another content, at an offset that means nothing there. Two small reads, in the cache.
        if (name.isActive() && length > 0 && marks.areSet() && !marks.match(this::readAt)) {
            suspicious = true;
            return 0;
        }
        if (offset + length > sizeBytes) {
            if (knownSizeBytes == sizeBytes) {
                // It was looked at a moment ago, and has only grown.
                knownSizeBytes = offset + length;
            }
            sizeBytes = offset + length;
        }
        boolean toTheEnd = whole && offset + length >= sizeBytes;
        int taken =
                toTheEnd || length == into.length
                        ? cut(into, length, toTheEnd)
                        : lines(into, length);
        if (taken == 0) {
            incompleteSizeBytes = sizeBytes;
        } else {
            incompleteSizeBytes = -1;
            offset += taken;
        }
        return taken;
    }

    /**
     * A full buffer without any newline is handed over as it is: its line is longer than a chunk.
     */
    private static int cut(byte[] bytes, int length, boolean toTheEnd) {
        if (toTheEnd) {
            return length;
        }
        int lines = lines(bytes, length);
        return lines == 0 ? length : lines;
    }

    private static int lines(byte[] bytes, int length) {
        int end = length;
        while (end > 0 && bytes[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    private int readCompressed(byte[] into) throws IOException {
        if (inflated == null) {
            Inflated begun = new Inflated(channel);
            begun.skip(offset);
            inflated = begun;
        }
        System.arraycopy(rest, 0, into, 0, rest.length);
        int length = rest.length + inflated.read(into, rest.length, into.length - rest.length);
        boolean ended = length < into.length;
        noteDamage(inflated);
        int taken = ended ? length : cut(into, length, false);
        rest = Arrays.copyOfRange(into, taken, length);
        offset += taken;
        if (ended) {
            sizeBytes = offset;
        }
        return taken;
    }

    private void noteDamage(Inflated seen) {
        if (seen.damage() != Inflated.Damage.NONE) {
            damage = seen.damage();
        }
    }

    /** It was found that its compressed bytes are not all there, or not what was written. */
    boolean isDamaged() {
        return damage != Inflated.Damage.NONE;
    }

    /**
     * Reading goes on there. In the middle of a compressed file that means: begin again and skip.
     */
    void seek(long to) throws IOException {
        offset = to;
        rest = new byte[0];
        closeInflated();
        if (!isCompressed()) {
            int window = (int) Math.min(Marks.WINDOW_BYTES, to);
            marks.noteTail(readAt(to - window, window), to - window);
        }
    }

    /** It goes on where another file was, which has the same content. */
    void continueFrom(LogFile other) throws IOException {
        generation = other.generation;
        contentFingerprint = other.contentFingerprint;
        epoch = other.epoch;
        stdoutFrom = other.stdoutFrom;
        stderrFrom = other.stderrFrom;
        seek(other.offset);
    }

    /**
     * A power cut took what was read of it, and offsets mean other bytes from here on. What is left
     * was read; the container that wrote it has not survived either.
     */
    void shortened() throws IOException {
        beginAnew(epoch + 1);
        seek(sizeBytes);
    }

    /**
     * It is read from its first byte as another file.
     *
     * @param asEpoch 0 if its first line says that it is one
     */
    void replaced(int asEpoch) throws IOException {
        beginAnew(asEpoch);
        contentFingerprint = 0;
        mayHaveCopies = true;
        marks.clear();
        marks.noteHead(readAt(0, Marks.WINDOW_BYTES));
        // It may be written to and truncated while one looks.
        sizeBytes = channel.size();
        seek(0);
    }

    private void beginAnew(int asEpoch) {
        epoch = asEpoch;
        generation = null;
        stdoutFrom = 0;
        stderrFrom = 0;
        incompleteSizeBytes = -1;
    }

    /** Where the last line that is complete by now ends. */
    long lastLineEnd() throws IOException {
        long end = channel.size();
        while (end > 0) {
            int length = (int) Math.min(4096, end);
            byte[] block = readAt(end - length, length);
            int lines = lines(block, block.length);
            if (lines > 0) {
                return end - length + lines;
            }
            end -= length;
        }
        return 0;
    }

    @Override
    public void close() throws IOException {
        closeInflated();
        channel.close();
    }

    private void closeInflated() throws IOException {
        if (inflated != null) {
            inflated.close();
            inflated = null;
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
