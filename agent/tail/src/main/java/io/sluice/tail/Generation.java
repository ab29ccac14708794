package io.sluice.tail;

/**
 * One file of a source: what was written between two rotations.
 *
 * @param fingerprint identifies the file across renames, compression and inode reuse (see {@link
 *     Fingerprint}); the upper 64 bits of its documents' ids
 * @param restart restart number of the container that wrote it; 0 for plain files
 * @param containerId the runtime's id, without its scheme, or empty where unknown
 * @param path what {@code log.file.path} shows: the link in {@code /var/log/containers} where there
 *     is one
 * @param start how its first byte relates to the last byte of the generation before
 * @param stdoutFrom lines of stdout that begin before this offset are in an excerpt already: skip
 *     them. 0 for none, {@link Long#MAX_VALUE} for the whole file
 * @param stderrFrom the same for stderr
 * @param before fingerprint of the last generation that was read before, to its end, and whose file
 *     is still there; 0 for none
 */
public record Generation(
        long fingerprint,
        int restart,
        String containerId,
        String path,
        Start start,
        long stdoutFrom,
        long stderrFrom,
        long before) {

    /** How a generation begins. */
    public enum Start {
        /** The first that is read of its source: nothing can be open. */
        FIRST,
        /** A rotation: open records of the generation before go on in this one. */
        CONTINUES,
        /**
         * A container's restart, a truncation, or a gap: open records of the generation before end
         * there.
         */
        BREAKS
    }

    /** The first of its source. */
    public Generation(
            long fingerprint,
            int restart,
            String containerId,
            String path,
            Start start,
            long stdoutFrom,
            long stderrFrom) {
        this(fingerprint, restart, containerId, path, start, stdoutFrom, stderrFrom, 0);
    }

    /** Where the lines of a stream begin to be new. */
    public long from(Stream stream) {
        return switch (stream) {
            case STDOUT -> stdoutFrom;
            case STDERR -> stderrFrom;
        };
    }
}
