package io.sluice.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A tailer on real files: what its tests share. */
abstract class RealFiles {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir Path root;
    final CollectingSink sink = new CollectingSink(4096);
    final HeldClock clock = new HeldClock();

    RunningTailer start(TailConfig config, Map<String, SourcePosition> resume) {
        return start(config, resume, sink);
    }

    RunningTailer start(
            TailConfig config, Map<String, SourcePosition> resume, CollectingSink into) {
        return new RunningTailer(config, resume, ReadGate.OPEN, into, clock);
    }

    /** Scans that are quicker than usual, so that tests do not wait long for them. */
    TailConfig config(boolean inotify) {
        return new TailConfig(
                Optional.of(root.resolve("containers")),
                List.of(),
                List.of(),
                new TailConfig.From.Beginning(),
                Duration.ofMillis(200),
                Duration.ofSeconds(1),
                0,
                8,
                16,
                inotify);
    }

    void awaitText(KubeletLogs logs, String text) {
        awaitText(sink, logs.key, text);
    }

    static void awaitText(CollectingSink from, String key, String text) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(from.text(key)).isEqualTo(text));
    }

    /** Waits until the tail has seen so many bytes that it has not handed over. */
    void awaitUnread(String key, long bytes) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(sink.unread(key)).isEqualTo(bytes));
    }
}
