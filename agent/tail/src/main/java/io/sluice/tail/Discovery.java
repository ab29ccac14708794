package io.sluice.tail;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Finds a source's files: what is new is opened, what was renamed or removed is noted.
 *
 * <p>A file is known by its descriptor, then by device and inode, in the end by its fingerprint: so
 * a rename, a compression and the reuse of an inode change nothing. What is found after a file is
 * held is younger than it.
 */
final class Discovery {

    /** What a look came to. */
    enum Look {
        /**
         * Names moved meanwhile: a file may have been missed, and what is found later counts as
         * younger than all that is held.
         */
        MOVED,
        /** Nothing could be listed. */
        BLIND,
        /** There are no files. */
        EMPTY,
        /** What there is was seen. */
        SEEN
    }

    /** Files are renamed every ten seconds at most; a look takes far less. */
    private static final int MOST_LOOKS_FOR_A_COPY = 5;

    private final HeldFiles files;
    private final FinishedFiles finished;
    private final Contents contents;
    private final Complaints complaints;
    private final Set<Place> places = new HashSet<>();

    /** A file was renamed or removed while it was looked for. */
    private boolean vanished;

    private long openedNanos;
    private boolean openedAny;

    /** A look came to an end. */
    private boolean looked;

    /** What could not be opened yet, for want of a descriptor or for doubt, and all behind it. */
    private List<FoundFile> waiting = List.of();

    /** What has waited and is gone. */
    private final List<FoundFile> missed = new ArrayList<>();

    /**
     * @param files what is held of the source; what is opened goes behind
     */
    Discovery(
            HeldFiles files,
            FinishedFiles finished,
            Contents contents,
            Complaints complaints,
            long nowNanos) {
        this.files = files;
        this.finished = finished;
        this.contents = contents;
        this.complaints = complaints;
        this.openedNanos = nowNanos;
    }

    /**
     * @return true if it is new
     */
    boolean add(Place place) {
        return places.add(place);
    }

    Set<Place> places() {
        return places;
    }

    /** Whether there was ever a file. */
    boolean openedAny() {
        return openedAny;
    }

    /** Files are known that could not be opened yet: all of a source's are, or none is read. */
    boolean isWaiting() {
        return !waiting.isEmpty();
    }

    /** Files that were removed before they could be opened; each once. */
    List<FoundFile> takeMissed() {
        List<FoundFile> taken = List.copyOf(missed);
        missed.clear();
        return taken;
    }

    /** When a file was opened last. */
    long openedNanos() {
        return openedNanos;
    }

    Look look(long nowNanos) {
        List<FoundFile> found = new ArrayList<>();
        boolean complete = true;
        vanished = false;
        for (Place place : places) {
            complete &= list(place, found);
        }
        if (!complete && found.isEmpty()) {
            return Look.BLIND;
        }
        leaveOutTwins(found);
        boolean anyFresh = found.stream().anyMatch(this::isFresh);
        if (vanished || (anyFresh && !isSameAgain(found))) {
            return Look.MOVED;
        }
        found.sort(Comparator.comparing(FoundFile::name));
        List<FoundFile> fresh = new ArrayList<>();
        Set<LogFile> seen = new HashSet<>();
        for (FoundFile entry : found) {
            Optional<LogFile> held = files.under(entry.key());
            if (held.isPresent()) {
                seen.add(held.get());
                rename(held.get(), entry, nowNanos);
            } else if (!finished.isDone(entry)) {
                fresh.add(entry);
            }
        }
        if (complete) {
            noteMissing(found, seen, nowNanos);
        }
        if (!open(fresh, nowNanos)) {
            return Look.MOVED;
        }
        looked = true;
        return complete && found.isEmpty() ? Look.EMPTY : Look.SEEN;
    }

    /**
     * A file stays until its compressed copy is whole: as long as both are there, the copy is
     * nothing.
     */
    private static void leaveOutTwins(List<FoundFile> found) {
        Set<LogFileName> plain = new HashSet<>();
        for (FoundFile entry : found) {
            if (!entry.name().compressed()) {
                plain.add(entry.name());
            }
        }
        found.removeIf(
                entry -> entry.name().compressed() && plain.contains(entry.name().uncompressed()));
    }

    private void noteMissing(List<FoundFile> found, Set<LogFile> seen, long nowNanos) {
        Set<Object> keys = new HashSet<>();
        found.forEach(entry -> keys.add(entry.key()));
        finished.retain(keys);
        if (!waiting.isEmpty()) {
            noteMissed(found, keys);
        }
        for (LogFile file : files) {
            if (!file.unlinked && !seen.contains(file)) {
                file.unlinked = true;
                file.unlinkedNanos = nowNanos;
                file.changedNanos = nowNanos;
            }
        }
    }

    private void noteMissed(List<FoundFile> found, Set<Object> keys) {
        List<FoundFile> gone = new ArrayList<>(waiting);
        gone.removeIf(entry -> keys.contains(entry.key()) || files.under(entry.key()).isPresent());
        waiting = waiting.stream().filter(entry -> !gone.contains(entry)).toList();
        // What was compressed meanwhile is in a file that is new.
        if (found.stream().noneMatch(entry -> entry.name().compressed() && isFresh(entry))) {
            missed.addAll(gone);
        }
    }

    private boolean isFresh(FoundFile entry) {
        return files.under(entry.key()).isEmpty() && !finished.isUnchanged(entry);
    }

    /**
     * A directory is not listed in one go: while a file is renamed, a listing may show both of its
     * names or none.
     */
    private boolean isSameAgain(List<FoundFile> found) {
        List<FoundFile> again = new ArrayList<>();
        boolean complete = true;
        for (Place place : places) {
            complete &= list(place, again);
        }
        leaveOutTwins(again);
        return !vanished && (!complete || names(again).equals(names(found)));
    }

    private static Map<Path, Object> names(List<FoundFile> found) {
        Map<Path, Object> names = new HashMap<>();
        found.forEach(entry -> names.put(entry.path(), entry.key()));
        return names;
    }

    private boolean list(Place place, List<FoundFile> into) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(place.directory())) {
            for (Path path : entries) {
                Optional<LogFileName> name = place.name(path.getFileName().toString());
                if (name.isEmpty()) {
                    continue;
                }
                try {
                    BasicFileAttributes attributes =
                            Files.readAttributes(path, BasicFileAttributes.class);
                    if (attributes.isRegularFile()) {
                        into.add(new FoundFile(path, name.get(), attributes));
                    }
                } catch (NoSuchFileException _) {
                    // Renamed or removed since it was listed, unless it is a link to nothing.
                    vanished |= !Files.isSymbolicLink(path);
                }
            }
            complaints.withdraw(place.directory());
            return true;
        } catch (NoSuchFileException | NotDirectoryException _) {
            return true;
        } catch (IOException | DirectoryIteratorException e) {
            complaints.about(place.directory(), e);
            return false;
        }
    }

    private static void rename(LogFile file, FoundFile entry, long nowNanos) {
        if (!file.path.equals(entry.path())) {
            file.path = entry.path();
            // A file that is compressed in place keeps its descriptor's bytes: the name alone
            // moves.
            if (!entry.name().compressed()) {
                file.name = entry.name();
            }
            file.changedNanos = nowNanos;
        }
        file.unlinked = false;
        file.modified(entry.attributes().lastModifiedTime());
    }

    /**
     * @return false where one was renamed or removed since it was listed; those after it wait for
     *     the next look, so that the order stays
     */
    private boolean open(List<FoundFile> fresh, long nowNanos) {
        for (FoundFile entry : fresh) {
            if ((looked || contents.isPlain()) && isNothingYet(entry)) {
                continue;
            }
            if (!files.mayBeMore()) {
                letWait(fresh, entry);
                return true;
            }
            try {
                LogFile file = LogFile.open(entry, nowNanos);
                boolean kept = false;
                try {
                    if (!isStill(entry)) {
                        return false;
                    }
                    if (looked && isBeingCopied(entry, file)) {
                        // It may as well be a file of its own, rotated within its first line: then
                        // it comes before the younger ones.
                        letWaitBehind(fresh, entry);
                        return true;
                    }
                    kept = !isCopy(entry, file);
                } finally {
                    if (!kept) {
                        file.close();
                    }
                }
                if (kept) {
                    append(file, entry, nowNanos);
                } else {
                    finished.addCopy(entry);
                }
                complaints.withdraw(entry.path());
            } catch (NoSuchFileException _) {
                return false;
            } catch (IOException e) {
                if (complaints.isForWantOfDescriptors(e)) {
                    letWait(fresh, entry);
                    return true;
                }
                complaints.about(entry.path(), e);
            }
        }
        waiting = List.of();
        return true;
    }

    /** The younger ones must not come before it. */
    private void letWait(List<FoundFile> fresh, FoundFile first) {
        waiting = List.copyOf(fresh.subList(fresh.indexOf(first), fresh.size()));
    }

    private void letWaitBehind(List<FoundFile> fresh, FoundFile doubtful) {
        waiting = List.copyOf(fresh.subList(fresh.indexOf(doubtful) + 1, fresh.size()));
    }

    /** A rotated file is not made without a byte, but a copy is, before it is filled. */
    private static boolean isNothingYet(FoundFile entry) {
        return !entry.name().isActive() && entry.attributes().size() == 0;
    }

    /** Soon it is either a copy, or nobody has written to it for a while. */
    private boolean isBeingCopied(FoundFile entry, LogFile file) throws IOException {
        if (entry.name().isActive() || isQuiet(entry)) {
            return false;
        }
        for (LogFile held : files) {
            if (contents.mayBecomeCopy(file, held)) {
                return true;
            }
        }
        return false;
    }

    /** Nobody has written to it for a while. */
    private static boolean isQuiet(FoundFile entry) {
        long age = System.currentTimeMillis() - entry.attributes().lastModifiedTime().toMillis();
        return age > TimeUnit.NANOSECONDS.toMillis(Settling.QUIET_NANOS);
    }

    private boolean isCopy(FoundFile entry, LogFile file) throws IOException {
        // Of plain files nothing is read yet at the first look, and many begin alike.
        boolean mayBe = !contents.isPlain() || (looked && !entry.name().isActive());
        return mayBe && finished.isKnown(file);
    }

    private void append(LogFile file, FoundFile entry, long nowNanos) {
        if (isQuiet(entry)) {
            // No need to wait for more.
            file.changedNanos = nowNanos - Settling.QUIET_NANOS;
        }
        files.youngest()
                .ifPresent(
                        before ->
                                before.changedNanos =
                                        Math.max(
                                                before.changedNanos,
                                                nowNanos
                                                        - Settling.QUIET_NANOS
                                                        + Settling.SETTLE_NANOS));
        files.add(file);
        openedNanos = nowNanos;
        openedAny = true;
    }

    /** What was opened by its name is what was listed under it. */
    private static boolean isStill(FoundFile entry) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(entry.path(), BasicFileAttributes.class);
        return LogFile.keyOf(attributes).equals(entry.key());
    }

    /**
     * Looks for a copy that was made of a file before it was truncated or deleted: it has what was
     * not read of it. It is opened there, where reading of the file has come to.
     *
     * @return empty where there is none
     */
    Optional<LogFile> copyOf(LogFile file, long nowNanos) {
        Optional<LogFile> copy = Optional.empty();
        for (int looks = 0; looks < MOST_LOOKS_FOR_A_COPY && copy.isEmpty(); looks++) {
            vanished = false;
            copy = listedCopyOf(file, nowNanos);
            if (!vanished) {
                break;
            }
        }
        return copy;
    }

    private Optional<LogFile> listedCopyOf(LogFile file, long nowNanos) {
        List<FoundFile> found = new ArrayList<>();
        for (Place place : places) {
            list(place, found);
        }
        found.removeIf(entry -> entry.name().isActive() || files.under(entry.key()).isPresent());
        found.sort(Comparator.comparing(FoundFile::name).reversed());
        for (FoundFile entry : found) {
            try {
                LogFile copy = LogFile.open(entry, nowNanos - Settling.QUIET_NANOS);
                if (file.isContinuedIn(copy) && !contents.isFinished(copy)) {
                    copy.continueFrom(file);
                    finished.remove(entry.key());
                    return Optional.of(copy);
                }
                copy.close();
            } catch (NoSuchFileException _) {
                // Compressed or renamed since it was listed: it has another name now.
                vanished = true;
            } catch (IOException e) {
                complaints.about(entry.path(), e);
            }
        }
        return Optional.empty();
    }
}
