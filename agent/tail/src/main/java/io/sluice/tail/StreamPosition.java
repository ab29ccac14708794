package io.sluice.tail;

/**
 * How far one stream of a source has come: the first byte that is in no excerpt yet.
 *
 * <p>Where the generation it is in has no first line any more (a power cut took it, or another file
 * was renamed over it), the one before tells what was read.
 *
 * @param fingerprint which generation (file) the offset is in
 * @param restart restart number of the container that wrote that generation; 0 for plain files
 * @param offset bytes from the beginning of that generation, uncompressed
 * @param before fingerprint of the last generation that was read before that one, to its end, and
 *     whose file was still there then; 0 for none
 */
public record StreamPosition(long fingerprint, int restart, long offset, long before) {
    public StreamPosition {
        if (offset < 0) {
            throw new IllegalArgumentException("offset is " + offset + "; it counts bytes from 0");
        }
    }

    /** In the first generation of its source. */
    public StreamPosition(long fingerprint, int restart, long offset) {
        this(fingerprint, restart, offset, 0);
    }
}
