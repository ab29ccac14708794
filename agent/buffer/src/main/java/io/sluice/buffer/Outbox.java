package io.sluice.buffer;

import io.sluice.pipeline.Batch;

import java.util.List;
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
     * Waits until somebody called {@link #wake}, or the time is over. A next excerpt does not end
     * it: for a time in which none can be taken.
     *
     * @param nanos at most so long; 0 or less returns at once
     */
    void awaitWake(long nanos) throws InterruptedException;

    /**
     * Ends a running or the next {@link #await} or {@link #awaitWake}. Any thread: the HTTP
     * client's, when an answer came.
     */
    void wake();

    /**
     * Every excerpt up to and with this index is done: its documents are delivered, dead-lettered
     * for good, or appended again; it will not be sent again, and its segment may go.
     *
     * @param index of an excerpt that was handed out; never smaller than the last one
     * @param outcomes of those excerpts of which there is more to say than that all was delivered
     */
    void acknowledge(long index, List<ExcerptOutcome> outcomes);

    /**
     * Appends documents of an excerpt again, behind all others and without positions, because they
     * have to wait while others go on. They stay in flight until that excerpt is acknowledged, so
     * nothing is to be said of them when this one is.
     *
     * <p>Does not block on a full buffer: the space of the excerpt they came from comes free in
     * return.
     *
     * @param index of the excerpt they came from: handed out, and not acknowledged
     * @param documents their numbers in that excerpt, in the order of {@code body}
     * @param idBytes for each, the low 24 bits of its id ({@link
     *     io.sluice.pipeline.DocumentId#extent}); -1 where the id is not ours
     * @param body for this output; its {@code gzip} is copied, its {@code runs} are not looked at
     */
    void appendAgain(long index, int[] documents, int[] idBytes, Batch.Body body);

    /** True when nothing is left to be handed out or acknowledged. */
    boolean isEmpty();
}
