package io.sluice.app;

import io.sluice.tail.TailConfig;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The agent's own pod: never read, because each of its lines would make another one.
 *
 * <p>Known by {@code POD_NAMESPACE} and {@code POD_NAME} (the downward API), else by the service
 * account's namespace and {@code HOSTNAME}, which is the pod's name unless it uses the node's
 * network.
 */
final class OwnPod {
    private static final Path NAMESPACE_FILE =
            Path.of("/var/run/secrets/kubernetes.io/serviceaccount/namespace");

    private OwnPod() {}

    /** What is read, without this pod; as it was where there is none. */
    static TailConfig exclude(TailConfig tail, Map<String, String> environment) {
        String namespace = environment.getOrDefault("POD_NAMESPACE", mountedNamespace());
        String pod = environment.getOrDefault("POD_NAME", environment.getOrDefault("HOSTNAME", ""));
        // Names as Kubernetes allows them: nothing that means something in a glob.
        if (!namespace.matches("[a-z0-9.-]+") || !pod.matches("[a-z0-9.-]+")) {
            return tail;
        }
        List<String> exclude = new ArrayList<>(tail.exclude());
        exclude.add(namespace + "/" + pod);
        return tail.withExclude(exclude);
    }

    private static String mountedNamespace() {
        try {
            return Files.readString(NAMESPACE_FILE).strip();
        } catch (IOException _) {
            return "";
        }
    }
}
