package io.sluice.buffer;

import io.sluice.pipeline.Batch;

import java.util.Optional;

/**
 * The buffer as one output sees it. All methods but {@link #wake} are for that output's {@code
 * deliver} thread.
 *
 * <p>Excerpts come in order, each once per start of the agent, beginning after the acknowledged
 * index. Excerpts that hold nothing for this output are passed over, and acknowledged with the ones
 * around them.
 */
public interface Outbox {

    /**
     * The next excerpt that has not been handed out since the start, or empty when there is none
     * yet. Never blocks.
     */
    Optional<Excerpt> next();

    /**
     * Waits until there may be a next excerpt, somebody called {@link #wake}, or the time is over.
     *
     * @param nanos at most so long; 0 or less returns at once
     */
    void await(long nanos) throws InterruptedException;

    /**
     * Ends a running or the next {@link #await}. Any thread: the HTTP client's, when an answer
     * came.
     */
    void wake();

    /**
     * Every excerpt up to and with this index is delivered or dead-lettered for good; it will not
     * be sent again, and its segment may go.
     *
     * @param index of an excerpt that was handed out; never smaller than the last one
     */
    void acknowledge(long index);

    /**
     * Appends documents again, behind all others and without positions, because they have to wait
     * while others go on.
     *
     * <p>Does not block on a full buffer: the space of the excerpt they came from comes free in
     * return.
     *
     * @param body for this output; its {@code gzip} is copied
     */
    void appendAgain(Batch.Body body);

    /** True when nothing is left to be handed out or acknowledged. */
    boolean isEmpty();
}
