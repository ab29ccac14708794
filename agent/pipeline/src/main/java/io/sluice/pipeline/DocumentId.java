package io.sluice.pipeline;

import java.nio.charset.StandardCharsets;

/**
 * The {@code _id} of a document: where its record stood and how far it reached, so that the same
 * bytes sent twice are one document.
 *
 * <p>128 bits, base64url without padding, 22 characters: 64 bits fingerprint of the generation, 40
 * bits offset of the record's first byte, the low 24 bits of its extent. Elasticsearch keeps such
 * ids in their binary form, where those of one file are in order.
 */
final class DocumentId {
    /** Characters of an id. */
    static final int LENGTH = 22;

    private static final byte[] ALPHABET =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                    .getBytes(StandardCharsets.US_ASCII);

    private DocumentId() {}

    static void append(DocumentBuffer out, long fingerprint, long offset, long extent) {
        out.ensure(LENGTH);
        long place = (offset << 24) | (extent & 0xFF_FFFF);
        int at = out.length;
        // Ten characters take 60 of the first 64 bits, the eleventh 4 of them and 2 of the others.
        at = sixes(out.bytes, at, fingerprint >>> 4, 10);
        at = sixes(out.bytes, at, ((fingerprint & 0xF) << 2) | (place >>> 62), 1);
        at = sixes(out.bytes, at, place >>> 2, 10);
        at = sixes(out.bytes, at, (place & 0x3) << 4, 1);
        out.length = at;
    }

    private static int sixes(byte[] target, int at, long bits, int count) {
        for (int i = count - 1; i >= 0; i--) {
            target[at++] = ALPHABET[(int) (bits >>> (6 * i)) & 0x3F];
        }
        return at;
    }
}
