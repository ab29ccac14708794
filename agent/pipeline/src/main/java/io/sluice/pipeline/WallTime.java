package io.sluice.pipeline;

import java.nio.charset.StandardCharsets;

/**
 * The agent's own clock as RFC 3339 text with milliseconds, for lines that carry no time. Written
 * into one array again and again.
 */
final class WallTime {
    private static final long DAY_MILLIS = 24 * 60 * 60 * 1_000L;

    final byte[] bytes = "1970-01-01T00:00:00.000Z".getBytes(StandardCharsets.US_ASCII);

    /**
     * @param epochMillis since 1970, years 1970 to 9999
     */
    void set(long epochMillis) {
        long days = Math.floorDiv(epochMillis, DAY_MILLIS);
        int millis = (int) Math.floorMod(epochMillis, DAY_MILLIS);
        date(days);
        digits(11, 2, millis / 3_600_000);
        digits(14, 2, millis / 60_000 % 60);
        digits(17, 2, millis / 1_000 % 60);
        digits(20, 3, millis % 1_000);
    }

    /** Days since 1970 to a date, in eras of 400 years that begin with a first of March. */
    private void date(long days) {
        // Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, civil_from_days.
        long sinceEra = days + 719_468;
        long era = Math.floorDiv(sinceEra, 146_097);
        long dayOfEra = sinceEra - era * 146_097;
        long yearOfEra =
                (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        long monthFromMarch = (5 * dayOfYear + 2) / 153;
        long month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        long year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
        digits(0, 4, (int) year);
        digits(5, 2, (int) month);
        digits(8, 2, (int) (dayOfYear - (153 * monthFromMarch + 2) / 5 + 1));
    }

    private void digits(int from, int count, int value) {
        int rest = value;
        for (int i = from + count - 1; i >= from; i--) {
            bytes[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
    }
}
