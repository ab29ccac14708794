package io.sluice.elasticsearch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * How some files looked when they were last looked at: says when they have changed. Follows links,
 * by which Kubernetes swaps a mounted secret. One thread.
 */
final class FileStamps {
    private final List<Path> files;
    private List<Object> seen;

    FileStamps(List<Path> files) {
        this.files = List.copyOf(files);
        this.seen = stamps();
    }

    /** Whether a file is another than at the last call. */
    boolean changed() {
        List<Object> now = stamps();
        boolean changed = !now.equals(seen);
        seen = now;
        return changed;
    }

    private List<Object> stamps() {
        List<Object> stamps = new ArrayList<>();
        for (Path file : files) {
            try {
                BasicFileAttributes attributes =
                        Files.readAttributes(file, BasicFileAttributes.class);
                stamps.add(attributes.lastModifiedTime());
                stamps.add(attributes.size());
                stamps.add(String.valueOf(attributes.fileKey()));
            } catch (IOException e) {
                stamps.add("unreadable");
            }
        }
        return stamps;
    }
}
