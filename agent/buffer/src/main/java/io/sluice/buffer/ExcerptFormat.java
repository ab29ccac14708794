package io.sluice.buffer;

import io.sluice.pipeline.Batch;
import io.sluice.pipeline.Batch.Body;
import io.sluice.pipeline.Runs;
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
import java.util.function.IntUnaryOperator;
import java.util.zip.CRC32C;

/**
 * The bytes of an excerpt, format version 3. All numbers of a fixed size are little-endian, "n"
 * stands for one of {@link Varints}, all text is UTF-8. This is a file format: change it by a new
 * version only. (Versions 1 and 2 were never released, and are not read.)
 *
 * <pre>
 * offset size
 *      0    4  magic: 'S' 'L' 'X' '1'
 *      4    1  format version: 3
 *      5    1  kind: 1 BATCH, 2 POSITIONS, 3 SNAPSHOT, 4 AGAIN
 *      6    2  flags: bit 0 MORE, this snapshot goes on in the next excerpt;
 *              bit 1 UNCOUNTED, the ledger takes no notice of these documents; others 0
 *      8    4  header length H: from the magic to the first body
 *     12    4  CRC32C of the header, bytes [0, 12) and [16, H)
 *     16    8  sequence: grows by 1 from excerpt to excerpt of a buffer, over all segments
 *     24    8  when appended, milliseconds since 1970
 *     32    4  number of bodies B
 *     36    4  number of sources S
 *     40    4  total length: H and all bodies
 *     44    4  0
 *     48    8  AGAIN: sequence of the excerpt whose documents these are; else 0
 *     56    8  AGAIN: sequence of the BATCH that was the first to have them; else 0
 *     64       B times, one for each output that gets something:
 *           4    output: CRC32C of its name
 *           4    documents
 *           4    uncompressed bytes
 *           4    compressed bytes
 *           4    CRC32C of the compressed bytes
 *           2    length of the target
 *           .    target: data stream or index
 *           n    number of runs, then for each, in the order of the documents:
 *           n      place of the source among the S below, from 0
 *           n      documents
 *           n      raw bytes of their records
 *              S times:
 *           2    length of the key
 *           .    key of the source
 *           1    flags: bit 0 POSITION is there, bit 1 TOTALS are there,
 *                bit 2 FORGOTTEN, the source has ended and its position is to be forgotten
 *              if bit 0:
 *           1    number of positions, 1 or 2, then for each:
 *           1      code of the stream (see {@link Stream#code}); 0 for every stream
 *           8      fingerprint of the generation
 *           n      restart number, as 32 bits
 *           n      offset: the first byte that is in no excerpt yet
 *           8      fingerprint of the generation before it; 0 for none
 *              if bit 1:
 *           .    totals since the source's first excerpt (see {@link ReadTotals#put})
 *      H       the bodies, each a whole gzip stream, in the order of the table above
 * </pre>
 *
 * <p>BATCH and POSITIONS have for each source its position, or that it is forgotten, and its
 * totals; a SNAPSHOT has position and totals of every source that has a position; of an AGAIN's
 * sources there is only the key. Every document is in a run.
 *
 * <p>The totals are sums, not differences: so those in the last excerpt that is believed are right
 * whatever became of the ones before it, as the position beside them is.
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
    static final byte VERSION = 3;
    static final int FIXED_BYTES = 64;

    private static final int BODY_ENTRY_BYTES = 22 + Varints.MOST_INT_BYTES;
    private static final int CRC_AT = 12;
    private static final short FLAG_MORE = 1;
    private static final short FLAG_UNCOUNTED = 2;
    private static final byte HAS_POSITION = 1;
    private static final byte HAS_TOTALS = 2;
    private static final byte FORGOTTEN = 4;
    private static final byte EVERY_STREAM = 0;
    private static final int MOST_POSITION_BYTES =
            1 + 8 + Varints.MOST_INT_BYTES + Varints.MOST_BYTES + 8;

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
     * @param counted the ledger takes notice of these documents
     * @param origin AGAIN: the excerpt whose documents these are; else 0
     * @param root AGAIN: the first excerpt that had them; else 0
     * @param totalBytes header and bodies
     */
    record Header(
            Kind kind,
            boolean more,
            boolean counted,
            long sequence,
            long epochMillis,
            long origin,
            long root,
            List<BodyEntry> bodies,
            List<SourceEntry> sources,
            int headerBytes,
            int totalBytes) {

        /** What one output gets. */
        Optional<BodyEntry> body(int output) {
            for (BodyEntry body : bodies) {
                if (body.output() == output) {
                    return Optional.of(body);
                }
            }
            return Optional.empty();
        }

        /** The first excerpt that had these documents. */
        long rootSequence() {
            return kind == Kind.AGAIN ? root : sequence;
        }
    }

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
            int offset,
            ExcerptRuns runs) {}

    /**
     * What an excerpt says of one source.
     *
     * @param forgotten it has ended, and its position goes
     */
    record SourceEntry(
            String key,
            Optional<SourcePosition> position,
            boolean forgotten,
            Optional<ReadTotals> totals) {}

    private ExcerptFormat() {}

    /** What stands for an output in the format. */
    static int outputId(String name) {
        CRC32C crc = new CRC32C();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return (int) crc.getValue();
    }

    /** At least what {@link Encoder#source} will take. */
    static int maxSourceBytes(String key) {
        return 2
                + 3 * key.length()
                + 2
                + Stream.values().length * MOST_POSITION_BYTES
                + ReadTotals.MOST_BYTES;
    }

    /** At least what {@link Encoder#body} will take in the header. */
    static int maxBodyEntryBytes(Body body, Runs runs) {
        return BODY_ENTRY_BYTES + 3 * body.target().length() + Runs.MOST_RUN_BYTES * runs.count();
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
            header.putInt(0).putInt(0).putInt(0).putInt(0).putLong(0).putLong(0);
            bodies = 0;
            sources = 0;
            bodyBytes = 0;
        }

        /** Says whose documents an AGAIN has. */
        void origin(long origin, long root, boolean counted) {
            header.putLong(48, origin).putLong(56, root);
            if (!counted) {
                header.putShort(6, (short) (header.getShort(6) | FLAG_UNCOUNTED));
            }
        }

        /**
         * @param runs whose the documents are, not necessarily the body's own
         * @param place from the place of a source in {@code runs} to its place in this excerpt
         */
        void body(int output, Body body, Runs runs, IntUnaryOperator place) {
            ByteBuffer gzip = body.gzip();
            int position = gzip.position();
            int length = gzip.remaining();
            crc.reset();
            crc.update(gzip);
            gzip.position(position);
            header.putInt(output).putInt(body.documents()).putInt(body.uncompressedBytes());
            header.putInt(length).putInt((int) crc.getValue());
            text(body.target());
            Varints.put(header, runs.count());
            for (int run = 0; run < runs.count(); run++) {
                Varints.put(header, place.applyAsInt(runs.source(run)));
                Varints.put(header, runs.documents(run));
                Varints.put(header, runs.rawBytes(run));
            }
            bodies++;
            bodyBytes += length;
        }

        /** A source of an AGAIN: only its documents are here. */
        void source(String key) {
            text(key);
            header.put((byte) 0);
            sources++;
        }

        /**
         * @param position empty for a source that is forgotten
         */
        void source(String key, Optional<SourcePosition> position, ReadTotals totals) {
            text(key);
            header.put((byte) ((position.isPresent() ? HAS_POSITION : FORGOTTEN) | HAS_TOTALS));
            if (position.isPresent()) {
                StreamPosition stdout = position.get().stdout();
                StreamPosition stderr = position.get().stderr();
                if (stdout.equals(stderr)) {
                    header.put((byte) 1);
                    stream(EVERY_STREAM, stdout);
                } else {
                    header.put((byte) 2);
                    stream((byte) Stream.STDOUT.code(), stdout);
                    stream((byte) Stream.STDERR.code(), stderr);
                }
            }
            totals.put(header);
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

        private void stream(byte code, StreamPosition position) {
            header.put(code).putLong(position.fingerprint());
            Varints.put(header, Integer.toUnsignedLong(position.restart()));
            Varints.put(header, position.offset());
            header.putLong(position.before());
        }

        private void text(String text) {
            putText(header, text);
        }
    }

    /**
     * Two bytes of length, and the text. Keys and targets are nearly always ASCII: no array for
     * those.
     *
     * @throws BufferOverflowException if there is no room for it, here or in the two bytes
     */
    static void putText(ByteBuffer out, String text) {
        int start = out.position();
        out.putShort((short) 0);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                out.position(start + 2).put(text.getBytes(StandardCharsets.UTF_8));
                break;
            }
            out.put((byte) c);
        }
        int length = out.position() - start - 2;
        if (length > 0xFFFF) {
            throw new BufferOverflowException();
        }
        out.putShort(start, (short) length);
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
            return content(in, from, length);
        } catch (java.nio.BufferUnderflowException | IllegalArgumentException _) {
            // The checksum is right and the content is not: written by something else.
            return Optional.empty();
        }
    }

    private static Optional<Header> content(ByteBuffer in, int from, int length) {
        Optional<Kind> kind = Kind.of(in.get());
        int flags = in.getShort();
        in.position(from + 16);
        long sequence = in.getLong();
        long epochMillis = in.getLong();
        int bodyCount = in.getInt();
        int sourceCount = in.getInt();
        int total = in.getInt();
        in.getInt();
        long origin = in.getLong();
        long root = in.getLong();
        if (kind.isEmpty() || bodyCount < 0 || sourceCount < 0) {
            return Optional.empty();
        }
        List<String> keys = new ArrayList<>();
        List<BodyEntry> bodies = new ArrayList<>();
        long offset = length;
        for (int i = 0; i < bodyCount; i++) {
            BodyEntry body = body(in, (int) offset, keys, sourceCount);
            offset += body.compressedBytes();
            if (body.compressedBytes() < 0 || offset > total) {
                return Optional.empty();
            }
            bodies.add(body);
        }
        List<SourceEntry> sources = new ArrayList<>();
        for (int i = 0; i < sourceCount; i++) {
            SourceEntry source = source(in);
            sources.add(source);
            keys.add(source.key());
        }
        if (offset != total || in.hasRemaining()) {
            return Optional.empty();
        }
        return Optional.of(
                new Header(
                        kind.get(),
                        (flags & FLAG_MORE) != 0,
                        (flags & FLAG_UNCOUNTED) == 0,
                        sequence,
                        epochMillis,
                        origin,
                        root,
                        bodies,
                        sources,
                        length,
                        total));
    }

    private static BodyEntry body(ByteBuffer in, int offset, List<String> keys, int sourceCount) {
        int output = in.getInt();
        int documents = in.getInt();
        int uncompressed = in.getInt();
        int compressed = in.getInt();
        int crc = in.getInt();
        String target = takeText(in);
        int runs = Varints.takeInt(in);
        if (runs > in.remaining()) {
            throw new IllegalArgumentException("there are more runs than bytes");
        }
        int[] source = new int[runs];
        int[] runDocuments = new int[runs];
        long[] rawBytes = new long[runs];
        long all = 0;
        for (int run = 0; run < runs; run++) {
            source[run] = Varints.takeInt(in);
            runDocuments[run] = Varints.takeInt(in);
            rawBytes[run] = Varints.take(in);
            all += runDocuments[run];
            if (source[run] >= sourceCount) {
                throw new IllegalArgumentException("a run is of a source that is not there");
            }
        }
        if (all != documents) {
            throw new IllegalArgumentException("the runs are not of all documents");
        }
        return new BodyEntry(
                output,
                target,
                documents,
                uncompressed,
                compressed,
                crc,
                offset,
                new ExcerptRuns(keys, source, runDocuments, rawBytes));
    }

    private static SourceEntry source(ByteBuffer in) {
        String key = takeText(in);
        byte flags = in.get();
        Optional<SourcePosition> position = Optional.empty();
        if ((flags & HAS_POSITION) != 0) {
            position = Optional.of(position(in));
        }
        Optional<ReadTotals> totals =
                (flags & HAS_TOTALS) != 0 ? Optional.of(ReadTotals.take(in)) : Optional.empty();
        return new SourceEntry(key, position, (flags & FORGOTTEN) != 0, totals);
    }

    private static SourcePosition position(ByteBuffer in) {
        int positions = in.get();
        StreamPosition stdout = null;
        StreamPosition stderr = null;
        for (int i = 0; i < positions; i++) {
            byte code = in.get();
            long fingerprint = in.getLong();
            int restart = (int) Varints.take(in);
            long offset = Varints.take(in);
            StreamPosition at = new StreamPosition(fingerprint, restart, offset, in.getLong());
            if (code == EVERY_STREAM) {
                stdout = at;
                stderr = at;
            } else {
                switch (Stream.ofCode(code)) {
                    case STDOUT -> stdout = at;
                    case STDERR -> stderr = at;
                }
            }
        }
        if (stdout == null || stderr == null) {
            throw new IllegalArgumentException("a position lacks a stream");
        }
        return new SourcePosition(stdout, stderr);
    }

    /** As {@link #putText} has written it. */
    static String takeText(ByteBuffer in) {
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
