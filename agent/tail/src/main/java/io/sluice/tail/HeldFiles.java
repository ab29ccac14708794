package io.sluice.tail;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** A source's files that are held open until they are read to their end, the oldest first. */
final class HeldFiles implements Iterable<LogFile> {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    private final Descriptors descriptors;
    private final List<LogFile> files = new ArrayList<>();

    HeldFiles(Descriptors descriptors) {
        this.descriptors = descriptors;
    }

    @Override
    public Iterator<LogFile> iterator() {
        return files.iterator();
    }

    /** As they are now: what is iterated over may change meanwhile. */
    List<LogFile> all() {
        return List.copyOf(files);
    }

    boolean isEmpty() {
        return files.isEmpty();
    }

    int size() {
        return files.size();
    }

    /** The one that is read. */
    Optional<LogFile> oldest() {
        return files.isEmpty() ? Optional.empty() : Optional.of(files.getFirst());
    }

    Optional<LogFile> youngest() {
        return files.isEmpty() ? Optional.empty() : Optional.of(files.getLast());
    }

    boolean isOldest(LogFile file) {
        return !files.isEmpty() && files.getFirst() == file;
    }

    /**
     * @param key device and inode
     */
    Optional<LogFile> under(Object key) {
        for (LogFile file : files) {
            if (file.is(key)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /** Whether there is a descriptor for one more. */
    boolean mayBeMore() {
        return descriptors.isAnotherAllowed();
    }

    /** What is found later is younger, unless nothing was read yet of what it stands before. */
    void add(LogFile found) {
        files.add(found);
        descriptors.taken();
        order();
    }

    /**
     * Behind the last file that is begun, or has lost its name, names tell the order. Of copies
     * that were made one after the other before a file was truncated, none must come after it.
     */
    void order() {
        int from = files.size();
        while (from > 0 && !files.get(from - 1).isBegun() && !files.get(from - 1).unlinked) {
            from--;
        }
        files.subList(from, files.size()).sort(Comparator.comparing(file -> file.name));
    }

    void insert(LogFile older, LogFile before) {
        files.add(files.indexOf(before), older);
        descriptors.taken();
    }

    /** Another file has the same content, and goes on in the place of this one. */
    void replace(LogFile file, LogFile copy) {
        insert(copy, file);
        close(file);
    }

    /** Lets a file go and closes it. */
    void close(LogFile file) {
        if (files.remove(file)) {
            descriptors.freed();
        }
        try {
            file.close();
        } catch (IOException e) {
            LOG.log(WARNING, "cannot close " + file + ": " + e);
        }
    }

    void closeAll() {
        all().forEach(this::close);
    }
}
