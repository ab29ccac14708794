package io.sluice.sidecar;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A file that is there as long as all goes well. Main thread. */
final class HealthFile {
    private final Optional<Path> path;
    private boolean there;
    private boolean complained;

    /** One of an earlier life says nothing about this one. */
    HealthFile(Optional<Path> path) {
        this.path = path;
        path.ifPresent(this::remove);
    }

    /**
     * @param trouble what is wrong; empty if nothing is
     */
    void show(Optional<String> trouble) {
        if (path.isEmpty() || trouble.isEmpty() == there) {
            return;
        }
        if (trouble.isEmpty()) {
            create(path.get());
        } else {
            remove(path.get());
            Console.say(path.get() + " is removed: " + trouble.get());
        }
    }

    private void create(Path file) {
        try {
            Files.writeString(file, "up\n");
            there = true;
        } catch (IOException e) {
            if (!complained) {
                complained = true;
                Console.say(
                        "--health-file "
                                + file
                                + " cannot be written ("
                                + e
                                + "); name a path in a folder that this user may write to");
            }
        }
    }

    private void remove(Path file) {
        there = false;
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            Console.say("--health-file " + file + " cannot be removed: " + e);
        }
    }

    void close() {
        path.ifPresent(this::remove);
    }
}
