package io.sluice.app.config;

import io.sluice.app.config.Setting.Bare;
import io.sluice.elasticsearch.Auth;
import io.sluice.elasticsearch.Secret;
import io.sluice.elasticsearch.Tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who the agent is to Elasticsearch: one kind of credentials, in files that can be read now, so
 * that a forgotten mount is seen at the start.
 */
final class ElasticsearchSecrets {
    private static final String BASIC = "elasticsearch.auth.basic";

    private final Written written;
    private final Problems problems;

    ElasticsearchSecrets(Written written, Problems problems) {
        this.written = written;
        this.problems = problems;
    }

    Auth auth() {
        Optional<Secret> apiKey = secret(Settings.AUTH_API_KEY, Settings.AUTH_API_KEY_FILE);
        Optional<Secret> password = secret(Settings.AUTH_PASSWORD, Settings.AUTH_PASSWORD_FILE);
        Optional<Secret> bearer = secret(Settings.AUTH_BEARER, Settings.AUTH_BEARER_FILE);
        Optional<String> username = written.value(Settings.AUTH_USERNAME);
        checkKinds();
        checkEncoded();
        checkBasic();
        if (username.isPresent() && password.isPresent()) {
            return new Auth.Basic(username.get(), password.get());
        }
        return apiKey.<Auth>map(Auth.ApiKey::new)
                .or(() -> bearer.map(Auth.Bearer::new))
                .orElseGet(Auth.None::new);
    }

    Tls tls() {
        Optional<Path> ca = written.value(Settings.TLS_CA_FILE);
        Optional<Path> certificate = written.value(Settings.TLS_CERTIFICATE_FILE);
        Optional<Path> key = written.value(Settings.TLS_KEY_FILE);
        ca.ifPresent(path -> checkCertificate(Settings.TLS_CA_FILE, path));
        certificate.ifPresent(path -> checkCertificate(Settings.TLS_CERTIFICATE_FILE, path));
        key.ifPresent(this::checkKey);
        boolean hasCertificate = written.has(Settings.TLS_CERTIFICATE_FILE);
        if (hasCertificate != written.has(Settings.TLS_KEY_FILE)) {
            Setting there = hasCertificate ? Settings.TLS_CERTIFICATE_FILE : Settings.TLS_KEY_FILE;
            Setting missing =
                    hasCertificate ? Settings.TLS_KEY_FILE : Settings.TLS_CERTIFICATE_FILE;
            problems.about(
                    written.line(there.name()),
                    there.name(),
                    "is set without " + missing.name() + "; set both, or neither");
        }
        return certificate.isPresent() && key.isPresent()
                ? new Tls(ca, certificate, key)
                : new Tls(ca, Optional.empty(), Optional.empty());
    }

    /** Names and values that HTTP can carry; whose names are taken, the record knows. */
    void checkHeaders() {
        Map<String, String> headers = written.value(Settings.HEADERS);
        headers.forEach(
                (name, value) -> {
                    if (!name.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
                            || !value.matches("[\\t\\x20-\\x7E]*")) {
                        problems.about(
                                written.line(Settings.HEADERS.name()),
                                Settings.HEADERS.name() + "." + name,
                                "cannot be sent; use letters, digits and - in the name, one line of"
                                        + " ASCII in the value");
                    }
                });
    }

    private Optional<Secret> secret(Bare<Secret> inline, Bare<Path> inFile) {
        Optional<Secret> given = written.value(inline);
        Optional<Path> path = written.value(inFile);
        if (written.has(inline) && written.has(inFile)) {
            boolean fileIsLater = written.line(inFile.name()) >= written.line(inline.name());
            Setting first = fileIsLater ? inline : inFile;
            Setting second = fileIsLater ? inFile : inline;
            problems.about(
                    written.line(second.name()),
                    second.name(),
                    "is set together with " + first.name() + "; keep one of them");
        }
        path.ifPresent(file -> checkSecretFile(inFile, file));
        return given.or(() -> path.map(Secret.InFile::new));
    }

    private void checkSecretFile(Bare<Path> setting, Path file) {
        try {
            Files.readString(file); // Says why better than the secret does.
            new Secret.InFile(file).read();
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            String known = "the secret's file " + file + " ";
            written.refuse(
                    setting,
                    message.startsWith(known)
                            ? "which " + message.substring(known.length())
                            : "which cannot be read ("
                                    + Reasons.of(e)
                                    + "); mount the secret, or name the file that holds it");
        }
    }

    private void checkKinds() {
        List<String> kinds = new ArrayList<>();
        for (List<Setting> kind :
                List.<List<Setting>>of(
                        List.of(Settings.AUTH_API_KEY, Settings.AUTH_API_KEY_FILE),
                        List.of(Settings.AUTH_BEARER, Settings.AUTH_BEARER_FILE))) {
            kind.stream().filter(written::has).findFirst().ifPresent(s -> kinds.add(s.name()));
        }
        if (written.has(BASIC)) {
            kinds.add(BASIC);
        }
        kinds.sort(Comparator.comparingInt(written::line));
        for (String other : kinds.subList(Math.min(1, kinds.size()), kinds.size())) {
            problems.about(
                    written.line(other),
                    other,
                    "is set together with " + kinds.getFirst() + "; keep one of them");
        }
    }

    /** Kibana shows a key in several forms; only the encoded one can be sent. */
    private void checkEncoded() {
        Bare<?> setting =
                written.has(Settings.AUTH_API_KEY)
                        ? Settings.AUTH_API_KEY
                        : Settings.AUTH_API_KEY_FILE;
        Optional<Secret> key =
                written.value(Settings.AUTH_API_KEY)
                        .or(
                                () ->
                                        written.value(Settings.AUTH_API_KEY_FILE)
                                                .map(Secret.InFile::new));
        try {
            if (key.isPresent() && key.get().read().indexOf(':') >= 0) {
                written.refuse(
                        setting, "which has a colon; use the key's encoded form, base64 of id:key");
            }
        } catch (IOException e) {
            written.refuse(setting, "which cannot be read (" + Reasons.of(e) + "); mount it");
        }
    }

    private void checkBasic() {
        if (!written.has(BASIC)) {
            return;
        }
        if (!written.has(Settings.AUTH_USERNAME)) {
            problems.about(
                    written.line(BASIC),
                    Settings.AUTH_USERNAME.name(),
                    "is not set; set the user's name");
        }
        if (!written.has(Settings.AUTH_PASSWORD) && !written.has(Settings.AUTH_PASSWORD_FILE)) {
            problems.about(
                    written.line(BASIC),
                    Settings.AUTH_PASSWORD_FILE.name(),
                    "is not set; set it, or password");
        }
    }

    private void checkCertificate(Bare<Path> setting, Path file) {
        try {
            byte[] pem = Files.readAllBytes(file);
            if (!CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem))
                    .isEmpty()) {
                return;
            }
            written.refuse(setting, "which holds no certificate; name a PEM file");
        } catch (IOException e) {
            written.refuse(
                    setting,
                    "which cannot be read (" + Reasons.of(e) + "); mount it, or name the PEM file");
        } catch (GeneralSecurityException e) {
            written.refuse(setting, "which holds no readable certificate; name a PEM file");
        }
    }

    private void checkKey(Path file) {
        try {
            String pem = Files.readString(file, StandardCharsets.ISO_8859_1);
            if (!pem.contains("-----BEGIN PRIVATE KEY-----")) {
                written.refuse(
                        Settings.TLS_KEY_FILE,
                        "which holds no unencrypted PKCS #8 key; convert it with openssl pkcs8"
                                + " -topk8 -nocrypt");
            }
        } catch (IOException e) {
            written.refuse(
                    Settings.TLS_KEY_FILE,
                    "which cannot be read (" + Reasons.of(e) + "); mount it, or name the PEM file");
        }
    }
}
