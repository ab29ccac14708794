package io.sluice.sidecar;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** The path of a unix socket, which outlives who has made it. */
final class SocketPath {
    /** sun_path of unix(7), less the zero at its end. */
    static final int MAX_BYTES = 107;

    /** Whether somebody listens at a path: only trying tells. */
    @FunctionalInterface
    interface Knock {
        boolean isAnswered() throws IOException;
    }

    private SocketPath() {}

    /**
     * Makes way for a socket: one that nobody listens at any more is removed.
     *
     * @throws Source.UnusableException if the path is used, by a process or by something that is no
     *     socket
     */
    static void clear(String option, Path path, Knock knock)
            throws Source.UnusableException, IOException {
        if (path.toString().length() > MAX_BYTES) {
            throw new Source.UnusableException(
                    option
                            + " "
                            + path
                            + " is longer than the "
                            + MAX_BYTES
                            + " bytes that a socket's path may have; choose a shorter one");
        }
        BasicFileAttributes attributes;
        try {
            attributes =
                    Files.readAttributes(
                            path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException _) {
            return;
        }
        if (!attributes.isOther()) {
            throw new Source.UnusableException(
                    option
                            + " "
                            + path
                            + " is no socket; it is left as it is. Remove it, or choose another"
                            + " path");
        }
        if (knock.isAnswered()) {
            throw new Source.UnusableException(
                    option
                            + " "
                            + path
                            + " is in use: another process listens there. End it, or choose"
                            + " another path");
        }
        Files.delete(path);
    }

    /** The application runs as another user. */
    static void openToAll(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
    }

    static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            Console.say(path + " cannot be removed: " + e);
        }
    }
}
