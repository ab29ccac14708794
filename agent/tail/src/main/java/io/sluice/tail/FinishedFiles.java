package io.sluice.tail;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A source's files that are done with: while they are there, by device and inode; when they come
 * back under another, as a compressed copy, by their content.
 */
final class FinishedFiles {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");
    private static final int KEPT = 64;

    /** What a file was when it was done with: under the same inode, another may be otherwise. */
    private record Done(String name, long sizeOnDisk) {
        static Done of(FoundFile entry) {
            return new Done(entry.path().getFileName().toString(), entry.attributes().size());
        }
    }

    private final Contents contents;
    private final Complaints complaints;
    private final Map<Object, Done> done = new HashMap<>();

    /** Fingerprints, the oldest first. */
    private final List<Long> fingerprints = new ArrayList<>();

    FinishedFiles(Contents contents, Complaints complaints) {
        this.contents = contents;
        this.complaints = complaints;
    }

    /** Closes a file that was read to its end, or is not to be read. */
    void finish(LogFile file) {
        try {
            // Without a name its inode is free from here on, for the next file.
            if (!file.unlinked) {
                String name = file.path.getFileName().toString();
                done.put(file.key(), new Done(name, file.sizeOnDisk()));
            }
        } catch (IOException e) {
            complaints.about(file.path, e);
        }
        if (file.contentFingerprint != 0) {
            if (fingerprints.size() == KEPT) {
                fingerprints.removeFirst();
            }
            fingerprints.add(file.contentFingerprint);
        }
        close(file);
    }

    /** Closes a file whose content is not to be read; its compressed copy is not either. */
    void finishUnread(LogFile file) {
        try {
            contents.identify(file, true);
        } catch (IOException e) {
            complaints.about(file.path, e);
        }
        finish(file);
    }

    /** Another name of what is done with or held. */
    void add(FoundFile entry) {
        done.put(entry.key(), Done.of(entry));
    }

    boolean holds(long fingerprint) {
        return fingerprints.contains(fingerprint);
    }

    /** Whether it is as it was when it was done with; a quick look. */
    boolean isUnchanged(FoundFile entry) {
        return Done.of(entry).equals(done.get(entry.key()));
    }

    /** A file under the inode of one that is done may be another: name and size show it. */
    boolean isDone(FoundFile entry) {
        Done known = done.get(entry.key());
        if (known == null) {
            return false;
        }
        if (known.equals(Done.of(entry))) {
            return true;
        }
        try (LogFile file = LogFile.open(entry.path(), entry.name(), entry.key(), 0)) {
            if (contents.identify(file, true) && holds(file.contentFingerprint)) {
                add(entry);
                return true;
            }
        } catch (IOException e) {
            complaints.about(entry.path(), e);
            return true;
        }
        done.remove(entry.key());
        return false;
    }

    /** Forgets the inodes of files that are gone. */
    void retain(Set<Object> keys) {
        done.keySet().retainAll(keys);
    }

    static void close(LogFile file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.log(WARNING, "cannot close " + file + ": " + e);
        }
    }
}
