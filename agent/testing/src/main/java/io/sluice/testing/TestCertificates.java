package io.sluice.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A certificate authority made for one test, with a certificate for a server at loopback and one
 * for a client. PEM files, keys without password, valid for two days. Made by the JDK's {@code
 * keytool}.
 */
public final class TestCertificates {
    private static final char[] STORE_PASSWORD = "no-secret".toCharArray();

    private final Path folder;
    private final KeyStore store;

    /** Which certificate a server shows; all are of the same authority. */
    public enum Shown {
        /** For {@code localhost} and {@code 127.0.0.1}. */
        GOOD("server"),
        /** Like that, but its time was over yesterday. */
        EXPIRED("expired"),
        /** For a host of another name. */
        OTHER_HOST("elsewhere");

        private final String alias;

        Shown(String alias) {
            this.alias = alias;
        }
    }

    private TestCertificates(Path folder, KeyStore store) {
        this.folder = folder;
        this.store = store;
    }

    /**
     * Makes CA, server and client certificate.
     *
     * @param folder existing folder that takes the files
     */
    public static TestCertificates create(Path folder) {
        Path storeFile = folder.resolve("all.p12");
        keytool(storeFile, "ca", "CN=Sluice test CA", "-ext", "bc:c");
        keytool(
                storeFile,
                "server",
                "CN=localhost",
                "-signer",
                "ca",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1");
        keytool(
                storeFile,
                "expired",
                "CN=localhost",
                "-signer",
                "ca",
                "-startdate",
                "-3d",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1");
        keytool(
                storeFile,
                "elsewhere",
                "CN=elsewhere.example",
                "-signer",
                "ca",
                "-ext",
                "san=dns:elsewhere.example");
        keytool(storeFile, "client", "CN=sluice", "-signer", "ca");
        try (InputStream in = Files.newInputStream(storeFile)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, STORE_PASSWORD);
            TestCertificates made = new TestCertificates(folder, store);
            made.writePem(made.caFile(), store.getCertificate("ca"));
            made.writePem(made.serverCertificateFile(), store.getCertificate("server"));
            made.writePem(made.clientCertificateFile(), store.getCertificate("client"));
            made.writePem(made.serverKeyFile(), store.getKey("server", STORE_PASSWORD));
            made.writePem(made.clientKeyFile(), store.getKey("client", STORE_PASSWORD));
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the store keytool wrote cannot be read", e);
        }
    }

    private static void keytool(Path store, String alias, String name, String... more) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1"));
        command.addAll(List.of("-storetype", "PKCS12", "-keystore", store.toString()));
        command.addAll(List.of("-storepass", new String(STORE_PASSWORD)));
        command.addAll(List.of("-validity", "2", "-alias", alias, "-dname", name));
        command.addAll(List.of(more));
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            if (code != 0) {
                throw new IllegalStateException("keytool ended with " + code + ": " + said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("keytool of " + command.getFirst(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in keytool", e);
        }
    }

    private void writePem(Path file, Certificate certificate)
            throws IOException, GeneralSecurityException {
        Files.writeString(file, pem("CERTIFICATE", certificate.getEncoded()));
    }

    private void writePem(Path file, Key key) throws IOException {
        Files.writeString(file, pem("PRIVATE KEY", key.getEncoded()));
    }

    private static String pem(String type, byte[] der) {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + text + "\n-----END " + type + "-----\n";
    }

    /** The authority's certificate: what a client trusts. */
    public Path caFile() {
        return folder.resolve("ca.crt");
    }

    /** For {@code localhost} and {@code 127.0.0.1}. */
    public Path serverCertificateFile() {
        return folder.resolve("server.crt");
    }

    public Path serverKeyFile() {
        return folder.resolve("server.key");
    }

    public Path clientCertificateFile() {
        return folder.resolve("client.crt");
    }

    /** PKCS#8, without password. */
    public Path clientKeyFile() {
        return folder.resolve("client.key");
    }

    /** Trusts this authority only, and shows the client's certificate to who asks. */
    public SSLContext clientSslContext() {
        return context("client");
    }

    /** For a server on loopback of a test's own. */
    public SSLContext serverSslContext() {
        return serverSslContext(Shown.GOOD);
    }

    /** Likewise, with a certificate that is not as it should be. */
    public SSLContext serverSslContext(Shown shown) {
        return context(shown.alias);
    }

    /**
     * @param alias whose certificate is shown
     */
    private SSLContext context(String alias) {
        try {
            KeyStore trusted = emptyStore();
            trusted.setCertificateEntry("ca", store.getCertificate("ca"));
            TrustManagerFactory trust =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            // With all keys in one store the JDK would show whichever comes first.
            KeyStore own = emptyStore();
            own.setKeyEntry(
                    alias,
                    store.getKey(alias, STORE_PASSWORD),
                    STORE_PASSWORD,
                    store.getCertificateChain(alias));
            KeyManagerFactory keys =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own, STORE_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("TLS of the test's certificates", e);
        }
    }

    private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        KeyStore empty = KeyStore.getInstance("PKCS12");
        empty.load(null, null);
        return empty;
    }
}
