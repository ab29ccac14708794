package io.sluice.tail;

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

    /** Directories that could not be watched; they are read by scanning. */
    public final LongAdder watchFailures = new LongAdder();

    /** Times bytes were known to be lost unread without a way to say how many. */
    public final LongAdder gaps = new LongAdder();

    /** Files that became shorter than what was read of them. */
    public final LongAdder truncations = new LongAdder();

    /** Rotated files read to their end and closed. */
    public final LongAdder generationsDrained = new LongAdder();

    /** Files and directories that could not be opened or read. */
    public final LongAdder unreadable = new LongAdder();

    volatile int openFiles;
    volatile int sources;
    volatile int watches;
    volatile long backlogBytes;

    /** Descriptors held on log files. */
    public int openFiles() {
        return openFiles;
    }

    /** Containers and plain files followed. */
    public int sources() {
        return sources;
    }

    /** inotify watches in use. */
    public int watches() {
        return watches;
    }

    /** Bytes on disk that are not read yet, as of the last look; compressed files count as none. */
    public long backlogBytes() {
        return backlogBytes;
    }
}
