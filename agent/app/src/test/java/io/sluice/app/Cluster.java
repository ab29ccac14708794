package io.sluice.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
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
 * A real Kubernetes.
 *
 * <p>If the environment has {@code KUBECONFIG}, the one it names, which goes on afterwards. It must
 * be told what gives an image archive to its nodes ({@value #LOAD_PROPERTY}, such as {@code kind
 * load image-archive}) and at which address its pods reach this machine ({@value #HOST_PROPERTY}).
 *
 * <p>Otherwise one of a single node, in namespaces of its own, by {@code
 * agent/testing/cluster/cluster}. That script builds Kubernetes once, which takes its time, so this
 * class does not ask for it. Only here a test can reach the node itself.
 */
final class Cluster implements AutoCloseable {
    /** The script. */
    static final String SCRIPT_PROPERTY = "sluice.cluster";

    /** With {@code KUBECONFIG}: a command that takes the path of an OCI archive behind it. */
    static final String LOAD_PROPERTY = "sluice.cluster.load";

    /** With {@code KUBECONFIG}: this machine's address, for a pod. */
    static final String HOST_PROPERTY = "sluice.cluster.host";

    private static final Path SCRIPT = Path.of(System.getProperty(SCRIPT_PROPERTY, "/nonexistent"));
    private static final Path HOME =
            Path.of(System.getenv().getOrDefault("SLUICE_CLUSTER", "/var/tmp/sluice-cluster"));

    /** Empty is as not set. */
    private static final boolean GIVEN = !System.getenv().getOrDefault("KUBECONFIG", "").isEmpty();

    /** Those that it was asked for. */
    private final List<String> namespaces = new ArrayList<>();

    private Cluster() {}

    /** Why there can be none here; empty if there can. */
    static Optional<String> missing() {
        if (!GIVEN) {
            return missingOwn();
        }
        for (String program : List.of("kubectl", "helm")) {
            if (!Podman.isInstalled(program)) {
                return Optional.of(program + " is not on the PATH");
            }
        }
        for (String property : List.of(LOAD_PROPERTY, HOST_PROPERTY)) {
            if (System.getProperty(property, "").isEmpty()) {
                return Optional.of(
                        "KUBECONFIG is set, but -D"
                                + property
                                + " is not; docs/HACKING.md says what it is");
            }
        }
        Podman.Ended version =
                Podman.run(List.of("kubectl", "version"), Map.of(), Path.of("").toAbsolutePath());
        return version.code() == 0
                ? Optional.empty()
                : Optional.of("the cluster of KUBECONFIG: " + version.output().strip());
    }

    /** As {@link #missing}, for a test that reaches the node. */
    static Optional<String> missingNode() {
        return GIVEN
                ? Optional.of(
                        "the cluster is KUBECONFIG's: this test stops parts of a node and looks at"
                                + " its files, which needs one of its own")
                : missingOwn();
    }

    private static Optional<String> missingOwn() {
        if (!Files.isExecutable(SCRIPT)) {
            return Optional.of(
                    "no " + SCRIPT + " that starts a Kubernetes; -D" + SCRIPT_PROPERTY + " is it");
        }
        Podman.Ended missing =
                Podman.run(
                        List.of(SCRIPT.toString(), "missing"),
                        Map.of(),
                        Path.of("").toAbsolutePath());
        return missing.code() == 0 ? Optional.empty() : Optional.of(missing.output().strip());
    }

    /** That of {@code KUBECONFIG}; or starts one, whose kubelet rotates logs at a mebibyte. */
    static Cluster open() throws IOException {
        if (GIVEN) {
            return new Cluster();
        }
        Files.createDirectories(HOME);
        // Its daemons keep its outputs: a pipe would never end.
        String log = HOME.resolve("up.log").toString();
        Map<String, String> environment = new HashMap<>();
        environment.put("LOG_MAX_SIZE", "1Mi");
        environment.put("LOG_MAX_FILES", "5");
        Podman.Ended up =
                Podman.run(
                        List.of("sh", "-c", "exec \"$0\" up >\"$1\" 2>&1", "" + SCRIPT, log),
                        environment,
                        HOME);
        if (up.code() != 0) {
            throw new IllegalStateException(
                    SCRIPT + " up: " + up.code() + ": " + Files.readString(Path.of(log)));
        }
        return new Cluster();
    }

    /** This machine's address, for a pod. */
    String host() {
        return GIVEN ? System.getProperty(HOST_PROPERTY) : "10.12.0.1";
    }

    /** What runs a command inside: put it in front. */
    private static List<String> in() {
        return GIVEN ? List.of() : List.of(SCRIPT.toString(), "in");
    }

    /** Runs a command inside to its end, with kubectl and helm on its path and set up. */
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

    /**
     * {@code kubectl apply} of a resource beside this class.
     *
     * @param folder where it is written to
     * @param values what stands there for {@code ${key}}
     */
    void apply(Path folder, String resource, Map<String, String> values) throws IOException {
        apply(Files.writeString(folder.resolve(resource), filled(resource, values)));
    }

    private static String filled(String resource, Map<String, String> values) throws IOException {
        String text;
        try (InputStream in = Cluster.class.getResourceAsStream(resource)) {
            text = new String(in.readAllBytes(), UTF_8);
        }
        for (Map.Entry<String, String> value : values.entrySet()) {
            text = text.replace("${" + value.getKey() + "}", value.getValue());
        }
        return text;
    }

    /** {@code kubectl apply} of a file. */
    void apply(Path file) {
        kubectl("apply", "-f", file.toString());
    }

    /** Makes a namespace, and waits until pods are let into it. */
    void createNamespace(String name) {
        kubectl("create", "namespace", name);
        namespaces.add(name);
        // A pod is refused before its namespace has an account for it.
        kubectl("-n", name, "wait", "--for=create", "serviceaccount/default", "--timeout=120s");
    }

    /**
     * What a {@code jsonpath} finds.
     *
     * @param what such as {@code pods}
     * @param path such as {@code {.items[*].metadata.name}}
     */
    List<String> get(String namespace, String what, String path) {
        String found = kubectl("-n", namespace, "get", what, "-o", "jsonpath=" + path);
        return found.isEmpty() ? List.of() : List.of(found.split(" ", -1));
    }

    /** Gives an image to its nodes. */
    void load(Path archive) {
        if (GIVEN) {
            ok(
                    List.of(
                            "sh",
                            "-c",
                            System.getProperty(LOAD_PROPERTY) + " \"$0\"",
                            archive.toString()));
        } else {
            inside("ctr", "images", "import", archive.toString());
        }
    }

    // --- its node: only of one of its own

    /** Whether it is one of its own. */
    static boolean isOwn() {
        return !GIVEN;
    }

    /** Stops {@code apiserver}, {@code containerd}, ...; returns when it has ended. */
    void stop(String part) {
        ok(List.of(SCRIPT.toString(), "stop", part));
    }

    /** Starts it again; returns when it answers. */
    void start(String part) throws IOException {
        Path log = Files.createTempFile("sluice", ".log");
        // What is started keeps the outputs.
        Podman.Ended ended =
                Podman.run(
                        List.of(
                                "sh",
                                "-c",
                                "exec \"$0\" start \"$1\" >\"$2\" 2>&1",
                                SCRIPT.toString(),
                                part,
                                log.toString()),
                        Map.of(),
                        HOME);
        String output = Files.readString(log);
        Files.delete(log);
        if (ended.code() != 0) {
            throw new IllegalStateException(part + " did not start: " + output);
        }
    }

    /** SIGKILL to the first process of a pod's container; the kubelet starts it again. */
    void killContainer(String namespace, String pod) {
        String id =
                kubectl(
                        "-n",
                        namespace,
                        "get",
                        "pod",
                        pod,
                        "-o",
                        "jsonpath={.status.containerStatuses[0].containerID}");
        inside("ctr", "tasks", "kill", "-s", "SIGKILL", id.substring(id.lastIndexOf('/') + 1));
    }

    /** As {@link #apply}, but as a file of the kubelet's: a static pod of the node. */
    void writeStaticPod(Path folder, String resource, Map<String, String> values)
            throws IOException {
        Path whole = Files.writeString(folder.resolve(resource), filled(resource, values));
        Files.move(whole, HOME.resolve("run/manifests").resolve(resource));
    }

    /** The node's {@code /var/log/pods}, as the machine sees it. */
    Path podLogs() {
        return HOME.resolve("var/log/pods");
    }

    /**
     * What somebody has asked the API server for, by its audit log.
     *
     * @param user as RBAC calls it
     * @return verb, resource, and whether it was allowed
     */
    Set<String> requestsOf(String user) throws IOException {
        Set<String> asked = new TreeSet<>();
        for (String event :
                Files.readAllLines(HOME.resolve("var/log/kubernetes/audit.log"), UTF_8)) {
            if (event.contains("\"username\":\"" + user + "\"")) {
                asked.add(
                        part(event, "\"verb\":\"(\\w+)\"")
                                + " "
                                + part(event, "\"resource\":\"(\\w+)\"")
                                + found(event, "\"subresource\":\"(\\w+)\"")
                                        .map(name -> "/" + name)
                                        .orElse("")
                                + " "
                                + part(event, "authorization.k8s.io/decision\":\"(\\w+)\""));
            }
        }
        return asked;
    }

    private static String part(String event, String pattern) {
        return found(event, pattern)
                .orElseThrow(() -> new AssertionError(pattern + " is not in " + event));
    }

    private static Optional<String> found(String event, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(event);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static String ok(List<String> command) {
        Podman.Ended ended = Podman.run(command, Map.of(), Path.of("").toAbsolutePath());
        if (ended.code() != 0) {
            throw new IllegalStateException(
                    command + " ended with " + ended.code() + ": " + ended.output());
        }
        return ended.output().strip();
    }

    /** Ends it with all its containers; one that goes on loses the namespaces that were made. */
    @Override
    public void close() {
        if (!GIVEN) {
            ok(List.of(SCRIPT.toString(), "down"));
            return;
        }
        for (String namespace : namespaces) {
            kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false");
        }
    }
}
