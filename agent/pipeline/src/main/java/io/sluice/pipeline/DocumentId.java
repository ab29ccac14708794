package io.sluice.pipeline;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * The {@code _id} of a document: where its record stood and how far it reached, so that the same
 * bytes sent twice are one document.
 *
 * <p>128 bits, base64url without padding, 22 characters: 64 bits fingerprint of the generation, 40
 * bits offset of the record's first byte, the low 24 bits of its extent. Elasticsearch keeps such
 * ids in their binary form, where those of one file are in order.
 */
public final class DocumentId {
    /** Characters of an id. */
    static final int LENGTH = 22;

    private static final byte[] ALPHABET =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                    .getBytes(StandardCharsets.US_ASCII);

    /** The six bits of a character, or -1. */
    private static final byte[] BITS = bits();

    private DocumentId() {}

    private static byte[] bits() {
        byte[] bits = new byte[128];
        Arrays.fill(bits, (byte) -1);
        for (int i = 0; i < ALPHABET.length; i++) {
            bits[ALPHABET[i]] = (byte) i;
        }
        return bits;
    }

    /**
     * The low 24 bits of the extent in an id: its record's bytes in the file, unless the record has
     * a run of its own ({@link Runs#OWN_RUN_BYTES}).
     *
     * @return empty for what is not one of our ids
     */
    public static OptionalInt extent(CharSequence id) {
        if (id.length() != LENGTH) {
            return OptionalInt.empty();
        }
        // Bits 104 to 127: the last four bits of character 17, all of three, two of the last.
        int extent = 0;
        for (int i = 17; i < LENGTH; i++) {
            char c = id.charAt(i);
            int six = c < BITS.length ? BITS[c] : -1;
            if (six < 0) {
                return OptionalInt.empty();
            }
            extent = extent << 6 | six;
        }
        return OptionalInt.of(extent >>> 4 & 0xFF_FFFF);
    }

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
