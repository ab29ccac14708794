package io.sluice.app.config;

import io.sluice.buffer.BufferConfig;
import io.sluice.elasticsearch.Auth;
import io.sluice.elasticsearch.ElasticsearchConfig;
import io.sluice.elasticsearch.Tls;
import io.sluice.kubernetes.DownwardConfig;
import io.sluice.kubernetes.KubernetesConfig;
import io.sluice.kubernetes.KubernetesConfig.Api;
import io.sluice.kubernetes.KubernetesConfig.Credentials;
import io.sluice.kubernetes.KubernetesConfig.Trust;
import io.sluice.pipeline.PipelineConfig;
import io.sluice.tail.TailConfig;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * From what is written to the rooms' records. A record that refuses a value names its component;
 * the problem is reported at that component's setting, and the record is made again with the
 * setting's default, until it has nothing to refuse.
 */
final class ConfigurationReader {
    /** The buffer's only output; its acknowledged index is kept under this name. */
    private static final String OUTPUT = "elasticsearch";

    /** The pipeline needs bodies of 1 MiB; an excerpt is a quarter of a block, header included. */
    private static final int BLOCK_BYTES = 8 << 20;

    /** What Chronicle needs of a segment at least. */
    private static final long SMALLEST_SEGMENT_BYTES = 2L * BLOCK_BYTES;

    private static final int SEGMENTS = 3;
    private static final long SMALLEST_BUFFER_MIB = (SEGMENTS * SMALLEST_SEGMENT_BYTES) >> 20;
    private static final Duration LOCK_WAIT = Duration.ofSeconds(60);
    private static final URI SOME_HOST = URI.create("http://localhost:9200");
    private static final String SOME_NAME = "name";

    /** Any of them says that plain files are a pod's. */
    private static final List<Setting.Defaulted<?>> POD =
            List.of(
                    Settings.POD_NAMESPACE,
                    Settings.POD_NAME,
                    Settings.POD_UID,
                    Settings.POD_IP,
                    Settings.POD_CONTAINER,
                    Settings.POD_LABELS_FILE,
                    Settings.POD_ANNOTATIONS_FILE);

    private final Written written;
    private final Map<String, String> environment;
    private final Problems problems;

    ConfigurationReader(Written written, Map<String, String> environment, Problems problems) {
        this.written = written;
        this.environment = environment;
        this.problems = problems;
    }

    /** Means something only if no problem was found. */
    AgentConfig read() {
        TailConfig tail = tail();
        Optional<DownwardConfig> pod = pod();
        KubernetesConfig kubernetes = kubernetes();
        BufferConfig buffer = buffer();
        PipelineConfig pipeline = pipeline(kubernetes, buffer);
        ElasticsearchConfig elasticsearch = elasticsearch();
        written.value(Settings.PIPELINE_SCHEMA);
        return build(
                Map.of(
                        "health", Settings.HEALTH_LISTEN,
                        "admin", Settings.ADMIN_LISTEN,
                        "drain", Settings.SHUTDOWN_DRAIN,
                        "stallAfter", Settings.STALL_AFTER),
                () ->
                        new AgentConfig(
                                tail,
                                pod,
                                kubernetes,
                                pipeline,
                                buffer,
                                elasticsearch,
                                written.value(Settings.HEALTH_LISTEN),
                                written.value(Settings.ADMIN_LISTEN),
                                written.value(Settings.SHUTDOWN_DRAIN),
                                written.value(Settings.STALL_AFTER)));
    }

    private TailConfig tail() {
        Optional<Path> containers = written.value(Settings.CONTAINERS_PATH);
        if (containers.isEmpty() && !written.has(Settings.FILES)) {
            written.refuse(Settings.CONTAINERS_PATH, "set it, or files: there is nothing to read");
        }
        TailConfig usual = TailConfig.ofContainers(Path.of("."));
        TailConfig.Rotation rotation = rotation();
        return build(
                Map.of(
                        "containers", Settings.CONTAINERS_PATH,
                        "files", Settings.FILES,
                        "exclude", Settings.CONTAINERS_EXCLUDE,
                        "from", Settings.CONTAINERS_FROM,
                        "maxPinnedBytes", Settings.CONTAINERS_MAX_PINNED),
                () ->
                        new TailConfig(
                                written.value(Settings.CONTAINERS_PATH),
                                written.value(Settings.FILES),
                                written.value(Settings.CONTAINERS_EXCLUDE),
                                written.value(Settings.CONTAINERS_FROM),
                                usual.activeScan(),
                                usual.fullScan(),
                                usual.roundMillis(),
                                usual.chunksPerRound(),
                                usual.chunksInRing(),
                                usual.useInotify(),
                                written.value(Settings.CONTAINERS_MAX_PINNED),
                                rotation));
    }

    private TailConfig.Rotation rotation() {
        return build(
                Map.of(
                        "maxBytes", Settings.CONTAINERS_ROTATION_MAX_SIZE,
                        "maxFiles", Settings.CONTAINERS_ROTATION_MAX_FILES),
                () ->
                        new TailConfig.Rotation(
                                written.value(Settings.CONTAINERS_ROTATION_MAX_SIZE),
                                written.value(Settings.CONTAINERS_ROTATION_MAX_FILES)));
    }

    private Optional<DownwardConfig> pod() {
        if (POD.stream().noneMatch(this::isSaid)) {
            return Optional.empty();
        }
        if (!written.has(Settings.FILES)) {
            problems.about(
                    written.line("pod"),
                    "pod",
                    "says which pod writes the files, but none are read; set files, or remove it");
        }
        Map<String, Setting> settings =
                Map.of(
                        "namespace", Settings.POD_NAMESPACE,
                        "name", Settings.POD_NAME,
                        "uid", Settings.POD_UID,
                        "ip", Settings.POD_IP,
                        "container", Settings.POD_CONTAINER,
                        "labelsFile", Settings.POD_LABELS_FILE,
                        "annotationsFile", Settings.POD_ANNOTATIONS_FILE);
        DownwardConfig config =
                build(
                        settings,
                        () ->
                                new DownwardConfig(
                                        name(Settings.POD_NAMESPACE),
                                        name(Settings.POD_NAME),
                                        written.value(Settings.POD_UID),
                                        written.value(Settings.POD_IP),
                                        written.value(Settings.POD_CONTAINER),
                                        written.value(Settings.POD_LABELS_FILE),
                                        written.value(Settings.POD_ANNOTATIONS_FILE),
                                        written.value(Settings.METADATA_LABELS),
                                        Set.copyOf(written.value(Settings.METADATA_ANNOTATIONS))));
        for (String problem : config.problems()) {
            Setting setting = settings.get(component(problem));
            written.refuse(setting, remedy(problem, setting));
        }
        return Optional.of(config);
    }

    /** What is wrong was meant to say something, too. */
    private boolean isSaid(Setting.Defaulted<?> setting) {
        Object value = written.value(setting);
        return written.isRefused(setting) || !(value.equals("") || value.equals(Optional.empty()));
    }

    private String name(Setting.Defaulted<String> setting) {
        String value = written.value(setting);
        // A problem was reported; the rest is looked at, too.
        return written.isRefused(setting) ? SOME_NAME : value;
    }

    private KubernetesConfig kubernetes() {
        Map<String, Setting> settings =
                Map.of(
                        "api", Settings.KUBERNETES_API,
                        "nodeName", Settings.KUBERNETES_NODE,
                        "tokenFile", Settings.KUBERNETES_TOKEN_FILE,
                        "caFile", Settings.KUBERNETES_CA_FILE,
                        "metadataWait", Settings.METADATA_WAIT,
                        "annotations", Settings.METADATA_ANNOTATIONS);
        KubernetesConfig config =
                build(
                        settings,
                        () -> {
                            Api api = written.value(Settings.KUBERNETES_API);
                            return new KubernetesConfig(
                                    api,
                                    node(api),
                                    credentials(api),
                                    trust(api),
                                    written.value(Settings.METADATA_WAIT),
                                    written.value(Settings.METADATA_LABELS),
                                    Set.copyOf(written.value(Settings.METADATA_ANNOTATIONS)));
                        });
        if (written.isRefused(Settings.KUBERNETES_API)) {
            return config; // What the API needs depends on which one is meant.
        }
        for (String problem : config.problems(environment)) {
            Setting setting = settings.getOrDefault(component(problem), Settings.KUBERNETES_API);
            // Outside of a pod nothing is mounted either: one problem with one remedy, not three.
            if (setting.equals(Settings.KUBERNETES_API)
                    || !written.isRefused(Settings.KUBERNETES_API)) {
                written.refuse(setting, remedy(problem, setting));
            }
        }
        return config;
    }

    /** Without the API nobody needs the node's name, so its variable may be missing. */
    private String node(Api api) {
        return api instanceof Api.Off && written.text(Settings.KUBERNETES_NODE).isEmpty()
                ? ""
                : written.value(Settings.KUBERNETES_NODE);
    }

    private Credentials credentials(Api api) {
        boolean inClear = api instanceof Api.At(URI server) && "http".equals(server.getScheme());
        if (api instanceof Api.Off || (inClear && !written.has(Settings.KUBERNETES_TOKEN_FILE))) {
            return new Credentials.Anonymous(); // kubectl proxy says who we are
        }
        return written.value(Settings.KUBERNETES_TOKEN_FILE)
                .<Credentials>map(Credentials.TokenFile::new)
                .orElseGet(Credentials.Anonymous::new);
    }

    private Trust trust(Api api) {
        boolean inClear = api instanceof Api.At(URI server) && "http".equals(server.getScheme());
        if (api instanceof Api.Off || inClear) {
            return new Trust.Platform();
        }
        return written.value(Settings.KUBERNETES_CA_FILE)
                .<Trust>map(Trust.CaFile::new)
                .orElseGet(Trust.Platform::new);
    }

    private BufferConfig buffer() {
        if (written.value(Settings.BUFFER_MAX_SIZE) < SEGMENTS * SMALLEST_SEGMENT_BYTES) {
            written.refuse(Settings.BUFFER_MAX_SIZE, "set at least " + SMALLEST_BUFFER_MIB + "MiB");
        }
        return build(
                Map.of(
                        "maxSize", Settings.BUFFER_MAX_SIZE,
                        "minFree", Settings.BUFFER_MIN_FREE,
                        "sync", Settings.BUFFER_SYNC),
                () -> {
                    Path path = written.value(Settings.BUFFER_PATH);
                    long maxSizeBytes = written.value(Settings.BUFFER_MAX_SIZE);
                    BufferConfig usual = BufferConfig.of(path, List.of(OUTPUT));
                    // A small buffer has small segments, so that there is always one to fill, one
                    // to send and one to delete.
                    long segmentBytes =
                            Math.clamp(
                                    maxSizeBytes / SEGMENTS,
                                    SMALLEST_SEGMENT_BYTES,
                                    usual.segmentBytes());
                    return new BufferConfig(
                            path,
                            maxSizeBytes,
                            written.value(Settings.BUFFER_MIN_FREE),
                            written.value(Settings.BUFFER_WHEN_FULL),
                            written.value(Settings.BUFFER_SYNC),
                            segmentBytes,
                            BLOCK_BYTES,
                            List.of(OUTPUT),
                            LOCK_WAIT);
                });
    }

    private PipelineConfig pipeline(KubernetesConfig kubernetes, BufferConfig buffer) {
        return build(
                Map.of(
                        "encoders", Settings.PIPELINE_THREADS,
                        "linger", Settings.PIPELINE_LINGER,
                        "compression", Settings.PIPELINE_GZIP,
                        "maxRecordBytes", Settings.PIPELINE_MAX_RECORD,
                        "openRecordBytes", Settings.PIPELINE_OPEN_RECORDS,
                        "maxFields", Settings.PARSE_MAX_FIELDS,
                        "target", Settings.PARSE_TARGET,
                        "dataset", Settings.DATASET,
                        "namespace", Settings.NAMESPACE),
                () -> {
                    int encoders = written.value(Settings.PIPELINE_THREADS);
                    PipelineConfig usual = PipelineConfig.defaults(1, buffer.maxBodyBytes());
                    return new PipelineConfig(
                            encoders,
                            usual.ringSlots(),
                            usual.chunkBytes(),
                            written.value(Settings.PIPELINE_LINGER),
                            usual.maxBatchBytes(),
                            usual.maxCompressedBytes(),
                            written.value(Settings.PIPELINE_GZIP),
                            written.value(Settings.PIPELINE_MAX_RECORD),
                            written.value(Settings.PIPELINE_OPEN_RECORDS),
                            written.value(Settings.PARSE_MAX_FIELDS),
                            written.value(Settings.PARSE_FORMAT),
                            written.value(Settings.PARSE_TARGET),
                            written.value(Settings.CLUSTER),
                            kubernetes.nodeName(),
                            written.value(Settings.DATASET),
                            written.value(Settings.NAMESPACE));
                });
    }

    private ElasticsearchConfig elasticsearch() {
        if (!written.has(Settings.HOSTS)) {
            problems.about(
                    written.line(Settings.HOSTS.name()),
                    Settings.HOSTS.name(),
                    "is not set; set at least one URL, such as [\"https://elasticsearch:9200\"]");
        } else if (written.isEmptyList(Settings.HOSTS)) {
            written.refuse(
                    Settings.HOSTS,
                    "is empty; set at least one URL, such as [\"https://elasticsearch:9200\"]");
        }
        ElasticsearchSecrets secrets = new ElasticsearchSecrets(written, problems);
        Auth auth = secrets.auth();
        Tls tls = secrets.tls();
        secrets.checkHeaders();
        return build(
                Map.of(
                        "hosts", Settings.HOSTS,
                        "headers", Settings.HEADERS,
                        "dataset", Settings.DATASET,
                        "namespace", Settings.NAMESPACE),
                () -> {
                    List<URI> hosts = new ArrayList<>(written.value(Settings.HOSTS));
                    if (hosts.isEmpty()) {
                        hosts.add(SOME_HOST); // A problem was reported; the rest is looked at, too.
                    }
                    return new ElasticsearchConfig(
                            hosts,
                            auth,
                            tls,
                            written.value(Settings.HEADERS),
                            written.value(Settings.INGEST_PIPELINE),
                            written.value(Settings.DATASET),
                            written.value(Settings.NAMESPACE),
                            written.value(Settings.SETUP_TEMPLATE));
                });
    }

    /**
     * Makes a record; what it refuses is reported.
     *
     * @param settings by the components that the record's messages begin with
     */
    private <R> R build(Map<String, Setting> settings, Supplier<R> constructor) {
        while (true) {
            try {
                return constructor.get();
            } catch (IllegalArgumentException refusal) {
                Setting setting = settings.get(component(refusal.getMessage()));
                if (setting == null || written.isRefused(setting)) {
                    throw refusal; // Not the operator's: a default, or a size of our own.
                }
                // The default as the file would have it is added again.
                String message =
                        refusal.getMessage().replaceFirst(", or remove it for the default .*", "");
                written.refuse(setting, remedy(message, setting));
            }
        }
    }

    private static String component(String message) {
        return message.split(" ", 2)[0];
    }

    /** What a record's message says beyond component and value. */
    private String remedy(String message, Setting setting) {
        if (!(setting instanceof Setting.Defaulted<?> one)) {
            return message.split(" ", 2)[1];
        }
        String text = written.text(one).orElse("");
        String known = component(message) + " is " + text;
        return !text.isEmpty() && message.startsWith(known)
                ? message.substring(known.length()).replaceFirst("^[,;]? ?", "")
                : message.substring(message.indexOf("; ") + 2);
    }
}
