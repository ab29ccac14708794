package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The images that the tests of a cluster run: the agent's and the sidecar's, made by the commands
 * that an operator uses, {@link WriterImage} and {@link OldAppImage}. Each is made once in a JVM,
 * as an archive.
 */
final class ClusterImages {
    private static final Path AGENT = Path.of("src/main/image/build").toAbsolutePath();
    private static final Path SIDECAR =
            Path.of("../../sidecar/src/main/image/build").toAbsolutePath().normalize();

    private static final Map<String, Made> MADE = new HashMap<>();

    /** One that was made. */
    private record Made(String name, Path archive) {}

    private interface Builder {
        /** Makes it, and says its name. */
        String build(Podman podman, Path folder) throws IOException;
    }

    private ClusterImages() {}

    /** Why they cannot be made here; empty if they can. */
    static Optional<String> missing() {
        return Podman.missing().or(WriterImage::missing);
    }

    /**
     * The agent's image, on the cluster's nodes.
     *
     * @return its name
     */
    static String agent(Cluster cluster) throws IOException {
        return give(
                cluster,
                "sluice",
                (podman, folder) ->
                        built(podman, folder, AGENT, "SLUICE_HOME", "sluice.home", "sluice"));
    }

    /**
     * The sidecar's image, on the cluster's nodes.
     *
     * @return its name
     */
    static String sidecar(Cluster cluster) throws IOException {
        return give(
                cluster,
                "sluice-sidecar",
                (podman, folder) ->
                        built(
                                podman,
                                folder,
                                SIDECAR,
                                "SIDECAR_HOME",
                                "sidecar.home",
                                "sluice-sidecar"));
    }

    /**
     * The writer's image, on the cluster's nodes.
     *
     * @return its name
     */
    static String writer(Cluster cluster) throws IOException {
        return give(cluster, "writer", WriterImage::build);
    }

    /**
     * An old application's image, on the cluster's nodes.
     *
     * @return its name
     */
    static String oldApp(Cluster cluster) throws IOException {
        return give(cluster, "old-app", OldAppImage::build);
    }

    private static String built(
            Podman podman, Path folder, Path script, String variable, String property, String name)
            throws IOException {
        String image = "localhost/" + name + "-test:" + Long.toHexString(System.nanoTime());
        Map<String, String> environment = new HashMap<>(podman.environment());
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put(variable, System.getProperty(property));
        Podman.Ended built = Podman.run(List.of(script.toString(), image), environment, folder);
        assertThat(built.code()).as(built.output()).isZero();
        return image;
    }

    private static synchronized String give(Cluster cluster, String kind, Builder builder)
            throws IOException {
        Made made = MADE.get(kind);
        if (made == null) {
            Path folder = Files.createTempDirectory("sluice-image");
            Path archive = Files.createTempFile("sluice-image", ".tar");
            archive.toFile().deleteOnExit();
            Files.delete(archive);
            try {
                Podman podman = new Podman(folder);
                String name = builder.build(podman, folder);
                podman.runOk(
                        "save", "--quiet", "--format=oci-archive", "--output=" + archive, name);
                podman.runOk("rmi", "--force", name);
                made = new Made(name, archive);
            } finally {
                remove(folder);
            }
            MADE.put(kind, made);
        }
        cluster.load(made.archive());
        return made.name();
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
