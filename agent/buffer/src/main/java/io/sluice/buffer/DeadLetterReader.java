package io.sluice.buffer;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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
    private final ByteArrayOutputStream line = new ByteArrayOutputStream(4096);
    private long unreadable;

    /**
     * @throws IOException if the file is there and cannot be opened
     */
    DeadLetterReader(Path file) throws IOException {
        this.in = open(file);
    }

    private static InputStream open(Path file) throws IOException {
        try {
            return new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        } catch (NoSuchFileException _) {
            return InputStream.nullInputStream();
        }
    }

    /**
     * The next letter, or empty behind the last. Lines that are no letter are passed over and
     * counted.
     */
    public Optional<DeadLetter> next() throws IOException {
        for (Optional<byte[]> next = line(); next.isPresent(); next = line()) {
            Optional<DeadLetter> letter = DeadLetterParser.parse(next.get());
            if (letter.isPresent()) {
                return letter;
            }
            unreadable++;
        }
        return Optional.empty();
    }

    /** The next whole line, without its newline. */
    Optional<byte[]> line() throws IOException {
        line.reset();
        for (int b; (b = in.read()) >= 0; ) {
            if (b == '\n') {
                return Optional.of(line.toByteArray());
            }
            line.write(b);
        }
        return Optional.empty();
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
