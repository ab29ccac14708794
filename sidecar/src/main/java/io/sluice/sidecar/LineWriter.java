package io.sluice.sidecar;

import io.sluice.tail.Chunk;
import io.sluice.tail.ChunkSink;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes the tail's chunks out so that lines of several files never mix: what does not end with a
 * newline waits until the rest of its line is there.
 *
 * <p>{@link #offer} writes before it returns, by the tail thread. If nobody reads, it blocks and
 * the files are the back-pressure; nothing is held but the begun line of each file.
 */
final class LineWriter implements ChunkSink {
    /** Read and written in one go. */
    static final int CHUNK_BYTES = 64 * 1024;

    /**
     * A longer line is cut here into several: what waits has a bound. The container runtime cuts
     * what comes out at 16 KiB anyway.
     */
    static final int MAX_HELD_BYTES = 1024 * 1024;

    private final OutputStream out;
    private final Runnable failed;
    private final Chunk chunk = new Chunk(CHUNK_BYTES);

    /** The begun line of a file, by the source's key. */
    private final Map<String, ByteArrayOutputStream> held = new HashMap<>();

    /** Written by the tail thread; read by the one who waits for the last lines. */
    private volatile long lastWriteNanos = System.nanoTime();

    private volatile boolean writing;
    private volatile boolean broken;

    /**
     * @param out unbuffered: a chunk is one write
     * @param failed told once, by the tail thread, that {@code out} takes no more
     */
    LineWriter(OutputStream out, Runnable failed) {
        this.out = out;
        this.failed = failed;
    }

    @Override
    public boolean offer(ChunkFiller filler) {
        if (broken) {
            return false;
        }
        writing = true;
        chunk.clear();
        filler.fill(chunk);
        try {
            write();
        } catch (IOException e) {
            broken = true;
            System.err.println("sluice-sidecar: cannot write to stdout: " + e.getMessage());
            failed.run();
        }
        chunk.source.chunkConsumed();
        lastWriteNanos = System.nanoTime();
        writing = false;
        return true;
    }

    private void write() throws IOException {
        String key = chunk.source.key();
        ByteArrayOutputStream begun = held.get(key);
        if (begun != null && chunk.offset == 0) {
            // Truncated: the rest of that line will never come.
            end(key, begun);
            begun = null;
        }
        int wholeBytes = lastNewline() + 1;
        if (wholeBytes > 0) {
            if (begun != null) {
                begun.writeTo(out);
                held.remove(key);
            }
            out.write(chunk.bytes, 0, wholeBytes);
        }
        if (chunk.length > wholeBytes) {
            ByteArrayOutputStream rest =
                    held.computeIfAbsent(key, _ -> new ByteArrayOutputStream(CHUNK_BYTES));
            rest.write(chunk.bytes, wholeBytes, chunk.length - wholeBytes);
        }
        ByteArrayOutputStream rest = held.get(key);
        if (rest != null && (chunk.end != Chunk.End.OPEN || rest.size() >= MAX_HELD_BYTES)) {
            end(key, rest);
        }
    }

    private int lastNewline() {
        int at = chunk.length - 1;
        while (at >= 0 && chunk.bytes[at] != '\n') {
            at--;
        }
        return at;
    }

    private void end(String key, ByteArrayOutputStream line) throws IOException {
        line.write('\n');
        line.writeTo(out);
        held.remove(key);
    }

    /** Whether nothing has come for so long. False while a write waits for the reader. */
    boolean isQuietFor(long nanos) {
        return broken || (!writing && System.nanoTime() - lastWriteNanos >= nanos);
    }
}
