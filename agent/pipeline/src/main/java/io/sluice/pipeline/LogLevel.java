package io.sluice.pipeline;

import java.nio.charset.StandardCharsets;

/**
 * What {@code log.level} is made of what applications call their levels.
 *
 * <p>Names are compared without regard to case. A name that is not known here stays as it is, in
 * lower case, if it has at most {@link #LONGEST_BYTES} bytes; a longer text is no level. Numbers
 * are those of pino and bunyan, 10 to 60, between two of them the lower one; syslog's 0 to 7 would
 * be guesswork. One thread only.
 */
final class LogLevel {
    /** Longer texts are no levels. */
    static final int LONGEST_BYTES = 32;

    /** Each line: what is written, then who says so. */
    private static final String[][] KNOWN = {
        {"trace", "trace", "trc", "trce", "finest", "finer", "verbose", "silly"},
        {"debug", "debug", "dbg", "dbug", "fine", "config"},
        {"info", "info", "inf", "information", "informational", "notice"},
        {"warn", "warn", "warning", "wrn"},
        {"error", "error", "err", "eror", "severe", "fail"},
        {
            "fatal",
            "fatal",
            "ftl",
            "critical",
            "crit",
            "panic",
            "dpanic",
            "alert",
            "emerg",
            "emergency"
        },
    };

    private static final NameTable NAMES = new NameTable(names());

    /** What is written, for each of {@link #NAMES}. */
    private static final byte[][] LEVELS = levels();

    /** What is written for 10, 20 and so on. */
    private static final byte[][] NUMBERED = numbered();

    private final DocumentBuffer name = new DocumentBuffer(0);

    /** The level as the inside of a JSON string; empty where none was read. */
    final DocumentBuffer text = new DocumentBuffer(0);

    void clear() {
        text.length = 0;
    }

    boolean isKnown() {
        return text.length > 0;
    }

    /**
     * Reads a JSON value.
     *
     * @return whether it is a level, which {@link #text} has then
     */
    boolean read(byte[] json, int from, int to) {
        text.length = 0;
        if (json[from] == '"') {
            readName(json, from + 1, to - 1);
        } else if (to - from == 2 && json[from] >= '1' && json[from] <= '6') {
            int number = (json[from] - '0') * 10 + json[from + 1] - '0';
            if (number <= 60) {
                text.append(NUMBERED[number / 10 - 1]);
            }
        }
        return isKnown();
    }

    private void readName(byte[] json, int from, int to) {
        if (to - from > LONGEST_BYTES * JsonText.UNIT_BYTES) {
            return;
        }
        name.length = 0;
        JsonText.appendUnescaped(json, from, to, name);
        if (name.length == 0 || name.length > LONGEST_BYTES) {
            return;
        }
        boolean blank = true;
        for (int i = 0; i < name.length; i++) {
            byte character = name.bytes[i];
            blank &= character >= 0 && character <= ' ';
            if (character >= 'A' && character <= 'Z') {
                name.bytes[i] |= 0x20;
            }
        }
        if (blank) {
            return;
        }
        int known =
                NAMES.find(name.bytes, 0, name.length, NameTable.hash(name.bytes, 0, name.length));
        if (known >= 0) {
            text.append(LEVELS[known]);
        } else {
            JsonText.appendEscaped(name.bytes, 0, name.length, text);
        }
    }

    private static String[] names() {
        int count = 0;
        for (String[] line : KNOWN) {
            count += line.length - 1;
        }
        String[] names = new String[count];
        int at = 0;
        for (String[] line : KNOWN) {
            System.arraycopy(line, 1, names, at, line.length - 1);
            at += line.length - 1;
        }
        return names;
    }

    private static byte[][] levels() {
        byte[][] levels = new byte[names().length][];
        int at = 0;
        for (String[] line : KNOWN) {
            for (int i = 1; i < line.length; i++) {
                levels[at++] = line[0].getBytes(StandardCharsets.US_ASCII);
            }
        }
        return levels;
    }

    private static byte[][] numbered() {
        byte[][] levels = new byte[KNOWN.length][];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = KNOWN[i][0].getBytes(StandardCharsets.US_ASCII);
        }
        return levels;
    }
}
