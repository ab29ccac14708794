package io.sluice.sidecar;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Any bytes as the inside of a JSON string (RFC 8259): what is no UTF-8 becomes U+FFFD. */
final class JsonText {
    private static final byte[] REPLACEMENT = "\ufffd".getBytes(StandardCharsets.UTF_8);
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    /** Bytes that are characters by themselves and stand as they are. */
    private static final boolean[] PLAIN = new boolean[256];

    static {
        for (int i = 0x20; i < 0x80; i++) {
            PLAIN[i] = i != '"' && i != '\\';
        }
    }

    private JsonText() {}

    static void write(byte[] bytes, int from, int to, Outlet into) throws IOException {
        int run = from;
        int at = from;
        while (at < to) {
            if (PLAIN[bytes[at] & 0xff]) {
                at++;
                continue;
            }
            int next = sequence(bytes, at, to);
            if (next > at) {
                at = next;
                continue;
            }
            into.put(bytes, run, at - run);
            if (bytes[at] >= 0) {
                escape(bytes[at], into);
            } else {
                into.put(REPLACEMENT);
            }
            at++;
            run = at;
        }
        into.put(bytes, run, to - run);
    }

    /** Where a character of several bytes ends that begins here; {@code at} if none does. */
    private static int sequence(byte[] bytes, int at, int to) {
        int first = bytes[at] & 0xff;
        int more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
        if (more == 0 || at + more >= to) {
            return at;
        }
        int second = bytes[at + 1] & 0xff;
        // Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above
        // 10FFFF.
        int least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        int most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (second < least || second > most) {
            return at;
        }
        for (int i = 2; i <= more; i++) {
            if ((bytes[at + i] & 0xc0) != 0x80) {
                return at;
            }
        }
        return at + more + 1;
    }

    private static void escape(byte value, Outlet into) throws IOException {
        into.put((byte) '\\');
        switch (value) {
            case '"', '\\' -> into.put(value);
            case '\n' -> into.put((byte) 'n');
            case '\r' -> into.put((byte) 'r');
            case '\t' -> into.put((byte) 't');
            default -> {
                into.put((byte) 'u');
                into.put((byte) '0');
                into.put((byte) '0');
                into.put(HEX[value >> 4]);
                into.put(HEX[value & 0xf]);
            }
        }
    }
}
