package io.sluice.kubernetes;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Which API server is asked, as whom, and what is kept of its answers.
 *
 * @param api where the API server is
 * @param nodeName whose pods are watched; may be empty only where {@code api} is {@link Api.Off}
 * @param credentials who the agent is
 * @param trust whose certificates are believed; means nothing where {@code api} is {@code http://}
 * @param metadataWait how long a new container's file waits for its pod to become known
 * @param labels whether pods' labels are kept
 * @param annotations keys of the annotations that are kept
 */
public record KubernetesConfig(
        Api api,
        String nodeName,
        Credentials credentials,
        Trust trust,
        Duration metadataWait,
        boolean labels,
        Set<String> annotations) {

    /** Where Kubernetes mounts a pod's own token. */
    public static final Path TOKEN_FILE =
            Path.of("/var/run/secrets/kubernetes.io/serviceaccount/token");

    /** Where Kubernetes mounts the certificate authority of the API server. */
    public static final Path CA_FILE =
            Path.of("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

    /** Where the API server is. */
    public sealed interface Api {
        /** The cluster this pod runs in: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
        record InCluster() implements Api {}

        /** There is none: documents carry what the path says. */
        record Off() implements Api {}

        /** At an address, for instance that of a kubeconfig or of {@code kubectl proxy}. */
        record At(URI server) implements Api {
            public At {
                if (!("http".equals(server.getScheme()) || "https".equals(server.getScheme()))
                        || server.getHost() == null
                        || server.getRawUserInfo() != null
                        || server.getRawQuery() != null
                        || server.getRawFragment() != null) {
                    throw new IllegalArgumentException(
                            "api is "
                                    + server
                                    + "; set inCluster, off, or an address like"
                                    + " https://10.96.0.1:443");
                }
            }
        }

        /**
         * Reads the setting {@code kubernetes.api}.
         *
         * @throws IllegalArgumentException if it is none of inCluster, off, http(s)://host:port
         */
        static Api parse(String setting) {
            return switch (setting) {
                case "inCluster" -> new InCluster();
                case "off" -> new Off();
                default -> {
                    try {
                        yield new At(new URI(setting));
                    } catch (URISyntaxException e) {
                        throw new IllegalArgumentException(
                                "api is "
                                        + setting
                                        + "; set inCluster, off, or an address like"
                                        + " https://10.96.0.1:443",
                                e);
                    }
                }
            };
        }
    }

    /** Who the agent is. A token goes out over TLS, or to a loopback address, and nowhere else. */
    public sealed interface Credentials {
        /** A token in a file, read again for each request: Kubernetes renews it every hour. */
        record TokenFile(Path path) implements Credentials {
            public TokenFile {
                Objects.requireNonNull(path, "path");
            }
        }

        /** A token by itself, as a kubeconfig may hold one. */
        record Token(String secret) implements Credentials {
            public Token {
                if (secret.isBlank()) {
                    throw new IllegalArgumentException(
                            "the token is empty; remove it, or set the one of the kubeconfig's"
                                    + " user");
                }
            }

            /** Without the secret, so that no log can show it. */
            @Override
            public String toString() {
                return "Token[secret=…]";
            }
        }

        /** Nobody: {@code kubectl proxy} says who we are. */
        record Anonymous() implements Credentials {}
    }

    /** Whose certificates are believed. */
    public sealed interface Trust {
        /** Certificate authorities in a PEM file, read again when it changes. */
        record CaFile(Path path) implements Trust {
            public CaFile {
                Objects.requireNonNull(path, "path");
            }
        }

        /** Certificate authorities as PEM text, as a kubeconfig may hold them (in base64). */
        record CaPem(String pem) implements Trust {
            public CaPem {
                Objects.requireNonNull(pem, "pem");
            }
        }

        /** What the Java run-time believes. */
        record Platform() implements Trust {}
    }

    public KubernetesConfig {
        Objects.requireNonNull(api, "api");
        Objects.requireNonNull(credentials, "credentials");
        Objects.requireNonNull(trust, "trust");
        annotations = Set.copyOf(annotations);
        if (nodeName.isBlank() && !(api instanceof Api.Off)) {
            throw new IllegalArgumentException(
                    "nodeName is empty; set it to the node's name (in a pod: the environment"
                            + " variable NODE_NAME from the field spec.nodeName), or set api to"
                            + " off");
        }
        if (metadataWait.isNegative() || metadataWait.compareTo(LONGEST_WAIT) > 0) {
            throw new IllegalArgumentException(
                    "metadataWait is "
                            + metadataWait
                            + "; set 0s to 10m, or remove it for the default 5s");
        }
        if (annotations.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException(
                    "annotations holds an empty key; remove it, or name the annotation to keep");
        }
    }

    /** No API server: nothing is watched, nobody waits. */
    public static KubernetesConfig off() {
        return new KubernetesConfig(
                new Api.Off(),
                "",
                new Credentials.Anonymous(),
                new Trust.Platform(),
                Duration.ZERO,
                true,
                Set.of());
    }

    /**
     * What stands in the way of asking the API server, each with its remedy; empty when nothing
     * does. Looks at files and the environment, not at the network.
     *
     * @param environment {@link System#getenv()}
     */
    public List<String> problems(Map<String, String> environment) {
        if (api instanceof Api.Off) {
            return List.of();
        }
        List<String> problems = new ArrayList<>();
        boolean encrypted = true;
        try {
            encrypted = "https".equals(server(environment).getScheme());
        } catch (IllegalArgumentException e) {
            problems.add(e.getMessage());
        }
        try {
            token();
        } catch (IOException e) {
            problems.add(e.getMessage());
        }
        if (encrypted) {
            try {
                Certificates.read(trust);
            } catch (IOException e) {
                problems.add(e.getMessage());
            }
        }
        return problems;
    }

    /**
     * The API server's address, without a slash at its end.
     *
     * @throws IllegalArgumentException if there is none, or the environment does not tell
     */
    URI server(Map<String, String> environment) {
        return switch (api) {
            case Api.Off() -> throw new IllegalArgumentException("api is off; there is no server");
            case Api.At(URI server) ->
                    URI.create(server.toString().replaceAll("/+$", "")); // a prefix path may follow
            case Api.InCluster() -> {
                String host = environment.getOrDefault("KUBERNETES_SERVICE_HOST", "");
                String port = environment.getOrDefault("KUBERNETES_SERVICE_PORT", "443");
                if (host.isBlank()) {
                    throw new IllegalArgumentException(
                            "api is inCluster, but KUBERNETES_SERVICE_HOST is not set, so this is"
                                    + " no pod; set api to off, or to the API server's address like"
                                    + " https://10.96.0.1:443");
                }
                String literal = host.contains(":") ? "[" + host + "]" : host; // IPv6
                yield URI.create("https://" + literal + ":" + port);
            }
        };
    }

    /**
     * The token as it is now; empty for none.
     *
     * @throws IOException if it cannot be read or cannot be one; the message says what to do
     */
    String token() throws IOException {
        return switch (credentials) {
            case Credentials.Anonymous() -> "";
            case Credentials.Token(String secret) -> usable(secret.strip(), "the token");
            case Credentials.TokenFile(Path path) -> {
                String text;
                try {
                    text = Files.readString(path).strip();
                } catch (IOException e) {
                    throw new IOException(
                            "tokenFile is "
                                    + path
                                    + ", which cannot be read ("
                                    + Reasons.of(e)
                                    + "); mount the service account's token"
                                    + " (automountServiceAccountToken), or set tokenFile",
                            e);
                }
                yield usable(text, "tokenFile is " + path + ", which");
            }
        };
    }

    private static String usable(String token, String name) throws IOException {
        if (token.isEmpty()) {
            throw new IOException(
                    name + " is empty; set a file that holds a service account's token");
        }
        if (!token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new IOException(
                    name
                            + " holds more than a token (blanks, line breaks or bytes that are not"
                            + " ASCII); set a file that holds a service account's token alone");
        }
        return token;
    }
}
