package io.sluice.sidecar;

import java.util.Locale;
import java.util.Optional;

/** How grave a message is, as syslog and the journal number it (RFC 5424, 6.2.1). */
enum Severity {
    EMERG,
    ALERT,
    CRIT,
    ERR,
    WARNING,
    NOTICE,
    INFO,
    DEBUG;

    private static final Severity[] BY_NUMBER = values();

    /** Of a priority, {@code facility * 8 + severity}. */
    static Severity ofPriority(int priority) {
        return BY_NUMBER[priority & 7];
    }

    static Optional<Severity> named(String text) {
        for (Severity severity : BY_NUMBER) {
            if (severity.text().equals(text)) {
                return Optional.of(severity);
            }
        }
        return Optional.empty();
    }

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** As grave as another one, or graver. */
    boolean isAtLeast(Severity other) {
        return compareTo(other) <= 0;
    }
}
