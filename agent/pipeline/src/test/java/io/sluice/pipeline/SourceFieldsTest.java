package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.pipeline.Pod.Container;
import io.sluice.pipeline.Pod.Owner;
import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.LogSource;
import io.sluice.tail.SourceOrigin;

import org.junit.jupiter.api.Test;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** The whole document: every field of a line whose pod is known, and what is left without one. */
class SourceFieldsTest {
    private static final String TIME = "2026-11-23T10:34:26.906140354Z";

    @Test
    void aLineOfAKnownPodSaysAllThatIsKnown() {
        Map<String, String> labels = new LinkedHashMap<>();
        labels.put("app.kubernetes.io/name", "cart");
        labels.put("app", "cart");
        Pod pod =
                new Pod(
                        "shop",
                        "cart-1",
                        "uid-of-the-api",
                        "10.244.0.7",
                        "node-of-the-api",
                        labels,
                        Map.of("example.com/team", "blue"),
                        List.of(
                                new Owner("deployment", "cart"),
                                new Owner("replicaset", "cart-7d")),
                        Map.of("app", new Container("registry.example/cart:1.4", "containerd")));

        Map<String, String> document =
                document(
                        config("prod", "node-1"),
                        container -> Optional.of(pod),
                        FedEncoder.container("shop_cart-1_uid-1/app"));

        assertThat(document)
                .containsExactlyInAnyOrderEntriesOf(
                        Map.ofEntries(
                                Map.entry("@timestamp", TIME),
                                Map.entry("message", "hello"),
                                Map.entry("stream", "stderr"),
                                Map.entry("log.offset", "0"),
                                Map.entry("log.file.path", "/logs/0.log"),
                                Map.entry("event.dataset", "kubernetes.container_logs"),
                                Map.entry("data_stream.type", "logs"),
                                Map.entry("data_stream.dataset", "kubernetes.container_logs"),
                                Map.entry("data_stream.namespace", "default"),
                                Map.entry("ecs.version", "8.17.0"),
                                Map.entry("kubernetes.namespace", "shop"),
                                Map.entry("kubernetes.pod.name", "cart-1"),
                                Map.entry("kubernetes.pod.uid", "uid-of-the-api"),
                                Map.entry("kubernetes.pod.ip", "10.244.0.7"),
                                Map.entry("kubernetes.container.name", "app"),
                                Map.entry("kubernetes.container.restart_count", "0"),
                                Map.entry("kubernetes.node.name", "node-of-the-api"),
                                Map.entry("kubernetes.deployment.name", "cart"),
                                Map.entry("kubernetes.replicaset.name", "cart-7d"),
                                Map.entry("kubernetes.labels.app", "cart"),
                                Map.entry("kubernetes.labels.app_kubernetes_io~1name", "cart"),
                                Map.entry("kubernetes.annotations.example_com~1team", "blue"),
                                Map.entry("container.id", "c0ffee"),
                                Map.entry("container.runtime", "containerd"),
                                Map.entry("container.image.name", "registry.example/cart:1.4"),
                                Map.entry("orchestrator.cluster.name", "prod"),
                                Map.entry("host.name", "node-1")));
    }

    @Test
    void aLineOfAnUnknownPodSaysWhatItsPathDoes() {
        Map<String, String> document =
                document(
                        config("", ""),
                        PodDirectory.NONE,
                        FedEncoder.container("shop_cart-1_uid-1/app"));

        assertThat(document)
                .containsEntry("kubernetes.namespace", "shop")
                .containsEntry("kubernetes.pod.name", "cart-1")
                .containsEntry("kubernetes.pod.uid", "uid-1")
                .containsEntry("kubernetes.container.name", "app")
                .containsEntry("container.id", "c0ffee")
                .doesNotContainKeys(
                        "kubernetes.pod.ip",
                        "kubernetes.node.name",
                        "container.image.name",
                        "orchestrator.cluster.name",
                        "host.name")
                .allSatisfy((field, _) -> assertThat(field).doesNotContain("labels"));
    }

    @Test
    void aLineSaysWhichRunOfItsContainerWroteIt() {
        FedEncoder fed = new FedEncoder(config("", ""), PodDirectory.NONE);
        LogSource source = FedEncoder.container("shop_cart-1_uid-1/app");
        String line = TIME + " stderr F hello\n";
        fed.feed(source, FedEncoder.generation(1, 3, Start.FIRST), 0, line, End.OPEN);
        fed.feed(source, FedEncoder.generation(2, 3, Start.CONTINUES), 0, line, End.OPEN);
        fed.feed(source, FedEncoder.generation(3, 4, Start.BREAKS), 0, line, End.OPEN);
        fed.shutDown();

        assertThat(fed.appended.documents())
                .extracting(document -> document.fields().get("kubernetes.container.restart_count"))
                .containsExactly("3", "3", "4");
    }

    @Test
    void aPlainFilesLineHasNoPod() {
        Map<String, String> document =
                document(config("", "node-1"), PodDirectory.NONE, FedEncoder.file("/var/log/x"));

        assertThat(document)
                .containsEntry("host.name", "node-1")
                .allSatisfy((field, _) -> assertThat(field).doesNotStartWith("kubernetes"));
    }

    @Test
    void aPlainFilesLineIsOfThePodThatWritesIt() {
        Pod pod = sidecarsPod("1.4");
        SourceOrigin.Container writer = new SourceOrigin.Container("shop", "cart-1", "uid-1", "");

        Map<String, String> document =
                document(
                        config("", "node-1"),
                        writing(writer, () -> pod),
                        FedEncoder.file("/logs/x"));

        assertThat(document)
                .containsEntry("message", TIME + " stderr F hello")
                .containsEntry("kubernetes.namespace", "shop")
                .containsEntry("kubernetes.pod.name", "cart-1")
                .containsEntry("kubernetes.pod.uid", "uid-1")
                .containsEntry("kubernetes.pod.ip", "10.244.0.7")
                .containsEntry("kubernetes.node.name", "node-1")
                .containsEntry("kubernetes.labels.version", "1.4")
                .allSatisfy((field, _) -> assertThat(field).doesNotContain("container.name"));
    }

    @Test
    void aPlainFilesBodyCannotSayWhoWroteIt() {
        FedEncoder fed =
                new FedEncoder(
                        config("", "node-1"),
                        writing(FedEncoder.CONTAINER, () -> sidecarsPod("1.4")));
        String body =
                """
                {"@timestamp":"2026-11-24T08:00:00Z","log.level":"info","message":"hello",\
                "kubernetes":{"namespace":"bank","labels":{"a":"b"}},\
                "kubernetes.pod.name":"vault","host":{"name":"other"}}
                """;
        fed.feed(
                FedEncoder.file("/logs/x"),
                FedEncoder.generation(1, 0, Start.FIRST),
                0,
                body,
                End.OPEN);
        fed.shutDown();

        assertThat(fed.appended.documents().getFirst().fields())
                .containsEntry("message", "hello")
                .containsEntry("kubernetes.namespace", "shop")
                .containsEntry("kubernetes.pod.name", "cart-1")
                .containsEntry("kubernetes.container.name", "app")
                .containsEntry("host.name", "node-1")
                .containsEntry("kubernetes.labels.version", "1.4")
                .doesNotContainKeys("kubernetes.labels.a", "kubernetes.container.restart_count")
                // It may say what it likes in a place of its own.
                .containsEntry("app.kubernetes.namespace", "bank")
                .containsEntry("app.kubernetes.pod.name", "vault");
    }

    @Test
    void aChangeOfThePodIsSeenInThePlainFilesNextLine() {
        AtomicReference<Pod> pod = new AtomicReference<>(sidecarsPod("1.4"));
        FedEncoder fed = new FedEncoder(config("", ""), writing(FedEncoder.CONTAINER, pod::get));
        LogSource source = FedEncoder.file("/logs/x");
        fed.feed(source, FedEncoder.generation(1, 0, Start.FIRST), 0, "a\n", End.OPEN);
        pod.set(sidecarsPod("1.5"));
        fed.feed(source, FedEncoder.generation(1, 0, Start.FIRST), 2, "b\n", End.OPEN);
        fed.shutDown();

        assertThat(fed.appended.documents())
                .extracting(document -> document.fields().get("kubernetes.labels.version"))
                .containsExactly("1.4", "1.5");
    }

    /** All plain files are written by that container. */
    private static PodDirectory writing(SourceOrigin.Container writer, Supplier<Pod> pod) {
        return new PodDirectory() {
            @Override
            public Optional<Pod> find(SourceOrigin.Container origin) {
                return origin.equals(writer) ? Optional.of(pod.get()) : Optional.empty();
            }

            @Override
            public Optional<SourceOrigin.Container> writer(SourceOrigin.File file) {
                return Optional.of(writer);
            }
        };
    }

    private static Pod sidecarsPod(String version) {
        return new Pod(
                "shop",
                "cart-1",
                "uid-1",
                "10.244.0.7",
                "",
                Map.of("version", version),
                Map.of(),
                List.of(),
                Map.of());
    }

    @Test
    void ofLabelsThatAreAlikeWithoutDotsOneIsKept() {
        Pod pod =
                new Pod(
                        "shop",
                        "cart-1",
                        "uid",
                        "",
                        "",
                        Map.of("a.b", "dot", "a_b", "line", "a", "short"),
                        Map.of(),
                        List.of(),
                        Map.of());

        assertThat(
                        document(
                                config("", ""),
                                container -> Optional.of(pod),
                                FedEncoder.container("shop_cart-1_uid-1/app")))
                .containsEntry("kubernetes.labels.a", "short")
                .containsEntry("kubernetes.labels.a_b", "dot");
    }

    private static Map<String, String> document(
            PipelineConfig config, PodDirectory pods, LogSource source) {
        FedEncoder fed = new FedEncoder(config, pods);
        String line = TIME + " stderr F hello\n";
        fed.feed(source, FedEncoder.generation(1, 0, Start.FIRST), 0, line, End.OPEN);
        fed.shutDown();
        return fed.appended.documents().getFirst().fields();
    }

    private static PipelineConfig config(String cluster, String node) {
        PipelineConfig base = FedEncoder.config();
        return new PipelineConfig(
                base.encoders(),
                base.ringSlots(),
                base.chunkBytes(),
                base.linger(),
                base.maxBatchBytes(),
                base.maxCompressedBytes(),
                base.compression(),
                base.maxRecordBytes(),
                base.openRecordBytes(),
                base.maxFields(),
                base.parse(),
                base.target(),
                cluster,
                node,
                base.dataset(),
                base.namespace());
    }
}
