package io.sluice.tail;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.util.Optional;

/**
 * Looks whether a source's files still hold what they did, and finds a way on where they do not:
 * what cannot be read any more is counted.
 */
final class LostContent {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    private final TailStats stats;
    private final HeldFiles files;
    private final FinishedFiles finished;
    private final Contents contents;
    private final Discovery discovery;
    private final Losses losses;
    private final Complaints complaints;
    private boolean breaks;

    LostContent(
            TailStats stats,
            HeldFiles files,
            FinishedFiles finished,
            Contents contents,
            Discovery discovery,
            Losses losses,
            Complaints complaints) {
        this.stats = stats;
        this.files = files;
        this.finished = finished;
        this.contents = contents;
        this.discovery = discovery;
        this.losses = losses;
        this.complaints = complaints;
    }

    /** Whether what is read next does not go on where reading has stopped; asks once. */
    boolean takeBreak() {
        boolean taken = breaks;
        breaks = false;
        return taken;
    }

    /** Looks at all files. */
    void check(long nowNanos) {
        for (LogFile file : files.all()) {
            try {
                check(file, nowNanos);
            } catch (IOException e) {
                complaints.about(file.path, e);
            }
        }
    }

    /** Looks whether a file has changed otherwise than by growing. */
    void check(LogFile file, long nowNanos) throws IOException {
        file.refreshSize(nowNanos);
        switch (file.change()) {
            case NONE -> {}
            case CUT -> cut(file);
            case REPLACED -> replaced(file, nowNanos);
        }
        file.accept();
        if (!file.isCompressed()) {
            // Before its turn, too: when it is truncated, a copy is known by what it was.
            contents.identify(file, false);
        }
    }

    /** Bytes that were not read yet were cut away from its end. */
    private void cut(LogFile file) {
        long lost = file.lostBytes(file.sizeBytes);
        losses.add(Loss.Cause.TRUNCATED, lost, true);
        stats.truncations.increment();
        LOG.log(WARNING, "{0} was cut; {1} bytes or more were not read yet", file, lost);
    }

    /**
     * It holds another content. Who truncated it may have made a copy before; what was not read is
     * in there.
     */
    private void replaced(LogFile file, long nowNanos) throws IOException {
        stats.truncations.increment();
        breaks = true;
        boolean same = contents.beginsAsBefore(file);
        if (same && file.sizeBytes < file.offset) {
            shortened(file);
            return;
        }
        Optional<LogFile> copy = discovery.copyOf(file, nowNanos);
        long lost = file.lostBytes(copy.map(LogFile::contentEnd).orElse(file.offset));
        losses.add(Loss.Cause.TRUNCATED, lost, true);
        LOG.log(
                lost == 0 ? INFO : WARNING,
                "{0} was truncated at {1} bytes read, {2} or more unread; reading begins again at"
                        + " its first byte",
                file,
                file.offset,
                lost);
        file.replaced(same ? file.epoch + 1 : 0);
        copy.ifPresent(older -> files.insert(older, file));
        files.order();
    }

    /** A power cut took what was read, and maybe more. */
    private void shortened(LogFile file) throws IOException {
        losses.add(Loss.Cause.TRUNCATED, file.lostBytes(file.offset), true);
        file.shortened();
        LOG.log(
                WARNING,
                "{0} is shorter ({1} bytes) than what was read of it; reading goes on at its end",
                file,
                file.sizeBytes);
    }

    /** What could be had of a compressed file was read. */
    void damaged(LogFile file) {
        LogFile.Unread rest = file.unreadable();
        losses.add(Loss.Cause.ROTATED_UNREAD, rest.bytes(), rest.atLeast());
        stats.damagedFiles.increment();
        breaks = true;
        LOG.log(
                ERROR,
                "{0} is damaged behind {1} bytes; its rest, at least {2} bytes, is lost",
                file,
                file.offset,
                rest.bytes());
    }

    /**
     * A deleted file takes room that is needed. If it has a compressed copy, that has all of it;
     * else what was not read is lost.
     */
    void giveUp(LogFile file, long nowNanos) {
        try {
            check(file, nowNanos);
        } catch (IOException e) {
            complaints.about(file.path, e);
        }
        Optional<LogFile> copy = discovery.copyOf(file, nowNanos);
        if (copy.isPresent() && isWhole(copy.get(), file)) {
            files.replace(file, copy.get());
            LOG.log(INFO, "{0} was deleted; it is read on in {1}", file, copy.get());
            return;
        }
        copy.ifPresent(files::close);
        LogFile.Unread rest = file.unread();
        finished.finish(file);
        if (rest.bytes() == 0 && !rest.atLeast()) {
            return;
        }
        losses.add(Loss.Cause.DELETED_UNREAD, rest.bytes(), rest.atLeast());
        breaks = true;
        LOG.log(
                ERROR,
                "{0} was deleted and is given up, {1} bytes unread: deleted files take more of the"
                        + " disk than containers.maxPinned; raise it, or find out why reading is"
                        + " slow",
                file,
                rest.bytes());
    }

    private boolean isWhole(LogFile copy, LogFile file) {
        try {
            return copy.contentEnd() >= file.contentEnd() && contents.isCopy(copy, file);
        } catch (IOException e) {
            complaints.about(copy.path, e);
            return false;
        }
    }

    /** It was removed before there was a descriptor for it. */
    void missed(FoundFile file) {
        long bytes = file.name().compressed() ? 0 : file.attributes().size();
        losses.add(Loss.Cause.DELETED_UNREAD, bytes, true);
        breaks = true;
        LOG.log(
                ERROR,
                "{0} was removed before there was a file descriptor to open it; {1} bytes or more"
                        + " are lost",
                file.path(),
                bytes);
    }

    /** Its folder could not be listed, and when it could be there was nothing in it. */
    void unseen(LogSource source) {
        losses.add(Loss.Cause.DELETED_UNREAD, 0, true);
        LOG.log(
                ERROR,
                "{0} was removed before its folder could be looked into; what was in there is lost",
                source.key());
    }
}
