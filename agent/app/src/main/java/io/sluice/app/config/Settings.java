package io.sluice.app.config;

import io.sluice.app.config.Setting.Bare;
import io.sluice.app.config.Setting.Defaulted;
import io.sluice.app.config.Setting.Entries;
import io.sluice.app.config.Setting.Listed;
import io.sluice.app.config.Setting.Mapped;
import io.sluice.buffer.BufferConfig.Sync;
import io.sluice.buffer.BufferConfig.WhenFull;
import io.sluice.elasticsearch.ElasticsearchConfig.SetupTemplate;
import io.sluice.elasticsearch.Secret;
import io.sluice.kubernetes.KubernetesConfig;
import io.sluice.pipeline.PipelineConfig.BodyFormat;
import io.sluice.pipeline.PipelineConfig.Compression;
import io.sluice.tail.TailConfig.From;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Every setting there is, with its type and default, in the order of the documentation. */
final class Settings {
    static final Defaulted<String> CLUSTER = new Defaulted<>("cluster", Type.TEXT, "");

    static final Defaulted<Optional<Path>> CONTAINERS_PATH =
            new Defaulted<>("containers.path", Type.PATH_OR_NONE, "/var/log/containers");
    static final Defaulted<From> CONTAINERS_FROM =
            new Defaulted<>("containers.from", Type.FROM, "beginning");
    static final Listed<String> CONTAINERS_EXCLUDE =
            new Listed<>("containers.exclude", Type.POD_GLOB);

    static final Defaulted<Long> CONTAINERS_MAX_PINNED =
            new Defaulted<>("containers.maxPinned", Type.SIZE, "1GiB");
    static final Defaulted<Long> CONTAINERS_ROTATION_MAX_SIZE =
            new Defaulted<>("containers.rotation.maxSize", Type.SIZE, "10MiB");
    static final Defaulted<Integer> CONTAINERS_ROTATION_MAX_FILES =
            new Defaulted<>("containers.rotation.maxFiles", Type.NUMBER, "5");

    static final Entries<Path> FILES = new Entries<>("files", "path", Type.LOG_FILES);

    static final Defaulted<String> POD_NAMESPACE = new Defaulted<>("pod.namespace", Type.TEXT, "");
    static final Defaulted<String> POD_NAME = new Defaulted<>("pod.name", Type.TEXT, "");
    static final Defaulted<String> POD_UID = new Defaulted<>("pod.uid", Type.TEXT, "");
    static final Defaulted<String> POD_IP = new Defaulted<>("pod.ip", Type.TEXT, "");
    static final Defaulted<String> POD_CONTAINER = new Defaulted<>("pod.container", Type.TEXT, "");
    static final Defaulted<Optional<Path>> POD_LABELS_FILE =
            new Defaulted<>("pod.labelsFile", Type.PATH_OR_NONE, "");
    static final Defaulted<Optional<Path>> POD_ANNOTATIONS_FILE =
            new Defaulted<>("pod.annotationsFile", Type.PATH_OR_NONE, "");

    static final Defaulted<KubernetesConfig.Api> KUBERNETES_API =
            new Defaulted<>("kubernetes.api", Type.API, "inCluster");
    static final Defaulted<String> KUBERNETES_NODE =
            new Defaulted<>("kubernetes.node", Type.TEXT, "${NODE_NAME}");
    static final Defaulted<Optional<Path>> KUBERNETES_TOKEN_FILE =
            new Defaulted<>(
                    "kubernetes.tokenFile",
                    Type.PATH_OR_NONE,
                    KubernetesConfig.TOKEN_FILE.toString());
    static final Defaulted<Optional<Path>> KUBERNETES_CA_FILE =
            new Defaulted<>(
                    "kubernetes.caFile", Type.PATH_OR_NONE, KubernetesConfig.CA_FILE.toString());

    static final Defaulted<Duration> METADATA_WAIT =
            new Defaulted<>("metadata.wait", Type.DURATION, "5s");
    static final Defaulted<Boolean> METADATA_LABELS =
            new Defaulted<>("metadata.labels", Type.SWITCH, "true");
    static final Listed<String> METADATA_ANNOTATIONS =
            new Listed<>("metadata.annotations", Type.KEY);

    static final Defaulted<BodyFormat> PARSE_FORMAT =
            new Defaulted<>(
                    "parse.format",
                    Type.choice(
                            List.of("auto", "json", "plain"),
                            word -> BodyFormat.valueOf(word.toUpperCase(Locale.ROOT))),
                    "auto");
    static final Defaulted<String> PARSE_TARGET = new Defaulted<>("parse.target", Type.TEXT, "app");
    static final Defaulted<Integer> PARSE_MAX_FIELDS =
            new Defaulted<>("parse.maxFields", Type.NUMBER, "1000");

    static final Defaulted<Integer> PIPELINE_THREADS =
            new Defaulted<>("pipeline.threads", Type.THREADS, "auto");
    static final Defaulted<Duration> PIPELINE_LINGER =
            new Defaulted<>("pipeline.linger", Type.DURATION, "200ms");
    static final Defaulted<String> PIPELINE_SCHEMA =
            new Defaulted<>(
                    "pipeline.schema", Type.choice(List.of("ecs"), schema -> schema), "ecs");
    static final Defaulted<Compression> PIPELINE_GZIP =
            new Defaulted<>(
                    "pipeline.gzip",
                    Type.choice(
                            List.of("auto", "igzip", "deflater"),
                            word -> Compression.valueOf(word.toUpperCase(Locale.ROOT))),
                    "auto");
    static final Defaulted<Integer> PIPELINE_MAX_RECORD =
            new Defaulted<>("pipeline.maxRecord", Type.SIZE_BELOW_2_GIB, "1MiB");
    static final Defaulted<Long> PIPELINE_OPEN_RECORDS =
            new Defaulted<>("pipeline.openRecords", Type.SIZE, "16MiB");

    static final Defaulted<Path> BUFFER_PATH =
            new Defaulted<>("buffer.path", Type.PATH, "/var/lib/sluice");
    static final Defaulted<Long> BUFFER_MAX_SIZE =
            new Defaulted<>("buffer.maxSize", Type.SIZE, "2GiB");
    static final Defaulted<Long> BUFFER_MIN_FREE =
            new Defaulted<>("buffer.minFree", Type.SIZE, "1GiB");
    static final Defaulted<WhenFull> BUFFER_WHEN_FULL =
            new Defaulted<>(
                    "buffer.whenFull",
                    Type.choice(
                            List.of("block", "dropOldest"),
                            word -> word.equals("block") ? WhenFull.BLOCK : WhenFull.DROP_OLDEST),
                    "block");
    static final Defaulted<Sync> BUFFER_SYNC = new Defaulted<>("buffer.sync", Type.SYNC, "1s");

    static final Listed<URI> HOSTS = new Listed<>("elasticsearch.hosts", Type.URL);
    static final Bare<Secret> AUTH_API_KEY = new Bare<>("elasticsearch.auth.apiKey", Type.SECRET);
    static final Bare<Path> AUTH_API_KEY_FILE =
            new Bare<>("elasticsearch.auth.apiKeyFile", Type.PATH);
    static final Bare<String> AUTH_USERNAME =
            new Bare<>("elasticsearch.auth.basic.username", Type.USER);
    static final Bare<Secret> AUTH_PASSWORD =
            new Bare<>("elasticsearch.auth.basic.password", Type.SECRET);
    static final Bare<Path> AUTH_PASSWORD_FILE =
            new Bare<>("elasticsearch.auth.basic.passwordFile", Type.PATH);
    static final Bare<Secret> AUTH_BEARER = new Bare<>("elasticsearch.auth.bearer", Type.SECRET);
    static final Bare<Path> AUTH_BEARER_FILE =
            new Bare<>("elasticsearch.auth.bearerFile", Type.PATH);
    static final Bare<Path> TLS_CA_FILE = new Bare<>("elasticsearch.tls.caFile", Type.PATH);
    static final Bare<Path> TLS_CERTIFICATE_FILE =
            new Bare<>("elasticsearch.tls.certificateFile", Type.PATH);
    static final Bare<Path> TLS_KEY_FILE = new Bare<>("elasticsearch.tls.keyFile", Type.PATH);
    static final Mapped HEADERS = new Mapped("elasticsearch.headers");
    static final Defaulted<String> INGEST_PIPELINE =
            new Defaulted<>("elasticsearch.pipeline", Type.TEXT, "");
    static final Defaulted<String> DATASET =
            new Defaulted<>(
                    "elasticsearch.dataStream.dataset", Type.TEXT, "kubernetes.container_logs");
    static final Defaulted<String> NAMESPACE =
            new Defaulted<>("elasticsearch.dataStream.namespace", Type.TEXT, "default");
    static final Defaulted<SetupTemplate> SETUP_TEMPLATE =
            new Defaulted<>(
                    "elasticsearch.setupTemplate",
                    Type.choice(
                            List.of("true", "false"),
                            word -> word.equals("true") ? SetupTemplate.PUT : SetupTemplate.LEAVE),
                    "true");

    static final Defaulted<HostPort> HEALTH_LISTEN =
            new Defaulted<>("health.listen", Type.ADDRESS, "0.0.0.0:2021");
    static final Defaulted<HostPort> ADMIN_LISTEN =
            new Defaulted<>("admin.listen", Type.ADDRESS, "127.0.0.1:2022");
    static final Defaulted<Duration> SHUTDOWN_DRAIN =
            new Defaulted<>("shutdown.drain", Type.DURATION, "5s");
    static final Defaulted<Duration> STALL_AFTER =
            new Defaulted<>("stall.after", Type.DURATION, "5m");

    static final List<Setting> ALL =
            List.of(
                    CLUSTER,
                    CONTAINERS_PATH,
                    CONTAINERS_FROM,
                    CONTAINERS_EXCLUDE,
                    CONTAINERS_MAX_PINNED,
                    CONTAINERS_ROTATION_MAX_SIZE,
                    CONTAINERS_ROTATION_MAX_FILES,
                    FILES,
                    POD_NAMESPACE,
                    POD_NAME,
                    POD_UID,
                    POD_IP,
                    POD_CONTAINER,
                    POD_LABELS_FILE,
                    POD_ANNOTATIONS_FILE,
                    KUBERNETES_API,
                    KUBERNETES_NODE,
                    KUBERNETES_TOKEN_FILE,
                    KUBERNETES_CA_FILE,
                    METADATA_WAIT,
                    METADATA_LABELS,
                    METADATA_ANNOTATIONS,
                    PARSE_FORMAT,
                    PARSE_TARGET,
                    PARSE_MAX_FIELDS,
                    PIPELINE_THREADS,
                    PIPELINE_LINGER,
                    PIPELINE_SCHEMA,
                    PIPELINE_GZIP,
                    PIPELINE_MAX_RECORD,
                    PIPELINE_OPEN_RECORDS,
                    BUFFER_PATH,
                    BUFFER_MAX_SIZE,
                    BUFFER_MIN_FREE,
                    BUFFER_WHEN_FULL,
                    BUFFER_SYNC,
                    HOSTS,
                    AUTH_API_KEY,
                    AUTH_API_KEY_FILE,
                    AUTH_USERNAME,
                    AUTH_PASSWORD,
                    AUTH_PASSWORD_FILE,
                    AUTH_BEARER,
                    AUTH_BEARER_FILE,
                    TLS_CA_FILE,
                    TLS_CERTIFICATE_FILE,
                    TLS_KEY_FILE,
                    HEADERS,
                    INGEST_PIPELINE,
                    DATASET,
                    NAMESPACE,
                    SETUP_TEMPLATE,
                    HEALTH_LISTEN,
                    ADMIN_LISTEN,
                    SHUTDOWN_DRAIN,
                    STALL_AFTER);

    private Settings() {}
}
