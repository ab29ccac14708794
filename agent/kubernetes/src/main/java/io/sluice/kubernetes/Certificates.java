package io.sluice.kubernetes;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;

import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** From PEM text to a TLS context that believes its certificate authorities and no other. */
final class Certificates {

    private Certificates() {}

    /**
     * The PEM text as it is now; empty for what the Java run-time believes.
     *
     * @throws IOException if it cannot be read or holds no certificate; the message says what to do
     */
    static String read(KubernetesConfig.Trust trust) throws IOException {
        return switch (trust) {
            case KubernetesConfig.Trust.Platform() -> "";
            case KubernetesConfig.Trust.CaPem(String pem) ->
                    checked(pem, "the CA of the kubeconfig");
            case KubernetesConfig.Trust.CaFile(Path path) -> {
                String pem;
                try {
                    pem = Files.readString(path, StandardCharsets.ISO_8859_1);
                } catch (IOException e) {
                    throw new IOException(
                            "caFile is "
                                    + path
                                    + ", which cannot be read ("
                                    + Reasons.of(e)
                                    + "); set caFile to the PEM file of the API server's"
                                    + " certificate authority",
                            e);
                }
                yield checked(pem, "caFile is " + path + ", which");
            }
        };
    }

    private static String checked(String pem, String name) throws IOException {
        try {
            if (!parse(pem).isEmpty()) {
                return pem;
            }
        } catch (GeneralSecurityException e) {
            throw new IOException(
                    name
                            + " holds no readable certificate ("
                            + Reasons.of(e)
                            + "); set caFile to a PEM file",
                    e);
        }
        throw new IOException(name + " holds no certificate; set caFile to a PEM file");
    }

    private static Collection<? extends Certificate> parse(String pem)
            throws GeneralSecurityException {
        return CertificateFactory.getInstance("X.509")
                .generateCertificates(
                        new ByteArrayInputStream(pem.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** A context for {@link #read}'s answer. */
    static SSLContext context(String pem) throws IOException {
        try {
            if (pem.isEmpty()) {
                return SSLContext.getDefault();
            }
            KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
            authorities.load(null, null);
            int number = 0;
            for (Certificate certificate : parse(pem)) {
                authorities.setCertificateEntry("ca-" + number++, certificate);
            }
            TrustManagerFactory trust =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(authorities);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("no TLS with these certificates: " + Reasons.of(e), e);
        }
    }
}
