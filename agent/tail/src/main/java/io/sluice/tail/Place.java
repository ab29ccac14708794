package io.sluice.tail;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where files of a source lie.
 *
 * @param restart of the container, where the file names do not say it
 * @param activeName the file that is written to; empty in the kubelet's layout, where it is {@code
 *     <restart>.log}
 */
record Place(Path directory, int restart, Optional<String> activeName) {

    /** What the name says of a file here; empty if it is none of the source's. */
    Optional<LogFileName> name(String fileName) {
        return activeName.isPresent()
                ? LogFileName.sibling(restart, activeName.get(), fileName)
                : LogFileName.kubelet(fileName);
    }
}
