package io.sluice.tail;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What the tail has done and sees. Written by the tail thread, read by any. */
public final class TailStats {
    /** Bytes handed over, uncompressed. */
    public final LongAdder readBytes = new LongAdder();

    /** Chunks handed over. */
    public final LongAdder chunks = new LongAdder();

    /** How often the ring had no free chunk. */
    public final LongAdder ringFull = new LongAdder();

    /** How often the kernel's event queue overflowed; everything is scanned then. */
    public final LongAdder inotifyOverflows = new LongAdder();

    /** How often everything was looked at. */
    public final LongAdder fullScans = new LongAdder();

    /**
     * Times a directory could not be watched because the kernel has no watches left; it is read by
     * scanning, and tried again with each scan.
     */
    public final LongAdder watchFailures = new LongAdder();

    /** Times the kernel gave no inotify instance; all is read by scanning. */
    public final LongAdder instanceFailures = new LongAdder();

    /** Times a file or directory could not be opened because no descriptors are left. */
    public final LongAdder descriptorFailures = new LongAdder();

    /** Times bytes were lost unread, or may have been, without a way to say how many. */
    public final LongAdder gaps = new LongAdder();

    /** Files that were shortened or written over while they were read. */
    public final LongAdder truncations = new LongAdder();

    /** Rotated files read to their end and closed. */
    public final LongAdder generationsDrained = new LongAdder();

    /** Files and directories that could not be opened or read. */
    public final LongAdder unreadable = new LongAdder();

    /** Compressed files that could not be inflated to their end; the rest of them is lost. */
    public final LongAdder damagedFiles = new LongAdder();

    private final Map<Loss.Cause, LongAdder> lostBytes = new EnumMap<>(Loss.Cause.class);

    volatile int openFiles;
    volatile int sources;
    volatile int watches;
    volatile long backlogBytes;
    volatile long pinnedBytes;

    public TailStats() {
        for (Loss.Cause cause : Loss.Cause.values()) {
            lostBytes.put(cause, new LongAdder());
        }
    }

    /** By the tail thread. */
    void lost(Loss.Cause cause, long bytes, boolean atLeast) {
        lostBytes.get(cause).add(bytes);
        if (atLeast) {
            gaps.increment();
        }
    }

    /** Bytes lost before they could be read, as far as their number is known. */
    public long lostBytes(Loss.Cause cause) {
        return lostBytes.get(cause).sum();
    }

    /** Descriptors held on log files. */
    public int openFiles() {
        return openFiles;
    }

    /** Containers and plain files followed. */
    public int sources() {
        return sources;
    }

    /** What deleted files that are not read to their end take of the disk, as of the last look. */
    public long pinnedBytes() {
        return pinnedBytes;
    }

    /** inotify watches in use. */
    public int watches() {
        return watches;
    }

    /** Bytes on disk that are not read yet, uncompressed, as of the last look. */
    public long backlogBytes() {
        return backlogBytes;
    }
}
