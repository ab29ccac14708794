package io.sluice.buffer;

import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Batch.Body;
import io.sluice.pipeline.Batch.Counts;
import io.sluice.pipeline.Batch.SourceProgress;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.Stream;
import io.sluice.tail.StreamPosition;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The bytes of an excerpt, format version 1. All numbers are little-endian, all text is UTF-8. This
 * is a file format: change it by a new version only.
 *
 * <pre>
 * offset size
 *      0    4  magic: 'S' 'L' 'X' '1'
 *      4    1  format version: 1
 *      5    1  kind: 1 BATCH, 2 POSITIONS, 3 SNAPSHOT, 4 AGAIN
 *      6    2  flags: bit 0 MORE, this snapshot goes on in the next excerpt; others 0
 *      8    4  header length H: from the magic to the first body
 *     12    4  CRC32C of the header, bytes [0, 12) and [16, H)
 *     16    8  sequence: grows by 1 from excerpt to excerpt of a buffer, over all segments
 *     24    8  when appended, milliseconds since 1970
 *     32    4  number of bodies B
 *     36    4  number of sources S
 *     40    4  total length: H and all bodies
 *     44    4  0
 *     48       B times, one for each output that gets something:
 *           4    output: CRC32C of its name
 *           4    documents
 *           4    uncompressed bytes
 *           4    compressed bytes
 *           4    CRC32C of the compressed bytes
 *           2    length of the target
 *           n    target: data stream or index
 *              S times:
 *           2    length of the key
 *           n    key of the source
 *           1    flags: bit 0 the position is there (else the source is forgotten),
 *                bit 1 the counts are there
 *              if bit 0:
 *           1    number of streams, then for each:
 *           1      code of the stream (see {@link Stream#code})
 *           8      fingerprint of the generation
 *           4      restart number
 *           8      offset: the first byte that is in no excerpt yet
 *              if bit 1:
 *           8    bytes read, since the source's last excerpt; so the next three:
 *           8    records read
 *           8    records filtered
 *           8    records truncated
 *      H       the bodies, each a whole gzip stream, in the order of the table above
 * </pre>
 *
 * <p>The header's checksum covers the bodies' checksums, so together they cover every byte, and a
 * reader of one output need not read the bodies of the others. A new output, or one that changed
 * its place in the configuration, finds its bodies by name.
 *
 * <p>An excerpt is one Chronicle document: 4 bytes of length and flags before it, padded with zeros
 * to 4 bytes after it. Therefore the magic always stands at a multiple of 4, and a reader that lost
 * its way finds the next excerpt by looking there.
 */
final class ExcerptFormat {
    static final int MAGIC = 'S' | 'L' << 8 | 'X' << 16 | '1' << 24;
    static final byte VERSION = 1;
    static final int FIXED_BYTES = 48;
    static final int BODY_ENTRY_BYTES = 22;

    private static final int CRC_AT = 12;
    private static final short FLAG_MORE = 1;
    private static final byte HAS_POSITION = 1;
    private static final byte HAS_COUNTS = 2;
    private static final int STREAM_BYTES = 21;
    private static final int COUNTS_BYTES = 32;

    /** What an excerpt is for. */
    enum Kind {
        /** Documents, and the positions behind them. */
        BATCH(1),
        /** Positions that moved without documents. */
        POSITIONS(2),
        /** All positions, the first of a segment. */
        SNAPSHOT(3),
        /** Documents that have to wait, appended again; without positions. */
        AGAIN(4);

        private final byte code;

        Kind(int code) {
            this.code = (byte) code;
        }

        private static Optional<Kind> of(byte code) {
            for (Kind kind : values()) {
                if (kind.code == code) {
                    return Optional.of(kind);
                }
            }
            return Optional.empty();
        }
    }

    /**
     * A decoded header.
     *
     * @param more this snapshot goes on in the next excerpt
     * @param totalBytes header and bodies
     */
    record Header(
            Kind kind,
            boolean more,
            long sequence,
            long epochMillis,
            List<BodyEntry> bodies,
            List<SourceProgress> sources,
            int headerBytes,
            int totalBytes) {}

    /**
     * Where one output's body is.
     *
     * @param offset from the excerpt's first byte
     */
    record BodyEntry(
            int output,
            String target,
            int documents,
            int uncompressedBytes,
            int compressedBytes,
            int crc,
            int offset) {}

    private ExcerptFormat() {}

    /** What stands for an output in the format. */
    static int outputId(String name) {
        CRC32C crc = new CRC32C();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return (int) crc.getValue();
    }

    /** At least what {@link Encoder#source} will take. */
    static int maxSourceBytes(String key) {
        return 2 + 3 * key.length() + 2 + Stream.values().length * STREAM_BYTES + COUNTS_BYTES;
    }

    /** At least what {@link Encoder#body} will take in the header. */
    static int maxBodyEntryBytes(Body body) {
        return BODY_ENTRY_BYTES + 3 * body.target().length();
    }

    /**
     * Encodes headers into one buffer that is used again and again. The calls come in this order:
     * {@link #begin}, {@link #body}s, {@link #source}s, {@link #end}. One thread at a time.
     */
    static final class Encoder {
        private final ByteBuffer header;
        private final CRC32C crc = new CRC32C();
        private int bodies;
        private int sources;
        private long bodyBytes;

        Encoder(int capacity) {
            header = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
        }

        void begin(Kind kind, long epochMillis) {
            header.clear();
            header.putInt(MAGIC).put(VERSION).put(kind.code).putShort((short) 0);
            header.putInt(0).putInt(0).putLong(0).putLong(epochMillis);
            header.putInt(0).putInt(0).putInt(0).putInt(0);
            bodies = 0;
            sources = 0;
            bodyBytes = 0;
        }

        void body(int output, Body body) {
            ByteBuffer gzip = body.gzip();
            int position = gzip.position();
            int length = gzip.remaining();
            crc.reset();
            crc.update(gzip);
            gzip.position(position);
            header.putInt(output).putInt(body.documents()).putInt(body.uncompressedBytes());
            header.putInt(length).putInt((int) crc.getValue());
            text(body.target());
            bodies++;
            bodyBytes += length;
        }

        /** Counts may be absent: a snapshot has none. */
        void source(String key, Optional<SourcePosition> position, Optional<Counts> counts) {
            text(key);
            header.put(
                    (byte)
                            ((position.isPresent() ? HAS_POSITION : 0)
                                    | (counts.isPresent() ? HAS_COUNTS : 0)));
            if (position.isPresent()) {
                header.put((byte) 2);
                stream(Stream.STDOUT, position.get().stdout());
                stream(Stream.STDERR, position.get().stderr());
            }
            if (counts.isPresent()) {
                Counts c = counts.get();
                header.putLong(c.readBytes()).putLong(c.readRecords());
                header.putLong(c.filteredRecords()).putLong(c.truncatedRecords());
            }
            sources++;
        }

        /** Bytes of header and bodies so far. */
        long totalBytes() {
            return header.position() + bodyBytes;
        }

        /** This snapshot goes on in the next excerpt. */
        void more() {
            header.putShort(6, FLAG_MORE);
        }

        /** Completes the header. The buffer is valid until the next {@link #begin}. */
        ByteBuffer end(long sequence) {
            int length = header.position();
            header.putInt(8, length).putLong(16, sequence).putInt(32, bodies).putInt(36, sources);
            header.putInt(40, Math.toIntExact(totalBytes()));
            header.flip();
            header.putInt(CRC_AT, headerCrc(crc, header.array(), 0, length));
            return header;
        }

        private void stream(Stream stream, StreamPosition position) {
            header.put((byte) stream.code()).putLong(position.fingerprint());
            header.putInt(position.restart()).putLong(position.offset());
        }

        /** Keys and targets are nearly always ASCII: no array for those. */
        private void text(String text) {
            int start = header.position();
            header.putShort((short) 0);
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c >= 0x80) {
                    header.position(start + 2).put(text.getBytes(StandardCharsets.UTF_8));
                    break;
                }
                header.put((byte) c);
            }
            int length = header.position() - start - 2;
            if (length > 0xFFFF) {
                throw new BufferOverflowException();
            }
            header.putShort(start, (short) length);
        }
    }

    private static int headerCrc(CRC32C crc, byte[] bytes, int from, int length) {
        crc.reset();
        crc.update(bytes, from, CRC_AT);
        crc.update(bytes, from + CRC_AT + 4, length - CRC_AT - 4);
        return (int) crc.getValue();
    }

    /**
     * The header's length that {@code bytes} claim, or empty when no excerpt of this version can
     * begin there.
     *
     * @param bytes at least {@link #FIXED_BYTES} from {@code from}
     * @param available how many bytes of the file follow {@code from}
     */
    static Optional<Integer> headerLength(ByteBuffer bytes, int from, long available) {
        if (bytes.getInt(from) != MAGIC || bytes.get(from + 4) != VERSION) {
            return Optional.empty();
        }
        int length = bytes.getInt(from + 8);
        int total = bytes.getInt(from + 40);
        return length >= FIXED_BYTES && total >= length && total <= available
                ? Optional.of(length)
                : Optional.empty();
    }

    /**
     * Decodes a header, or answers empty when it is damaged.
     *
     * @param bytes array-backed, little-endian; holds the whole header from {@code from}
     * @param length as {@link #headerLength} said
     */
    static Optional<Header> decode(ByteBuffer bytes, int from, int length) {
        if (headerCrc(new CRC32C(), bytes.array(), bytes.arrayOffset() + from, length)
                != bytes.getInt(from + CRC_AT)) {
            return Optional.empty();
        }
        ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        in.limit(from + length).position(from + 5);
        try {
            Optional<Kind> kind = Kind.of(in.get());
            boolean more = (in.getShort() & FLAG_MORE) != 0;
            in.position(from + 16);
            long sequence = in.getLong();
            long epochMillis = in.getLong();
            int bodyCount = in.getInt();
            int sourceCount = in.getInt();
            int total = in.getInt();
            in.getInt();
            if (kind.isEmpty() || bodyCount < 0 || sourceCount < 0) {
                return Optional.empty();
            }
            List<BodyEntry> bodies = new ArrayList<>();
            long offset = length;
            for (int i = 0; i < bodyCount; i++) {
                int output = in.getInt();
                int documents = in.getInt();
                int uncompressed = in.getInt();
                int compressed = in.getInt();
                int crc = in.getInt();
                String target = text(in);
                if (compressed < 0 || offset + compressed > total) {
                    return Optional.empty();
                }
                bodies.add(
                        new BodyEntry(
                                output,
                                target,
                                documents,
                                uncompressed,
                                compressed,
                                crc,
                                (int) offset));
                offset += compressed;
            }
            List<SourceProgress> sources = new ArrayList<>();
            for (int i = 0; i < sourceCount; i++) {
                sources.add(source(in));
            }
            if (offset != total || in.hasRemaining()) {
                return Optional.empty();
            }
            return Optional.of(
                    new Header(
                            kind.get(),
                            more,
                            sequence,
                            epochMillis,
                            bodies,
                            sources,
                            length,
                            total));
        } catch (java.nio.BufferUnderflowException | IllegalArgumentException _) {
            // The checksum is right and the content is not: written by something else.
            return Optional.empty();
        }
    }

    private static SourceProgress source(ByteBuffer in) {
        String key = text(in);
        byte flags = in.get();
        Optional<SourcePosition> position = Optional.empty();
        if ((flags & HAS_POSITION) != 0) {
            int streams = in.get();
            StreamPosition stdout = null;
            StreamPosition stderr = null;
            for (int i = 0; i < streams; i++) {
                Stream stream = Stream.ofCode(in.get());
                StreamPosition at = new StreamPosition(in.getLong(), in.getInt(), in.getLong());
                switch (stream) {
                    case STDOUT -> stdout = at;
                    case STDERR -> stderr = at;
                }
            }
            if (stdout == null || stderr == null) {
                throw new IllegalArgumentException("a position lacks a stream");
            }
            position = Optional.of(new SourcePosition(stdout, stderr));
        }
        Counts counts = (flags & HAS_COUNTS) != 0 ? counts(in) : Counts.NONE;
        return new SourceProgress(key, position, counts);
    }

    private static Counts counts(ByteBuffer in) {
        long readBytes = in.getLong();
        long readRecords = in.getLong();
        long filteredRecords = in.getLong();
        return new Counts(
                readBytes, readRecords, 0, filteredRecords, in.getLong(), 0, 0, List.of());
    }

    private static String text(ByteBuffer in) {
        int length = Short.toUnsignedInt(in.getShort());
        if (length > in.remaining()) {
            throw new IllegalArgumentException("a text is longer than its header");
        }
        String text =
                new String(
                        in.array(),
                        in.arrayOffset() + in.position(),
                        length,
                        StandardCharsets.UTF_8);
        in.position(in.position() + length);
        return text;
    }

    /** Whether the batch holds anything to append. */
    static boolean isEmpty(Batch batch) {
        return batch.progress().isEmpty() && batch.bodies().stream().allMatch(ExcerptFormat::none);
    }

    /** Whether a body holds nothing for its output. */
    static boolean none(Body body) {
        return body.documents() == 0 || !body.gzip().hasRemaining();
    }
}
