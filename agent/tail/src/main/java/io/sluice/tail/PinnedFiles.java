package io.sluice.tail;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/**
 * Keeps what deleted files take of the disk, because they are held until they are read, under a
 * cap: of all sources together. Beyond it they are given up, those first that are read to their end
 * already, then the one that was deleted first.
 */
final class PinnedFiles {
    private final long mostBytes;
    private final TailStats stats;

    PinnedFiles(long mostBytes, TailStats stats) {
        this.mostBytes = mostBytes;
        this.stats = stats;
    }

    /** A deleted file and who holds it. */
    private record Pinned(SourceReader reader, LogFile file) {}

    /** What may be pinned in addition. */
    long unusedBytes() {
        return Math.max(0, mostBytes - stats.pinnedBytes);
    }

    void keepFew(Collection<SourceReader> sources, long nowNanos) {
        long bytes = bytes(sources);
        while (bytes > mostBytes) {
            Optional<Pinned> first = first(sources);
            if (first.isEmpty()) {
                break;
            }
            first.get().reader().giveUp(first.get().file(), nowNanos);
            bytes = bytes(sources);
        }
        stats.pinnedBytes = bytes;
    }

    private static long bytes(Collection<SourceReader> sources) {
        long bytes = 0;
        for (SourceReader reader : sources) {
            for (LogFile file : reader.held()) {
                if (file.unlinked) {
                    bytes += file.bytesOnDisk();
                }
            }
        }
        return bytes;
    }

    private static Optional<Pinned> first(Collection<SourceReader> sources) {
        return sources.stream()
                .flatMap(
                        reader ->
                                reader.held().all().stream()
                                        .filter(file -> file.unlinked)
                                        .map(file -> new Pinned(reader, file)))
                .min(
                        Comparator.comparing((Pinned pinned) -> pinned.file().hasUnread())
                                .thenComparingLong(pinned -> pinned.file().unlinkedNanos));
    }
}
