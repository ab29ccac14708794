package io.sluice.elasticsearch;

import io.sluice.buffer.Excerpt;
import io.sluice.buffer.ExcerptOutcome;
import io.sluice.buffer.Outbox;
import io.sluice.pipeline.Batch;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** The real one, and what was said to it. */
final class RecordingOutbox implements Outbox {
    private final Outbox real;

    /** All outcomes, in the order of their excerpts. */
    final List<ExcerptOutcome> outcomes = new CopyOnWriteArrayList<>();

    /** Numbers of documents that were appended again, each time. */
    final List<List<Integer>> postponed = new CopyOnWriteArrayList<>();

    RecordingOutbox(Outbox real) {
        this.real = real;
    }

    @Override
    public Optional<Excerpt> next() {
        return real.next();
    }

    @Override
    public void await(long nanos) throws InterruptedException {
        real.await(nanos);
    }

    @Override
    public void awaitWake(long nanos) throws InterruptedException {
        real.awaitWake(nanos);
    }

    @Override
    public void wake() {
        real.wake();
    }

    @Override
    public void acknowledge(long index, List<ExcerptOutcome> more) {
        outcomes.addAll(more);
        real.acknowledge(index, more);
    }

    @Override
    public void appendAgain(long index, int[] documents, int[] idBytes, Batch.Body body) {
        postponed.add(Arrays.stream(documents).boxed().toList());
        real.appendAgain(index, documents, idBytes, body);
    }

    @Override
    public boolean isEmpty() {
        return real.isEmpty();
    }
}
