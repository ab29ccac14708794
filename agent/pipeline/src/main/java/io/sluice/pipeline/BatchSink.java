package io.sluice.pipeline;

/** Where batches become durable: the buffer. */
@FunctionalInterface
public interface BatchSink {

    /**
     * Appends one batch as one excerpt; when it returns, the batch is in the buffer and its
     * positions are moved.
     *
     * <p>Called by any encoder thread. Blocks while the buffer is full: that stops the encoder,
     * fills the ring, stops the tail.
     *
     * @throws InterruptedException when the agent stops while the buffer is full: the batch is not
     *     in the buffer, and its lines will be read again
     */
    void append(Batch batch) throws InterruptedException;
}
