package io.sluice.app.log;

import io.sluice.app.json.JsonObject;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.logging.ErrorManager;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * The agent's own log: one event, one line, in ECS so that it can be shipped like any other (ECS
 * logging specification: {@code @timestamp}, {@code log.level}, {@code message}, …).
 *
 * <p>Our rooms are heard at the level asked for; libraries only from WARNING on, because they
 * describe every connection at INFO.
 */
public final class SelfLog {
    private static final String OURS = "io.sluice";

    /** Long enough for any message that is read; a body quoted by a library has no bound itself. */
    private static final int MAX_MESSAGE_CHARS = 16 * 1024;

    private static final int MAX_STACK_TRACE_CHARS = 32 * 1024;

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    /** java.util.logging keeps loggers weakly: a level set on a forgotten logger is lost. */
    private static final Logger ROOT = Logger.getLogger("");

    private static final Logger OUR_LOGGER = Logger.getLogger(OURS);

    /** How a line looks. */
    public enum Format {
        /** One JSON object, ECS: for machines. */
        JSON,
        /** {@code 2026-11-25T04:00:00.123Z WARN io.sluice.tail [tail] message}: for terminals. */
        TEXT
    }

    private SelfLog() {}

    /** As {@link #configure(System.Logger.Level, Format, PrintStream)}, in JSON. */
    public static void configure(System.Logger.Level level, PrintStream to) {
        configure(level, Format.JSON, to);
    }

    /**
     * Sends every event of this JVM to the stream. Replaces what was configured before; call it
     * first of all in {@code main}.
     *
     * @param level least level for the rooms' own events
     */
    public static void configure(System.Logger.Level level, Format format, PrintStream to) {
        Level ours = julLevel(level);
        Level others = ours.intValue() > Level.WARNING.intValue() ? ours : Level.WARNING;
        for (Handler handler : ROOT.getHandlers()) {
            ROOT.removeHandler(handler);
        }
        ROOT.setLevel(others);
        OUR_LOGGER.setLevel(ours);
        ROOT.addHandler(new Output(ours, others, format, to));
    }

    private static Level julLevel(System.Logger.Level level) {
        return switch (level) {
            case ALL -> Level.ALL;
            case TRACE -> Level.FINER;
            case DEBUG -> Level.FINE;
            case INFO -> Level.INFO;
            case WARNING -> Level.WARNING;
            case ERROR -> Level.SEVERE;
            case OFF -> Level.OFF;
        };
    }

    /** Writes events; never throws at who logs. */
    private static final class Output extends Handler {
        private final Level ours;
        private final Level others;
        private final Format format;
        private final PrintStream to;

        Output(Level ours, Level others, Format format, PrintStream to) {
            this.ours = ours;
            this.others = others;
            this.format = format;
            this.to = to;
        }

        @Override
        public void publish(LogRecord event) {
            // The cause may be any argument's toString(); losing one line is better than losing the
            // thread that wanted to say something.
            try {
                if (!isLoggable(event)) {
                    return;
                }
                String line =
                        switch (format) {
                            case JSON -> json(event);
                            case TEXT -> text(event);
                        };
                byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
                // One write, so that lines of two threads do not mix.
                to.write(bytes, 0, bytes.length);
                to.flush();
            } catch (RuntimeException failure) {
                reportError("event not logged", failure, ErrorManager.FORMAT_FAILURE);
            }
        }

        /**
         * Here as well as in the loggers, whose levels are gone once the JDK has shut them down.
         */
        @Override
        public boolean isLoggable(LogRecord event) {
            Level least = isOurs(loggerName(event)) ? ours : others;
            return !least.equals(Level.OFF) && event.getLevel().intValue() >= least.intValue();
        }

        private static boolean isOurs(String logger) {
            return logger.startsWith(OURS)
                    && (logger.length() == OURS.length() || logger.charAt(OURS.length()) == '.');
        }

        @Override
        public void flush() {
            to.flush();
        }

        /**
         * The JDK removes and closes all handlers in a shutdown hook of its own, beside ours, which
         * drains the agent: what that has to say shall still be heard.
         */
        @Override
        public void close() {
            to.flush();
            ROOT.addHandler(this);
        }
    }

    private static String json(LogRecord event) {
        JsonObject json =
                new JsonObject()
                        .put("@timestamp", TIME.format(event.getInstant()))
                        .put("log.level", levelName(event.getLevel()))
                        .put("message", message(event))
                        .put("log.logger", loggerName(event))
                        .put("process.thread.name", Thread.currentThread().getName());
        Throwable thrown = event.getThrown();
        if (thrown != null) {
            json.put("error.type", thrown.getClass().getName());
            json.put("error.message", cut(errorMessage(thrown), MAX_MESSAGE_CHARS));
            json.put("error.stack_trace", stackTrace(thrown));
        }
        return json + "\n";
    }

    private static String text(LogRecord event) {
        StringBuilder line = new StringBuilder(128);
        line.append(TIME.format(event.getInstant()))
                .append(' ')
                .append(String.format("%-5s", levelName(event.getLevel()).toUpperCase(Locale.ROOT)))
                .append(' ')
                .append(loggerName(event))
                .append(" [")
                .append(Thread.currentThread().getName())
                .append("] ")
                .append(message(event));
        Throwable thrown = event.getThrown();
        if (thrown != null) {
            line.append('\n').append(stackTrace(thrown).stripTrailing());
        }
        // A message may quote what a container wrote: nothing of it shall steer the terminal.
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (Character.isISOControl(c) && c != '\n' && c != '\t') {
                line.setCharAt(i, '\uFFFD');
            }
        }
        return line.append('\n').toString();
    }

    private static String levelName(Level level) {
        int value = level.intValue();
        if (value >= Level.SEVERE.intValue()) {
            return "error";
        }
        if (value >= Level.WARNING.intValue()) {
            return "warn";
        }
        if (value >= Level.INFO.intValue()) {
            return "info";
        }
        return value >= Level.FINE.intValue() ? "debug" : "trace";
    }

    private static String loggerName(LogRecord event) {
        return Optional.ofNullable(event.getLoggerName()).orElse("");
    }

    private static String message(LogRecord event) {
        String message = MESSAGES.formatMessage(event);
        return cut(Optional.ofNullable(message).orElse(""), MAX_MESSAGE_CHARS);
    }

    private static String errorMessage(Throwable thrown) {
        try {
            return Optional.ofNullable(thrown.getMessage()).orElse("");
        } catch (RuntimeException failure) {
            return "(no message: " + failure.getClass().getName() + ")";
        }
    }

    private static String stackTrace(Throwable thrown) {
        try {
            StringWriter trace = new StringWriter();
            thrown.printStackTrace(new PrintWriter(trace));
            return cut(trace.toString(), MAX_STACK_TRACE_CHARS);
        } catch (RuntimeException failure) {
            return thrown.getClass().getName();
        }
    }

    private static String cut(String text, int maxChars) {
        return text.length() <= maxChars
                ? text
                : text.substring(0, maxChars) + "… (" + (text.length() - maxChars) + " more)";
    }

    /** Only for {@code formatMessage}: {0} of System.Logger, and what SLF4J has put in already. */
    private static final Formatter MESSAGES =
            new Formatter() {
                @Override
                public String format(LogRecord event) {
                    return formatMessage(event);
                }
            };
}
