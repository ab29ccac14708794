package io.sluice.app.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Asks Elasticsearch what it has: not what the agent believes it delivered. */
public final class DemoQuestions implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Pattern COUNT = Pattern.compile("\"count\":(\\d+)");
    private static final Pattern BUCKET =
            Pattern.compile(
                    "\\{\"key\":\\{\"namespace\":\"([^\"]*)\",\"level\":(?:\"([^\"]*)\"|null)\\},"
                            + "\"doc_count\":(\\d+)\\}");
    private static final Pattern HIT =
            Pattern.compile("\\{\"_index\":\"([^\"]+)\",\"_id\":\"([^\"]+)\"\\}");

    private final String url;
    private final String stream;
    private final HttpClient http;

    /**
     * Documents of one namespace and level.
     *
     * @param level empty where the line has none
     */
    public record Group(String namespace, String level, long documents) {}

    /**
     * Nothing is asked yet.
     *
     * @param url of a server without credentials
     * @param stream the data stream of this run, and of nothing else
     */
    public DemoQuestions(URI url, String stream) {
        this.url = url.toString().replaceFirst("/+$", "");
        this.stream = stream;
        this.http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    /** What a person puts behind {@code curl} to ask about the stream. */
    public String address(String path) {
        return url + "/" + stream + path;
    }

    /**
     * Documents in the stream. Each {@code _id} is there once, so that a line sent twice counts
     * once.
     */
    public long count() throws IOException, InterruptedException {
        ask("POST", address("/_refresh"), "");
        String answer = ask("GET", address("/_count"), "");
        Matcher count = COUNT.matcher(answer);
        if (!count.find()) {
            throw new IOException("no count in " + answer);
        }
        return Long.parseLong(count.group(1));
    }

    /** Documents by namespace and level. */
    public List<Group> groups() throws IOException, InterruptedException {
        String answer =
                ask(
                        "POST",
                        address("/_search?filter_path=aggregations.groups.buckets"),
                        """
                        {"size": 0, "aggs": {"groups": {"composite": {"size": 1000, "sources": [
                          {"namespace": {"terms": {"field": "kubernetes.namespace"}}},
                          {"level": {"terms": {"field": "log.level", "missing_bucket": true}}}
                        ]}}}}
                        """);
        List<Group> groups = new ArrayList<>();
        Matcher bucket = BUCKET.matcher(answer);
        while (bucket.find()) {
            String level = bucket.group(2) == null ? "" : bucket.group(2);
            groups.add(new Group(bucket.group(1), level, Long.parseLong(bucket.group(3))));
        }
        return groups;
    }

    /**
     * A document of this container and level, as Elasticsearch indents it.
     *
     * @throws IOException also when there is none
     */
    public String document(String container, String level)
            throws IOException, InterruptedException {
        String answer =
                ask(
                        "POST",
                        address("/_search?filter_path=hits.hits._index,hits.hits._id"),
                        """
                        {"size": 1, "sort": [{"@timestamp": "desc"}], "query": {"bool": {"filter": [
                          {"term": {"kubernetes.container.name": "%s"}},
                          {"term": {"log.level": "%s"}}
                        ]}}}
                        """
                                .formatted(container, level));
        Matcher hit = HIT.matcher(answer);
        if (!hit.find()) {
            throw new IOException("no document of " + container + " with " + level);
        }
        String path = "/" + hit.group(1) + "/_doc/" + hit.group(2);
        return ask("GET", url + path + "?pretty&filter_path=_id,_source", "").strip();
    }

    private String ask(String method, String address, String body)
            throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(address))
                        .timeout(PATIENCE)
                        .header("Content-Type", "application/json")
                        .method(
                                method,
                                body.isEmpty()
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body))
                        .build();
        HttpResponse<String> answer;
        try {
            answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            String reason =
                    Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
            throw new IOException(
                    "Elasticsearch cannot be asked at "
                            + url
                            + " ("
                            + reason
                            + "); start it, or name another with --hosts",
                    e);
        }
        if (answer.statusCode() / 100 != 2) {
            throw new IOException(
                    method + " " + address + ": " + answer.statusCode() + " " + answer.body());
        }
        return answer.body();
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
