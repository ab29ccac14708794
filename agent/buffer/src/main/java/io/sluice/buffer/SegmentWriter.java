package io.sluice.buffer;

import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * Appends to the queue, in segments. All calls under the buffer's append lock.
 *
 * <p>Chronicle is opened with the first append and in an empty folder: it only ever meets segments
 * that this process has written. So nothing that a crash leaves (locks held by a process id that is
 * 1 in every pod, a torn last document, an all-zero file, a wrong write position) can reach it, and
 * none of its time-outs can strike.
 */
final class SegmentWriter implements AutoCloseable {
    /** Of Chronicle's table of locks and listings. */
    private static final long TABLE_BYTES = 128 * 1024;

    /** An index page and the word that ends a segment may come before or after an excerpt. */
    private static final int SLACK_BYTES = 64 * 1024;

    /** Nothing is ever waited for; if it were, it should show soon. */
    private static final long TIMEOUT_MILLIS = 500;

    private static final int FILE_END_BYTES = 4;

    static {
        Chronicle.quiet();
    }

    private final Path directory;
    private final int blockBytes;
    private final long segmentBytes;
    private int nextCycle;
    private long clockMillis;

    private SingleChronicleQueue queue;
    private ExcerptAppender appender;
    private Segment current;

    /** The current segment's file: bodies are written into it beside Chronicle's mapping. */
    private WritableFile file;

    /**
     * @param directory empty: what earlier processes wrote is elsewhere
     * @param firstCycle above all cycles of segments on the disk
     */
    SegmentWriter(Path directory, int blockBytes, long segmentBytes, int firstCycle) {
        this.directory = directory;
        this.blockBytes = blockBytes;
        this.segmentBytes = segmentBytes;
        this.nextCycle = firstCycle;
    }

    /** The segment that is appended to; null before the first. */
    Segment current() {
        return current;
    }

    /** Whether so many bytes of excerpts, each with its slack, end beyond this segment. */
    boolean mustRoll(long bytes) {
        return current == null || current.end + bytes + SLACK_BYTES > segmentBytes;
    }

    /** Bytes of disk that appending so much to the current segment takes more. */
    long growthBytes(long bytes) {
        return Math.max(0, allocationFor(current.end + bytes) - current.allocatedBytes);
    }

    /** Bytes of disk that a new segment with so much in it takes. */
    long firstBytes(long bytes) {
        return allocationFor(BufferConfig.SEGMENT_HEAD_BYTES + bytes)
                + (queue == null ? TABLE_BYTES : 0);
    }

    /** All that Chronicle maps when it stores up to {@code end}: whole blocks and their overlap. */
    private long allocationFor(long end) {
        long blocks = (end + SLACK_BYTES) / blockBytes + 1;
        return blocks * blockBytes + blockBytes / 4;
    }

    /** Takes the disk space that appending so much to the current segment needs. */
    Disk.Allocation grow(long bytes) throws IOException {
        long to = allocationFor(current.end + bytes);
        if (to <= current.allocatedBytes) {
            return Disk.Allocation.DONE;
        }
        if (!Files.exists(current.file)) {
            // Another file of that name would not be the one that is mapped.
            throw new NoSuchFileException(current.file.toString());
        }
        Disk.Allocation allocation = Disk.allocate(current.file, current.allocatedBytes, to);
        if (allocation == Disk.Allocation.DONE) {
            current.allocatedBytes = to;
        }
        return allocation;
    }

    /**
     * Ends the current segment and begins the next, which gets space for so many bytes.
     *
     * @return false, with nothing changed, when the disk is full
     */
    boolean roll(long bytes, long firstSequence) throws IOException {
        if (queue == null && !open()) {
            return false;
        }
        int cycle = nextCycle;
        Path file = directory.resolve(Chronicle.fileName(cycle));
        long length = allocationFor(BufferConfig.SEGMENT_HEAD_BYTES + bytes);
        if (Disk.allocate(file, 0, length) == Disk.Allocation.FULL) {
            Files.deleteIfExists(file);
            return false;
        }
        // Forcing a file does not force its name: without it a power cut would take them all.
        Disk.forceDirectory(directory);
        WritableFile opened = WritableFile.open(file);
        closeFile();
        this.file = opened;
        nextCycle++;
        clockMillis = Chronicle.clockMillis(cycle);
        current = new Segment(cycle, file, firstSequence);
        current.allocatedBytes = length;
        return true;
    }

    private boolean open() throws IOException {
        Path table = directory.resolve("metadata.cq4t");
        if (Disk.allocate(table, 0, TABLE_BYTES) == Disk.Allocation.FULL) {
            Files.deleteIfExists(table);
            return false;
        }
        clockMillis = Chronicle.clockMillis(nextCycle);
        queue =
                SingleChronicleQueueBuilder.binary(directory.toFile())
                        .blockSize(blockBytes)
                        .rollCycle(Chronicle.ROLL_CYCLE)
                        .timeProvider(() -> clockMillis)
                        .timeoutMS(TIMEOUT_MILLIS)
                        .checkInterrupts(false)
                        .build();
        appender = queue.createAppender();
        // Encoders take turns; our lock orders them.
        appender.singleThreadedCheckDisabled(true);
        return true;
    }

    /**
     * Appends one excerpt to the current segment. Space was taken by {@link #grow} or {@link
     * #roll}; the caller publishes the segment's end.
     *
     * <p>Bodies do not go through the mapping: storing into a page for the first time costs a page
     * fault, nearly half of what an append took.
     *
     * @return where the excerpt ends in the segment's file
     */
    long append(ByteBuffer header, List<ByteBuffer> bodies) {
        // An interrupt is for whoever waits; Chronicle would let it damage what it is doing.
        boolean interrupted = Thread.interrupted();
        try {
            DocumentContext document = appender.writingDocument();
            boolean complete = false;
            try {
                Bytes<?> bytes = document.wire().bytes();
                long start = bytes.writePosition();
                long end = start + header.remaining();
                for (ByteBuffer body : bodies) {
                    write(body, bytes, end);
                    end += body.remaining();
                }
                store(header, bytes, start);
                bytes.writePosition(end);
                complete = true;
                return (end + 3) & -4L;
            } finally {
                if (!complete) {
                    document.rollbackOnClose();
                }
                document.close();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void write(ByteBuffer body, Bytes<?> bytes, long at) {
        try {
            file.write(body, at);
        } catch (IOException _) {
            // Its space was taken, so the disk has become read-only. The kernel still has the
            // pages: who reads and delivers finds them; that no force succeeds is said elsewhere.
            store(body, bytes, at);
        }
    }

    private static void store(ByteBuffer from, Bytes<?> bytes, long at) {
        // The mapping goes at least a quarter of a block beyond any position in it.
        MemorySegment to = memory(bytes.addressForWrite(at), from.remaining());
        MemorySegment.copy(MemorySegment.ofBuffer(from), 0, to, 0, from.remaining());
    }

    /** Restricted: an address of Chronicle's mapping, valid until the document is closed. */
    @SuppressWarnings("restricted")
    private static MemorySegment memory(long address, long length) {
        return MemorySegment.ofAddress(address).reinterpret(length);
    }

    /** Gives back the space behind the end of a segment that was rolled from. */
    static void trim(Segment segment) throws IOException {
        long length = segment.end + FILE_END_BYTES;
        Disk.truncate(segment.file, length);
        segment.allocatedBytes = length;
    }

    /** Closes Chronicle; the last segment stays as it is. */
    @Override
    public void close() {
        if (appender != null) {
            appender.close();
        }
        if (queue != null) {
            queue.close();
        }
        closeFile();
    }

    private void closeFile() {
        if (file != null) {
            file.close();
        }
    }
}
