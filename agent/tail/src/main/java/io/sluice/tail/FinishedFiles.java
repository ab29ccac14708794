package io.sluice.tail;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A source's files that are done with: while they are there, by device and inode; when they come
 * back under another, as a compressed copy, by their content.
 */
final class FinishedFiles {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    /** What is under an inode, as it was when it was done with: another file is otherwise. */
    private sealed interface Done {
        long sizeOnDisk();

        FileTime modified();

        /** A file that was read, or passed over as a whole. */
        record Closed(long sizeOnDisk, FileTime modified, Optional<Contents.Print> print)
                implements Done {}

        /** A copy of one that is held or was read; it may still be growing. */
        record Copy(long sizeOnDisk, FileTime modified) implements Done {}
    }

    private final HeldFiles held;
    private final Contents contents;
    private final Losses losses;
    private final Complaints complaints;
    private final Map<Object, Done> done = new HashMap<>();

    /**
     * @param held files of the source that are still read
     */
    FinishedFiles(HeldFiles held, Contents contents, Losses losses, Complaints complaints) {
        this.held = held;
        this.contents = contents;
        this.losses = losses;
        this.complaints = complaints;
    }

    /** Closes a file that was read to its end, or is not to be read. */
    void finish(LogFile file) {
        try {
            Optional<Contents.Print> print = contents.finished(file);
            // Without a name its inode is free from here on, for the next file.
            if (!file.unlinked) {
                BasicFileAttributes there =
                        Files.readAttributes(file.path, BasicFileAttributes.class);
                if (file.is(LogFile.keyOf(there))) {
                    long size = file.isCompressed() ? there.size() : file.sizeBytes;
                    done.put(file.key(), new Done.Closed(size, there.lastModifiedTime(), print));
                }
            }
        } catch (NoSuchFileException _) {
            // Renamed since, or removed: it will be known by its content.
        } catch (IOException e) {
            complaints.about(file.path, e);
        }
        held.close(file);
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

    /** Whether it is as it was when it was done with; a quick look. */
    boolean isUnchanged(FoundFile entry) {
        Done known = done.get(entry.key());
        return known != null
                && known.sizeOnDisk() == entry.attributes().size()
                && known.modified().equals(entry.attributes().lastModifiedTime());
    }

    /** Whether its content is done with, or held under another name. */
    boolean isDone(FoundFile entry) {
        if (isUnchanged(entry)) {
            return true;
        }
        if (!done.containsKey(entry.key())) {
            return false;
        }
        try (LogFile file = LogFile.open(entry, 0)) {
            if (isSame(file, entry)) {
                return true;
            }
            if (isKnown(file)) {
                addCopy(entry);
                return true;
            }
        } catch (IOException e) {
            if (complaints.isForWantOfDescriptors(e)) {
                return false;
            }
            complaints.about(entry.path(), e);
            return true;
        }
        // Another file under the inode of one that is gone.
        done.remove(entry.key());
        return false;
    }

    /** Whether it is the one that was closed; it may have grown since. */
    private boolean isSame(LogFile file, FoundFile entry) throws IOException {
        if (!(done.get(entry.key()) instanceof Done.Closed closed)
                || closed.print().isEmpty()
                || !contents.isOf(closed.print().get(), file)) {
            return false;
        }
        BasicFileAttributes now = entry.attributes();
        done.put(entry.key(), new Done.Closed(now.size(), now.lastModifiedTime(), closed.print()));
        long late = now.size() - closed.sizeOnDisk();
        if (late > 0 && !entry.name().compressed()) {
            losses.add(Loss.Cause.ROTATED_UNREAD, late, false);
            LOG.log(
                    WARNING,
                    "{0} bytes were written to {1} after it was read to its end and its writer had"
                            + " gone on to another file; they are lost",
                    late,
                    entry.path());
        }
        return true;
    }

    /** Whether a file is another name or copy of one that is held or done with. */
    boolean isKnown(LogFile file) throws IOException {
        if (contents.isFinished(file)) {
            return true;
        }
        for (LogFile one : held) {
            if (contents.isCopy(file, one)) {
                one.isCopiedIn(file);
                return true;
            }
        }
        return false;
    }

    /** A copy of what is held or done with. */
    void addCopy(FoundFile entry) {
        BasicFileAttributes attributes = entry.attributes();
        done.put(entry.key(), new Done.Copy(attributes.size(), attributes.lastModifiedTime()));
    }

    /** It is to be read after all. */
    void remove(Object key) {
        done.remove(key);
    }

    /** Forgets the inodes of files that are gone. */
    void retain(Set<Object> keys) {
        done.keySet().retainAll(keys);
    }
}
