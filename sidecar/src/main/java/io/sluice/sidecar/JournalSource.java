package io.sluice.sidecar;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * systemd's journal, on a thread of its own: the text of each entry, with who has written it before
 * it.
 */
final class JournalSource implements Source {
    /** So long until it is seen that the end was asked for. */
    private static final long WAIT_MICROS = 250_000;

    /** A cursor is made for so many entries: it costs a string. */
    private static final int ENTRIES_PER_CURSOR = 256;

    private final String name;
    private final Optional<Path> folder;
    private final List<String> matches;
    private final Optional<String> resumed;
    private final LineShaper shaper;
    private Journal journal;
    private Field message;
    private Field identifier;
    private Field priority;
    private volatile boolean finishing;

    /** Of the last entry that was written. Written by its thread, read by main. */
    private volatile String cursor;

    private record Field(MemorySegment name, int bytes) {}

    /**
     * @param folder of journal files; empty for the journal that is running here
     * @param matches {@code FIELD=VALUE}
     * @param resumed cursor of the last entry that an earlier life has written
     */
    JournalSource(
            String name,
            Optional<Path> folder,
            List<String> matches,
            Optional<String> resumed,
            LineShaper shaper) {
        this.name = name;
        this.folder = folder;
        this.matches = List.copyOf(matches);
        this.resumed = resumed;
        this.shaper = shaper;
        this.cursor = resumed.orElse(null);
    }

    @Override
    public String name() {
        return name;
    }

    /** Of the last entry that was written; empty before the first one. Any thread. */
    Optional<String> cursor() {
        return Optional.ofNullable(cursor);
    }

    @Override
    public void open() throws UnusableException {
        journal = new Journal(folder);
        message = field("MESSAGE");
        identifier = field("SYSLOG_IDENTIFIER");
        priority = field("PRIORITY");
        String asked = "";
        try {
            for (String match : matches) {
                asked = match;
                journal.match(match);
            }
            asked = "";
            if (resumed.isPresent()) {
                asked = resumed.get();
                journal.seek(resumed.get());
            } else {
                journal.seekHead();
            }
        } catch (IOException e) {
            throw new UnusableException(
                    name
                            + " does not take '"
                            + asked
                            + "' ("
                            + e.getMessage()
                            + "); write FIELD=VALUE with a field in capitals, such as"
                            + " _SYSTEMD_UNIT=app.service, or remove the kept positions",
                    e);
        }
    }

    private Field field(String text) {
        return new Field(journal.name(text), text.length());
    }

    @Override
    public void run() throws IOException {
        boolean first = resumed.isPresent();
        int sinceCursor = 0;
        while (true) {
            boolean last = finishing;
            while (journal.next()) {
                // What was removed since leads to the one behind it.
                boolean known = first && journal.isAt(resumed.orElseThrow());
                first = false;
                if (!known) {
                    copy();
                    sinceCursor++;
                }
                if (sinceCursor == ENTRIES_PER_CURSOR) {
                    cursor = journal.cursor();
                    sinceCursor = 0;
                }
            }
            if (sinceCursor > 0) {
                cursor = journal.cursor();
                sinceCursor = 0;
            }
            if (last) {
                return;
            }
            journal.await(WAIT_MICROS);
        }
    }

    private void copy() throws IOException {
        Optional<byte[]> text = value(message);
        if (text.isEmpty()) {
            return;
        }
        Optional<Severity> severity =
                value(priority)
                        .filter(digits -> digits.length == 1 && digits[0] >= '0' && digits[0] < '8')
                        .map(digits -> Severity.ofPriority(digits[0] - '0'));
        String from =
                value(identifier)
                        .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                        .orElse("");
        shaper.message(text.get(), 0, text.get().length, new LineShaper.Marks(severity, from));
    }

    private Optional<byte[]> value(Field field) throws IOException {
        return journal.field(field.name, field.bytes);
    }

    @Override
    public void finish() {
        finishing = true;
    }

    @Override
    public void close() {
        // The process ends: a journal that is only read needs no farewell, and its thread may be in
        // it.
    }
}
