package io.sluice.sidecar;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * A line as a pattern sees it: one character for each byte, so that any bytes can be looked at and
 * nothing is decoded. Used again for every line.
 */
final class LineBytes implements CharSequence {
    private byte[] bytes = {};
    private int from;
    private int length;

    /**
     * A pattern for such lines. What it says beyond ASCII is compared as the bytes of UTF-8; such a
     * character in square brackets means each of its bytes.
     */
    static Pattern pattern(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return Pattern.compile(new String(utf8, StandardCharsets.ISO_8859_1));
    }

    LineBytes of(byte[] of, int begin, int end) {
        bytes = of;
        from = begin;
        length = end - begin;
        return this;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public char charAt(int index) {
        return (char) (bytes[from + index] & 0xff);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        return new LineBytes().of(bytes, from + start, from + end);
    }

    @Override
    public String toString() {
        return new String(bytes, from, length, StandardCharsets.ISO_8859_1);
    }
}
