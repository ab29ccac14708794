package io.sluice.tail;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.OptionalLong;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The uncompressed bytes of a gzip file (RFC 1952), from its first one on. */
final class Inflated implements AutoCloseable {
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final int HEADER_AND_TRAILER_BYTES = 18;

    /** Deflate's best (zlib.net/zlib_tech.html), and more than it ever adds. */
    private static final int BEST_RATIO = 1_032;

    private static final int ADDED_PERCENT = 1;

    private final FileChannel file;
    private long compressedPosition;
    private Members members;
    private Damage damage = Damage.NONE;

    /** Why there is nothing to be had behind the bytes so far. */
    enum Damage {
        NONE,
        /** The file ends too early. */
        CUT,
        /** The bytes are not what was compressed. */
        CORRUPT
    }

    Inflated(FileChannel file) {
        this.file = file;
    }

    /**
     * The size it says it has: the last four bytes of the file, which hold it modulo 2^32. Empty
     * where they cannot be true, as in a file that was cut.
     */
    static OptionalLong sizeBytes(FileChannel file) throws IOException {
        long compressed = file.size();
        if (compressed < HEADER_AND_TRAILER_BYTES) {
            return OptionalLong.empty();
        }
        ByteBuffer last = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (last.hasRemaining()
                && file.read(last, compressed - last.capacity() + last.position()) > 0) {
            // Until all four are there, or the file has become shorter.
        }
        long size = Integer.toUnsignedLong(last.getInt(0));
        long content = compressed - HEADER_AND_TRAILER_BYTES;
        boolean plausible =
                !last.hasRemaining()
                        && size <= content * BEST_RATIO
                        && content <= size + size * ADDED_PERCENT / 100 + 1024;
        return plausible ? OptionalLong.of(size) : OptionalLong.empty();
    }

    /**
     * Reads on.
     *
     * @return fewer than asked for at the end, or where the file is damaged; see {@link #damage}
     * @throws IOException if the disk cannot be read; a damaged file does not throw
     */
    int read(byte[] into, int from, int length) throws IOException {
        int bytes = 0;
        long before = 0;
        try {
            if (members == null && damage == Damage.NONE) {
                members = new Members();
            }
            while (damage == Damage.NONE && bytes < length) {
                before = members.inflatedBytes();
                int more = members.read(into, from + bytes, length - bytes);
                if (more < 0) {
                    break;
                }
                bytes += more;
            }
        } catch (EOFException _) {
            damage = Damage.CUT;
        } catch (ZipException _) {
            damage = Damage.CORRUPT;
            // What stood before the damage was inflated by the call that failed.
            long good = members == null ? 0 : members.inflatedBytes() - before;
            bytes += (int) Math.clamp(good, 0, (long) length - bytes);
        }
        return bytes;
    }

    /**
     * Reads on without keeping anything.
     *
     * @return how much was passed over: less than asked for at the end, or where the file is
     *     damaged
     */
    long skip(long length) throws IOException {
        byte[] passed = new byte[(int) Math.min(length, BUFFER_BYTES)];
        long skipped = 0;
        while (skipped < length) {
            int wanted = (int) Math.min(passed.length, length - skipped);
            int bytes = read(passed, 0, wanted);
            skipped += bytes;
            if (bytes < wanted) {
                break;
            }
        }
        return skipped;
    }

    /** What is wrong behind the bytes so far. */
    Damage damage() {
        return damage;
    }

    /** Frees the inflater's memory. The file stays open. */
    @Override
    public void close() throws IOException {
        if (members != null) {
            members.close();
        }
    }

    /** One member after the other. */
    private final class Members extends GZIPInputStream {
        Members() throws IOException {
            super(new Compressed(), BUFFER_BYTES);
        }

        /** Of this member, so far. */
        long inflatedBytes() {
            return inf.getBytesWritten();
        }
    }

    /** The descriptor's bytes, without moving or closing it. */
    private final class Compressed extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            int bytes = file.read(ByteBuffer.wrap(into, from, length), compressedPosition);
            compressedPosition += Math.max(0, bytes);
            return bytes;
        }

        /** Another member may follow, says {@link GZIPInputStream}, where there is something. */
        @Override
        public int available() throws IOException {
            return (int) Math.clamp(file.size() - compressedPosition, 0, (long) Integer.MAX_VALUE);
        }
    }
}
