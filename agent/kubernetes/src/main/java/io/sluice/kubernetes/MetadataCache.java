package io.sluice.kubernetes;

import io.sluice.pipeline.Pod;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The pods that are known, in a file of the state directory: an agent that starts while the API
 * server is away still knows whose files it reads.
 *
 * <p>{@code metadata.json}, replaced as a whole:
 *
 * <pre>{@code
 * {"version": 1, "node": "node1", "pods": [
 *   {"namespace": "shop", "name": "web-0", "uid": "…", "staticUid": "", "ip": "10.244.0.7", "node": "node1",
 *    "labels": {…}, "annotations": {…}, "workload": [{"kind": "statefulset", "name": "web"}],
 *    "containers": {"app": {"image": "shop/web:1", "runtime": "containerd"}}}]}
 * }</pre>
 *
 * <p>A cache and nothing more: what cannot be read is said, ignored, and written anew. Owned by the
 * {@code kubernetes} thread.
 */
final class MetadataCache {
    private static final System.Logger LOG = System.getLogger("io.sluice.kubernetes");
    static final String FILE_NAME = "metadata.json";
    private static final int VERSION = 1;

    /** Some 30,000 pods; more is no file of ours. */
    private static final long MOST_BYTES = 64L << 20;

    private final Path file;
    private final KubernetesConfig config;
    private final JsonFactory factory = JsonFactory.builder().build();

    MetadataCache(Path stateDirectory, KubernetesConfig config) {
        this.file = stateDirectory.resolve(FILE_NAME);
        this.config = config;
    }

    /** What was written last; empty if there is nothing, or nothing usable. */
    List<KnownPod> load() {
        try {
            if (!Files.exists(file)) {
                return List.of();
            }
            long size = Files.size(file);
            if (size > MOST_BYTES) {
                return ignored("it holds " + size + " bytes");
            }
            try (JsonParser json =
                    factory.createParser(ObjectReadContext.empty(), Files.newInputStream(file))) {
                return read(json);
            }
        } catch (IOException | JacksonException e) {
            return ignored(Reasons.of(e));
        }
    }

    private List<KnownPod> read(JsonParser json) {
        List<KnownPod> pods = new ArrayList<>();
        int[] version = {0};
        String[] node = {""};
        if (json.nextToken() != JsonToken.START_OBJECT) {
            return ignored("it is no JSON object");
        }
        PodReader.forEachMemberInside(
                json,
                member -> {
                    switch (member) {
                        case "version" -> version[0] = PodReader.number(json);
                        case "node" -> node[0] = PodReader.text(json);
                        case "pods" -> PodReader.forEachObject(json, _ -> pods.add(readPod(json)));
                        default -> PodReader.skip(json);
                    }
                });
        if (version[0] != VERSION) {
            return ignored("its version is " + version[0] + ", not " + VERSION);
        }
        if (!node[0].equals(config.nodeName())) {
            return ignored("it is of node " + node[0] + ", not " + config.nodeName());
        }
        return pods;
    }

    private KnownPod readPod(JsonParser json) {
        Map<String, String> texts = new HashMap<>();
        Map<String, String> labels = new HashMap<>();
        Map<String, String> annotations = new HashMap<>();
        List<Pod.Owner> workload = new ArrayList<>();
        Map<String, Pod.Container> containers = new HashMap<>();
        PodReader.forEachMemberInside(
                json,
                member -> {
                    switch (member) {
                        case "labels" -> PodReader.forEachText(json, labels::put);
                        case "annotations" -> PodReader.forEachText(json, annotations::put);
                        case "workload" ->
                                PodReader.forEachObject(
                                        json,
                                        _ -> {
                                            Map<String, String> owner = new HashMap<>();
                                            PodReader.forEachMemberInside(
                                                    json,
                                                    key -> owner.put(key, PodReader.text(json)));
                                            workload.add(
                                                    new Pod.Owner(
                                                            owner.getOrDefault("kind", ""),
                                                            owner.getOrDefault("name", "")));
                                        });
                        case "containers" ->
                                PodReader.forEachMember(
                                        json,
                                        name -> {
                                            Map<String, String> container = new HashMap<>();
                                            PodReader.forEachText(json, container::put);
                                            containers.put(
                                                    name,
                                                    new Pod.Container(
                                                            container.getOrDefault("image", ""),
                                                            container.getOrDefault("runtime", "")));
                                        });
                        default -> texts.put(member, PodReader.text(json));
                    }
                });
        // What is kept may have been narrowed since.
        annotations.keySet().retainAll(config.annotations());
        Pod pod =
                new Pod(
                        texts.getOrDefault("namespace", ""),
                        texts.getOrDefault("name", ""),
                        texts.getOrDefault("uid", ""),
                        texts.getOrDefault("ip", ""),
                        texts.getOrDefault("node", ""),
                        config.labels() ? labels : Map.of(),
                        annotations,
                        workload,
                        containers);
        return new KnownPod(pod, texts.getOrDefault("staticUid", ""));
    }

    private List<KnownPod> ignored(String reason) {
        LOG.log(
                System.Logger.Level.WARNING,
                "the metadata cache "
                        + file
                        + " is ignored: "
                        + reason
                        + "; it will be written anew");
        return List.of();
    }

    /**
     * Replaces the file.
     *
     * @throws IOException if it could not be written; the old one is still there
     */
    void save(List<KnownPod> pods) throws IOException {
        Path next = file.resolveSibling(FILE_NAME + ".tmp");
        try (FileChannel channel =
                FileChannel.open(
                        next,
                        Set.of(
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE,
                                StandardOpenOption.TRUNCATE_EXISTING),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")))) {
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 16_384);
            JsonGenerator json = factory.createGenerator(ObjectWriteContext.empty(), out);
            write(json, pods);
            json.flush();
            // Else a power cut may leave the new name with nothing behind it.
            channel.force(true);
        } catch (JacksonException e) {
            throw new IOException(Reasons.of(e), e);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private void write(JsonGenerator json, List<KnownPod> pods) {
        json.writeStartObject();
        json.writeNumberProperty("version", VERSION);
        json.writeStringProperty("node", config.nodeName());
        json.writeName("pods").writeStartArray();
        for (KnownPod known : pods) {
            Pod pod = known.pod();
            json.writeStartObject();
            json.writeStringProperty("namespace", pod.namespace());
            json.writeStringProperty("name", pod.name());
            json.writeStringProperty("uid", pod.uid());
            json.writeStringProperty("staticUid", known.staticUid());
            json.writeStringProperty("ip", pod.ip());
            json.writeStringProperty("node", pod.nodeName());
            writeTexts(json, "labels", pod.labels());
            writeTexts(json, "annotations", pod.annotations());
            json.writeName("workload").writeStartArray();
            for (Pod.Owner owner : pod.workload()) {
                json.writeStartObject();
                json.writeStringProperty("kind", owner.kind());
                json.writeStringProperty("name", owner.name());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeName("containers").writeStartObject();
            pod.containers()
                    .forEach(
                            (name, container) ->
                                    writeTexts(
                                            json,
                                            name,
                                            Map.of(
                                                    "image",
                                                    container.image(),
                                                    "runtime",
                                                    container.runtime())));
            json.writeEndObject();
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void writeTexts(JsonGenerator json, String name, Map<String, String> texts) {
        json.writeName(name).writeStartObject();
        texts.forEach(json::writeStringProperty);
        json.writeEndObject();
    }
}
