package io.sluice.tail;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one of the kubelet's links says: {@code <pod>_<namespace>_<container>-<id>.log} → {@code
 * <namespace>_<pod>_<podUid>/<container>/<restart>.log}.
 *
 * @param podsFolder where the pods' folders lie
 * @param place where the files lie, behind all links
 */
record ContainerLink(
        SourceOrigin.Container origin,
        int restart,
        String containerId,
        Path podsFolder,
        Place place) {
    private static final Pattern LINK =
            Pattern.compile("([^_]+)_([^_]+)_(.+)-([0-9a-f]{12,64})\\.log");
    private static final Pattern POD_FOLDER = Pattern.compile("([^_]+)_([^_]+)_([^_]+)");

    /** The kernel follows no more either: path_resolution(7). */
    private static final int MOST_LINKS = 40;

    private static final Pattern RESTART = Pattern.compile("(\\d{1,9})\\.log");

    /** Whether a file of the links' folder is called like a container's link. */
    static boolean isNamedLikeOne(String fileName) {
        return LINK.matcher(fileName).matches();
    }

    /** What stands behind the link; empty if that is no pod's folder. */
    static Optional<ContainerLink> read(Path link) throws IOException {
        Matcher name = LINK.matcher(link.getFileName().toString());
        if (!name.matches()) {
            return Optional.empty();
        }
        Path file = link;
        if (Files.isSymbolicLink(link)) {
            file = target(link);
        }
        Path containerFolder = file.getParent();
        Path podFolder = containerFolder == null ? null : containerFolder.getParent();
        if (podFolder == null || podFolder.getParent() == null) {
            return Optional.empty();
        }
        Matcher pod = POD_FOLDER.matcher(podFolder.getFileName().toString());
        Matcher restart = RESTART.matcher(file.getFileName().toString());
        if (!pod.matches() || !restart.matches()) {
            return Optional.empty();
        }
        SourceOrigin.Container origin =
                new SourceOrigin.Container(
                        pod.group(1),
                        pod.group(2),
                        pod.group(3),
                        containerFolder.getFileName().toString());
        int number = Integer.parseInt(restart.group(1));
        return Optional.of(
                new ContainerLink(
                        origin, number, name.group(4), podFolder.getParent(), place(file, number)));
    }

    /** Docker's file lies elsewhere, and its rotated siblings beside it. */
    private static Place place(Path file, int restart) throws IOException {
        if (Files.isSymbolicLink(file)) {
            Path real = file;
            for (int links = 0; Files.isSymbolicLink(real); links++) {
                if (links == MOST_LINKS) {
                    throw new FileSystemLoopException(file + " leads round in a circle");
                }
                real = target(real);
            }
            return new Place(real.getParent(), restart, Optional.of(real.getFileName().toString()));
        }
        return new Place(file.getParent(), 0, Optional.empty());
    }

    private static Path target(Path link) throws IOException {
        return link.resolveSibling(Files.readSymbolicLink(link)).normalize();
    }

    /** What a position's key says of its source. */
    static SourceOrigin origin(String key) {
        int slash = key.indexOf('/');
        Matcher pod = POD_FOLDER.matcher(key.substring(0, Math.max(0, slash)));
        return slash > 0 && pod.matches()
                ? new SourceOrigin.Container(
                        pod.group(1), pod.group(2), pod.group(3), key.substring(slash + 1))
                : new SourceOrigin.File(Path.of(key));
    }

    /** What the buffer keeps this container's position under. */
    String key() {
        return origin.namespace()
                + '_'
                + origin.pod()
                + '_'
                + origin.podUid()
                + '/'
                + origin.container();
    }
}
