package io.sluice.benchmarks;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Gzip bodies put aside in a file as they came, to be looked into when the clock has stopped: each
 * as its length (four bytes) and itself. Any thread.
 */
final class KeptBodies implements AutoCloseable {
    private static final long FIRST_BODY_BYTES = 1 << 20;

    private final FileChannel file;
    private final long mostBytes;
    private long bytes;

    /** Takes one body that was kept. */
    interface Bodies {
        /**
         * One body.
         *
         * @param body native memory, valid during the call
         */
        void take(MemorySegment body, long length) throws IOException;
    }

    /**
     * @param mostBytes what is beyond is not kept
     */
    KeptBodies(Path path, long mostBytes) throws IOException {
        this.file =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        this.mostBytes = mostBytes;
    }

    /**
     * Keeps a body, if there is room for it.
     *
     * @param body between position and limit; moved to its limit if it is kept
     * @return whether it is kept
     */
    synchronized boolean keep(ByteBuffer body) throws IOException {
        if (bytes + Integer.BYTES + body.remaining() > mostBytes) {
            return false;
        }
        ByteBuffer[] parts = {ByteBuffer.allocate(Integer.BYTES), body};
        parts[0].putInt(0, body.remaining());
        bytes += Integer.BYTES + body.remaining();
        while (body.hasRemaining()) {
            long _ = file.write(parts);
        }
        return true;
    }

    /** Hands over all bodies in the order they were kept. Nothing may be kept meanwhile. */
    synchronized void forEach(Bodies bodies) throws IOException {
        forEach(file, bodies);
    }

    /** Hands over the bodies of a file that a process before has left. */
    static void forEach(Path path, Bodies bodies) throws IOException {
        try (FileChannel file = FileChannel.open(path)) {
            forEach(file, bodies);
        }
    }

    private static void forEach(FileChannel file, Bodies bodies) throws IOException {
        long at = 0;
        long size = file.size();
        NativeBytes body = new NativeBytes(FIRST_BODY_BYTES);
        try {
            ByteBuffer length = ByteBuffer.allocate(Integer.BYTES);
            while (at < size) {
                readFully(file, length.clear(), at);
                int bodyBytes = length.getInt(0);
                if (bodyBytes > body.memory.byteSize()) {
                    body.close();
                    body = new NativeBytes(2L * bodyBytes);
                }
                readFully(file, body.buffer.clear().limit(bodyBytes), at + Integer.BYTES);
                bodies.take(body.memory, bodyBytes);
                at += Integer.BYTES + bodyBytes;
            }
        } finally {
            body.close();
        }
    }

    private static void readFully(FileChannel file, ByteBuffer into, long from) throws IOException {
        while (into.hasRemaining()) {
            if (file.read(into, from + into.position()) < 0) {
                throw new EOFException("the file of kept bodies is cut off");
            }
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
