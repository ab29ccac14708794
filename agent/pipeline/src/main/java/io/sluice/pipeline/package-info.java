/**
 * From chunks to batches: frame, CRI and Docker, join, parse, enrich, encode, gzip.
 *
 * <p>Threads: {@code encode-1..N}, each a Disruptor handler that takes the chunks of its stripe of
 * sources; a source's state has one writer. Doors: {@link Pipeline} (the tail's {@link
 * io.sluice.tail.ChunkSink}), {@link BatchSink} with {@link Batch} (the buffer), {@link
 * PodDirectory} with {@link Pod} (the Kubernetes room).
 */
package io.sluice.pipeline;
