package io.sluice.sidecar;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;

/**
 * From the bytes of one source to whole lines in the outlets. Where nothing looks at single lines,
 * a block of lines is copied as it is; nothing is allocated for a line in any case.
 *
 * <p>It blocks while an outlet does. The source's thread calls it, and the thread {@code tend},
 * which ends records that nothing was added to for a while.
 */
final class LineShaper {
    /** A source hands over at most so much in one go. */
    static final int BLOCK_BYTES = 64 * 1024;

    private static final byte[] CUT =
            " [cut; bytes of this line: ".getBytes(StandardCharsets.UTF_8);
    private static final byte[] SOURCE = "{\"source\":\"".getBytes(StandardCharsets.UTF_8);
    private static final byte[] JSON_CUT = ",\"cutFromBytes\":".getBytes(StandardCharsets.UTF_8);
    private static final byte[] JSON_SEVERITY = ",\"severity\":\"".getBytes(StandardCharsets.UTF_8);
    private static final byte[] JSON_IDENTIFIER =
            ",\"identifier\":\"".getBytes(StandardCharsets.UTF_8);
    private static final byte[] JSON_MESSAGE = ",\"message\":\"".getBytes(StandardCharsets.UTF_8);
    private static final byte[] NEWLINE = {'\n'};

    private final Style style;
    private final byte[] name;
    private final Outlets outlets;
    private final Activity activity;
    private final boolean blockwise;
    private final ReentrantLock lock = new ReentrantLock();

    private final LineBytes line = new LineBytes();
    private final Matcher stderrIf;
    private final Matcher begins;

    private final HeldLine begun;

    /** Lines of one record; only where records are folded. */
    private final HeldLine record;

    /** What the record takes in the source, newlines included. */
    private long recordBytes;

    private long recordNanos;

    /** Written under the lock, read by any. */
    private volatile long openBytes;

    /** Open while something is taken in; null else. */
    private Outlet outlet;

    /**
     * What a message says of itself beside its text.
     *
     * @param identifier who has sent it; empty for unknown
     */
    record Marks(Optional<Severity> severity, String identifier) {
        static final Marks NONE = new Marks(Optional.empty(), "");
    }

    /**
     * @param source what stands for it where the style has no name
     */
    LineShaper(Style style, String source, Outlets outlets, HeldBytes room, Activity activity) {
        this.style = style;
        this.name = style.name().orElse(source).getBytes(StandardCharsets.UTF_8);
        this.outlets = outlets;
        this.activity = activity;
        this.blockwise = style.isBlockwise() && style.maxLineBytes() >= BLOCK_BYTES;
        this.stderrIf = style.stderrIf().map(pattern -> pattern.matcher("")).orElse(null);
        this.begins = style.begins().map(pattern -> pattern.matcher("")).orElse(null);
        this.begun = new HeldLine(style.maxLineBytes(), room);
        this.record = new HeldLine(style.maxLineBytes(), room);
    }

    /** Takes the next bytes of a stream of lines, at most {@link #BLOCK_BYTES}. */
    void take(byte[] bytes, int from, int to) throws IOException {
        if (from == to) {
            return;
        }
        lock.lock();
        try {
            activity.note();
            if (blockwise) {
                takeBlock(bytes, from, to);
            } else {
                takeLines(bytes, from, to);
            }
        } finally {
            letGo();
        }
    }

    /** Takes a whole message. Where it has several lines, each is one unless it is wrapped. */
    void message(byte[] bytes, int from, int to, Marks marks) throws IOException {
        int end = to;
        while (end > from && (bytes[end - 1] == '\n' || bytes[end - 1] == 0)) {
            end--;
        }
        if (end == from) {
            return;
        }
        lock.lock();
        try {
            activity.note();
            if (style.wrapping() == Style.Wrapping.JSON) {
                write(bytes, from, Math.min(end, from + style.maxLineBytes()), end - from, marks);
            } else {
                int begin = from;
                while (begin <= end) {
                    int stop = newline(bytes, begin, end);
                    int cut = Math.min(stop, begin + style.maxLineBytes());
                    write(bytes, begin, cut, stop - begin, marks);
                    begin = stop + 1;
                }
            }
        } finally {
            letGo();
        }
    }

    /** The source ends, or goes on elsewhere: a begun line is whole. */
    void endLine() throws IOException {
        lock.lock();
        try {
            if (begun.isOpen()) {
                if (blockwise) {
                    writeBegun();
                } else {
                    endBegun();
                }
            }
        } finally {
            letGo();
        }
    }

    /** As {@link #endLine}; an open record is whole, too. */
    void endRecord() throws IOException {
        lock.lock();
        try {
            endLine();
            writeRecord();
        } finally {
            letGo();
        }
    }

    /** Ends a record that nothing was added to for so long, unless the source is at work. */
    void endRecordOlderThan(long nanos) throws IOException {
        if (begins != null && lock.tryLock()) {
            try {
                if (recordBytes > 0 && System.nanoTime() - recordNanos >= nanos) {
                    writeRecord();
                }
            } finally {
                letGo();
            }
        }
    }

    /** Bytes that were taken and are not written: of a begun line or an open record. Any thread. */
    long openBytes() {
        return openBytes;
    }

    private void takeBlock(byte[] bytes, int from, int to) throws IOException {
        int whole = to;
        while (whole > from && bytes[whole - 1] != '\n') {
            whole--;
        }
        if (whole > from) {
            int begin = from;
            if (begun.isOpen()) {
                int stop = newline(bytes, from, whole);
                begun.append(bytes, from, stop);
                writeBegun();
                begin = stop + 1;
            }
            outlet(style.target()).put(bytes, begin, whole - begin);
        }
        if (whole < to) {
            begun.append(bytes, whole, to);
        }
    }

    private void writeBegun() throws IOException {
        write(begun.bytes(), 0, begun.length(), begun.allBytes(), Marks.NONE);
        begun.clear();
    }

    private void takeLines(byte[] bytes, int from, int to) throws IOException {
        int begin = from;
        while (begin < to) {
            int stop = newline(bytes, begin, to);
            if (stop == to) {
                begun.append(bytes, begin, to);
                return;
            }
            if (begun.isOpen()) {
                begun.append(bytes, begin, stop);
                endBegun();
            } else {
                line(bytes, begin, Math.min(stop, begin + style.maxLineBytes()), stop - begin);
            }
            begin = stop + 1;
        }
    }

    private void endBegun() throws IOException {
        line(begun.bytes(), 0, begun.length(), begun.allBytes());
        begun.clear();
    }

    /**
     * @param allBytes of the line, with what was cut off
     */
    private void line(byte[] bytes, int from, int to, long allBytes) throws IOException {
        if (begins == null) {
            write(bytes, from, to, allBytes, Marks.NONE);
            return;
        }
        if (recordBytes > 0 && finds(begins, bytes, from, to)) {
            writeRecord();
        }
        if (recordBytes > 0) {
            record.append(NEWLINE, 0, 1);
        }
        record.append(bytes, from, to);
        recordBytes += allBytes + 1;
        recordNanos = System.nanoTime();
    }

    private void writeRecord() throws IOException {
        if (recordBytes > 0) {
            long cut = record.length() < record.allBytes() ? recordBytes : record.length();
            write(record.bytes(), 0, record.length(), cut, Marks.NONE);
            record.clear();
            recordBytes = 0;
        }
    }

    private void write(byte[] bytes, int from, int to, long allBytes, Marks marks)
            throws IOException {
        Outlet into = outlet(target(bytes, from, to, marks));
        boolean cut = allBytes > to - from;
        switch (style.wrapping()) {
            case NONE -> writeText(bytes, from, to, marks, into);
            case PREFIX -> {
                into.put((byte) '[');
                into.put(name);
                into.put((byte) ']');
                into.put((byte) ' ');
                writeText(bytes, from, to, marks, into);
            }
            case JSON -> writeJson(bytes, from, to, marks, into);
        }
        if (style.wrapping() == Style.Wrapping.JSON) {
            if (cut) {
                into.put(JSON_CUT);
                putNumber(allBytes, into);
            }
            into.put((byte) '}');
        } else if (cut) {
            into.put(CUT);
            putNumber(allBytes, into);
            into.put((byte) ']');
        }
        into.put((byte) '\n');
    }

    private static void writeText(byte[] bytes, int from, int to, Marks marks, Outlet into)
            throws IOException {
        if (!marks.identifier.isEmpty()) {
            into.put(marks.identifier.getBytes(StandardCharsets.UTF_8));
            into.put((byte) ':');
            into.put((byte) ' ');
        }
        into.put(bytes, from, to - from);
    }

    private void writeJson(byte[] bytes, int from, int to, Marks marks, Outlet into)
            throws IOException {
        into.put(SOURCE);
        JsonText.write(name, 0, name.length, into);
        into.put((byte) '"');
        if (marks.severity.isPresent()) {
            into.put(JSON_SEVERITY);
            into.put(marks.severity.get().text().getBytes(StandardCharsets.UTF_8));
            into.put((byte) '"');
        }
        if (!marks.identifier.isEmpty()) {
            byte[] identifier = marks.identifier.getBytes(StandardCharsets.UTF_8);
            into.put(JSON_IDENTIFIER);
            JsonText.write(identifier, 0, identifier.length, into);
            into.put((byte) '"');
        }
        into.put(JSON_MESSAGE);
        JsonText.write(bytes, from, to, into);
        into.put((byte) '"');
    }

    private static void putNumber(long number, Outlet into) throws IOException {
        into.put(Long.toString(number).getBytes(StandardCharsets.US_ASCII));
    }

    private Outlets.Target target(byte[] bytes, int from, int to, Marks marks) {
        boolean grave =
                marks.severity.isPresent()
                        && style.stderrSeverity().isPresent()
                        && marks.severity.get().isAtLeast(style.stderrSeverity().get());
        boolean found = stderrIf != null && finds(stderrIf, bytes, from, to);
        return grave || found ? Outlets.Target.STDERR : style.target();
    }

    private boolean finds(Matcher pattern, byte[] bytes, int from, int to) {
        try {
            return pattern.reset(line.of(bytes, from, to)).find();
        } catch (StackOverflowError _) {
            // Alternatives that are repeated, over a very long line: java.util.regex recurses.
            return false;
        }
    }

    /** Opens it, and gives the other one back: nobody ever has both. */
    private Outlet outlet(Outlets.Target target) throws IOException {
        Outlet wanted = outlets.of(target);
        if (outlet != wanted) {
            giveBack();
            wanted.open();
            outlet = wanted;
        }
        return wanted;
    }

    private void giveBack() throws IOException {
        Outlet open = outlet;
        outlet = null;
        if (open != null) {
            open.close();
        }
    }

    private void letGo() throws IOException {
        try {
            if (lock.getHoldCount() == 1) {
                giveBack();
                openBytes = begun.allBytes() + recordBytes;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Where the next newline is, or {@code to}. */
    private static int newline(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && bytes[at] != '\n') {
            at++;
        }
        return at;
    }
}
