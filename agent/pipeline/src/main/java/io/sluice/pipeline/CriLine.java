package io.sluice.pipeline;

import io.sluice.tail.Stream;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The header of one CRI log line, as containerd, CRI-O and conmon write it: {@code
 * 2026-11-23T10:34:26.906140354Z stdout F text}.
 *
 * <p>Time: RFC 3339 with 0 to 9 fraction digits and {@code Z} or a numeric offset (containerd trims
 * trailing zeros, conmon writes {@code +00:00}). Stream: {@code stdout} or {@code stderr}. Tags,
 * separated by colons: the first is {@code P} (a partial, more of the line follows) or {@code F}.
 * The text may be empty, also without the space before it. Format: <a
 * href="https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md">kubelet
 * CRI logging</a> and {@code pkg/kubelet/kuberuntime/logs} of Kubernetes.
 *
 * <p>Checked strictly, because whatever is no CRI line is kept whole as text: Elasticsearch would
 * refuse the document of an impossible date. One object per encoder, its fields are overwritten by
 * each {@link #parse}.
 */
final class CriLine {
    private static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** {@code 2026-11-23T10:34:26}, what comes before fraction and zone. */
    private static final int SECONDS_END = 19;

    /** The shortest line there is: {@code 2026-11-23T10:34:26Z stdout F}. */
    private static final int SHORTEST = SECONDS_END + 1 + 1 + 6 + 1 + 1;

    /** {@link java.time.ZoneOffset}, with which Elasticsearch reads dates, ends at 18 hours. */
    private static final int LARGEST_OFFSET_MINUTES = 18 * 60;

    private static final long STDOUT = word("stdout ");
    private static final long STDERR = word("stderr ");

    /** Seven bytes of eight: the stream's name and the space behind it. */
    private static final long SEVEN_BYTES = 0x00FF_FFFF_FFFF_FFFFL;

    /** Behind the last byte of the time, which begins where the line does. */
    int timeTo;

    Stream stream = Stream.STDOUT;

    /** More of this line follows in another one. */
    boolean partial;

    /** First byte of the text; the end of the line where it is empty. */
    int contentFrom;

    /**
     * The last good date, hour and minute, 16 bytes: most lines have the one of the line before.
     */
    private long knownFirst = word("2000-01-");

    private long knownSecond = word("01T00:00");

    /**
     * Reads the header of the line in {@code [from, to)}, which has no newline.
     *
     * @return whether it is one; the fields are meant only if so
     */
    boolean parse(byte[] bytes, int from, int to) {
        if (to - from < SHORTEST || !seconds(bytes, from)) {
            return false;
        }
        int at = zone(bytes, fraction(bytes, from + SECONDS_END, to), to);
        // The stream's name is compared as one word of eight bytes; a line has a tag behind it.
        if (at < 0 || to - at < 1 + 7 + 1 || bytes[at] != ' ') {
            return false;
        }
        timeTo = at;
        return stream(bytes, at + 1) && tags(bytes, at + 1 + 7, to);
    }

    /** Whether {@code [from, to)} is a time as runtimes write it, and nothing else. */
    boolean isTime(byte[] bytes, int from, int to) {
        return to - from > SECONDS_END
                && seconds(bytes, from)
                && zone(bytes, fraction(bytes, from + SECONDS_END, to), to) == to;
    }

    private boolean seconds(byte[] bytes, int from) {
        long first = (long) LONGS.get(bytes, from);
        long second = (long) LONGS.get(bytes, from + Long.BYTES);
        if (first != knownFirst || second != knownSecond) {
            if (!minute(bytes, from)) {
                return false;
            }
            knownFirst = first;
            knownSecond = second;
        }
        return bytes[from + 16] == ':' && inRange(two(bytes, from + 17), 0, 59);
    }

    /** {@code 2026-11-23T10:34}, a day that exists. */
    private static boolean minute(byte[] bytes, int from) {
        int century = two(bytes, from);
        int yearOfCentury = two(bytes, from + 2);
        int month = two(bytes, from + 5);
        int day = two(bytes, from + 8);
        return century >= 0
                && yearOfCentury >= 0
                && bytes[from + 4] == '-'
                && inRange(month, 1, 12)
                && bytes[from + 7] == '-'
                && inRange(day, 1, daysOf(century * 100 + yearOfCentury, month))
                && bytes[from + 10] == 'T'
                && inRange(two(bytes, from + 11), 0, 23)
                && bytes[from + 13] == ':'
                && inRange(two(bytes, from + 14), 0, 59);
    }

    private static int daysOf(int year, int month) {
        return switch (month) {
            case 2 -> year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
            case 4, 6, 9, 11 -> 30;
            default -> 31;
        };
    }

    /** Behind the fraction of a second, or -1; {@code from} itself where there is none. */
    private static int fraction(byte[] bytes, int from, int to) {
        if (bytes[from] != '.') {
            return from;
        }
        int at = from + 1;
        int end = Math.min(to, at + 9);
        while (at < end && isDigit(bytes[at])) {
            at++;
        }
        return at == from + 1 ? -1 : at;
    }

    /** Behind {@code Z} or {@code +01:00}, or -1. */
    private static int zone(byte[] bytes, int at, int to) {
        if (at < 0 || at >= to) {
            return -1;
        }
        if (bytes[at] == 'Z') {
            return at + 1;
        }
        if ((bytes[at] != '+' && bytes[at] != '-') || to - at < 6 || bytes[at + 3] != ':') {
            return -1;
        }
        int hours = two(bytes, at + 1);
        int minutes = two(bytes, at + 4);
        return hours >= 0
                        && inRange(minutes, 0, 59)
                        && hours * 60 + minutes <= LARGEST_OFFSET_MINUTES
                ? at + 6
                : -1;
    }

    private boolean stream(byte[] bytes, int at) {
        long word = (long) LONGS.get(bytes, at) & SEVEN_BYTES;
        if (word == STDOUT) {
            stream = Stream.STDOUT;
            return true;
        }
        stream = Stream.STDERR;
        return word == STDERR;
    }

    private boolean tags(byte[] bytes, int at, int to) {
        byte tag = bytes[at];
        if (tag != 'F' && tag != 'P') {
            return false;
        }
        partial = tag == 'P';
        int end = at + 1;
        if (end < to && bytes[end] == ':') {
            while (end < to && bytes[end] != ' ') {
                end++;
            }
        }
        if (end < to && bytes[end] != ' ') {
            return false;
        }
        contentFrom = Math.min(end + 1, to);
        return true;
    }

    /** Two digits, or -1. */
    private static int two(byte[] bytes, int at) {
        byte tens = bytes[at];
        byte ones = bytes[at + 1];
        return isDigit(tens) && isDigit(ones) ? (tens - '0') * 10 + (ones - '0') : -1;
    }

    private static boolean isDigit(byte character) {
        return character >= '0' && character <= '9';
    }

    private static boolean inRange(int value, int smallest, int largest) {
        return value >= smallest && value <= largest;
    }

    private static long word(String text) {
        long word = 0;
        for (int i = 0; i < text.length(); i++) {
            word |= (long) text.charAt(i) << (8 * i);
        }
        return word;
    }
}
