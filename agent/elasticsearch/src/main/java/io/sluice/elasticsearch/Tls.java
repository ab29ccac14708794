package io.sluice.elasticsearch;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How an {@code https} host is believed, and the agent by it. All files are PEM, and read again
 * when they change.
 *
 * @param caFile certificate authorities that are believed instead of the Java run-time's
 * @param certificateFile the agent's own certificate, its chain behind it
 * @param keyFile its private key: PKCS #8, not encrypted
 */
public record Tls(Optional<Path> caFile, Optional<Path> certificateFile, Optional<Path> keyFile) {
    /** What the Java run-time believes, no certificate of our own. */
    public static final Tls PLATFORM =
            new Tls(Optional.empty(), Optional.empty(), Optional.empty());

    public Tls {
        if (certificateFile.isPresent() != keyFile.isPresent()) {
            throw new IllegalArgumentException(
                    certificateFile.isPresent()
                            ? "certificateFile is set without keyFile; set both"
                            : "keyFile is set without certificateFile; set both");
        }
    }
}
