package io.sluice.kubernetes;

import io.sluice.pipeline.Pod;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

import java.io.InputStream;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Reads the API server's JSON as it comes in and keeps what {@link Pod} holds: of a pod's 3 to 30
 * KB (half of it {@code managedFields}) some hundred bytes stay.
 *
 * <p>Members may come in any order; members that are null or of another type than expected are
 * passed over. Owned by the {@code kubernetes} thread. All methods throw {@link
 * tools.jackson.core.JacksonException} for what is no JSON, or ends too early.
 */
final class PodReader {
    private static final String STATIC_POD_HASH = "kubernetes.io/config.hash";
    private static final String MIRROR_OF = "kubernetes.io/config.mirror";

    /** Pods of a workload differ in name, UID and address; the rest is kept once. */
    private static final int MOST_SHARED_STRINGS = 4_096;

    private final KubernetesConfig config;
    private final JsonFactory factory = JsonFactory.builder().build();
    private final Map<String, String> shared = new HashMap<>();

    // What is known so far of the object being read.
    private String name;
    private String namespace;
    private String uid;
    private String resourceVersion;
    private Optional<Instant> created;
    private String ownerApiVersion;
    private String ownerKind;
    private String ownerName;
    private String staticUid;
    private boolean mirror;
    private Map<String, String> labels;
    private Map<String, String> annotations;
    private String nodeName;
    private String ip;
    private int code;
    private String message;
    private Map<String, String> images;
    private Map<String, String> statusImages;
    private Map<String, String> runtimes;

    PodReader(KubernetesConfig config) {
        this.config = config;
    }

    /** A parser for one answer; the caller closes it, and the stream with it. */
    JsonParser open(InputStream body) {
        return factory.createParser(ObjectReadContext.empty(), body);
    }

    /**
     * Reads one object; the parser stands at its START_OBJECT, and at its END_OBJECT afterwards.
     */
    ApiObject read(JsonParser json) {
        clear();
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            switch (json.currentName()) {
                case "metadata" -> readMetadata(json);
                case "spec" -> readSpec(json);
                case "status" -> readStatus(json);
                case "code" -> code = number(json);
                case "message" -> message = text(json);
                default -> skip(json);
            }
        }
        return new ApiObject(pod(), resourceVersion, code, message);
    }

    private void clear() {
        name = "";
        namespace = "";
        uid = "";
        resourceVersion = "";
        created = Optional.empty();
        ownerApiVersion = "";
        ownerKind = "";
        ownerName = "";
        staticUid = "";
        mirror = false;
        nodeName = "";
        ip = "";
        code = 0;
        message = "";
        labels = new HashMap<>();
        annotations = new HashMap<>();
        images = new HashMap<>();
        statusImages = new HashMap<>();
        runtimes = new HashMap<>();
    }

    private void readMetadata(JsonParser json) {
        forEachMember(
                json,
                member -> {
                    switch (member) {
                        case "name" -> name = text(json);
                        case "namespace" -> namespace = share(text(json));
                        case "uid" -> uid = text(json);
                        case "resourceVersion" -> resourceVersion = text(json);
                        case "creationTimestamp" -> created = time(text(json));
                        case "labels" -> forEachText(json, labels::put);
                        case "annotations" -> forEachText(json, this::readAnnotation);
                        case "ownerReferences" -> forEachObject(json, this::readOwner);
                        default -> skip(json);
                    }
                });
    }

    private void readAnnotation(String key, String value) {
        if (config.annotations().contains(key)) {
            annotations.put(key, value);
        }
        // Of the two only the mirror's annotation is the API's own; the hash is copied from the
        // kubelet's manifest and is the directory's UID.
        if (key.equals(STATIC_POD_HASH)) {
            staticUid = value;
        }
        if (key.equals(MIRROR_OF)) {
            mirror = true;
        }
    }

    private void readOwner(JsonParser json) {
        String[] owner = {"", "", "", ""};
        forEachMemberInside(
                json,
                member -> {
                    switch (member) {
                        case "apiVersion" -> owner[0] = text(json);
                        case "kind" -> owner[1] = text(json);
                        case "name" -> owner[2] = text(json);
                        case "controller" -> owner[3] = text(json);
                        default -> skip(json);
                    }
                });
        if (owner[3].equals("true")) {
            ownerApiVersion = owner[0];
            ownerKind = owner[1];
            ownerName = share(owner[2]);
        }
    }

    private void readSpec(JsonParser json) {
        forEachMember(
                json,
                member -> {
                    switch (member) {
                        case "nodeName" -> nodeName = share(text(json));
                        case "containers", "initContainers", "ephemeralContainers" ->
                                forEachObject(json, this::readContainer);
                        default -> skip(json);
                    }
                });
    }

    private void readContainer(JsonParser json) {
        String[] container = {"", ""};
        forEachMemberInside(
                json,
                member -> {
                    switch (member) {
                        case "name" -> container[0] = text(json);
                        case "image" -> container[1] = text(json);
                        default -> skip(json);
                    }
                });
        images.put(container[0], container[1]);
    }

    private void readStatus(JsonParser json) {
        // In a Status object this member is the word Failure.
        forEachMember(
                json,
                member -> {
                    switch (member) {
                        case "podIP" -> ip = text(json);
                        case "containerStatuses",
                                "initContainerStatuses",
                                "ephemeralContainerStatuses" ->
                                forEachObject(json, this::readContainerStatus);
                        default -> skip(json);
                    }
                });
    }

    private void readContainerStatus(JsonParser json) {
        String[] container = {"", "", ""};
        forEachMemberInside(
                json,
                member -> {
                    switch (member) {
                        case "name" -> container[0] = text(json);
                        case "image" -> container[1] = text(json);
                        case "containerID" -> container[2] = text(json);
                        default -> skip(json);
                    }
                });
        statusImages.put(container[0], container[1]);
        int scheme = container[2].indexOf("://");
        runtimes.put(container[0], scheme < 0 ? "" : container[2].substring(0, scheme));
    }

    private Optional<KnownPod> pod() {
        if (uid.isEmpty() || name.isEmpty() || namespace.isEmpty()) {
            return Optional.empty();
        }
        Map<String, Pod.Container> containers = HashMap.newHashMap(images.size());
        images.forEach(
                (container, image) ->
                        containers.put(
                                share(container),
                                new Pod.Container(
                                        share(
                                                isBareId(image)
                                                        ? statusImages.getOrDefault(
                                                                container, image)
                                                        : image),
                                        share(runtimes.getOrDefault(container, "")))));
        List<Pod.Owner> workload =
                Workload.of(ownerApiVersion, ownerKind, ownerName, labels, created);
        Map<String, String> kept = HashMap.newHashMap(labels.size());
        if (config.labels()) {
            labels.forEach((key, value) -> kept.put(share(key), share(value)));
        }
        Pod pod =
                new Pod(
                        namespace,
                        name,
                        uid,
                        ip,
                        nodeName,
                        kept,
                        annotations,
                        workload,
                        containers);
        // Without the mirror's mark, a hash is only an annotation that anybody can write.
        return Optional.of(new KnownPod(pod, mirror ? staticUid : ""));
    }

    /** An image given by its id says nothing to a person; the status then has a name. */
    private static boolean isBareId(String image) {
        String digits = image.startsWith("sha256:") ? image.substring(7) : image;
        return image.isEmpty()
                || (digits.length() == 64
                        && digits.chars().allMatch(c -> Character.digit(c, 16) >= 0));
    }

    private String share(String value) {
        if (shared.size() >= MOST_SHARED_STRINGS) {
            shared.clear();
        }
        String first = shared.putIfAbsent(value, value);
        return first == null ? value : first;
    }

    private static Optional<Instant> time(String text) {
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(text));
        } catch (DateTimeParseException _) {
            return Optional.empty();
        }
    }

    // --- a little vocabulary over the parser ---

    /** What takes a member's name and must consume its value. */
    interface Member {
        void read(String name);
    }

    /** What takes an element and must consume it to its END_OBJECT. */
    interface Element {
        void read(JsonParser json);
    }

    /** The members of the object that is the current member's value. */
    static void forEachMember(JsonParser json, Member member) {
        if (json.nextToken() == JsonToken.START_OBJECT) {
            forEachMemberInside(json, member);
        } else {
            json.skipChildren();
        }
    }

    /** The members of the object at whose START_OBJECT the parser stands. */
    static void forEachMemberInside(JsonParser json, Member member) {
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            member.read(json.currentName());
        }
    }

    /** The texts in the object that is the current member's value. */
    static void forEachText(JsonParser json, BiConsumer<String, String> pair) {
        forEachMember(json, key -> pair.accept(key, text(json)));
    }

    /** The objects in the array that is the current member's value. */
    static void forEachObject(JsonParser json, Element element) {
        if (json.nextToken() != JsonToken.START_ARRAY) {
            json.skipChildren();
            return;
        }
        for (JsonToken next = json.nextToken();
                next != JsonToken.END_ARRAY;
                next = json.nextToken()) {
            if (next == JsonToken.START_OBJECT) {
                element.read(json);
            } else {
                json.skipChildren();
            }
        }
    }

    /** The current member's value as text; empty for null, objects and arrays. */
    static String text(JsonParser json) {
        return switch (json.nextToken()) {
            case VALUE_STRING, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT, VALUE_TRUE, VALUE_FALSE ->
                    json.getString();
            default -> {
                json.skipChildren();
                yield "";
            }
        };
    }

    /** The current member's value as a number; 0 for anything else. */
    static int number(JsonParser json) {
        if (json.nextToken() == JsonToken.VALUE_NUMBER_INT) {
            return json.getValueAsInt();
        }
        json.skipChildren();
        return 0;
    }

    /** Passes over the current member's value. */
    static void skip(JsonParser json) {
        json.nextToken();
        json.skipChildren();
    }
}
