package io.sluice.tail;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What chunks come from: one container's directory of log files, read as one stream of generations;
 * or one plain file with its rotated siblings.
 *
 * <p>Created by the tail thread. Its chunks are taken by one encoder only, the one with {@code
 * stripe % encoders}.
 */
public final class LogSource {
    private final String key;
    private final SourceOrigin origin;
    private final int stripe;

    private final Optional<SourcePosition> resumedFrom;

    /** Written by the tail thread. */
    private volatile Figures figures = Figures.NONE;

    /** Written by the tail thread. */
    private volatile double secondsToLoss = Double.POSITIVE_INFINITY;

    /** Written by its encoder. */
    private volatile boolean forgotten;

    /** Chunks of this source that wait in the ring: added to by tail, taken from by its encoder. */
    private final AtomicInteger chunksInRing = new AtomicInteger();

    /** State of this source's encoder; written and read by that thread alone. */
    private Object encoderState;

    /**
     * How much of a source was read and is left, at one moment: in one object, because the sum of
     * the two means something.
     *
     * @param handedBytes lengths of all chunks of this object so far, uncompressed
     * @param unreadBytes on disk beyond those, as of the last look, uncompressed
     * @param atLeast there is more, of which the size is not known
     */
    public record Figures(long handedBytes, long unreadBytes, boolean atLeast) {
        static final Figures NONE = new Figures(0, 0, false);
    }

    /** A source that is read for the first time; see the other constructor. */
    public LogSource(String key, SourceOrigin origin) {
        this(key, origin, Optional.empty());
    }

    /**
     * @param key what the buffer's positions are kept under; stable over restarts of agent and
     *     container: {@code <namespace>_<pod>_<podUid>/<container>} for containers, the absolute
     *     path for files
     * @param resumedFrom the buffer's position this start of the agent goes on from; empty if it
     *     had none. While one stream is read again in a generation that the other one has left
     *     behind, this is the only place that still knows where the other one stands
     */
    public LogSource(String key, SourceOrigin origin, Optional<SourcePosition> resumedFrom) {
        this.key = key;
        this.origin = origin;
        this.resumedFrom = resumedFrom;
        this.stripe = key.hashCode() & Integer.MAX_VALUE;
    }

    public String key() {
        return key;
    }

    public SourceOrigin origin() {
        return origin;
    }

    /** Where this start of the agent went on from. */
    public Optional<SourcePosition> resumedFrom() {
        return resumedFrom;
    }

    /** Never negative; the encoder {@code stripe % encoders} takes this source's chunks. */
    public int stripe() {
        return stripe;
    }

    /** By the tail thread, before it publishes a chunk, and when it has looked at the files. */
    void figures(Figures now) {
        figures = now;
    }

    /** What the tail has made of it so far. Any thread. */
    public Figures figures() {
        return figures;
    }

    /** Lengths of all chunks so far. Any thread. */
    public long handedBytes() {
        return figures.handedBytes;
    }

    /** Bytes on disk that are in no chunk yet, as of the last look. Any thread. */
    public long unreadBytes() {
        return figures.unreadBytes;
    }

    /** By the tail thread. */
    void secondsToLoss(double seconds) {
        secondsToLoss = seconds;
    }

    /**
     * Seconds until bytes of it will be lost unread, if it goes on being written to and read as in
     * the last quarter of a minute; by what the kubelet keeps of a container and what deleted files
     * may take of the disk. 0 where it is so far behind already; infinite where reading keeps up,
     * and for plain files, of which nobody says how long they are kept. Any thread.
     */
    public double secondsToLoss() {
        return secondsToLoss;
    }

    /** By the encoder: its end is in an excerpt, and its position is forgotten. */
    public void markForgotten() {
        forgotten = true;
    }

    /**
     * Whether everything of it is in excerpts, its end, too: until then its {@link #figures} are
     * needed for the books. Any thread.
     */
    public boolean isForgotten() {
        return forgotten;
    }

    /** By whoever reads the source, the tail thread, when it has published a chunk. */
    public void chunkPublished() {
        chunksInRing.incrementAndGet();
    }

    /** By the encoder, when it is done with a chunk. */
    public void chunkConsumed() {
        chunksInRing.decrementAndGet();
    }

    int chunksInRing() {
        return chunksInRing.get();
    }

    /**
     * Whether more of it is known than its encoder has taken: in the ring, or on disk as of the
     * last look. Any thread.
     */
    public boolean hasMore() {
        return chunksInRing() > 0 || unreadBytes() > 0;
    }

    /** Encoder thread only. */
    public Object encoderState() {
        return encoderState;
    }

    /** Encoder thread only. */
    public void encoderState(Object state) {
        this.encoderState = state;
    }

    @Override
    public String toString() {
        return key;
    }
}
