package io.sluice.app;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long, or how long ago, as somebody types it: {@code 90s}, {@code 15m}, {@code 2h}, {@code
 * 7d}.
 */
final class Age implements ITypeConverter<Duration> {
    private static final Pattern AGE = Pattern.compile("(\\d{1,9})([smhd])");
    private static final Map<String, Duration> UNITS =
            Map.of(
                    "s", Duration.ofSeconds(1),
                    "m", Duration.ofMinutes(1),
                    "h", Duration.ofHours(1),
                    "d", Duration.ofDays(1));

    @Override
    public Duration convert(String text) {
        Matcher age = AGE.matcher(text);
        if (!age.matches()) {
            throw new TypeConversionException(
                    "\"" + text + "\" is no duration; write 90s, 15m, 2h or 7d");
        }
        return UNITS.get(age.group(2)).multipliedBy(Long.parseLong(age.group(1)));
    }

    /** A point in time: an age before now, or {@code 2026-11-24T10:00:00Z}. */
    static final class Ago implements ITypeConverter<Instant> {
        private final Clock clock = Clock.systemUTC();

        @Override
        public Instant convert(String text) {
            if (AGE.matcher(text).matches()) {
                return clock.instant().minus(new Age().convert(text));
            }
            try {
                return Instant.parse(text);
            } catch (DateTimeParseException _) {
                throw new TypeConversionException(
                        "\""
                                + text
                                + "\" is no time; write 2026-11-24T10:00:00Z, or 15m, 2h or 7d for"
                                + " so long ago");
            }
        }
    }
}
