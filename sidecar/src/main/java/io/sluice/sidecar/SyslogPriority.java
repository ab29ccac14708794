package io.sluice.sidecar;

import java.util.Optional;

/**
 * What stands before a syslog message, {@code <13>} (RFC 3164, 4.1.1): facility times eight and
 * severity, at most 191.
 *
 * @param headBytes how long it is; 0 where there is none
 */
record SyslogPriority(int headBytes, LineShaper.Marks marks) {
    private static final int MAX = 191;
    private static final int MAX_DIGITS = 3;
    private static final SyslogPriority NONE = new SyslogPriority(0, LineShaper.Marks.NONE);

    /** One for each severity: nothing is made for a message. */
    private static final LineShaper.Marks[] MARKS = new LineShaper.Marks[8];

    static {
        for (int i = 0; i < MARKS.length; i++) {
            MARKS[i] = new LineShaper.Marks(Optional.of(Severity.ofPriority(i)), "");
        }
    }

    static SyslogPriority of(byte[] message, int length) {
        if (length < 3 || message[0] != '<') {
            return NONE;
        }
        int value = 0;
        int at = 1;
        while (at < length && at <= MAX_DIGITS && message[at] >= '0' && message[at] <= '9') {
            value = value * 10 + message[at] - '0';
            at++;
        }
        boolean whole = at > 1 && at < length && message[at] == '>' && value <= MAX;
        return whole ? new SyslogPriority(at + 1, MARKS[value & 7]) : NONE;
    }
}
