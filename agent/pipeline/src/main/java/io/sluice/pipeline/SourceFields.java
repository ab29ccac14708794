package io.sluice.pipeline;

import io.sluice.tail.Generation;
import io.sluice.tail.SourceOrigin;

import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * What all documents of one generation of one source have in common, encoded once and spliced into
 * each: which pod wrote it, from which file, to which data stream it goes.
 *
 * <p>Field names are those of ECS and of Filebeat's {@code kubernetes} fields, but for {@code
 * kubernetes.container.restart_count}: which run of its container wrote the line, 0 for the first.
 * That is OpenTelemetry's {@code k8s.container.restart_count}, and comes from the file's name.
 * Nothing is written for what is unknown. Immutable; to be encoded again when the generation or the
 * {@link Pod} is another object.
 */
final class SourceFields {
    /** The version of the Elastic Common Schema that the fields are of. */
    private static final String ECS_VERSION = "8.17.0";

    /** Members of {@code log}, each with a comma before it: {@code ,"file":{"path":"..."}}. */
    final byte[] log;

    /** Members of {@code event}, without a comma: {@code "dataset":"..."}. */
    final byte[] event;

    /** Members of the document itself, each with a comma before it. */
    final byte[] root;

    private SourceFields(byte[] log, byte[] event, byte[] root) {
        this.log = log;
        this.event = event;
        this.root = root;
    }

    /**
     * @param writer the container that writes the source's lines, if that is known
     * @param run which run of that container it is, where the file's name says that
     * @param pod what is known of that container's pod
     */
    static SourceFields encode(
            PipelineConfig config,
            Optional<SourceOrigin.Container> writer,
            Generation generation,
            OptionalInt run,
            Optional<Pod> pod) {
        Fields log = new Fields();
        if (!generation.path().isEmpty()) {
            log.out.append((byte) ',');
            log.open("file").field("path", generation.path()).close();
        }

        Fields root = new Fields();
        root.out.append((byte) ',');
        root.open("data_stream")
                .field("type", "logs")
                .field("dataset", config.dataset())
                .field("namespace", config.namespace())
                .close();
        root.open("ecs").field("version", ECS_VERSION).close();
        if (writer.isPresent()) {
            kubernetes(root, config, writer.get(), run, pod);
            container(root, writer.get(), generation, pod);
        }
        if (!config.cluster().isEmpty()) {
            root.open("orchestrator").open("cluster").field("name", config.cluster());
            root.close().close();
        }
        if (!config.nodeName().isEmpty()) {
            root.open("host").field("name", config.nodeName()).close();
        }
        byte[] event = new Fields().field("dataset", config.dataset()).out.toByteArray();
        return new SourceFields(log.out.toByteArray(), event, root.out.toByteArray());
    }

    private static void kubernetes(
            Fields root,
            PipelineConfig config,
            SourceOrigin.Container container,
            OptionalInt run,
            Optional<Pod> pod) {
        root.open("kubernetes").field("namespace", container.namespace());
        root.open("pod")
                .field("name", container.pod())
                .field(
                        "uid",
                        pod.map(Pod::uid).filter(u -> !u.isEmpty()).orElse(container.podUid()))
                .field("ip", pod.map(Pod::ip).orElse(""))
                .close();
        if (!container.container().isEmpty()) {
            root.open("container").field("name", container.container());
            if (run.isPresent()) {
                root.number("restart_count", run.getAsInt());
            }
            root.close();
        }
        String node = pod.map(Pod::nodeName).filter(n -> !n.isEmpty()).orElse(config.nodeName());
        if (!node.isEmpty()) {
            root.open("node").field("name", node).close();
        }
        if (pod.isPresent()) {
            workload(root, pod.get());
            dedotted(root, "labels", pod.get().labels());
            dedotted(root, "annotations", pod.get().annotations());
        }
        root.close();
    }

    private static void workload(Fields root, Pod pod) {
        Set<String> written =
                new HashSet<>(
                        Set.of("namespace", "pod", "container", "node", "labels", "annotations"));
        for (Pod.Owner owner : pod.workload()) {
            if (!owner.kind().isBlank() && !owner.name().isEmpty() && written.add(owner.kind())) {
                root.open(owner.kind()).field("name", owner.name()).close();
            }
        }
    }

    private static void container(
            Fields root,
            SourceOrigin.Container container,
            Generation generation,
            Optional<Pod> pod) {
        Optional<Pod.Container> known =
                pod.map(Pod::containers).map(containers -> containers.get(container.container()));
        String runtime = known.map(Pod.Container::runtime).orElse("");
        String image = known.map(Pod.Container::image).orElse("");
        if (generation.containerId().isEmpty() && runtime.isEmpty() && image.isEmpty()) {
            return;
        }
        root.open("container").field("id", generation.containerId()).field("runtime", runtime);
        if (!image.isEmpty()) {
            root.open("image").field("name", image).close();
        }
        root.close();
    }

    /**
     * Labels or annotations with {@code _} for each dot: {@code app} and {@code app.kubernetes.io}
     * cannot both be a field otherwise. Of two keys that are equal then, the first in order stays.
     */
    private static void dedotted(Fields root, String name, Map<String, String> pairs) {
        Set<String> written = new HashSet<>();
        for (Map.Entry<String, String> pair : new TreeMap<>(pairs).entrySet()) {
            String key = pair.getKey().replace('.', '_');
            if (!key.isBlank() && written.add(key)) {
                if (written.size() == 1) {
                    root.open(name);
                }
                root.pair(key, pair.getValue());
            }
        }
        if (!written.isEmpty()) {
            root.close();
        }
    }

    /** Writes members and nested objects, with commas where they belong. */
    private static final class Fields {
        final DocumentBuffer out = new DocumentBuffer(1_024);

        Fields open(String name) {
            separate();
            out.appendJsonString(name);
            out.append((byte) ':');
            out.append((byte) '{');
            return this;
        }

        Fields close() {
            out.append((byte) '}');
            return this;
        }

        /** Nothing for an empty value: it stands for what is unknown. */
        Fields field(String name, String value) {
            return value.isEmpty() ? this : pair(name, value);
        }

        Fields pair(String name, String value) {
            separate();
            out.appendJsonString(name);
            out.append((byte) ':');
            out.appendJsonString(value);
            return this;
        }

        Fields number(String name, long value) {
            separate();
            out.appendJsonString(name);
            out.append((byte) ':');
            out.appendDecimal(value);
            return this;
        }

        private void separate() {
            byte last = out.length == 0 ? (byte) '{' : out.bytes[out.length - 1];
            if (last != '{' && last != ',') {
                out.append((byte) ',');
            }
        }
    }
}
