package io.sluice.elasticsearch;

/** Errors of whole requests, in words: what is wrong, and what an operator can do about it. */
final class ServerErrors {
    private ServerErrors() {}

    static String unreachable(Hosts hosts, String reason) {
        return "Elasticsearch cannot be reached at "
                + hosts.all().stream().map(host -> host.url).toList()
                + ": "
                + reason
                + "; check elasticsearch.hosts, the network and elasticsearch.tls. Documents wait"
                + " in the buffer";
    }

    static String forbidden(int status, BulkAnswer.ServerError error) {
        String what =
                "cluster_block_exception".equals(error.type())
                        ? ", the cluster takes no writes; remove the block"
                        : status == 401
                                ? ", it does not accept the credentials; check elasticsearch.auth"
                                : ", the credentials lack a privilege; grant auto_configure and"
                                        + " create_doc on the data stream";
        return "Elasticsearch answers "
                + status
                + what
                + " ("
                + error
                + "). Documents wait in the buffer";
    }
}
