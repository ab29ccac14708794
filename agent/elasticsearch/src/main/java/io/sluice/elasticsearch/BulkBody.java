package io.sluice.elasticsearch;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * A bulk body taken apart: for answers that leave something to do, so seldom. Every document is two
 * lines, its action ({@code create}) and itself.
 *
 * @param items in order
 */
record BulkBody(List<Item> items) {
    private static final byte[] ID = "\"_id\":\"".getBytes(StandardCharsets.US_ASCII);

    /**
     * One document.
     *
     * @param action without newline
     * @param document without newline
     */
    @SuppressWarnings("ArrayRecordComponent") // bytes on their way, never compared
    record Item(byte[] action, byte[] document) {

        /** The {@code _id} of the action, which our encoder writes without escapes. */
        String id() {
            int from = indexOf(action, ID);
            if (from < 0) {
                return "";
            }
            int to = from + ID.length;
            while (to < action.length && action[to] != '"') {
                to++;
            }
            return new String(
                    action, from + ID.length, to - from - ID.length, StandardCharsets.UTF_8);
        }

        int bytes() {
            return action.length + document.length + 2;
        }

        private static int indexOf(byte[] text, byte[] wanted) {
            for (int at = 0; at <= text.length - wanted.length; at++) {
                int matched = 0;
                while (matched < wanted.length && text[at + matched] == wanted[matched]) {
                    matched++;
                }
                if (matched == wanted.length) {
                    return at;
                }
            }
            return -1;
        }
    }

    /**
     * @param gzip from position to limit, array-backed; not changed
     * @param uncompressedBytes how much it should hold; for the sake of memory
     * @throws UncheckedIOException if it is no gzip: the buffer's checksum has been passed, so
     *     never
     */
    static BulkBody decode(ByteBuffer gzip, int uncompressedBytes) {
        byte[] text;
        try (GZIPInputStream in =
                new GZIPInputStream(
                        new ByteArrayInputStream(
                                gzip.array(),
                                gzip.arrayOffset() + gzip.position(),
                                gzip.remaining()),
                        16 * 1024)) {
            text = in.readNBytes(uncompressedBytes);
            byte[] more = in.readAllBytes();
            if (more.length > 0) {
                int known = text.length;
                text = Arrays.copyOf(text, known + more.length);
                System.arraycopy(more, 0, text, known, more.length);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("a body of the buffer is no gzip", e);
        }
        List<Item> items = new ArrayList<>();
        int at = 0;
        while (at < text.length) {
            int actionEnd = newline(text, at);
            int documentEnd = newline(text, Math.min(actionEnd + 1, text.length));
            items.add(
                    new Item(
                            Arrays.copyOfRange(text, at, actionEnd),
                            Arrays.copyOfRange(
                                    text, Math.min(actionEnd + 1, text.length), documentEnd)));
            at = documentEnd + 1;
        }
        return new BulkBody(items);
    }

    private static int newline(byte[] text, int from) {
        int at = from;
        while (at < text.length && text[at] != '\n') {
            at++;
        }
        return at;
    }

    /**
     * Where to cut so that no part is larger than {@code mostBytes}, unless a single document is.
     *
     * @return for each part the place behind its last item
     */
    List<Integer> cuts(int mostBytes) {
        List<Integer> cuts = new ArrayList<>();
        long bytes = 0;
        for (int i = 0; i < items.size(); i++) {
            int more = items.get(i).bytes();
            if (bytes > 0 && bytes + more > mostBytes) {
                cuts.add(i);
                bytes = 0;
            }
            bytes += more;
        }
        cuts.add(items.size());
        return cuts;
    }

    /**
     * Where to cut so that two parts, of one document at least, are about the same size.
     *
     * @return the place behind the first part's last item
     */
    int middle() {
        long half = uncompressedBytes() / 2;
        long bytes = 0;
        int at = 0;
        while (at < items.size() - 1 && bytes + items.get(at).bytes() / 2 < half) {
            bytes += items.get(at).bytes();
            at++;
        }
        return Math.clamp(at, 1, items.size() - 1);
    }

    /** Some of its items. */
    BulkBody part(int from, int to) {
        return new BulkBody(items.subList(from, to));
    }

    /** Size of the NDJSON. */
    int uncompressedBytes() {
        int bytes = 0;
        for (Item item : items) {
            bytes += item.bytes();
        }
        return bytes;
    }

    /** As one gzip body. */
    ByteBuffer encode() {
        ByteArrayOutputStream out = new ByteArrayOutputStream(uncompressedBytes() / 8 + 64);
        try (GZIPOutputStream gzip =
                new GZIPOutputStream(out, 16 * 1024) {
                    {
                        def.setLevel(Deflater.BEST_SPEED);
                    }
                }) {
            for (Item item : items) {
                gzip.write(item.action());
                gzip.write('\n');
                gzip.write(item.document());
                gzip.write('\n');
            }
        } catch (IOException e) {
            throw new UncheckedIOException("memory refuses no writes", e);
        }
        return ByteBuffer.wrap(out.toByteArray());
    }
}
