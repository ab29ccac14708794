package io.sluice.tail;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Decides where the first reading of a source begins: behind a position, or as configured. */
final class Resume {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    private final LogSource source;
    private final TailStats stats;
    private final Losses losses;
    private final HeldFiles files;
    private final FinishedFiles finished;
    private final Contents contents;
    private final Complaints complaints;
    private boolean breaks;

    /**
     * @param files what is held of the source; what is not to be read goes
     */
    Resume(
            LogSource source,
            TailStats stats,
            Losses losses,
            HeldFiles files,
            FinishedFiles finished,
            Contents contents,
            Complaints complaints) {
        this.source = source;
        this.stats = stats;
        this.losses = losses;
        this.files = files;
        this.finished = finished;
        this.contents = contents;
        this.complaints = complaints;
    }

    /** What is read first does not go on where the position was. */
    boolean breaks() {
        return breaks;
    }

    /** Begins as configured for files that were there when the agent started. */
    void begin(TailConfig.From from) {
        switch (from) {
            case TailConfig.From.Beginning() -> {}
            case TailConfig.From.Now() -> skipAll();
            case TailConfig.From.Within(Duration age) -> skipOlderThan(age);
        }
    }

    private void skipAll() {
        for (LogFile file : files.all()) {
            if (files.size() > 1) {
                finished.finishUnread(file);
            } else {
                skip(file);
            }
        }
    }

    /** What is there is not read, what comes is. */
    private void skip(LogFile active) {
        try {
            active.seek(active.isCompressed() ? 0 : active.lastLineEnd());
        } catch (IOException e) {
            complaints.about(active.path, e);
        }
    }

    private void skipOlderThan(Duration age) {
        long oldest = System.currentTimeMillis() - age.toMillis();
        for (LogFile file : files.all()) {
            try {
                if (Files.getLastModifiedTime(file.path).toMillis() >= oldest) {
                    return;
                }
            } catch (IOException _) {
                return;
            }
            if (files.size() == 1 && file.name.isActive()) {
                // It may be written to again.
                skip(file);
                return;
            }
            finished.finishUnread(file);
        }
    }

    /** Whether the files that a position is in are among those that are held. */
    boolean finds(SourcePosition position) {
        return matching(position.stdout()).isPresent() && matching(position.stderr()).isPresent();
    }

    /**
     * Where a stream goes on.
     *
     * @param from offset in that file; {@link Long#MAX_VALUE} behind its end, where the file that
     *     came next and was read, too, is gone
     */
    private record Begin(LogFile file, long from) {
        static boolean isBehind(Optional<Begin> begin, LogFile file) {
            return begin.isPresent()
                    && begin.get().file == file
                    && begin.get().from == Long.MAX_VALUE;
        }

        static boolean isIn(Optional<Begin> begin, LogFile file) {
            return begin.isPresent() && begin.get().file == file;
        }
    }

    /** Begins where the agent was before its restart. */
    void begin(SourcePosition position) {
        Optional<Begin> out = find(position.stdout());
        Optional<Begin> err = find(position.stderr());
        if (out.isEmpty() && err.isEmpty()) {
            gap(position);
            return;
        }
        reportWhatIsGone(out, err);
        boolean outReached = false;
        boolean errReached = false;
        boolean gap = false;
        long before = 0;
        for (LogFile file : files.all()) {
            // Of one run of the container the oldest go first: what is left of it is younger.
            int restart = file.name.restart();
            outReached |= out.isEmpty() && restart >= position.stdout().restart();
            errReached |= err.isEmpty() && restart >= position.stderr().restart();
            boolean here = Begin.isIn(out, file) || Begin.isIn(err, file);
            if (!outReached && !errReached && !here) {
                finished.finishUnread(file);
                continue;
            }
            file.afterGap = gap;
            gap = Begin.isBehind(out, file) || Begin.isBehind(err, file);
            file.before = before;
            file.stdoutFrom = outReached ? 0 : Long.MAX_VALUE;
            file.stderrFrom = errReached ? 0 : Long.MAX_VALUE;
            if (Begin.isIn(out, file)) {
                file.stdoutFrom = out.get().from;
                file.before = Begin.isBehind(out, file) ? before : position.stdout().before();
                outReached = true;
            }
            if (Begin.isIn(err, file)) {
                file.stderrFrom = err.get().from;
                file.before = Begin.isBehind(err, file) ? file.before : position.stderr().before();
                errReached = true;
            }
            if (file.stdoutFrom == Long.MAX_VALUE && file.stderrFrom == Long.MAX_VALUE) {
                before = position.stdout().before();
                finished.finishUnread(file);
            } else if (here) {
                seek(file);
            }
        }
    }

    /** The file a stream's position is in, or else the one that was read before that. */
    private Optional<Begin> find(StreamPosition position) {
        return matching(position)
                .map(file -> new Begin(file, position.offset()))
                .or(() -> before(position).map(file -> new Begin(file, Long.MAX_VALUE)));
    }

    private Optional<LogFile> before(StreamPosition position) {
        if (contents.isPlain() || position.before() == 0) {
            return Optional.empty();
        }
        for (LogFile file : files.all()) {
            try {
                if (hasFingerprint(file, position.before())) {
                    return Optional.of(file);
                }
            } catch (IOException e) {
                complaints.about(file.path, e);
            }
        }
        return Optional.empty();
    }

    private void reportWhatIsGone(Optional<Begin> out, Optional<Begin> err) {
        boolean outIsGone = out.isEmpty() || Begin.isBehind(out, out.get().file);
        boolean errIsGone = err.isEmpty() || Begin.isBehind(err, err.get().file);
        if (!outIsGone && !errIsGone) {
            return;
        }
        losses.add(Loss.Cause.ROTATED_UNREAD, 0, true);
        if (outIsGone && errIsGone) {
            breaks = true;
            LOG.log(
                    WARNING,
                    "{0}: the file that was read last was written over or removed while the agent"
                            + " was down; at least its rest is lost",
                    source.key());
        } else {
            // What follows that stream's open record is new.
            LOG.log(
                    WARNING,
                    "{0}: a file with an unfinished record was written over or removed while the"
                            + " agent was down; at least that record is lost",
                    source.key());
        }
    }

    private void seek(LogFile file) {
        long from = Math.min(file.stdoutFrom, file.stderrFrom);
        try {
            if (from > file.sizeBytes) {
                shortened(file);
            } else {
                // A stream that is still ahead of its own file is read from the beginning here.
                file.seek(files.isOldest(file) ? from : 0);
            }
        } catch (IOException e) {
            complaints.about(file.path, e);
        }
    }

    /** The file a position is in; its epoch or fingerprint is taken over from there. */
    private Optional<LogFile> matching(StreamPosition position) {
        List<LogFile> youngestFirst = files.all().reversed();
        Optional<LogFile> tooShort = Optional.empty();
        for (LogFile file : youngestFirst) {
            try {
                if (contents.isPlain() && beginsLike(file, position)) {
                    // Several may begin alike; what was read of the right one is there.
                    if (file.contentBytes().orElse(Long.MAX_VALUE) >= position.offset()) {
                        file.contentFingerprint = position.fingerprint();
                        return Optional.of(file);
                    }
                    tooShort = tooShort.or(() -> Optional.of(file));
                }
                if (!contents.isPlain() && isAt(file, position)) {
                    return Optional.of(file);
                }
            } catch (IOException e) {
                complaints.about(file.path, e);
            }
        }
        tooShort.ifPresent(file -> file.contentFingerprint = position.fingerprint());
        return tooShort;
    }

    private static boolean beginsLike(LogFile file, StreamPosition position) throws IOException {
        byte[] firstLine = file.firstLine(file.isCompressed());
        return firstLine.length > 0
                && Fingerprint.recognisable(firstLine, firstLine.length)
                        == position.fingerprint() >>> 32;
    }

    private boolean isAt(LogFile file, StreamPosition position) throws IOException {
        if (file.name.restart() != position.restart()) {
            return false;
        }
        return hasFingerprint(file, position.fingerprint());
    }

    /** If so, it and its epoch are the file's from here on. */
    private boolean hasFingerprint(LogFile file, long fingerprint) throws IOException {
        // A position in half a first line was made when that was all that would come.
        long content = contents.fingerprintNow(file, true);
        if (content == 0) {
            return false;
        }
        for (int epoch = 0; epoch <= Fingerprint.MAX_EPOCH; epoch++) {
            if (Fingerprint.atEpoch(content, epoch) == fingerprint) {
                file.contentFingerprint = content;
                file.epoch = epoch;
                return true;
            }
        }
        return false;
    }

    /**
     * The position's file is gone, and so is the one before. Files are removed oldest first, so all
     * that is left is younger.
     *
     * <p>Not so where a plain one was written over in place while the agent was down: its older
     * siblings are read again then. Which of them was read before it is not known, and twice is
     * better than never.
     */
    private void gap(SourcePosition position) {
        if (files.isEmpty()) {
            // Nothing says whether there was more than what was read.
            losses.add(Loss.Cause.DELETED_UNREAD, 0, true);
            LOG.log(
                    WARNING,
                    "{0}: its files were deleted while the agent was down; what was written after"
                            + " the agent''s last look is lost",
                    source.key());
            return;
        }
        losses.add(Loss.Cause.ROTATED_UNREAD, 0, true);
        int restart = Math.max(position.stdout().restart(), position.stderr().restart());
        for (LogFile file : files.all()) {
            if (file.name.restart() < restart) {
                finished.finishUnread(file);
            }
        }
        breaks = true;
        LOG.log(
                WARNING,
                "{0}: the file that was read last was rotated away while the agent was down; at"
                        + " least its rest is lost. Raise the kubelet''s containerLogMaxSize or"
                        + " containerLogMaxFiles to keep more",
                source.key());
    }

    /**
     * Less is there than was read. A power cut took the rest of a container's file; a plain one,
     * which may begin with the line it always begins with, was rather written anew.
     */
    private void shortened(LogFile file) throws IOException {
        breaks = true;
        stats.truncations.increment();
        if (contents.isPlain()) {
            file.replaced(0);
            losses.add(Loss.Cause.TRUNCATED, 0, true);
            LOG.log(
                    WARNING,
                    "{0} was truncated while the agent was down; it is read from its first byte",
                    file);
            return;
        }
        file.shortened();
        LOG.log(
                WARNING,
                "{0} is shorter ({1} bytes) than what was read of it; reading goes on at its end",
                file,
                file.sizeBytes);
    }
}
