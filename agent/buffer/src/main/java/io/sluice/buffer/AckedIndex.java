package io.sluice.buffer;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * How far one output has acknowledged, on the disk: the file {@code acked-<output>}.
 *
 * <p>Two slots, a page apart, are written in turn, so that a torn write leaves the other; the valid
 * one with the higher counter counts. An older index after a power cut only means that some
 * excerpts are sent again. A slot, little-endian:
 *
 * <pre>
 * offset size
 *      0    4  magic: 'S' 'L' 'A' '1'
 *      4    4  CRC32C of the bytes [8, 24)
 *      8    8  counter of writes
 *     16    8  index: every excerpt up to and with this one is acknowledged
 * </pre>
 */
final class AckedIndex implements AutoCloseable {
    private static final int MAGIC = 'S' | 'L' << 8 | 'A' << 16 | '1' << 24;
    private static final int SLOT_BYTES = 24;
    private static final int SLOT_DISTANCE = 4096;

    private final Path path;
    private final RandomAccessFile file;
    private final ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final CRC32C crc = new CRC32C();
    private long counter;
    private long index;
    private boolean unforced;

    AckedIndex(Path path) throws IOException {
        this.path = path;
        file = new RandomAccessFile(path.toFile(), "rw");
        if (file.length() < 2 * SLOT_DISTANCE) {
            // The blocks exist from now on: writing an index needs no space on a full disk.
            file.seek(file.length());
            file.write(new byte[(int) (2 * SLOT_DISTANCE - file.length())]);
        }
        for (int i = 0; i < 2; i++) {
            file.seek((long) i * SLOT_DISTANCE);
            file.readFully(slot.array());
            if (slot.getInt(0) == MAGIC && slot.getInt(4) == crc() && slot.getLong(8) > counter) {
                counter = slot.getLong(8);
                index = slot.getLong(16);
            }
        }
    }

    /** As last read or written. */
    synchronized long index() {
        return index;
    }

    /** Writes without forcing; does nothing when the index is the same. */
    synchronized void write(long newIndex) throws IOException {
        if (newIndex == index) {
            return;
        }
        counter++;
        slot.putInt(0, MAGIC).putLong(8, counter).putLong(16, newIndex);
        slot.putInt(4, crc());
        file.seek((counter & 1) * SLOT_DISTANCE);
        file.write(slot.array());
        index = newIndex;
        unforced = true;
    }

    synchronized void force() throws IOException {
        if (unforced) {
            Disk.force(file, path);
            unforced = false;
        }
    }

    private int crc() {
        crc.reset();
        crc.update(slot.array(), 8, SLOT_BYTES - 8);
        return (int) crc.getValue();
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
    }
}
