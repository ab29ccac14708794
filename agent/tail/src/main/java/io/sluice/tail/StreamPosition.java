package io.sluice.tail;

/**
 * How far one stream of a source has come: the first byte that is in no excerpt yet.
 *
 * @param fingerprint which generation (file) the offset is in
 * @param restart restart number of the container that wrote that generation; 0 for plain files
 * @param offset bytes from the beginning of that generation, uncompressed
 */
public record StreamPosition(long fingerprint, int restart, long offset) {
    public StreamPosition {
        if (offset < 0) {
            throw new IllegalArgumentException("offset is " + offset + "; it counts bytes from 0");
        }
    }
}
