package io.sluice.buffer;

import io.sluice.buffer.LedgerEntry.State;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.BufferOverflowException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * How far each output has acknowledged, and with it the ledger's outcomes, on the disk: the file
 * {@code acked}.
 *
 * <p>Two slots, each half of the file. The one that was forced last is left alone until the other
 * is forced, so that a torn write, or several that the disk has in any order after a power cut,
 * leave it; the valid one with the higher counter counts. Index and outcomes are in the same slot,
 * so they cannot disagree; an older slot after a power cut only means that some excerpts are sent
 * again, and counted then. A slot; fixed numbers little-endian, "n" for {@link Varints}, text in
 * UTF-8. (Slots with another last byte of the magic were never released, and are not read.)
 *
 * <pre>
 * offset size
 *      0    4  magic: 'S' 'L' 'A' '3'
 *      4    4  CRC32C of the bytes [8, 24 + L)
 *      8    8  counter of writes
 *     16    4  L, length of what follows the first 24 bytes
 *     20    4  0
 *     24    n  number of outputs O, then for each:
 *           4    output: CRC32C of its name
 *           n    index: every excerpt up to and with this one is done
 *           .    excerpts beyond that are done too ({@link Ranges#put})
 *           .  excerpts whose positions are not believed ({@link Ranges#put})
 *           n  sequence of the last excerpt that was appended at the time
 *           n  number of the newest file of dead letters that is counted as dropped
 *           n  number of sources, then for each:
 *           2    length of the key
 *           .    key of the source; ends with "/*" where it is several
 *           1    state: 0 live, 1 ended, 2 several that ended long ago
 *           n    sequence of the first excerpt that is counted here; 0 if several
 *           .    if several: their totals ({@link ReadTotals#put}); of a live one they are in the
 *                excerpts, with its position
 *           n    number of its ends, then for each, the oldest first (ended: the last is that one):
 *           n      sequence of the excerpt that said it had ended
 *           .      its totals then
 *           .    O times, its outcomes ({@link Outcomes#put})
 * </pre>
 *
 * <p>A source that was there when the slot was written, is in no excerpt since, and is not in the
 * slot, is one of those that ended long ago.
 */
final class AckedFile implements AutoCloseable {
    private static final int MAGIC = 'S' | 'L' << 8 | 'A' << 16 | '3' << 24;
    private static final int HEAD_BYTES = 24;
    private static final int PAGE_BYTES = 4096;

    /** Room for about 1,500 sources. */
    private static final int FIRST_SLOT_BYTES = 256 * 1024;

    /**
     * What a slot says.
     *
     * @param unbelieved excerpts that an earlier start found behind damage: what is in them is
     *     sent, but neither moves positions nor counts
     */
    record Saved(
            List<Acknowledged> outputs,
            Ranges unbelieved,
            long appendedTo,
            long lettersDroppedTo,
            List<SavedSource> sources) {}

    /**
     * @param first sequence of the first excerpt that is counted here
     * @param foldedTotals of several sources that ended long ago; of one they are elsewhere
     * @param ends those that a start may ask for, the oldest first: see {@link Ledger}
     * @param outcomes in the order of {@link Saved#outputs}
     */
    record SavedSource(
            String key,
            State state,
            long first,
            ReadTotals foldedTotals,
            List<Ledger.Ended> ends,
            List<Outcomes> outcomes) {}

    private final Path path;
    private final Optional<Saved> saved;
    private final boolean damaged;
    private final CRC32C crc = new CRC32C();
    private ByteBuffer slot = ByteBuffer.allocate(PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private RandomAccessFile file;
    private long slotBytes;
    private long counter;

    /** 0 or 1: segments were deleted because of what this slot says. */
    private int forcedSlot = 1;

    private boolean unforced;
    private int lastBytes;

    /**
     * Opens the file, or makes it.
     *
     * @throws IOException if it cannot be made, read or written
     */
    AckedFile(Path path) throws IOException {
        this(path, prepared(path));
    }

    /** What the file says; makes and changes nothing. Empty when there is none that can be read. */
    static Optional<Saved> look(Path path) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
            return new AckedFile(path, file).saved();
        } catch (FileNotFoundException | EOFException _) {
            return Optional.empty();
        }
    }

    private static RandomAccessFile prepared(Path path) throws IOException {
        Files.deleteIfExists(newPath(path));
        boolean isNew = !Files.exists(path) || Files.size(path) < 2 * PAGE_BYTES;
        if (isNew) {
            allocate(path, FIRST_SLOT_BYTES);
            Disk.forceDirectory(path.getParent());
        }
        return new RandomAccessFile(path.toFile(), "rw");
    }

    private AckedFile(Path path, RandomAccessFile open) throws IOException {
        this.path = path;
        file = open;
        slotBytes = file.length() / 2 / PAGE_BYTES * PAGE_BYTES;
        Optional<Saved> newest = Optional.empty();
        boolean written = false;
        for (int i = 0; i < 2; i++) {
            Optional<Saved> read = read(i * slotBytes);
            written |= slot.getInt(0) != 0;
            if (read.isPresent() && slot.getLong(8) > counter) {
                counter = slot.getLong(8);
                forcedSlot = i;
                newest = read;
            }
        }
        saved = newest;
        damaged = newest.isEmpty() && written;
    }

    private static boolean allocate(Path path, long slotBytes) throws IOException {
        // The blocks exist from now on: writing a slot needs no space on a full disk.
        if (Disk.allocate(path, 0, 2 * slotBytes) == Disk.Allocation.FULL) {
            Files.deleteIfExists(path);
            throw new IOException("no space for " + 2 * slotBytes + " bytes of " + path);
        }
        return true;
    }

    private static Path newPath(Path path) {
        return path.resolveSibling(path.getFileName() + ".new");
    }

    private Optional<Saved> read(long at) throws IOException {
        file.seek(at);
        file.readFully(slot.array(), 0, HEAD_BYTES);
        slot.clear();
        int length = slot.getInt(16);
        if (slot.getInt(0) != MAGIC || length < 0 || length > slotBytes - HEAD_BYTES) {
            return Optional.empty();
        }
        ensure(HEAD_BYTES + length);
        file.seek(at);
        file.readFully(slot.array(), 0, HEAD_BYTES + length);
        if (crc(length) != slot.getInt(4)) {
            return Optional.empty();
        }
        try {
            slot.limit(HEAD_BYTES + length).position(HEAD_BYTES);
            return Optional.of(decode(slot));
        } catch (BufferUnderflowException | IllegalArgumentException _) {
            // The checksum is right and the content is not: written by something else.
            return Optional.empty();
        } finally {
            slot.clear();
        }
    }

    private static Saved decode(ByteBuffer in) {
        List<Acknowledged> outputs = new ArrayList<>();
        for (int left = Varints.takeInt(in); left > 0; left--) {
            int output = in.getInt();
            long index = Varints.take(in);
            outputs.add(new Acknowledged(output, index, Ranges.take(in)));
        }
        Ranges unbelieved = Ranges.take(in);
        long appendedTo = Varints.take(in);
        long lettersDroppedTo = Varints.take(in);
        List<SavedSource> sources = new ArrayList<>();
        for (int left = Varints.takeInt(in); left > 0; left--) {
            String key = ExcerptFormat.takeText(in);
            State state = State.ofCode(in.get());
            long first = Varints.take(in);
            ReadTotals folded = state == State.FOLDED ? ReadTotals.take(in) : ReadTotals.NONE;
            List<Ledger.Ended> ends = new ArrayList<>();
            for (int end = Varints.takeInt(in); end > 0; end--) {
                long sequence = Varints.take(in);
                ends.add(new Ledger.Ended(ReadTotals.take(in), sequence));
            }
            List<Outcomes> outcomes = new ArrayList<>();
            for (int i = 0; i < outputs.size(); i++) {
                outcomes.add(Outcomes.take(in));
            }
            sources.add(new SavedSource(key, state, first, folded, ends, outcomes));
        }
        return new Saved(outputs, unbelieved, appendedTo, lettersDroppedTo, sources);
    }

    /** As it was found; empty when there is nothing, or nothing that can be read. */
    Optional<Saved> saved() {
        return saved;
    }

    /** Whether there is something, and none of it can be read. */
    boolean damaged() {
        return damaged;
    }

    /** Length of the last slot that was written. */
    int lastBytes() {
        return lastBytes;
    }

    /**
     * Writes the next slot, without forcing it.
     *
     * @param unbelieved see {@link Saved}
     * @param ledger says what it has to; see the class comment
     * @return false, with nothing written, if it needs more room than the disk gives
     */
    boolean write(List<Acknowledged> outputs, Ranges unbelieved, Ledger ledger) throws IOException {
        encode(outputs, unbelieved, ledger);
        int bytes = slot.limit();
        if (bytes > slotBytes) {
            return grow(bytes);
        }
        file.seek((1 - forcedSlot) * slotBytes);
        file.write(slot.array(), 0, bytes);
        counter++;
        lastBytes = bytes;
        unforced = true;
        return true;
    }

    private void encode(List<Acknowledged> outputs, Ranges unbelieved, Ledger ledger) {
        while (true) {
            try {
                slot.clear();
                slot.position(HEAD_BYTES);
                Varints.put(slot, outputs.size());
                for (Acknowledged output : outputs) {
                    slot.putInt(output.outputId);
                    Varints.put(slot, output.index);
                    output.settled.put(slot);
                }
                unbelieved.put(slot);
                ledger.put(slot);
                break;
            } catch (BufferOverflowException _) {
                slot = ByteBuffer.allocate(2 * slot.capacity()).order(ByteOrder.LITTLE_ENDIAN);
            }
        }
        slot.flip();
        seal(counter + 1);
    }

    private void seal(long number) {
        int length = slot.limit() - HEAD_BYTES;
        slot.putInt(0, MAGIC).putLong(8, number).putInt(16, length).putInt(20, 0);
        slot.putInt(4, crc(length));
    }

    /** Puts the slot into a larger file, which takes the place of this one. */
    private boolean grow(int bytes) throws IOException {
        long larger = slotBytes;
        while (larger < bytes) {
            larger *= 2;
        }
        Path grown = newPath(path);
        Files.deleteIfExists(grown);
        if (Disk.allocate(grown, 0, 2 * larger) == Disk.Allocation.FULL) {
            Files.deleteIfExists(grown);
            return false;
        }
        RandomAccessFile next = new RandomAccessFile(grown.toFile(), "rw");
        try {
            next.seek((1 - forcedSlot) * larger);
            next.write(slot.array(), 0, bytes);
            Disk.force(next, grown);
            Files.move(grown, path, StandardCopyOption.ATOMIC_MOVE);
            Disk.forceDirectory(path.getParent());
        } catch (IOException e) {
            next.close();
            throw e;
        }
        file.close();
        file = next;
        slotBytes = larger;
        counter++;
        lastBytes = bytes;
        forcedSlot = 1 - forcedSlot;
        unforced = false;
        return true;
    }

    void force() throws IOException {
        if (unforced) {
            Disk.force(file, path);
            forcedSlot = 1 - forcedSlot;
            unforced = false;
        }
    }

    private void ensure(int bytes) {
        if (slot.capacity() < bytes) {
            slot = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    private int crc(int length) {
        crc.reset();
        crc.update(slot.array(), 8, HEAD_BYTES - 8 + length);
        return (int) crc.getValue();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
