package io.sluice.tail;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What is read, and how eagerly.
 *
 * @param containers folder of the kubelet's links, {@code /var/log/containers}; empty for none
 * @param files plain files: absolute paths, the last name may be a glob
 * @param exclude globs over {@code namespace/pod}: containers that are not read
 * @param from where a file begins that is found at the first look and has no position
 * @param activeScan how often files that were written to lately are looked at without any event
 * @param fullScan how often everything is
 * @param roundMillis time from one round of reading to the next when all was read
 * @param chunksPerRound a source that has read so much lets the others go first
 * @param chunksInRing a source holds at most so many slots of the ring while others wait
 * @param useInotify false leaves everything to the scans, and to a look at open files' sizes twenty
 *     times a second: for who has a few files and must be small
 * @param maxPinnedBytes what files that were deleted and are not read to their end may take of the
 *     disk, of all sources together; beyond, the oldest of them are given up
 * @param rotation what the kubelet keeps of a container's log
 */
public record TailConfig(
        Optional<Path> containers,
        List<Path> files,
        List<String> exclude,
        From from,
        Duration activeScan,
        Duration fullScan,
        int roundMillis,
        int chunksPerRound,
        int chunksInRing,
        boolean useInotify,
        long maxPinnedBytes,
        Rotation rotation) {

    private static final long USUAL_PINNED_BYTES = 1L << 30;

    /**
     * How far back a container's log goes: the kubelet's {@code containerLogMaxSize} and {@code
     * containerLogMaxFiles}. Nothing is read by it; it tells when a container that is read more
     * slowly than it writes will lose lines.
     *
     * @param maxBytes size at which a file is rotated
     * @param maxFiles files that are kept of a container, the active one included
     */
    public record Rotation(long maxBytes, int maxFiles) {
        /** The kubelet's defaults. */
        public static final Rotation USUAL = new Rotation(10L << 20, 5);

        public Rotation {
            if (maxBytes < 1) {
                throw new IllegalArgumentException(
                        "maxBytes is " + maxBytes + "; set the kubelet's containerLogMaxSize");
            }
            if (maxFiles < 2) {
                throw new IllegalArgumentException(
                        "maxFiles is "
                                + maxFiles
                                + "; set the kubelet's containerLogMaxFiles, at least 2");
            }
        }

        /** Bytes of a container that are there at the same time, at most. */
        long keptBytes() {
            return maxBytes * maxFiles;
        }
    }

    /** Where a file without a position begins. */
    public sealed interface From {
        /** At its first byte. */
        record Beginning() implements From {}

        /** Behind its last byte at the agent's start: what was there before is not read. */
        record Now() implements From {}

        /** At its first byte, unless it was last written to longer ago than this. */
        record Within(Duration age) implements From {}
    }

    /** With what the kubelet usually keeps, and a usual cap on deleted files. */
    public TailConfig(
            Optional<Path> containers,
            List<Path> files,
            List<String> exclude,
            From from,
            Duration activeScan,
            Duration fullScan,
            int roundMillis,
            int chunksPerRound,
            int chunksInRing,
            boolean useInotify) {
        this(
                containers,
                files,
                exclude,
                from,
                activeScan,
                fullScan,
                roundMillis,
                chunksPerRound,
                chunksInRing,
                useInotify,
                USUAL_PINNED_BYTES,
                Rotation.USUAL);
    }

    public TailConfig {
        files = List.copyOf(files);
        exclude = List.copyOf(exclude);
        for (Path file : files) {
            if (!file.isAbsolute()) {
                throw new IllegalArgumentException(
                        "files has " + file + "; give an absolute path, such as /logs/*.log");
            }
        }
        for (String glob : exclude) {
            if (glob.indexOf('/') < 1) {
                throw new IllegalArgumentException(
                        "exclude has \""
                                + glob
                                + "\"; write namespace/pod, such as \"kube-system/*\"");
            }
        }
        requirePositive("activeScan", activeScan);
        requirePositive("fullScan", fullScan);
        if (roundMillis < 0 || roundMillis > 1_000) {
            throw new IllegalArgumentException("roundMillis is " + roundMillis + "; set 0 to 1000");
        }
        if (chunksPerRound < 1 || chunksInRing < 1) {
            throw new IllegalArgumentException(
                    "chunksPerRound is "
                            + chunksPerRound
                            + " and chunksInRing is "
                            + chunksInRing
                            + "; both must be at least 1");
        }
        if (maxPinnedBytes < 0) {
            throw new IllegalArgumentException(
                    "maxPinnedBytes is " + maxPinnedBytes + "; set 0 or more");
        }
    }

    /** The kubelet's folder read from the beginning, at the usual paces. */
    public static TailConfig ofContainers(Path containers) {
        return new TailConfig(
                Optional.of(containers),
                List.of(),
                List.of(),
                new From.Beginning(),
                Duration.ofSeconds(2),
                Duration.ofMinutes(1),
                20,
                8,
                16,
                true);
    }

    public TailConfig withFiles(List<Path> plainFiles) {
        return new TailConfig(
                containers,
                plainFiles,
                exclude,
                from,
                activeScan,
                fullScan,
                roundMillis,
                chunksPerRound,
                chunksInRing,
                useInotify,
                maxPinnedBytes,
                rotation);
    }

    public TailConfig withExclude(List<String> globs) {
        return new TailConfig(
                containers,
                files,
                globs,
                from,
                activeScan,
                fullScan,
                roundMillis,
                chunksPerRound,
                chunksInRing,
                useInotify,
                maxPinnedBytes,
                rotation);
    }

    public TailConfig withFrom(From begin) {
        return new TailConfig(
                containers,
                files,
                exclude,
                begin,
                activeScan,
                fullScan,
                roundMillis,
                chunksPerRound,
                chunksInRing,
                useInotify,
                maxPinnedBytes,
                rotation);
    }

    public TailConfig withLimits(long pinnedBytes, Rotation kept) {
        return new TailConfig(
                containers,
                files,
                exclude,
                from,
                activeScan,
                fullScan,
                roundMillis,
                chunksPerRound,
                chunksInRing,
                useInotify,
                pinnedBytes,
                kept);
    }

    /** Whether a container's logs are left out. */
    boolean excludes(String namespace, String pod) {
        Path name = Path.of(namespace, pod);
        for (String glob : exclude) {
            PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
            if (matcher.matches(name)) {
                return true;
            }
        }
        return false;
    }

    private static void requirePositive(String setting, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(
                    setting + " is " + value + "; set a time above zero");
        }
    }
}
