package io.sluice.pipeline;

/** Well-formed UTF-8, table 3-7 of the Unicode standard: nothing overlong, no surrogates. */
final class Utf8 {
    /** U+FFFD, what stands for bytes that are no UTF-8. */
    static final byte[] REPLACEMENT = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};

    private Utf8() {}

    /**
     * Looks at the sequence that begins at a byte of 0x80 or more.
     *
     * @return its length, 2 to 4; or, negative, how many bytes make one {@link #REPLACEMENT}: the
     *     longest beginning of a sequence that could have become well-formed, or one byte. That is
     *     what the standard recommends; Java's own decoder differs for surrogates alone.
     */
    static int sequence(byte[] bytes, int at, int to) {
        int lead = bytes[at] & 0xFF;
        if (lead < 0xC2 || lead > 0xF4) {
            return -1;
        }
        int smallest = 0x80;
        int largest = 0xBF;
        switch (lead) {
            case 0xE0 -> smallest = 0xA0;
            case 0xED -> largest = 0x9F;
            case 0xF0 -> smallest = 0x90;
            case 0xF4 -> largest = 0x8F;
            default -> {}
        }
        if (at + 1 >= to) {
            return -1;
        }
        int second = bytes[at + 1] & 0xFF;
        if (second < smallest || second > largest) {
            return -1;
        }
        if (lead < 0xE0) {
            return 2;
        }
        if (at + 2 >= to || !continues(bytes[at + 2])) {
            return -2;
        }
        if (lead < 0xF0) {
            return 3;
        }
        return at + 3 >= to || !continues(bytes[at + 3]) ? -3 : 4;
    }

    private static boolean continues(byte following) {
        return (following & 0xC0) == 0x80;
    }
}
