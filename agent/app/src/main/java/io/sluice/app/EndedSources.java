package io.sluice.app;

import io.sluice.buffer.Buffer;
import io.sluice.pipeline.Batch;
import io.sluice.pipeline.BatchSink;

import java.util.List;
import java.util.function.Consumer;

/**
 * The buffer as the pipeline sees it; lets the pods of ended sources go once their last documents
 * are in the buffer. Encoder threads.
 *
 * @param buffer where batches go
 * @param forget takes the UID of a pod, as its paths have it, whose last lines are in the buffer
 */
record EndedSources(Buffer buffer, Consumer<String> forget) implements BatchSink {

    @Override
    public void append(Batch batch) throws InterruptedException {
        buffer.append(batch);
        for (Batch.SourceProgress progress : batch.progress()) {
            if (progress.position().isEmpty()) {
                ended(progress.source());
            }
        }
    }

    /** A pod is known by its other containers as long as one of them has a position. */
    private void ended(String source) {
        int container = source.lastIndexOf('/');
        int uid = source.lastIndexOf('_', Math.max(0, container)) + 1;
        if (source.startsWith("/") || container < 0 || uid == 0) {
            return; // A plain file.
        }
        String pod = source.substring(0, container + 1);
        List<String> others =
                buffer.positions().keySet().stream().filter(key -> key.startsWith(pod)).toList();
        if (others.isEmpty()) {
            forget.accept(source.substring(uid, container));
        }
    }
}
