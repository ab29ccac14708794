package io.sluice.sidecar;

import java.text.MessageFormat;
import java.util.ResourceBundle;

/**
 * What {@code tail} says goes to {@link Console}, in one line and without a time: the container
 * runtime adds one. Found by {@link java.util.ServiceLoader}.
 */
public final class ConsoleLoggers extends System.LoggerFinder {
    /** Called by {@link java.util.ServiceLoader}. */
    public ConsoleLoggers() {}

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new ConsoleLogger(name);
    }

    private record ConsoleLogger(String name) implements System.Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            return level.compareTo(Level.WARNING) >= 0;
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
            if (isLoggable(level)) {
                Console.say(thrown == null ? message : message + ": " + thrown);
            }
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String format, Object... values) {
            if (isLoggable(level)) {
                boolean plain = values == null || values.length == 0;
                Console.say(plain ? format : MessageFormat.format(format, values));
            }
        }
    }
}
