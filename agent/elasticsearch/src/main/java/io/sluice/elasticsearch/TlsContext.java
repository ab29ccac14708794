package io.sluice.elasticsearch;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** The files of {@link Tls} as Java wants them. */
final class TlsContext {
    private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String KEY_END = "-----END PRIVATE KEY-----";

    private TlsContext() {}

    /**
     * A context of the files as they are now.
     *
     * @throws IOException if one cannot be used; the message names it and says what to do
     */
    static SSLContext of(Tls tls) throws IOException {
        try {
            TrustManager[] trust = null;
            if (tls.caFile().isPresent()) {
                trust = trust(tls.caFile().get());
            }
            KeyManager[] keys = null;
            if (tls.certificateFile().isPresent()) {
                keys = keys(tls.certificateFile().get(), tls.keyFile().orElseThrow());
            }
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, trust, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("no TLS with these certificates: " + Reasons.of(e), e);
        }
    }

    private static TrustManager[] trust(Path caFile) throws IOException, GeneralSecurityException {
        KeyStore authorities = emptyStore();
        int number = 0;
        for (Certificate certificate : certificates("caFile", caFile)) {
            authorities.setCertificateEntry("ca-" + number++, certificate);
        }
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(authorities);
        return factory.getTrustManagers();
    }

    private static KeyManager[] keys(Path certificateFile, Path keyFile)
            throws IOException, GeneralSecurityException {
        Collection<? extends Certificate> chain = certificates("certificateFile", certificateFile);
        KeyStore own = emptyStore();
        // A store in memory, for this process alone: its password protects nothing.
        char[] password = {'-'};
        own.setKeyEntry("agent", key(keyFile), password, chain.toArray(new Certificate[0]));
        KeyManagerFactory factory =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(own, password);
        return factory.getKeyManagers();
    }

    private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Collection<? extends Certificate> certificates(String setting, Path file)
            throws IOException {
        byte[] pem = read(setting, file).getBytes(StandardCharsets.ISO_8859_1);
        try {
            Collection<? extends Certificate> found =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(new ByteArrayInputStream(pem));
            if (!found.isEmpty()) {
                return found;
            }
        } catch (CertificateException e) {
            throw new IOException(
                    setting
                            + " is "
                            + file
                            + ", which holds no readable certificate; set a PEM file",
                    e);
        }
        throw new IOException(
                setting + " is " + file + ", which holds no certificate; set a PEM file");
    }

    private static PrivateKey key(Path file) throws IOException, GeneralSecurityException {
        String pem = read("keyFile", file);
        int begin = pem.indexOf(KEY_BEGIN);
        int end = pem.indexOf(KEY_END);
        if (begin < 0 || end < begin) {
            throw new IOException(
                    "keyFile is "
                            + file
                            + ", which holds no PKCS #8 key; convert it: openssl pkcs8 -topk8"
                            + " -nocrypt");
        }
        byte[] encoded;
        try {
            encoded =
                    Base64.getMimeDecoder().decode(pem.substring(begin + KEY_BEGIN.length(), end));
        } catch (IllegalArgumentException e) {
            throw new IOException("keyFile is " + file + ", which is damaged; copy it again", e);
        }
        PKCS8EncodedKeySpec specification = new PKCS8EncodedKeySpec(encoded);
        for (String algorithm : new String[] {"RSA", "EC"}) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(specification);
            } catch (InvalidKeySpecException _) {
                // A key of another kind: the next one is tried.
            }
        }
        return KeyFactory.getInstance("EdDSA").generatePrivate(specification);
    }

    private static String read(String setting, Path file) throws IOException {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new IOException(
                    setting
                            + " is "
                            + file
                            + ", which cannot be read ("
                            + Reasons.of(e)
                            + "); mount it, or set another",
                    e);
        }
    }
}
