package io.sluice.tail;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Decides where the first reading of a source begins: behind a position, or as configured. */
final class Resume {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    private final LogSource source;
    private final TailStats stats;
    private final Deque<LogFile> files;
    private final FinishedFiles finished;
    private final Contents contents;
    private final Complaints complaints;
    private boolean breaks;

    /**
     * @param files what is held of the source, the oldest first; what is not to be read goes
     */
    Resume(
            LogSource source,
            TailStats stats,
            Deque<LogFile> files,
            FinishedFiles finished,
            Contents contents,
            Complaints complaints) {
        this.source = source;
        this.stats = stats;
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
        while (files.size() > 1) {
            finished.finishUnread(files.pollFirst());
        }
        LogFile active = files.peekFirst();
        if (active == null) {
            return;
        }
        try {
            active.seek(active.isCompressed() ? 0 : active.lastLineEnd());
        } catch (IOException e) {
            complaints.about(active.path, e);
        }
    }

    private void skipOlderThan(Duration age) {
        long oldest = System.currentTimeMillis() - age.toMillis();
        while (!files.isEmpty()) {
            LogFile file = files.peekFirst();
            try {
                if (Files.getLastModifiedTime(file.path).toMillis() >= oldest) {
                    return;
                }
            } catch (IOException _) {
                return;
            }
            finished.finishUnread(files.pollFirst());
        }
    }

    /** Begins where the agent was before its restart. */
    void begin(SourcePosition position) {
        LogFile out = matching(position.stdout()).orElse(null);
        LogFile err =
                position.stderr().fingerprint() == position.stdout().fingerprint()
                        ? out
                        : matching(position.stderr()).orElse(null);
        if (out == null && err == null) {
            gap(position);
            return;
        }
        if (out == null || err == null) {
            // The other stream's open record was in a file that is gone; what follows it is new.
            stats.gaps.increment();
            LOG.log(
                    WARNING,
                    "{0}: a rotated file with an unfinished record was removed while the agent was"
                            + " down; at least that record is lost",
                    source.key());
        }
        boolean outReached = false;
        boolean errReached = false;
        boolean reached = false;
        for (LogFile file : List.copyOf(files)) {
            // Of one run of the container the oldest go first: what is left of it is younger.
            int restart = file.name.restart();
            outReached |= out == null && restart >= position.stdout().restart();
            errReached |= err == null && restart >= position.stderr().restart();
            reached |= outReached || errReached || file == out || file == err;
            if (!reached) {
                files.remove(file);
                finished.finishUnread(file);
                continue;
            }
            file.stdoutFrom = outReached ? 0 : Long.MAX_VALUE;
            file.stderrFrom = errReached ? 0 : Long.MAX_VALUE;
            if (file == out) {
                file.stdoutFrom = position.stdout().offset();
                outReached = true;
            }
            if (file == err) {
                file.stderrFrom = position.stderr().offset();
                errReached = true;
            }
            if (file == out || file == err) {
                long from = Math.min(file.stdoutFrom, file.stderrFrom);
                if (from > file.sizeBytes) {
                    shortened(file);
                } else {
                    // A stream that is still ahead of its own file is read from the beginning here.
                    file.seek(file == files.peekFirst() ? from : 0);
                }
            }
        }
    }

    /** The file a position is in; its epoch or fingerprint is taken over from there. */
    private Optional<LogFile> matching(StreamPosition position) {
        List<LogFile> youngestFirst = new ArrayList<>(files).reversed();
        for (LogFile file : youngestFirst) {
            if (!contents.isPlain() && file.name.restart() != position.restart()) {
                continue;
            }
            try {
                if (contents.isPlain()) {
                    byte[] firstLine = file.firstLine(file.isCompressed());
                    long half = Fingerprint.recognisable(firstLine, firstLine.length);
                    if (firstLine.length > 0 && half == position.fingerprint() >>> 32) {
                        file.contentFingerprint = position.fingerprint();
                        return Optional.of(file);
                    }
                    continue;
                }
                // A position in half a first line was made when that was all that would come.
                long content = contents.fingerprintNow(file, true);
                if (content == 0) {
                    continue;
                }
                for (int epoch = 0; epoch <= Fingerprint.MAX_EPOCH; epoch++) {
                    if (Fingerprint.atEpoch(content, epoch) == position.fingerprint()) {
                        file.contentFingerprint = content;
                        file.epoch = epoch;
                        return Optional.of(file);
                    }
                }
            } catch (IOException e) {
                complaints.about(file.path, e);
            }
        }
        return Optional.empty();
    }

    /**
     * The position's file is gone. Files are removed oldest first, so all that is left is younger.
     */
    private void gap(SourcePosition position) {
        int restart = Math.max(position.stdout().restart(), position.stderr().restart());
        while (!files.isEmpty() && files.peekFirst().name.restart() < restart) {
            finished.finishUnread(files.pollFirst());
        }
        breaks = true;
        stats.gaps.increment();
        LOG.log(
                WARNING,
                "{0}: the file that was read last was rotated away while the agent was down; at"
                        + " least its rest is lost. Raise the kubelet''s containerLogMaxSize or"
                        + " containerLogMaxFiles to keep more",
                source.key());
    }

    /** A power cut took what was read of it, and more. */
    private void shortened(LogFile file) {
        file.shortened();
        breaks = true;
        stats.truncations.increment();
        LOG.log(
                WARNING,
                "{0} is shorter ({1} bytes) than what was read of it; reading goes on at its end",
                file,
                file.sizeBytes);
    }
}
