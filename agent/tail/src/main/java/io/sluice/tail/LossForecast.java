package io.sluice.tail;

/**
 * How long until a source loses lines, if it is written to and read as fast as lately: what is kept
 * of it must not be exceeded by what is not read.
 *
 * <p>Rates are means over some seconds, each younger moment weighing more; taken when the tail
 * looks at the files anyway.
 */
final class LossForecast {
    /** What is longer ago than this weighs less than what came since. */
    private static final double MEMORY_SECONDS = 15;

    /** Reading keeps up if less is left than what is written in this time. */
    private static final double UP_TO_DATE_SECONDS = 5;

    private static final double NANOS = 1e9;

    private long lastNanos;
    private long lastWritten;
    private long lastRead;
    private boolean begun;
    private double writtenPerSecond;
    private double readPerSecond;

    /**
     * Takes in what was written and read so far.
     *
     * @param writtenBytes read, lost, and still to be read
     */
    void note(long nowNanos, long writtenBytes, long readBytes) {
        if (begun && nowNanos - lastNanos > 0) {
            double seconds = (nowNanos - lastNanos) / NANOS;
            double weight = 1 - Math.exp(-seconds / MEMORY_SECONDS);
            double written = Math.max(0, writtenBytes - lastWritten) / seconds;
            double read = Math.max(0, readBytes - lastRead) / seconds;
            writtenPerSecond += weight * (written - writtenPerSecond);
            readPerSecond += weight * (read - readPerSecond);
        }
        begun = true;
        lastNanos = nowNanos;
        lastWritten = writtenBytes;
        lastRead = readBytes;
    }

    /**
     * Seconds until the first byte is lost; infinite where reading keeps up.
     *
     * @param keptBytes what may be unread before anything is lost
     */
    double seconds(long unreadBytes, long keptBytes) {
        if (unreadBytes > keptBytes) {
            return 0;
        }
        double grows = writtenPerSecond - readPerSecond;
        boolean keepsUp = unreadBytes <= writtenPerSecond * UP_TO_DATE_SECONDS;
        return grows <= 0 || keepsUp ? Double.POSITIVE_INFINITY : (keptBytes - unreadBytes) / grows;
    }
}
