package io.sluice.pipeline;

import io.sluice.tail.Chunk;
import io.sluice.tail.Generation;
import io.sluice.tail.Stream;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * From chunks to records: frames lines, reads their headers, joins partials per source and stream.
 *
 * <p>How a line is read is decided for each line by itself, so that a line is read alike before and
 * after a restart of the agent: a container's line is CRI if it has a CRI header, Docker's if it is
 * one of Docker's JSON objects, and otherwise text as a whole, marked {@link LogRecord#NOT_CRI}. A
 * plain file's line is always text. Text without a stream is {@link Stream#STDOUT}.
 *
 * <p><b>Identity.</b> A record is identified by its generation's fingerprint, the {@code offset} of
 * the first byte of its first line, and its {@code extent}: the sum of the lengths of all its
 * lines, header and newline included (a last line without newline has none to include), wherever
 * they stand: lines of the other stream in between do not count, lines in a later generation do.
 * What is left out of a record for its length or for want of memory still counts. So the same
 * lines, read again from the record's position, make the same identity.
 *
 * <p>A record that is open ends, marked {@link LogRecord#PARTIAL}, when its continuation cannot
 * come any more: the container restarted, its source ended, text of unknown form came into its
 * stream, or nothing came for {@link #SILENCE_NANOS}.
 *
 * <p>One per encoder, its thread only. Malformed input never throws.
 */
final class RecordJoiner {
    /** A container that ended without a newline leaves a partial for ever. */
    static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    /**
     * The last part of that, in which this process must have run: who was stopped for a while has
     * not heard what was written meanwhile.
     */
    private static final long LISTENED_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Asked so late, this process was stopped, or might as well have been. */
    private static final long LATE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Room for time, stream and tags (or Docker's field names) before the text of a long line. */
    private static final int HEADER_BYTES = 1_024;

    /** Takes what the joiner finds. */
    interface Records {
        /**
         * One record, whole. The source's position still stands before it.
         *
         * @param generation where its first byte stands
         * @param record valid during the call only
         * @param fields encoded for that generation
         */
        void accept(
                SourceState source, Generation generation, LogRecord record, SourceFields fields)
                throws InterruptedException;

        /** The source's position now stands behind what was accepted or skipped. */
        void moved(SourceState source) throws InterruptedException;
    }

    private final int maxRecordBytes;
    private final HeldMemory memory;
    private final Records records;
    private final Clock clock;
    private final LogRecord record = new LogRecord();
    private final CriLine cri = new CriLine();
    private final DockerLine docker = new DockerLine();
    private final WallTime wallTime = new WallTime();

    /** {@link #wallTime} is the time of this chunk. */
    private boolean wallTimeIsSet;

    private long activeNanos;
    private long earliestDeadlineNanos = Encoder.NEVER;

    /**
     * @param maxRecordBytes longer records are cut here
     * @param memory where what is open is kept
     * @param clock the time of lines without one
     */
    RecordJoiner(int maxRecordBytes, HeldMemory memory, Clock clock, Records records) {
        this.maxRecordBytes = maxRecordBytes;
        this.memory = memory;
        this.clock = clock;
        this.records = records;
    }

    /**
     * Goes on to another generation, before its first chunk is taken. What cannot go on with it is
     * closed with the fields of the old one.
     */
    void enter(SourceState source, Generation generation, long offset) throws InterruptedException {
        if (source.generation != null) {
            switch (generation.start()) {
                // The tail marks the end of a rotated generation; without the mark it is the end,
                // too.
                case CONTINUES -> finishHalfLine(source, 0);
                case FIRST, BREAKS -> {
                    finishHalfLine(source, LogRecord.PARTIAL);
                    closeOpen(source);
                }
            }
        }
        source.generation = generation;
        source.consumedTo = offset;
    }

    /**
     * Takes one chunk of the source's present generation.
     *
     * @param nowNanos the encoder's active time
     */
    void take(SourceState source, Chunk chunk, long nowNanos) throws InterruptedException {
        activeNanos = nowNanos;
        wallTimeIsSet = false;
        if (!chunk.losses.isEmpty() && chunk.end != Chunk.End.SOURCE) {
            // They stand before these bytes, and so does the position now.
            source.lose(chunk.losses);
            records.moved(source);
        }
        lines(source, chunk);
        switch (chunk.end) {
            case OPEN -> {}
            case GENERATION -> finishHalfLine(source, 0);
            case SOURCE -> {
                finishHalfLine(source, 0);
                closeOpen(source);
                source.lose(chunk.losses);
                source.ended = true;
                records.moved(source);
            }
        }
    }

    private void lines(SourceState source, Chunk chunk) throws InterruptedException {
        byte[] bytes = chunk.bytes;
        int at = 0;
        if (chunk.length > 0 && chunk.offset != source.consumedTo + source.halfLineBytes) {
            // Bytes are missing in between; the tail says so by a new generation, normally.
            finishHalfLine(source, LogRecord.PARTIAL);
            source.consumedTo = chunk.offset;
        }
        while (at < chunk.length) {
            int newline = LineFramer.newline(bytes, at, chunk.length);
            if (newline < 0) {
                hold(source, bytes, at, chunk.length);
                return;
            }
            if (source.halfLineBytes > 0) {
                hold(source, bytes, at, newline);
                source.halfLineBytes++;
                finishHalfLine(source, 0);
            } else {
                long lineBytes = newline + 1L - at;
                line(source, bytes, at, newline, lineBytes, 0);
                source.consumedTo += lineBytes;
                records.moved(source);
            }
            at = newline + 1;
        }
    }

    private void hold(SourceState source, byte[] bytes, int from, int to) {
        memory.append(source.halfLine, bytes, from, to, maxRecordBytes + HEADER_BYTES);
        source.halfLineBytes += to - from;
    }

    /** Takes the held line as a whole one, if there is one. */
    private void finishHalfLine(SourceState source, int flags) throws InterruptedException {
        if (source.halfLineBytes == 0) {
            return;
        }
        HeldBytes held = source.halfLine;
        line(
                source,
                held.bytes,
                0,
                held.length,
                source.halfLineBytes,
                held.cut ? flags | LogRecord.TRUNCATED : flags);
        memory.release(held);
        source.consumedTo += source.halfLineBytes;
        source.halfLineBytes = 0;
        records.moved(source);
    }

    /**
     * @param lineBytes length in the file, newline included
     */
    private void line(SourceState source, byte[] bytes, int from, int to, long lineBytes, int flags)
            throws InterruptedException {
        source.takenBytes += lineBytes;
        source.inHandBytes = lineBytes;
        read(source, bytes, from, to, lineBytes, flags);
        source.inHandBytes = 0;
    }

    private void read(SourceState source, byte[] bytes, int from, int to, long lineBytes, int flags)
            throws InterruptedException {
        if (source.isContainer) {
            if (cri.parse(bytes, from, to)) {
                time(bytes, from, cri.timeTo);
                body(bytes, cri.contentFrom, to);
                piece(source, cri.stream, cri.partial, lineBytes, flags);
                return;
            }
            if (docker.parse(bytes, from, to, cri)) {
                time(bytes, docker.timeFrom, docker.timeTo);
                body(docker.text.bytes, 0, docker.text.length);
                piece(source, docker.stream, docker.partial, lineBytes, flags);
                return;
            }
        }
        text(source, bytes, from, to, lineBytes, flags);
    }

    /** A line without header: a record by itself. */
    private void text(SourceState source, byte[] bytes, int from, int to, long lineBytes, int flags)
            throws InterruptedException {
        if (source.consumedTo < source.generation.stdoutFrom()) {
            source.skippedBytes += lineBytes;
            return;
        }
        int bodyTo = to;
        int textFlags = flags;
        if (source.isContainer) {
            // Between the pieces of a record this can only be damage; what came before it is kept.
            close(source.stdout, LogRecord.PARTIAL);
            textFlags |= LogRecord.NOT_CRI;
        } else if (to > from && bytes[to - 1] == '\r') {
            bodyTo--;
        }
        if (!wallTimeIsSet) {
            wallTime.set(clock.millis());
            wallTimeIsSet = true;
        }
        time(wallTime.bytes, 0, wallTime.bytes.length);
        body(bytes, from, bodyTo);
        whole(source, Stream.STDOUT, lineBytes, textFlags);
    }

    /** A line whose header said what it is: {@link #record} has its time and its text. */
    private void piece(
            SourceState source, Stream stream, boolean partial, long lineBytes, int flags)
            throws InterruptedException {
        if (source.consumedTo < source.generation.from(stream)) {
            source.skippedBytes += lineBytes;
            return;
        }
        OpenRecord open = source.open(stream);
        if (!open.isOpen()) {
            // A half line that was broken off is no beginning of anything.
            if (!partial || (flags & LogRecord.PARTIAL) != 0) {
                whole(source, stream, lineBytes, flags);
                return;
            }
            open(open, source);
            open.takenBefore = source.takenBytes - lineBytes;
        }
        open.extent += lineBytes;
        source.inHandBytes = 0;
        memory.append(
                open,
                record.bytes,
                record.bodyFrom,
                record.bodyTo,
                open.timeLength + maxRecordBytes);
        open.cut |= (flags & LogRecord.TRUNCATED) != 0;
        if (!partial) {
            close(open, flags);
        } else {
            open.deadlineNanos = activeNanos + SILENCE_NANOS - LISTENED_NANOS;
            open.listening = false;
            earliestDeadlineNanos = Math.min(earliestDeadlineNanos, open.deadlineNanos);
        }
    }

    private void open(OpenRecord open, SourceState source) {
        open.generation = source.generation;
        open.fields = source.fields;
        open.offset = source.consumedTo;
        open.extent = 0;
        memory.append(open, record.time, record.timeFrom, record.timeTo, HeldMemory.SMALLEST_BYTES);
        open.timeLength = open.length;
    }

    private void closeOpen(SourceState source) throws InterruptedException {
        close(source.stdout, LogRecord.PARTIAL);
        close(source.stderr, LogRecord.PARTIAL);
    }

    /** Passes on what is open, if it is. */
    private void close(OpenRecord open, int flags) throws InterruptedException {
        if (!open.isOpen()) {
            return;
        }
        time(open.bytes, 0, open.timeLength);
        body(open.bytes, open.timeLength, open.length);
        record.stream = open.stream;
        record.offset = open.offset;
        record.extent = open.extent;
        record.flags = open.cut ? flags | LogRecord.TRUNCATED : flags;
        pass(open.source, open.generation, open.fields);
        memory.release(open);
        open.generation = null;
        open.fields = null;
    }

    private void whole(SourceState source, Stream stream, long lineBytes, int flags)
            throws InterruptedException {
        record.stream = stream;
        record.offset = source.consumedTo;
        record.extent = lineBytes;
        record.flags = flags;
        pass(source, source.generation, source.fields);
    }

    private void pass(SourceState source, Generation generation, SourceFields fields)
            throws InterruptedException {
        if (record.bodyTo - record.bodyFrom > maxRecordBytes
                || (record.flags & LogRecord.TRUNCATED) != 0) {
            cutBody(record, maxRecordBytes);
        }
        records.accept(source, generation, record, fields);
    }

    /** Cuts a record's body to at most so many bytes, between two characters, and marks it. */
    static void cutBody(LogRecord record, int mostBytes) {
        int to = Math.min(record.bodyTo, record.bodyFrom + mostBytes);
        int last = to - 1;
        int earliest = Math.max(record.bodyFrom, to - 4);
        while (last > earliest && (record.bytes[last] & 0xC0) == 0x80) {
            last--;
        }
        // What began but did not get all its bytes would become a replacement character.
        if (last >= earliest && last + lengthOf(record.bytes[last]) > to) {
            to = last;
        }
        record.bodyTo = to;
        record.flags |= LogRecord.TRUNCATED;
    }

    /** Bytes of the UTF-8 character that a byte begins. */
    private static int lengthOf(byte lead) {
        if (lead >= 0) {
            return 1;
        }
        return (lead & 0xE0) == 0xC0
                ? 2
                : (lead & 0xF0) == 0xE0 ? 3 : (lead & 0xF8) == 0xF0 ? 4 : 1;
    }

    private void time(byte[] bytes, int from, int to) {
        record.time = bytes;
        record.timeFrom = from;
        record.timeTo = to;
    }

    private void body(byte[] bytes, int from, int to) {
        record.bytes = bytes;
        record.bodyFrom = from;
        record.bodyTo = to;
    }

    /**
     * When {@link #closeSilent} has something to do, in active time; {@link Encoder#NEVER} if
     * nothing is open.
     */
    long earliestDeadlineNanos() {
        return earliestDeadlineNanos;
    }

    /**
     * Closes the records that got no further piece for {@link #SILENCE_NANOS}. Where there is more
     * of the source, it is not the writer that is silent, but we who are late: the rest may be a
     * chunk away, behind those of a hundred others.
     */
    void closeSilent(long nowNanos) throws InterruptedException {
        if (earliestDeadlineNanos == Encoder.NEVER || earliestDeadlineNanos - nowNanos > 0) {
            return;
        }
        long earliest = Encoder.NEVER;
        List<HeldBytes> held = memory.lent();
        for (int i = held.size() - 1; i >= 0; i--) {
            if (held.get(i) instanceof OpenRecord open) {
                waitOn(open, nowNanos);
                if (open.deadlineNanos - nowNanos <= 0) {
                    close(open, LogRecord.PARTIAL);
                    records.moved(open.source);
                } else {
                    earliest = Math.min(earliest, open.deadlineNanos);
                }
            }
        }
        earliestDeadlineNanos = earliest;
    }

    /** Moves a deadline that has come, unless the writer was silent and we have listened. */
    private static void waitOn(OpenRecord open, long nowNanos) {
        long lateNanos = nowNanos - open.deadlineNanos;
        if (lateNanos < 0) {
            return;
        }
        if (open.source.source.hasMore()) {
            open.deadlineNanos = nowNanos + SILENCE_NANOS - LISTENED_NANOS;
            open.listening = false;
        } else if (!open.listening || lateNanos > LATE_NANOS) {
            open.deadlineNanos = nowNanos + LISTENED_NANOS;
            open.listening = true;
        }
    }
}
