package io.sluice.pipeline;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.util.concurrent.TimeUnit;

/**
 * Says what had to be done to records, with an example and the remedy: of each kind at once when it
 * comes for the first time, then every ten minutes while it goes on. So an application that always
 * writes in another encoding does not make a log of ours.
 *
 * <p>Of one encoder; its thread only. Allocates nothing while there is nothing to say.
 */
final class Oddities {
    private static final System.Logger LOG = System.getLogger("io.sluice.pipeline");
    private static final long SAY_EVERY_NANOS = TimeUnit.MINUTES.toNanos(10);

    /** In the order of the bits of {@link LogRecord#flags}. */
    private enum Kind {
        TRUNCATED(
                LogRecord.TRUNCATED,
                WARNING,
                "was cut and marked: it is longer than pipeline.maxRecord, or all open records"
                        + " together than pipeline.openRecords. Raise them, or let the application"
                        + " write shorter lines"),
        NOT_CRI(
                LogRecord.NOT_CRI,
                WARNING,
                "is in no format of a container runtime; it is kept as text. See what writes there,"
                        + " or leave the pod out with containers.exclude"),
        UNPARSED(
                LogRecord.UNPARSED,
                INFO,
                "begins like a JSON object but cannot be used as one (broken, too deep, or beyond"
                        + " parse.maxFields); it is kept as text"),
        INVALID_UTF8(
                LogRecord.INVALID_UTF8,
                INFO,
                "has bytes that are no UTF-8; they are replaced. Let the application write UTF-8");

        final int flag;
        final System.Logger.Level level;
        final String message;

        Kind(int flag, System.Logger.Level level, String message) {
            this.flag = flag;
            this.level = level;
            this.message = message;
        }
    }

    private static final Kind[] KINDS = Kind.values();

    private final long[] records = new long[KINDS.length];
    private final long[] saidNanos = new long[KINDS.length];

    /**
     * Takes note of a record.
     *
     * @param flags of {@link LogRecord}; those without a remedy are passed over
     * @param source whose record it is
     * @param offset where it stands in its file
     */
    void note(int flags, String source, long offset, long nowNanos) {
        for (int i = 0; i < KINDS.length; i++) {
            if ((flags & KINDS[i].flag) != 0) {
                boolean due = records[i] == 0 || nowNanos - saidNanos[i] >= SAY_EVERY_NANOS;
                records[i]++;
                if (due) {
                    saidNanos[i] = nowNanos;
                    say(KINDS[i], source, offset, records[i]);
                }
            }
        }
    }

    private static void say(Kind kind, String source, long offset, long records) {
        LOG.log(
                kind.level,
                "a record of "
                        + source
                        + " at offset "
                        + offset
                        + " "
                        + kind.message
                        + (records == 1 ? "" : " (" + records + " such records so far)"));
    }
}
