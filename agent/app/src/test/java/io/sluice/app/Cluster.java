package io.sluice.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A real one-node Kubernetes in namespaces of its own: API server with RBAC, kubelet, containerd.
 *
 * <p>Started by scripts that lie beside the repository ({@value #FOLDER_PROPERTY}: {@code up.sh},
 * {@code in.sh}, {@code down.sh}); they build Kubernetes once, which takes its time, so this class
 * does not ask for it.
 */
final class Cluster implements AutoCloseable {
    /** Folder of the scripts. */
    static final String FOLDER_PROPERTY = "sluice.cluster";

    /** The API server, from inside. */
    static final String API = "https://10.96.0.1:443";

    /** Where its one node reaches the tests, over a cable of its own. */
    static final String HOST = "10.12.0.1";

    /** Where the tests reach its node. */
    static final String NODE = "10.12.0.2";

    private static final String CABLE = "sluice-host";
    private static final String PODS = "10.244.0.0/24";

    private static final Path SCRIPTS =
            Path.of(System.getProperty(FOLDER_PROPERTY, "/nonexistent"));
    private static final Path HOME =
            Path.of(System.getenv().getOrDefault("SLUICE_CLUSTER", "/var/tmp/sluice-cluster"));

    private Cluster() {}

    /** Why there can be none here; empty if there can. */
    static Optional<String> missing() {
        if (!Podman.isRoot()) {
            return Optional.of("needs root: a kubelet that runs containers");
        }
        if (!Files.isExecutable(SCRIPTS.resolve("up.sh"))) {
            return Optional.of(
                    "no "
                            + SCRIPTS.resolve("up.sh")
                            + " that starts a Kubernetes; set "
                            + FOLDER_PROPERTY
                            + " to its folder");
        }
        for (String program :
                List.of(
                        "kube-apiserver",
                        "kube-controller-manager",
                        "kube-scheduler",
                        "kubelet",
                        "kubectl")) {
            if (!Files.isExecutable(HOME.resolve("bin").resolve(program))) {
                return Optional.of(
                        program
                                + " is not built; run "
                                + SCRIPTS.resolve("build.sh")
                                + " (needs Go)");
            }
        }
        for (String program :
                List.of("etcd", "containerd", "runc", "podman", "ip", "openssl", "gcc")) {
            if (!Podman.isInstalled(program)) {
                return Optional.of(
                        program
                                + " is not installed (apt-get install --no-install-recommends"
                                + " etcd-server containerd runc podman buildah"
                                + " containernetworking-plugins iproute2 iptables openssl gcc"
                                + " libc6-dev)");
            }
        }
        if (isUp()) {
            return Optional.of("a cluster runs already in " + HOME + "; end it with down.sh");
        }
        return Optional.empty();
    }

    /** As {@link #missing}, for a test of the chart. */
    static Optional<String> missingHelm() {
        return Files.isExecutable(HOME.resolve("bin/helm"))
                ? Optional.empty()
                : Optional.of("helm is not built; run " + SCRIPTS.resolve("build.sh"));
    }

    private static boolean isUp() {
        try {
            Path pid = HOME.resolve("pid");
            return Files.exists(pid)
                    && ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
                            .filter(ProcessHandle::isAlive)
                            .isPresent();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where images are taken from at the start: each {@code *.tar}. */
    static Path images() throws IOException {
        return Files.createDirectories(HOME.resolve("images"));
    }

    /**
     * Starts it, and lays a cable between it and the host.
     *
     * @param logMaxSize the kubelet's {@code containerLogMaxSize}, such as 1Mi
     */
    static Cluster up(String logMaxSize) throws IOException {
        Map<String, String> environment = new HashMap<>();
        environment.put("LOG_MAX_SIZE", logMaxSize);
        environment.put("LOG_MAX_FILES", "5");
        Files.createDirectories(HOME);
        // Its daemons keep its outputs: a pipe would never end.
        String log = HOME.resolve("up.log").toString();
        Podman.Ended up =
                Podman.run(
                        List.of(
                                "sh",
                                "-c",
                                "exec \"$0\" >\"$1\" 2>&1",
                                SCRIPTS.resolve("up.sh").toString(),
                                log),
                        environment,
                        HOME);
        if (up.code() != 0) {
            throw new IllegalStateException(
                    "up.sh ended with " + up.code() + ": " + Files.readString(Path.of(log)));
        }
        Cluster cluster = new Cluster();
        try {
            cluster.lay();
        } catch (IOException | RuntimeException e) {
            cluster.close();
            throw e;
        }
        return cluster;
    }

    private void lay() throws IOException {
        String holder = Files.readString(HOME.resolve("pid")).strip();
        String end = "sluice-node";
        ok(
                List.of(
                        "ip", "link", "add", CABLE, "type", "veth", "peer", "name", end, "netns",
                        holder));
        ok(List.of("ip", "addr", "add", HOST + "/30", "dev", CABLE));
        ok(List.of("ip", "link", "set", CABLE, "up"));
        inside("ip", "addr", "add", NODE + "/30", "dev", end);
        inside("ip", "link", "set", end, "up");
        // Answers to pods that do not use the node's network.
        ok(List.of("ip", "route", "replace", PODS, "via", NODE));
    }

    /** What runs a command inside: put it in front. */
    static List<String> in() {
        return List.of(SCRIPTS.resolve("in.sh").toString());
    }

    /** Runs a command inside to its end, with kubectl on its path and set up. */
    String inside(String... command) {
        List<String> whole = new ArrayList<>(in());
        whole.addAll(List.of(command));
        return ok(whole);
    }

    /** {@code kubectl} with these arguments, as the administrator. */
    String kubectl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        return inside(command.toArray(String[]::new));
    }

    /** The API server's certificate authority. */
    static Path caFile() {
        return HOME.resolve("run/ca.crt");
    }

    /** The node's {@code /var/log/pods}, as the host sees it. */
    static Path podLogs() {
        return HOME.resolve("var/log/pods");
    }

    /**
     * What somebody has asked the API server for, by its audit log.
     *
     * @param user as RBAC calls it
     * @return verb, resource, and whether it was allowed
     */
    static Set<String> requestsOf(String user) throws IOException {
        Set<String> asked = new TreeSet<>();
        for (String event : Files.readAllLines(HOME.resolve("log/audit.log"), UTF_8)) {
            if (event.contains("\"username\":\"" + user + "\"")) {
                asked.add(
                        part(event, "\"verb\":\"(\\w+)\"")
                                + " "
                                + part(event, "\"resource\":\"([\\w/]+)\"")
                                + " "
                                + part(event, "authorization.k8s.io/decision\":\"(\\w+)\""));
            }
        }
        return asked;
    }

    private static String part(String event, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(event);
        if (!matcher.find()) {
            throw new AssertionError(pattern + " is not in " + event);
        }
        return matcher.group(1);
    }

    private static String ok(List<String> command) {
        Podman.Ended ended = Podman.run(command, Map.of(), HOME);
        if (ended.code() != 0) {
            throw new IllegalStateException(
                    command + " ended with " + ended.code() + ": " + ended.output());
        }
        return ended.output().strip();
    }

    /** Ends it with all its containers; the cable goes with its namespace. */
    @Override
    public void close() {
        ok(List.of(SCRIPTS.resolve("down.sh").toString()));
    }
}
