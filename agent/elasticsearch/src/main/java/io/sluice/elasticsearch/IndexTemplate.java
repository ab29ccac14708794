package io.sluice.elasticsearch;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The composable index template of our data stream. Priority 250: Fleet's templates for {@code
 * logs-*-*} have 200, the server's own {@code logs} has 100, and equal ones are refused.
 *
 * <p>What the application wrote ({@code app}) may be anything, so it is mapped to be forgiving: no
 * sub-objects, so that {@code user} and {@code user.name} can both be there; malformed numbers are
 * ignored, not refused; fields beyond the limit are kept in the source alone.
 */
final class IndexTemplate {
    /** Grows with every change of {@link #json}. A server's later version is left alone. */
    static final int VERSION = 2;

    private static final Pattern VERSION_FOUND = Pattern.compile("\"version\"\\s*:\\s*(\\d+)");

    private final String dataset;

    IndexTemplate(String dataset) {
        this.dataset = dataset;
    }

    String name() {
        return "sluice-logs-" + dataset;
    }

    String path() {
        return "/_index_template/" + name();
    }

    /** Asks for the version alone: patterns and mappings may hold anything. */
    String versionPath() {
        return path() + "?filter_path=index_templates.index_template.version";
    }

    /** Whether the answer to {@link #versionPath} names this version or a later one. */
    static boolean isCurrent(Answer.Answered answer) {
        if (answer.status() != 200) {
            return false;
        }
        Matcher version = VERSION_FOUND.matcher(new String(answer.body(), StandardCharsets.UTF_8));
        return version.find() && Long.parseLong(version.group(1)) >= VERSION;
    }

    String json() {
        return """
        {
          "index_patterns": ["logs-%1$s-*"],
          "data_stream": {},
          "priority": 250,
          "version": %2$d,
          "_meta": {"managed_by": "sluice", "description": "Container logs shipped by Sluice"},
          "template": {
            "settings": {
              "index.mapping.ignore_malformed": true,
              "index.mapping.total_fields.limit": 2000,
              "index.mapping.total_fields.ignore_dynamic_beyond_limit": true,
              "index.codec": "best_compression",
              "index.query.default_field": ["message"]
            },
            "mappings": {
              "date_detection": false,
              "numeric_detection": false,
              "dynamic_templates": [
                {"strings": {"match_mapping_type": "string",
                             "mapping": {"type": "keyword", "ignore_above": 1024}}}
              ],
              "properties": {
                "@timestamp": {"type": "date_nanos", "ignore_malformed": false},
                "message": {"type": "text", "norms": false},
                "stream": {"type": "keyword"},
                "app": {"type": "object", "subobjects": false},
                "log": {"properties": {
                  "level": {"type": "keyword", "ignore_above": 64},
                  "offset": {"type": "long"},
                  "flags": {"type": "keyword"},
                  "file": {"properties": {"path": {"type": "keyword"}}}}},
                "kubernetes": {"properties": {
                  "namespace": {"type": "keyword"},
                  "pod": {"properties": {
                    "name": {"type": "keyword"}, "uid": {"type": "keyword"},
                    "ip": {"type": "ip"}}},
                  "node": {"properties": {"name": {"type": "keyword"}}},
                  "container": {"properties": {"name": {"type": "keyword"}}},
                  "labels": {"type": "object", "subobjects": false},
                  "annotations": {"type": "object", "subobjects": false}}},
                "container": {"properties": {
                  "id": {"type": "keyword"}, "runtime": {"type": "keyword"},
                  "image": {"properties": {"name": {"type": "keyword"}}}}},
                "orchestrator": {"properties": {
                  "cluster": {"properties": {"name": {"type": "keyword"}}}}},
                "host": {"properties": {"name": {"type": "keyword"}}},
                "ecs": {"properties": {"version": {"type": "keyword"}}},
                "data_stream": {"properties": {
                  "type": {"type": "keyword"}, "dataset": {"type": "keyword"},
                  "namespace": {"type": "keyword"}}},
                "event": {"properties": {
                  "dataset": {"type": "keyword"},
                  "original": {"type": "keyword", "index": false, "doc_values": false}}},
                "error": {"properties": {
                  "type": {"type": "keyword", "ignore_above": 256},
                  "message": {"type": "text", "norms": false}}}
              }
            }
          }
        }
        """
                .formatted(dataset, VERSION);
    }
}
