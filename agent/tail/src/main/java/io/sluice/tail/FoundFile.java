package io.sluice.tail;

import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * A file of a source as a look at its directory shows it.
 *
 * @param key device and inode
 */
record FoundFile(Path path, LogFileName name, Object key, BasicFileAttributes attributes) {
    FoundFile(Path path, LogFileName name, BasicFileAttributes attributes) {
        this(path, name, LogFile.keyOf(attributes), attributes);
    }
}
