package io.sluice.tail;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Bytes read from one source in one go: the ring's slot, used again and again.
 *
 * <p>Written by the tail thread before it is published, read by one encoder afterwards; the ring's
 * publication orders the two. A chunk ends with a newline unless its line is longer than a chunk,
 * or the generation ends without one: the tail cuts after the last newline and reads the rest again
 * with the next chunk.
 */
public final class Chunk {
    /** The bytes; {@code [0, length)} is meant. */
    public final byte[] bytes;

    /** The same bytes, for the channel that reads into them. */
    final ByteBuffer buffer;

    /** How many bytes were read; may be 0 where only {@link #end} is news. */
    public int length;

    /** Whose bytes. */
    public LogSource source;

    /** Of which file. Chunks of one source come in order: all of a generation before the next. */
    public Generation generation;

    /** Offset of {@code bytes[0]} in the generation, in uncompressed bytes. */
    public long offset;

    /** What ends behind these bytes. */
    public End end;

    /**
     * What is lost before the first of these bytes: the position behind them passes over it, too.
     * On a chunk that ends its source also what was behind its last byte. Empty, nearly always.
     */
    public List<Loss> losses = List.of();

    /** What ends behind a chunk's last byte. */
    public enum End {
        /** Nothing: more of this generation may come. */
        OPEN,
        /**
         * This generation: it was rotated away and is read to its end. A last line without newline
         * is whole.
         */
        GENERATION,
        /**
         * The source: its files are gone and all was read. Its position is forgotten with the next
         * excerpt.
         */
        SOURCE
    }

    public Chunk(int capacity) {
        this.bytes = new byte[capacity];
        this.buffer = ByteBuffer.wrap(bytes);
    }

    /** Lets go of what the slot pointed to, so that a quiet ring does not keep sources alive. */
    public void clear() {
        source = null;
        generation = null;
        length = 0;
        end = End.OPEN;
        losses = List.of();
    }
}
