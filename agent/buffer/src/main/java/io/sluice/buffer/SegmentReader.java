package io.sluice.buffer;

import io.sluice.buffer.ExcerptFormat.BodyEntry;
import io.sluice.buffer.ExcerptFormat.Header;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Walks the excerpts of one segment, with reads instead of a mapping: a damaged length, a shortened
 * file or a disk that fails is then a value or an {@link IOException} and never a SIGBUS, nothing
 * stays mapped, and nothing waits for a document that will not come. (The kernel keeps a file's
 * mapped and its read bytes in the same pages; what the appender stored is seen at once.)
 *
 * <p>Chronicle's file is a row of documents: 4 bytes, little-endian, of length (30 bits), {@code
 * 0x40000000} for its own meta-data, {@code 0x80000000} for unfinished; {@code 0xC0000000} ends the
 * file, 0 means nothing more yet. Documents start at multiples of 4.
 *
 * <p>Where that row is broken, the reader looks for the next magic whose header's checksum is right
 * and goes on there.
 */
final class SegmentReader implements AutoCloseable {
    private static final int NOT_COMPLETE = 0x80000000;
    private static final int META_DATA = 0x40000000;
    private static final int LENGTH_MASK = 0x3FFFFFFF;
    private static final int READ_AHEAD = 8 * 1024;
    private static final int SEARCH_WINDOW = 1 << 20;

    private final Path path;
    private final RandomAccessFile file;
    private ByteBuffer bytes = ByteBuffer.allocate(READ_AHEAD).order(ByteOrder.LITTLE_ENDIAN);

    /** The next document's 4 bytes. */
    private long position;

    /** First byte of the current excerpt. */
    private long excerptAt;

    private boolean broken;
    private boolean skipped;
    private int otherVersion = -1;

    SegmentReader(Path path) throws IOException {
        this.path = path;
        this.file = new RandomAccessFile(path.toFile(), "r");
    }

    /** Whether the last {@link #next} had to look for its excerpt behind damaged bytes. */
    boolean skipped() {
        return skipped;
    }

    /**
     * Whether the row of documents was broken before the end that was reached, other than by a torn
     * tail.
     */
    boolean broken() {
        return broken;
    }

    /** A format version that excerpts were seen to have and that is not read here, or -1. */
    int otherVersion() {
        return otherVersion;
    }

    /** Whether the file begins as Chronicle begins one, finished or not. */
    boolean beginsLikeASegment() throws IOException {
        if (file.length() < 4) {
            return false;
        }
        read(0, 4, 4);
        int word = bytes.getInt(0);
        int length = word & LENGTH_MASK;
        return (word & NOT_COMPLETE) != 0
                ? length == 0
                : (word & META_DATA) != 0 && length < file.length() - 4;
    }

    /**
     * Goes to the next excerpt that has a right header.
     *
     * @param limit no byte at or after this is read
     * @param sealed nothing is being written: look behind an unfinished document, too
     * @return empty when there is none before the limit
     */
    Optional<Header> next(long limit, boolean sealed) throws IOException {
        skipped = false;
        while (limit - position >= 4) {
            int available = read(position, READ_AHEAD, limit);
            int word = bytes.getInt(0);
            int length = word & LENGTH_MASK;
            if (word == 0 || (word & NOT_COMPLETE) != 0) {
                return sealed ? search(position + 4, limit) : Optional.empty();
            }
            if (position + 4 + length > limit) {
                broken = true;
                return search(position + 4, limit);
            }
            if ((word & META_DATA) != 0) {
                position = align(position + 4 + length);
                continue;
            }
            Optional<Header> header = decode(position + 4, 4, available, position + 4 + length);
            if (header.isEmpty()) {
                broken = true;
                return search(position + 4, limit);
            }
            accept(position + 4, header.get());
            return header;
        }
        return Optional.empty();
    }

    /**
     * Reads a body of the current excerpt.
     *
     * @return empty when its checksum is wrong
     */
    Optional<byte[]> body(BodyEntry entry) throws IOException {
        byte[] body = new byte[entry.compressedBytes()];
        file.seek(excerptAt + entry.offset());
        file.readFully(body);
        CRC32C crc = new CRC32C();
        crc.update(body);
        return (int) crc.getValue() == entry.crc() ? Optional.of(body) : Optional.empty();
    }

    /** Whether the file holds nothing but zeros. */
    boolean isAllZero() throws IOException {
        byte[] window = new byte[SEARCH_WINDOW];
        byte[] zeros = new byte[SEARCH_WINDOW];
        file.seek(0);
        for (int n; (n = file.read(window)) > 0; ) {
            if (!Arrays.equals(window, 0, n, zeros, 0, n)) {
                return false;
            }
        }
        return true;
    }

    private Optional<Header> search(long from, long limit) throws IOException {
        long start = align(from);
        while (limit - start >= ExcerptFormat.FIXED_BYTES) {
            int available = read(start, SEARCH_WINDOW, limit);
            int last = available - ExcerptFormat.FIXED_BYTES;
            for (int i = 0; i <= last; i += 4) {
                if (bytes.getInt(i) == ExcerptFormat.MAGIC) {
                    Optional<Header> header = decode(start + i, i, available, limit);
                    if (header.isPresent()) {
                        broken = true;
                        skipped = true;
                        accept(start + i, header.get());
                        return header;
                    }
                    // Decoding a long header may have replaced the window.
                    available = read(start, SEARCH_WINDOW, limit);
                }
            }
            start += (last / 4 + 1) * 4L;
        }
        position = limit;
        return Optional.empty();
    }

    /**
     * Decodes the header at {@code at}, of which {@code bytes} holds the begin at {@code index}.
     */
    private Optional<Header> decode(long at, int index, int available, long limit)
            throws IOException {
        if (available - index < ExcerptFormat.FIXED_BYTES) {
            return Optional.empty();
        }
        Optional<Integer> length = ExcerptFormat.headerLength(bytes, index, limit - at);
        if (length.isEmpty()) {
            int version = bytes.get(index + 4);
            if (bytes.getInt(index) == ExcerptFormat.MAGIC && version != ExcerptFormat.VERSION) {
                otherVersion = version;
            }
            return Optional.empty();
        }
        if (length.get() <= available - index) {
            return ExcerptFormat.decode(bytes, index, length.get());
        }
        read(at, length.get(), limit);
        return ExcerptFormat.decode(bytes, 0, length.get());
    }

    private void accept(long at, Header header) {
        excerptAt = at;
        position = align(at + header.totalBytes());
    }

    private static long align(long position) {
        return (position + 3) & -4L;
    }

    private int read(long at, int wanted, long limit) throws IOException {
        int length = (int) Math.min(wanted, limit - at);
        if (bytes.capacity() < length) {
            bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        }
        file.seek(at);
        int have = 0;
        while (have < length) {
            int n = file.read(bytes.array(), have, length - have);
            if (n < 0) {
                throw new IOException(path + " ends at " + (at + have) + ", before " + limit);
            }
            have += n;
        }
        return length;
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException _) {
            // It was read only.
        }
    }
}
