package io.sluice.buffer;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Where the buffer lies and what it may take.
 *
 * @param directory the state directory; one agent at a time
 * @param maxSizeBytes what all segments together may take on the disk
 * @param minFreeBytes what must stay free on the directory's disk
 * @param whenFull what an append does when there is no room
 * @param sync when appended excerpts are forced to the disk
 * @param segmentBytes a segment is closed at this size; what is delivered goes segment by segment
 * @param blockBytes what Chronicle maps at a time; an excerpt must stay below a quarter of it
 * @param outputs names of the outputs; an output's place in this list is its number in {@link
 *     Buffer#outbox}, its name is what its excerpts and its acknowledged index are kept under
 * @param lockWait how long to wait for another agent to leave the directory
 */
public record BufferConfig(
        Path directory,
        long maxSizeBytes,
        long minFreeBytes,
        WhenFull whenFull,
        Sync sync,
        long segmentBytes,
        int blockBytes,
        List<String> outputs,
        Duration lockWait) {

    /** What an append does when the buffer is full. */
    public enum WhenFull {
        /** Wait for room: stops the encoders, and by them the reading of files. */
        BLOCK,
        /** Drop the oldest segment that has no request in flight, and count it. */
        DROP_OLDEST
    }

    /** When appended excerpts are forced to the disk. */
    public sealed interface Sync {
        /** A power cut may cost at most about this much of the buffer's end. */
        record Every(Duration interval) implements Sync {
            public Every {
                if (interval.isNegative() || interval.isZero()) {
                    throw new IllegalArgumentException(
                            "sync is " + interval + "; set 1s or more, or 'always'");
                }
            }
        }

        /** Before append returns. */
        record Always() implements Sync {}
    }

    private static final int PAGE_BYTES = 4096;

    /** What Chronicle puts at a segment's begin (its header and two index pages), generously. */
    static final int SEGMENT_HEAD_BYTES = 64 * 1024;

    /** Part of the largest excerpt that is kept for the header: targets, positions, counts. */
    private static final int HEADER_SHARE = 8;

    public BufferConfig {
        outputs = List.copyOf(outputs);
        if (blockBytes < 256 * 1024 || blockBytes % PAGE_BYTES != 0 || blockBytes > 1 << 30) {
            throw new IllegalArgumentException(
                    "blockBytes is "
                            + blockBytes
                            + "; set a multiple of 4096 from 262144 to 1073741824, or remove it for"
                            + " the default 4194304");
        }
        if (segmentBytes < 2L * blockBytes || segmentBytes > 1L << 40) {
            throw new IllegalArgumentException(
                    "segmentBytes is "
                            + segmentBytes
                            + "; set at least two blocks ("
                            + 2L * blockBytes
                            + ")");
        }
        if (maxSizeBytes < 3 * segmentBytes) {
            throw new IllegalArgumentException(
                    "maxSize is "
                            + maxSizeBytes
                            + " bytes; set at least three segments ("
                            + 3 * segmentBytes
                            + " bytes)");
        }
        if (minFreeBytes < 0) {
            throw new IllegalArgumentException(
                    "minFree is " + minFreeBytes + " bytes; set 0 or more");
        }
        if (lockWait.isNegative()) {
            throw new IllegalArgumentException("lockWait is " + lockWait + "; set 0s or more");
        }
        if (outputs.isEmpty()) {
            throw new IllegalArgumentException("outputs is empty; name at least one");
        }
        Set<Integer> ids = new HashSet<>();
        for (String output : outputs) {
            if (!output.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")) {
                throw new IllegalArgumentException(
                        "output is named '"
                                + output
                                + "'; use letters, digits, '.', '_' and '-', at most 64");
            }
            if (!ids.add(ExcerptFormat.outputId(output))) {
                throw new IllegalArgumentException(
                        "output '" + output + "' is there twice (by name or hash); rename one");
            }
        }
    }

    /** The defaults of {@code agent.yaml} for one output. */
    public static BufferConfig of(Path directory, List<String> outputs) {
        return new BufferConfig(
                directory,
                2L << 30,
                1L << 30,
                WhenFull.BLOCK,
                new Sync.Every(Duration.ofSeconds(1)),
                64L << 20,
                4 << 20,
                outputs,
                Duration.ofSeconds(60));
    }

    /** The same in another directory. */
    public BufferConfig withDirectory(Path other) {
        return new BufferConfig(
                other,
                maxSizeBytes,
                minFreeBytes,
                whenFull,
                sync,
                segmentBytes,
                blockBytes,
                outputs,
                lockWait);
    }

    /** The same with another patience for an agent that uses the directory. */
    public BufferConfig withLockWait(Duration other) {
        return new BufferConfig(
                directory,
                maxSizeBytes,
                minFreeBytes,
                whenFull,
                sync,
                segmentBytes,
                blockBytes,
                outputs,
                other);
    }

    /** No excerpt is larger, its header included. Chronicle throws past a quarter of a block. */
    public int maxExcerptBytes() {
        return blockBytes / 4 - PAGE_BYTES;
    }

    /** No compressed body may be larger; the pipeline's {@code maxCompressedBytes}. */
    public int maxBodyBytes() {
        return (maxExcerptBytes() - maxExcerptBytes() / HEADER_SHARE) / outputs.size();
    }
}
