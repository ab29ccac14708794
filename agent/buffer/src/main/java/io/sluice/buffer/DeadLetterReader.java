package io.sluice.buffer;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * Reads the letters of one file, the oldest first, while it may be appended to, replaced or
 * deleted: what it reads is what was there when it was opened, and whole lines only. A file that
 * has gone has no letters.
 *
 * <p>One thread.
 */
public final class DeadLetterReader implements AutoCloseable {
    private final InputStream in;
    private final byte[] window = new byte[1 << 16];
    private int windowFrom;
    private int windowTo;

    /** The line that was read last: used again for the next, because some are megabytes long. */
    private byte[] line = new byte[4096];

    private int lineBytes;
    private long unreadable;

    /**
     * @throws IOException if the file is there and cannot be opened
     */
    DeadLetterReader(Path file) throws IOException {
        this.in = open(file);
    }

    private static InputStream open(Path file) throws IOException {
        try {
            return Files.newInputStream(file);
        } catch (NoSuchFileException _) {
            return InputStream.nullInputStream();
        }
    }

    /**
     * The next letter, or empty behind the last. Lines that are no letter are passed over and
     * counted.
     */
    public Optional<DeadLetter> next() throws IOException {
        while (nextLine()) {
            Optional<DeadLetter> letter = letter();
            if (letter.isPresent()) {
                return letter;
            }
            unreadable++;
        }
        return Optional.empty();
    }

    /** Reads the next whole line; false behind the last. */
    boolean nextLine() throws IOException {
        lineBytes = 0;
        while (true) {
            for (int i = windowFrom; i < windowTo; i++) {
                if (window[i] == '\n') {
                    append(i);
                    windowFrom = i + 1;
                    return true;
                }
            }
            append(windowTo);
            windowFrom = 0;
            windowTo = in.read(window);
            if (windowTo < 0) {
                windowTo = 0;
                return false;
            }
        }
    }

    private void append(int to) {
        int length = to - windowFrom;
        if (lineBytes + length > line.length) {
            line = Arrays.copyOf(line, Math.max(lineBytes + length, line.length / 2 * 3));
        }
        System.arraycopy(window, windowFrom, line, lineBytes, length);
        lineBytes += length;
    }

    /** What that line is, if it is a letter. */
    Optional<DeadLetter> letter() {
        return DeadLetterParser.parse(line, lineBytes);
    }

    /** Writes that line, with its newline. */
    void writeLine(OutputStream to) throws IOException {
        to.write(line, 0, lineBytes);
        to.write('\n');
    }

    /** Lines so far that are no letter: edited by hand, or damaged. */
    public long unreadable() {
        return unreadable;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
