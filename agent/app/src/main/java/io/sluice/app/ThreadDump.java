package io.sluice.app;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** What every thread is at, for the one who wants to know why nothing moves. */
final class ThreadDump {
    private static final int FRAMES = 12;

    private ThreadDump() {}

    static String of(Duration stalled) {
        StringBuilder text = new StringBuilder();
        text.append("delivery has not moved for ").append(stalled.toSeconds()).append(" s:");
        Map<String, StackTraceElement[]> byName = new TreeMap<>();
        Thread.getAllStackTraces()
                .forEach((thread, frames) -> byName.put(thread.getName(), frames));
        byName.forEach(
                (name, frames) -> {
                    text.append('\n').append(name);
                    for (int i = 0; i < Math.min(frames.length, FRAMES); i++) {
                        text.append("\n  at ").append(frames[i]);
                    }
                });
        return text.toString();
    }
}
