package io.sluice.tail;

import java.util.Map;
import java.util.function.LongSupplier;

/** A tailer on a thread of its own. */
final class RunningTailer implements AutoCloseable {
    final Tailer tailer;
    private final Thread thread;

    RunningTailer(
            TailConfig config, Map<String, SourcePosition> resume, ReadGate gate, ChunkSink sink) {
        this(config, resume, gate, sink, System::nanoTime);
    }

    RunningTailer(
            TailConfig config,
            Map<String, SourcePosition> resume,
            ReadGate gate,
            ChunkSink sink,
            LongSupplier nanoClock) {
        tailer = new Tailer(config, resume, gate, sink, nanoClock);
        thread = Thread.ofPlatform().name("tail").start(tailer);
    }

    boolean isAlive() {
        return thread.isAlive();
    }

    @Override
    public void close() {
        tailer.stop();
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while the tailer ended", e);
        }
        tailer.close();
    }
}
