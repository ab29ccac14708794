package io.sluice.elasticsearch;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * What delivery has done since the agent's start, and what it holds. Written by {@code deliver},
 * read by any thread; counters only grow.
 */
public final class DeliveryStats {

    /** Why a request as a whole came to nothing. */
    public enum Failure {
        /** No connection: refused, unknown host, no TLS, unreadable credentials. */
        UNREACHABLE,
        /** The connection broke, or no answer came in time. */
        BROKEN,
        /** 429 or 5xx. */
        BUSY,
        /** 401 or 403. */
        FORBIDDEN,
        /** 413. */
        TOO_LARGE,
        /** An answer that is no answer of the bulk API. */
        MALFORMED,
        /** Any other status. */
        REFUSED
    }

    final LongAdder requests = new LongAdder();
    final LongAdder sentBytes = new LongAdder();
    final LongAdder answeredNanos = new LongAdder();
    final LongAdder deliveredDocuments = new LongAdder();
    final LongAdder alreadyThereDocuments = new LongAdder();
    final LongAdder failureStoredDocuments = new LongAdder();
    final LongAdder repairedDocuments = new LongAdder();
    final LongAdder deadLetteredDocuments = new LongAdder();
    final LongAdder retriedDocuments = new LongAdder();
    final LongAdder waitedDocuments = new LongAdder();
    final LongAdder postponedDocuments = new LongAdder();
    final LongAdder splitRequests = new LongAdder();
    final LongAdder acknowledgedExcerpts = new LongAdder();
    private final Map<Failure, LongAdder> failures = new EnumMap<>(Failure.class);
    volatile int inFlight;
    volatile int limit;
    volatile int held;
    volatile long heldBytes;
    volatile long waitingNow;
    volatile int learnedLimitBytes = SizeLimit.NONE;
    volatile int healthyHosts;

    DeliveryStats() {
        for (Failure failure : Failure.values()) {
            failures.put(failure, new LongAdder());
        }
    }

    void failed(Failure failure) {
        failures.get(failure).increment();
    }

    /** Bulk requests sent. */
    public long requests() {
        return requests.sum();
    }

    /** Compressed bodies sent, bytes; sent again counts again. */
    public long sentBytes() {
        return sentBytes.sum();
    }

    /** Time from request to answer, nanoseconds, all answered requests together. */
    public long answeredNanos() {
        return answeredNanos.sum();
    }

    /** Documents that are in Elasticsearch now; those that were there already are among them. */
    public long deliveredDocuments() {
        return deliveredDocuments.sum();
    }

    /** Of the delivered: found there under their own id, so sent once before. */
    public long alreadyThereDocuments() {
        return alreadyThereDocuments.sum();
    }

    /** Of the delivered: put aside by the server, into the data stream's failure store. */
    public long failureStoredDocuments() {
        return failureStoredDocuments.sum();
    }

    /** Documents changed because they could not be taken as they were. */
    public long repairedDocuments() {
        return repairedDocuments.sum();
    }

    /** Documents given up, kept as dead letters. */
    public long deadLetteredDocuments() {
        return deadLetteredDocuments.sum();
    }

    /** Items the server was too busy for, each time. */
    public long retriedDocuments() {
        return retriedDocuments.sum();
    }

    /** Items that wait for something to be put right on the other side, each time. */
    public long waitedDocuments() {
        return waitedDocuments.sum();
    }

    /** Documents put behind all others in the buffer, because they wait while others go on. */
    public long postponedDocuments() {
        return postponedDocuments.sum();
    }

    /** Requests that were too large and were halved. */
    public long splitRequests() {
        return splitRequests.sum();
    }

    /** Excerpts of the buffer that are done for good. */
    public long acknowledgedExcerpts() {
        return acknowledgedExcerpts.sum();
    }

    /** Requests that failed as a whole so. */
    public long failures(Failure failure) {
        return failures.get(failure).sum();
    }

    /** Gauge: requests under way. */
    public int inFlight() {
        return inFlight;
    }

    /** Gauge: how many requests may be under way now. */
    public int limit() {
        return limit;
    }

    /** Gauge: excerpts in memory, sent or waiting. */
    public int held() {
        return held;
    }

    /** Gauge: what those excerpts take, and what was made of them; compressed, bytes. */
    public long heldBytes() {
        return heldBytes;
    }

    /** Gauge: documents that wait now for something to be put right on the other side. */
    public long waitingDocumentsNow() {
        return waitingNow;
    }

    /** Gauge: how large a request may be, uncompressed, as was learned; 0 while nothing was. */
    public long learnedLimitBytes() {
        return learnedLimitBytes == SizeLimit.NONE ? 0 : learnedLimitBytes;
    }

    /** Gauge: hosts that have not failed since they last answered. */
    public int healthyHosts() {
        return healthyHosts;
    }
}
