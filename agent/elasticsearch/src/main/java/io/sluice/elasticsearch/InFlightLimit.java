package io.sluice.elasticsearch;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * How many requests may be under way: found by trying, and given up at once when it was too much.
 *
 * <p>Additive increase, multiplicative decrease (Chiu and Jain, <i>Analysis of the increase and
 * decrease algorithms for congestion avoidance</i>, 1989), in rounds of about one answer's time, as
 * in <a href="https://github.com/Netflix/concurrency-limits">Netflix's concurrency-limits</a>
 * ({@code AIMDLimit}) and Vector's adaptive request concurrency:
 *
 * <ul>
 *   <li>one more after each round in which all that were allowed were under way;
 *   <li>half as many when the server says it is busy;
 *   <li>a tenth less when requests only queue up on the other side.
 * </ul>
 *
 * <p>The last one is Little's law: what is under way without queueing is throughput × the time an
 * answer takes when nobody waits ({@code VegasLimit} has it as {@code RTTnoLoad}). The limit never
 * stays above {@value #GAIN} times that and one. The unloaded time is measured when few requests
 * are under way: at the start, and every {@value #CALM_EVERY_SECONDS} s again with a third of the
 * limit, so that the queue we made ourselves is gone meanwhile (as BBR does in PROBE_RTT: Cardwell
 * and others, <i>BBR: congestion-based congestion control</i>, 2016). Small requests are faster
 * than large ones: each power of two of their size has an unloaded time of its own.
 *
 * <p>One thread; times of one monotonic clock.
 */
final class InFlightLimit {
    /** Below this the limit falls only when the server is busy. */
    private static final int AT_EASE = 2;

    /** Of Little's law's figure: room for uneven answers. */
    static final int GAIN = 2;

    private static final double BUSY_LEAVES = 0.5;
    private static final double QUEUE_LEAVES = 0.9;

    static final int CALM_EVERY_SECONDS = 15;
    private static final long CALM_EVERY_NANOS = TimeUnit.SECONDS.toNanos(CALM_EVERY_SECONDS);

    /** Of a limit that has grown to its most, by {@link #GAIN}, this leaves no queue. */
    private static final int CALM_DIVISOR = 3;

    /** Answers whose mean is believed. */
    private static final int CALM_ANSWERS = 8;

    private final int most;
    private double limit;

    private boolean begun;
    private boolean cut;
    private long cutNanos;

    private long lastRoundNanos;
    private double lastUnloadedNanos;
    private long roundNanos;
    private double roundUnloadedNanos;
    private boolean roundReached;

    private boolean calm = true;
    private long calmNanos;
    private int calmAnswers;

    /** By size class, for requests sent since the calm began. */
    private final double[] calmSumNanos = new double[Integer.SIZE];

    private final int[] calmCount = new int[Integer.SIZE];

    /** By size class; 0 where nothing is known. */
    private final double[] unloadedNanos = new double[Integer.SIZE];

    /**
     * @param most never more than this, for the sake of memory
     */
    InFlightLimit(int most) {
        this.most = most;
        this.limit = Math.min(AT_EASE, most);
    }

    /** How many may be under way now; at least one. */
    int requests() {
        return calm && limit > AT_EASE ? Math.max(1, (int) limit / CALM_DIVISOR) : (int) limit;
    }

    /**
     * A request was answered well.
     *
     * @param underWay how many were under way with it
     * @param bytes its size
     */
    void answered(int underWay, int bytes, long sentNanos, long nowNanos) {
        if (!begun) {
            begun = true;
            roundNanos = sentNanos;
            lastRoundNanos = sentNanos;
            calmNanos = sentNanos - 1;
        }
        int size = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(Math.max(1, bytes));
        double tookNanos = Math.max(1, nowNanos - sentNanos);
        if (unloadedNanos[size] == 0) {
            unloadedNanos[size] = tookNanos;
        }
        roundUnloadedNanos += unloadedNanos[size];
        roundReached |= underWay >= requests();
        if (calm && sentNanos - calmNanos > 0) {
            calmSumNanos[size] += tookNanos;
            calmCount[size]++;
            calmAnswers++;
        }
        if (sentNanos - roundNanos >= 0) {
            endRound(nowNanos);
        }
    }

    private void endRound(long nowNanos) {
        if (!calm || limit <= AT_EASE) {
            // Two rounds: where a round begins and ends among answers that come together is chance.
            double atWork =
                    (lastUnloadedNanos + roundUnloadedNanos)
                            / Math.max(1, nowNanos - lastRoundNanos);
            double enough = Math.max(AT_EASE, 1 + GAIN * atWork);
            if (limit > enough) {
                limit = Math.max(enough, limit * QUEUE_LEAVES);
            } else if (roundReached) {
                limit = Math.min(Math.min(enough, most), limit + 1);
            }
        }
        lastRoundNanos = roundNanos;
        lastUnloadedNanos = roundUnloadedNanos;
        beginRound(nowNanos);
        if (calm) {
            if (calmAnswers >= CALM_ANSWERS) {
                endCalm(nowNanos);
            }
        } else if (nowNanos - calmNanos >= CALM_EVERY_NANOS) {
            calm = true;
            calmNanos = nowNanos;
        }
    }

    private void beginRound(long nowNanos) {
        roundNanos = nowNanos;
        roundUnloadedNanos = 0;
        roundReached = false;
    }

    private void endCalm(long nowNanos) {
        for (int size = 0; size < unloadedNanos.length; size++) {
            if (calmCount[size] > 0) {
                unloadedNanos[size] = calmSumNanos[size] / calmCount[size];
            }
        }
        Arrays.fill(calmSumNanos, 0);
        Arrays.fill(calmCount, 0);
        calmAnswers = 0;
        calm = false;
        calmNanos = nowNanos;
    }

    /**
     * The server is busy. Answers to requests that were sent before the last cut do not cut again.
     */
    void busy(long sentNanos, long nowNanos) {
        if (!cut || sentNanos - cutNanos > 0) {
            cut = true;
            limit = Math.max(1, limit * BUSY_LEAVES);
            cutNanos = nowNanos;
            beginRound(nowNanos);
        }
    }
}
