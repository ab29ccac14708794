package io.sluice.app;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** What every thread is at, for the one who wants to know why nothing moves. */
final class ThreadDump {
    private static final int FRAMES = 12;

    private ThreadDump() {}

    /** One text; the agent's own threads first, because a log line has an end somewhere. */
    static String of(String why) {
        StringBuilder text = new StringBuilder(why).append(':');
        List<Map.Entry<Thread, StackTraceElement[]>> threads =
                Thread.getAllStackTraces().entrySet().stream()
                        .sorted(
                                Comparator.comparing(
                                                (Map.Entry<Thread, ?> entry) ->
                                                        entry.getKey().isDaemon())
                                        .thenComparing(entry -> entry.getKey().getName()))
                        .toList();
        for (Map.Entry<Thread, StackTraceElement[]> entry : threads) {
            Thread thread = entry.getKey();
            text.append('\n').append(thread.getName()).append(", ").append(thread.getState());
            Optional.ofNullable(LockSupport.getBlocker(thread))
                    .ifPresent(
                            blocker -> text.append(" for ").append(blocker.getClass().getName()));
            StackTraceElement[] frames = entry.getValue();
            for (int i = 0; i < Math.min(frames.length, FRAMES); i++) {
                append(text, frames[i]);
            }
        }
        return text.toString();
    }

    /** Without module and version, which are the same for most. */
    private static void append(StringBuilder text, StackTraceElement frame) {
        text.append("\n  at ").append(frame.getClassName()).append('.');
        text.append(frame.getMethodName()).append('(').append(frame.getFileName());
        text.append(':').append(frame.getLineNumber()).append(')');
    }
}
