package io.sluice.buffer;

import java.nio.file.Path;

/**
 * One file of a buffer's directory, as it was found.
 *
 * @param bytes space that was taken ahead included
 */
public record SavedSegment(Path file, Folder folder, long bytes) {

    /** Where it lies. */
    public enum Folder {
        /** Of the process that used the directory last, or uses it now. */
        QUEUE,
        /** Of the processes before. */
        EARLIER,
        /** Could not be read by some start. */
        QUARANTINE
    }
}
