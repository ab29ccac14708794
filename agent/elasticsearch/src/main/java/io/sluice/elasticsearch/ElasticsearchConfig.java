package io.sluice.elasticsearch;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where documents go, and as whom.
 *
 * @param hosts nodes of one cluster, {@code http(s)://host:port}, or one path prefix behind each
 * @param auth who the agent is
 * @param tls means nothing for {@code http}
 * @param headers sent with every request
 * @param pipeline ingest pipeline of every bulk request; empty for the index's own
 * @param dataset {@code data_stream.dataset}: what the index template is for
 * @param namespace {@code data_stream.namespace}
 * @param setupTemplate whether the index template is put at the start
 */
public record ElasticsearchConfig(
        List<URI> hosts,
        Auth auth,
        Tls tls,
        Map<String, String> headers,
        String pipeline,
        String dataset,
        String namespace,
        SetupTemplate setupTemplate) {

    private static final Set<String> OUR_HEADERS =
            Set.of("authorization", "content-type", "content-encoding", "content-length", "host");

    /** What the agent does about its index template at the start. */
    public enum SetupTemplate {
        /** Puts it unless this version of it, or a later one, is there. */
        PUT,
        /** Leaves templates to somebody else. */
        LEAVE
    }

    public ElasticsearchConfig {
        hosts = List.copyOf(hosts);
        headers = Map.copyOf(headers);
        if (hosts.isEmpty()) {
            throw new IllegalArgumentException(
                    "hosts is empty; set at least one, such as https://elasticsearch:9200");
        }
        hosts.forEach(ElasticsearchConfig::check);
        Set<String> prefixes = new TreeSet<>();
        hosts.forEach(host -> prefixes.add(pathPrefix(host)));
        if (prefixes.size() > 1) {
            throw new IllegalArgumentException(
                    "hosts have different paths, " + prefixes + "; give all of them the same");
        }
        for (String name : headers.keySet()) {
            if (OUR_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException(
                        "headers has "
                                + name
                                + ", which the agent sets itself; remove it"
                                + " (credentials belong in auth)");
            }
        }
    }

    /** Everything but the hosts as it is by default. */
    public static ElasticsearchConfig of(List<URI> hosts) {
        return new ElasticsearchConfig(
                hosts,
                new Auth.None(),
                Tls.PLATFORM,
                Map.of(),
                "",
                "kubernetes.container_logs",
                "default",
                SetupTemplate.PUT);
    }

    /** The same with another ingest pipeline. */
    public ElasticsearchConfig withPipeline(String other) {
        return new ElasticsearchConfig(
                hosts, auth, tls, headers, other, dataset, namespace, setupTemplate);
    }

    /** Without the headers' values: a gateway's key may be among them. */
    @Override
    public String toString() {
        return "ElasticsearchConfig[hosts="
                + hosts
                + ", auth="
                + auth
                + ", tls="
                + tls
                + ", headers="
                + new TreeSet<>(headers.keySet())
                + ", pipeline="
                + pipeline
                + ", dataset="
                + dataset
                + ", namespace="
                + namespace
                + ", setupTemplate="
                + setupTemplate
                + "]";
    }

    /** The path that comes before each request's; empty for none. */
    String pathPrefix() {
        return pathPrefix(hosts.getFirst());
    }

    private static String pathPrefix(URI host) {
        return host.getPath() == null ? "" : host.getPath().replaceAll("/+$", "");
    }

    private static void check(URI host) {
        if (!("http".equals(host.getScheme()) || "https".equals(host.getScheme()))
                || host.getHost() == null
                || host.getRawQuery() != null
                || host.getRawFragment() != null) {
            throw new IllegalArgumentException(
                    "hosts has \"" + withoutUser(host) + "\"; write http(s)://host:port");
        }
        if (host.getRawUserInfo() != null) {
            throw new IllegalArgumentException(
                    "hosts has \""
                            + withoutUser(host)
                            + "\" with a user in it; put user and password into auth.basic");
        }
    }

    private static String withoutUser(URI host) {
        return host.toString().replaceFirst("//[^@/]*@", "//");
    }
}
