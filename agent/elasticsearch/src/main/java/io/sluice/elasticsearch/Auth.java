package io.sluice.elasticsearch;

/** Who the agent is to Elasticsearch. A client certificate is in {@link Tls}. */
public sealed interface Auth {

    /** Nobody, or who the client certificate says. */
    record None() implements Auth {}

    /** A user of a realm. */
    record Basic(String username, Secret password) implements Auth {
        public Basic {
            if (username.isBlank() || username.indexOf(':') >= 0) {
                throw new IllegalArgumentException(
                        "username is \"" + username + "\"; set a name that has no colon");
            }
        }
    }

    /** An API key in its {@code encoded} form: base64 of {@code id:key}, as Kibana shows it. */
    record ApiKey(Secret encoded) implements Auth {}

    /** A service account's or an OAuth token. */
    record Bearer(Secret token) implements Auth {}
}
