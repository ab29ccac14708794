package io.sluice.tail;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of one file of a source, and where it stands among its siblings: older ones first.
 *
 * <p>The kubelet's: {@code <restart>.log}, {@code <restart>.log.<yyyyMMdd-HHmmss>[.gz]}
 * (pkg/kubelet/logs /container_log_manager.go). Docker's and logrotate's: {@code <name>.<n>[.gz]},
 * where a higher number is older, and {@code <name>-<date>[.gz]}. Temporary files ({@code .tmp})
 * are none of these.
 *
 * @param restart restart number of the container; 0 where the name has none
 * @param age 0 for names with a date and the active file, else minus the number
 * @param date what orders dated names; after all of them for the active file
 * @param compressed ends with {@code .gz}
 */
record LogFileName(int restart, int age, String date, boolean compressed)
        implements Comparable<LogFileName> {
    private static final String ACTIVE = "~";
    private static final Pattern KUBELET =
            Pattern.compile("(\\d{1,9})\\.log(?:\\.(\\d[\\w.-]*?))?(\\.gz)?");
    private static final Pattern ROTATED = Pattern.compile("[.-](\\d[\\dTZ:_.-]*?)(\\.gz)?");
    private static final Comparator<LogFileName> ORDER =
            Comparator.comparingInt(LogFileName::restart)
                    .thenComparing(LogFileName::isActive)
                    .thenComparingInt(LogFileName::age)
                    .thenComparing(LogFileName::date);

    /** A file in a container's directory as the kubelet lays it out. */
    static Optional<LogFileName> kubelet(String name) {
        Matcher matcher = KUBELET.matcher(name);
        if (!matcher.matches() || name.endsWith(".tmp")) {
            return Optional.empty();
        }
        int restart = Integer.parseInt(matcher.group(1));
        return Optional.of(rotated(restart, matcher.group(2), matcher.group(3) != null));
    }

    /** A file beside {@code active}: that one itself, or one rotated away from its name. */
    static Optional<LogFileName> sibling(int restart, String active, String name) {
        if (name.equals(active)) {
            return Optional.of(rotated(restart, null, false));
        }
        if (!name.startsWith(active)) {
            return Optional.empty();
        }
        Matcher matcher = ROTATED.matcher(name.substring(active.length()));
        if (!matcher.matches()) {
            return Optional.empty();
        }
        return Optional.of(rotated(restart, matcher.group(1), matcher.group(2) != null));
    }

    private static LogFileName rotated(int restart, String suffix, boolean compressed) {
        if (suffix == null) {
            return new LogFileName(restart, 0, ACTIVE, compressed);
        }
        return suffix.length() < 6 && suffix.chars().allMatch(Character::isDigit)
                ? new LogFileName(restart, -Integer.parseInt(suffix), "", compressed)
                : new LogFileName(restart, 0, suffix, compressed);
    }

    /** The name it had before it was compressed, if it was. */
    LogFileName uncompressed() {
        return new LogFileName(restart, age, date, false);
    }

    /** The one that is written to. */
    boolean isActive() {
        return date.equals(ACTIVE);
    }

    @Override
    public int compareTo(LogFileName other) {
        return ORDER.compare(this, other);
    }
}
