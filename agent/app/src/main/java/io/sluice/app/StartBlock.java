package io.sluice.app;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.config.HostPort;
import io.sluice.elasticsearch.Auth;
import io.sluice.elasticsearch.BulkSender;
import io.sluice.elasticsearch.ElasticsearchConfig;
import io.sluice.kubernetes.DownwardConfig;
import io.sluice.kubernetes.KubernetesConfig;
import io.sluice.pipeline.Pipeline;
import io.sluice.pipeline.PipelineConfig;
import io.sluice.tail.TailConfig;

import java.util.StringJoiner;

/** What an agent says at its start: what it reads, where that goes, what it may take. */
final class StartBlock {
    private StartBlock() {}

    /**
     * @param health where the health pages are; with the port that the system chose for port 0
     * @param admin likewise the operator's pages
     */
    static String of(AgentConfig config, Pipeline pipeline, HostPort health, HostPort admin) {
        StringJoiner block = new StringJoiner("\n  ");
        block.add("Sluice " + Sluice.version() + " on Java " + Runtime.version());
        block.add("reads    " + sources(config.tail()));
        config.pod().ifPresent(pod -> block.add("files    " + writer(pod)));
        block.add("asks     " + kubernetes(config.kubernetes()));
        block.add("encodes  " + encoding(config.pipeline(), pipeline));
        block.add(
                "buffers  in "
                        + config.buffer().directory()
                        + ", at most "
                        + mebibytes(config.buffer().maxSizeBytes())
                        + ", leaving "
                        + mebibytes(config.buffer().minFreeBytes())
                        + " of the disk free");
        block.add("delivers " + delivery(config.elasticsearch(), config.pipeline()));
        long deliveryBytes =
                BulkSender.memoryBytes(
                        config.pipeline().maxCompressedBytes(), pipeline.largestBatchBytes());
        block.add(
                "memory   at most "
                        + mebibytes(pipeline.memoryBytes() + deliveryBytes)
                        + ": "
                        + mebibytes(pipeline.memoryBytes())
                        + " for chunks, batches and open records, "
                        + mebibytes(deliveryBytes)
                        + " for requests and answers; heap at most "
                        + mebibytes(Runtime.getRuntime().maxMemory()));
        block.add("answers  health on " + health + ", admin on " + admin);
        return block.toString();
    }

    private static String sources(TailConfig tail) {
        StringJoiner sources = new StringJoiner(" and ");
        tail.containers().ifPresent(folder -> sources.add(folder + "/*.log"));
        tail.files().forEach(file -> sources.add(file.toString()));
        String from =
                switch (tail.from()) {
                    case TailConfig.From.Beginning() -> "from the beginning";
                    case TailConfig.From.Now() -> "from now on";
                    case TailConfig.From.Within(var age) -> "of the last " + age.toSeconds() + " s";
                };
        String excluded = tail.exclude().isEmpty() ? "" : ", without " + tail.exclude();
        return sources + ", unknown files " + from + excluded;
    }

    private static String writer(DownwardConfig pod) {
        return "are of pod "
                + pod.namespace()
                + "/"
                + pod.name()
                + (pod.container().isEmpty() ? "" : ", container " + pod.container());
    }

    private static String kubernetes(KubernetesConfig kubernetes) {
        return switch (kubernetes.api()) {
            case KubernetesConfig.Api.Off() ->
                    "nobody about pods (kubernetes.api: off); documents carry what the path says";
            case KubernetesConfig.Api.InCluster() ->
                    "the cluster's API server about the pods of " + kubernetes.nodeName();
            case KubernetesConfig.Api.At(var server) ->
                    server + " about the pods of " + kubernetes.nodeName();
        };
    }

    private static String encoding(PipelineConfig config, Pipeline pipeline) {
        return "with "
                + config.encoders()
                + (config.encoders() == 1 ? " thread, " : " threads, ")
                + pipeline.gzipName()
                + ", batches of "
                + mebibytes(config.maxBatchBytes())
                + " or "
                + config.linger().toMillis()
                + " ms";
    }

    private static String delivery(ElasticsearchConfig config, PipelineConfig pipeline) {
        String as =
                switch (config.auth()) {
                    case Auth.None() -> "without credentials";
                    case Auth.Basic(String username, var _) -> "as the user " + username;
                    case Auth.ApiKey(var _) -> "with an API key";
                    case Auth.Bearer(var _) -> "with a bearer token";
                };
        return "to " + pipeline.dataStream() + " at " + config.hosts() + " " + as;
    }

    private static String mebibytes(long bytes) {
        return bytes / (1 << 20) + " MiB";
    }
}
