package io.sluice.tail;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/**
 * One open file of a source. The descriptor is held over rename and delete; the name only says
 * where the file stands among its siblings.
 *
 * <p>Leave alone: nothing here looks at the name to reach the bytes.
 */
final class LogFile implements AutoCloseable {
    private static final int GZIP_BUFFER_BYTES = 64 * 1024;

    private final FileChannel channel;
    private final Object key;

    LogFileName name;
    Path path;

    /** Its name is gone or another file's: nobody opens it any more to write. */
    boolean unlinked;

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

    // gzip only: the stream, and the bytes behind the last newline that was handed over
    private InputStream inflated;
    private byte[] rest = {};

    private LogFile(FileChannel channel, Object key, Path path, LogFileName name) {
        this.channel = channel;
        this.key = key;
        this.path = path;
        this.name = name;
    }

    /**
     * Opens a file.
     *
     * @param key device and inode
     */
    static LogFile open(Path path, LogFileName name, Object key, long nowNanos) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        LogFile file = new LogFile(channel, key, path, name);
        file.changedNanos = nowNanos;
        try {
            file.refreshSize(nowNanos);
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

    /** As the file system tells it, compressed or not. */
    long sizeOnDisk() throws IOException {
        return channel.size();
    }

    boolean hasUnread() {
        return sizeBytes > offset;
    }

    /** The content's first line, or as much of it as counts; empty while that is not there yet. */
    byte[] firstLine(boolean complete) throws IOException {
        byte[] prefix = isCompressed() ? compressedPrefix() : plainPrefix();
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

    private byte[] compressedPrefix() throws IOException {
        try (InputStream stream = new GZIPInputStream(new FromStart(), GZIP_BUFFER_BYTES)) {
            return stream.readNBytes(Fingerprint.PREFIX_BYTES);
        }
    }

    /** The descriptor's bytes, without moving or closing it. */
    private final class FromStart extends InputStream {
        private long position;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            int bytes = channel.read(ByteBuffer.wrap(into, from, length), position);
            position += Math.max(0, bytes);
            return bytes;
        }
    }

    private byte[] readAt(long from, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && channel.read(buffer, from + buffer.position()) > 0) {
            // Until the buffer is full or the file ends.
        }
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    /**
     * Reads on from {@link #offset} and moves it.
     *
     * @param whole the file will not grow: what stands behind its last newline counts
     * @return how many bytes of {@code into} are handed over; 0 where no line is complete
     */
    int read(byte[] into, ByteBuffer wrapped, boolean whole) throws IOException {
        if (isCompressed()) {
            return readCompressed(into);
        }
        wrapped.clear();
        int length = 0;
        while (wrapped.hasRemaining()) {
            int more = channel.read(wrapped, offset + length);
            if (more <= 0) {
                break;
            }
            length += more;
        }
        if (offset + length > sizeBytes) {
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
            channel.position(0);
            // Not closed: that would close the channel, which close() does.
            inflated = new GZIPInputStream(Channels.newInputStream(channel), GZIP_BUFFER_BYTES);
            inflated.skipNBytes(offset);
        }
        System.arraycopy(rest, 0, into, 0, rest.length);
        int length = rest.length;
        length += Math.max(0, inflated.readNBytes(into, length, into.length - length));
        boolean ended = length < into.length;
        int taken = ended ? length : cut(into, length, false);
        rest = Arrays.copyOfRange(into, taken, length);
        offset += taken;
        if (ended) {
            sizeBytes = offset;
        }
        return taken;
    }

    /** A position in the middle of a compressed file means: begin again and skip. */
    void seek(long to) {
        offset = to;
        rest = new byte[0];
        inflated = null;
    }

    /**
     * A power cut took what was read of it, and offsets mean other bytes from here on. What is left
     * was read; the container that wrote it has not survived either.
     */
    void shortened() {
        epoch++;
        generation = null;
        stdoutFrom = 0;
        stderrFrom = 0;
        seek(sizeBytes);
    }

    /** It holds another content from here on. */
    void truncated() {
        generation = null;
        contentFingerprint = 0;
        epoch = 0;
        stdoutFrom = 0;
        stderrFrom = 0;
        incompleteSizeBytes = -1;
        seek(0);
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
        inflated = null;
        channel.close();
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
