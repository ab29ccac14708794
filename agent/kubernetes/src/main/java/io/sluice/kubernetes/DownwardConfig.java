package io.sluice.kubernetes;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which pod writes the plain files, as Kubernetes' <a
 * href="https://kubernetes.io/docs/concepts/workloads/pods/downward-api/">downward API</a> tells a
 * container of that pod: by variables of the environment, and by files of a volume.
 *
 * @param namespace namespace's name; field {@code metadata.namespace}
 * @param name pod's name; {@code metadata.name}
 * @param uid the API's UID, {@code metadata.uid}; empty for unknown
 * @param ip pod's address, {@code status.podIP}; empty for unknown
 * @param container name of the container that writes the files; empty where there are several
 * @param labelsFile the pod's labels, {@code metadata.labels} in a volume; empty for none
 * @param annotationsFile the pod's annotations, {@code metadata.annotations}; empty for none
 * @param labels whether labels are kept
 * @param annotations keys of the annotations that are kept
 */
public record DownwardConfig(
        String namespace,
        String name,
        String uid,
        String ip,
        String container,
        Optional<Path> labelsFile,
        Optional<Path> annotationsFile,
        boolean labels,
        Set<String> annotations) {

    /** What Kubernetes takes as the name of a namespace or container, and, with dots, of a pod. */
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?");

    private static final Pattern SUBDOMAIN = Pattern.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?");
    private static final Pattern UID = Pattern.compile("[A-Za-z0-9-]*");
    private static final Pattern ADDRESS =
            Pattern.compile("\\d+\\.\\d+\\.\\d+\\.\\d+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    public DownwardConfig {
        annotations = Set.copyOf(annotations);
        checkName("namespace", namespace, LABEL, "POD_NAMESPACE", "metadata.namespace");
        checkName("name", name, SUBDOMAIN, "POD_NAME", "metadata.name");
        if (!UID.matcher(uid).matches()) {
            throw new IllegalArgumentException(
                    "uid is " + uid + "; set a pod's UID, " + from("POD_UID", "metadata.uid"));
        }
        if (!isAddress(ip)) {
            throw new IllegalArgumentException(
                    "ip is " + ip + "; set an IP address, " + from("POD_IP", "status.podIP"));
        }
        if (!container.isEmpty() && !LABEL.matcher(container).matches()) {
            throw new IllegalArgumentException(
                    "container is "
                            + container
                            + "; set the name of the container that writes the files, as the pod's"
                            + " specification has it");
        }
        if (annotationsFile.isPresent() && annotations.isEmpty()) {
            throw new IllegalArgumentException(
                    "annotationsFile is "
                            + annotationsFile.get()
                            + ", but metadata.annotations names none to keep; name some there");
        }
    }

    /**
     * What is wrong with the files, each with its remedy; empty when they can be read.
     *
     * <p>The kubelet writes them before it starts any container of the pod: one that is not there
     * is not mounted.
     */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        labelsFile.ifPresent(path -> look("labelsFile", path, "metadata.labels", problems));
        annotationsFile.ifPresent(
                path -> look("annotationsFile", path, "metadata.annotations", problems));
        return problems;
    }

    private static void look(String setting, Path path, String field, List<String> problems) {
        try {
            DownwardFile.read(path);
        } catch (IOException e) {
            problems.add(
                    setting
                            + " is "
                            + path
                            + ", which "
                            + e.getMessage()
                            + "; name a file of a downwardAPI volume with the field "
                            + field);
        }
    }

    private static void checkName(
            String component, String name, Pattern allowed, String variable, String field) {
        if (name.isEmpty()) {
            throw new IllegalArgumentException(
                    component + " is empty; set it, " + from(variable, field));
        }
        if (!allowed.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    component
                            + " is "
                            + name
                            + "; set a name as Kubernetes allows it, "
                            + from(variable, field));
        }
    }

    private static String from(String variable, String field) {
        return "in a pod ${" + variable + "} from the field " + field;
    }

    /** Documents with anything else in an {@code ip} field would be refused. */
    private static boolean isAddress(String text) {
        if (text.isEmpty()) {
            return true;
        }
        try {
            return ADDRESS.matcher(text).matches() && InetAddress.ofLiteral(text) != null;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }
}
