package io.sluice.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * The two folders a kubelet keeps on a node, for runtimes that are driven without one: {@code
 * pods/<namespace>_<pod>_<uid>/<container>/0.log}, and {@code containers} with the links to those.
 */
final class NodeLogs {
    private final Path root;

    NodeLogs(Path root) throws IOException {
        this.root = root;
        Files.createDirectories(links());
    }

    /** What {@code containers.path} is set to. */
    Path links() {
        return root.resolve("containers");
    }

    /** What {@link #log} has answered for that pod. */
    Path existing(String pod) throws IOException {
        return Files.readSymbolicLink(link(pod));
    }

    private Path link(String pod) {
        String id = "%064x".formatted(pod.hashCode() & 0xffff_ffffL);
        return links().resolve(pod + "_shop_app-" + id + ".log");
    }

    /**
     * Makes the folder of a pod's only container, {@code app}, and the link of its first run.
     *
     * @return where its log has to be; not there yet
     */
    Path log(String pod) throws IOException {
        String uid = UUID.nameUUIDFromBytes(pod.getBytes(UTF_8)).toString();
        Path folder =
                Files.createDirectories(root.resolve("pods/shop_" + pod + "_" + uid + "/app"));
        Path log = folder.resolve("0.log");
        Files.createSymbolicLink(link(pod), log);
        return log;
    }
}
