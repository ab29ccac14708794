package io.sluice.tail;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** Says when nothing more will be written to a file, as far as one can tell. */
final class Settling {
    /**
     * A runtime writes to the old file for a moment after the new one is there: each stream has a
     * writer of its own.
     */
    static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /**
     * Without a successor that is written to, a file that lost its name must be quiet for so long.
     */
    static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final HeldFiles files;
    private final Complaints complaints;
    private long dueNanos = Long.MAX_VALUE;

    Settling(HeldFiles files, Complaints complaints) {
        this.files = files;
        this.complaints = complaints;
    }

    /** Whether the file is whole; else {@link #dueNanos} says when to ask again. */
    boolean isSettled(LogFile file, long nowNanos) {
        dueNanos = Long.MAX_VALUE;
        if (file.isCompressed()) {
            return true;
        }
        boolean superseded = isSuperseded(file);
        if (file.name.isActive() && !file.unlinked && !superseded) {
            return false;
        }
        boolean writtenElsewhere = false;
        if (superseded) {
            for (LogFile later : files) {
                writtenElsewhere |= later != file && later.sizeBytes > 0;
            }
            if (!writtenElsewhere) {
                refreshSuccessors(nowNanos);
            }
        }
        long due = file.changedNanos + (writtenElsewhere ? SETTLE_NANOS : QUIET_NANOS);
        if (nowNanos - due >= 0) {
            return true;
        }
        dueNanos = due;
        return false;
    }

    /** Of the last question: when the answer may be another without any event. */
    long dueNanos() {
        return dueNanos;
    }

    /**
     * Its writer has gone on to a younger file. An older one that is found late, by its name, says
     * nothing about that: the active file must not end because of it.
     */
    private boolean isSuperseded(LogFile file) {
        if (file.unlinked) {
            return files.size() > 1;
        }
        for (LogFile other : files) {
            if (other.name.compareTo(file.name) > 0) {
                return true;
            }
        }
        return false;
    }

    private void refreshSuccessors(long nowNanos) {
        for (LogFile file : files) {
            if (!files.isOldest(file)) {
                try {
                    file.refreshSize(nowNanos);
                } catch (IOException e) {
                    complaints.about(file.path, e);
                }
            }
        }
    }
}
