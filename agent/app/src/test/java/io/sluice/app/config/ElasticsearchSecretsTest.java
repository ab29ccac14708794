package io.sluice.app.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.elasticsearch.Auth;
import io.sluice.elasticsearch.Secret;
import io.sluice.elasticsearch.Tls;
import io.sluice.testing.TestCertificates;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

class ElasticsearchSecretsTest {
    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "auth: {apiKey: hush}",
                "auth: {basic: {username: elastic, password: hush}}",
                "auth: {bearer: hush}",
                "auth: {apiKey: \"${KEY}\"}",
                "auth: {bearer: \"${MISSING:-hush}\"}"
            })
    void aSecretIsTakenButNeverShown(String line) throws Exception {
        AgentConfig config = load(line);

        Secret secret =
                switch (config.elasticsearch().auth()) {
                    case Auth.ApiKey(Secret encoded) -> encoded;
                    case Auth.Basic(String username, Secret password) -> password;
                    case Auth.Bearer(Secret token) -> token;
                    case Auth.None() -> throw new AssertionError("no credentials");
                };
        assertThat(secret.read()).isEqualTo("hush");
        assertThat(config.toString()).doesNotContain("hush");
    }

    @Test
    void aSecretInAFileIsNamedByItsPath() throws Exception {
        Path file = Files.writeString(folder.resolve("key"), "hush\n");

        AgentConfig config = load("auth: {apiKeyFile: \"" + file + "\"}");

        assertThat(config.elasticsearch().auth())
                .isEqualTo(new Auth.ApiKey(new Secret.InFile(file)));
        assertThat(config.toString()).doesNotContain("hush");
    }

    /** Every way to get a secret wrong that we could think of. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "auth: {apikey: hush}",
                "auth: {apiKey:hush}",
                "auth: apiKey:hush",
                "auth: {apiKey: \"id:hush\"}",
                "auth: {apiKey: \"hush\\nhush\"}",
                "auth: {apiKey: [hush]}",
                "auth: {apiKey: {hush: hush}}",
                "auth: {apiKey: \"hush${MISSING}\"}",
                "auth: {apiKey: \"hush${\"}",
                "auth: {apiKey: *hush}",
                "auth: {apiKey: !a!hush b}",
                "auth: {apiKey: !hush}",
                "auth: {apiKey: 'hush}",
                "auth: {apiKey: \"hu\\qsh\"}",
                "auth: {apiKey: %hush}",
                "auth: {apiKey: hush, apiKey: hush}",
                "auth: {basic: {username: \"elastic:hush\", password: x}}",
                "auth: {basic: {username: elastic, pasword: hush}}",
                "auth: {basic: \"elastic:hush\"}",
                "auth: {bearer: hush, apiKey: hush}",
                "hosts: [\"https://elastic:hush@es:9200\"]",
                "hosts: [\"https://elastic:hu/hush@es:9200\"]",
                "hosts: [\"https://elastic:hush@es:9200\", \"ftp://u:hush@x\"]",
                "hosts: \"https://elastic:hush@es:9200\"",
                "pipeline: [\"https://elastic:hush@es:9200\"]",
                "headers: {X-Key: [hush]}",
                "headers: {X-Key: \"hush${MISSING}\"}",
                "headers: {X-Key: \"hush\\nhush\"}",
                "headers: {Authorization: hush}",
                "headers: {Authorization:hush}",
                "headers: \"Authorization:hush\"",
            })
    void aSecretIsNotInAMessageEither(String line) {
        assertThat(problems(line))
                .isNotEmpty()
                .allSatisfy(
                        problem ->
                                assertThat(problem.replace("apiKey.hush", "").replace("{hush:", ""))
                                        .doesNotContain("hush"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    auth: {apiKey: ""}                      | auth.apiKey is "…"; set the secret alone, without a line break inside, or remove it
                    auth: {apiKey: a:b}                     | auth.apiKey is "…", which has a colon; use the key's encoded form, base64 of id:key
                    auth: {apiKey: a, bearer: b}            | auth.bearer is set together with elasticsearch.auth.apiKey; keep one of them
                    auth: {bearer: b, basic: {username: a, password: b}} | auth.basic is set together with elasticsearch.auth.bearer; keep one of them
                    auth: {apiKeyFile: /nowhere/key}        | auth.apiKeyFile is "/nowhere/key", which cannot be read (no such file); mount the secret, or name the file that holds it
                    auth: {apiKeyFile: /dev/null}           | auth.apiKeyFile is "/dev/null", which is empty; put the secret alone into it
                    auth: {basic: {username: elastic}}      | auth.basic.passwordFile is not set; set it, or password
                    auth: {basic: {password: elastic}}      | auth.basic.username is not set; set the user's name
                    auth: {basic: {username: "a:b", password: b}} | auth.basic.username is "a:…"; set a user's name; the password belongs in password, or remove it
                    tls: {caFile: /nowhere/ca.crt}          | tls.caFile is "/nowhere/ca.crt", which cannot be read (no such file); mount it, or name the PEM file
                    tls: {caFile: /dev/null}                | tls.caFile is "/dev/null", which holds no certificate; name a PEM file
                    tls: {keyFile: /nowhere/tls.key, certificateFile: /dev/null} | tls.keyFile is "/nowhere/tls.key", which cannot be read (no such file); mount it, or name the PEM file
                    headers: {Content-Type: x}              | headers has Content-Type, which the agent sets itself; remove it (credentials belong in auth)
                    headers: {"X Y": x}                     | headers.X Y cannot be sent; use letters, digits and - in the name, one line of ASCII in the value
                    hosts: ["https://u:p@es"]               | hosts is there twice, first on line 3; keep one of them
                    """)
    void whatCannotWorkIsReported(String line, String problem) {
        assertThat(problems(line)).contains("agent.yaml:4: elasticsearch." + problem);
    }

    @Test
    void aUserInAHostIsSentToAuth() {
        assertThat(
                        Given.problemsOfAll(
                                "kubernetes: {api: off}",
                                "elasticsearch: {hosts: [\"https://u:p@es/x\"]}"))
                .containsExactly(
                        "agent.yaml:2: elasticsearch.hosts[0] is \"https://…@es/x\"; set it without"
                                + " the user, and put user and password into"
                                + " elasticsearch.auth.basic");
    }

    @Test
    void certificatesAreTaken() throws Exception {
        TestCertificates certificates = TestCertificates.create(folder);
        Path ca = certificates.caFile();
        Path certificate = certificates.clientCertificateFile();
        Path key = certificates.clientKeyFile();

        AgentConfig config =
                load(
                        "tls: {caFile: \"%s\", certificateFile: \"%s\", keyFile: \"%s\"}"
                                .formatted(ca, certificate, key));

        assertThat(config.elasticsearch().tls())
                .isEqualTo(new Tls(Optional.of(ca), Optional.of(certificate), Optional.of(key)));
        assertThat(problems("tls: {certificateFile: \"" + certificate + "\"}"))
                .containsExactly(
                        "agent.yaml:4: elasticsearch.tls.certificateFile is set without"
                                + " elasticsearch.tls.keyFile; set both, or neither");
        assertThat(
                        problems(
                                "tls: {certificateFile: \"%s\", keyFile: \"%s\"}"
                                        .formatted(certificate, certificate)))
                .singleElement()
                .asString()
                .contains("which holds no unencrypted PKCS #8 key");
    }

    private static AgentConfig load(String line) throws ConfigurationException {
        return ConfigurationFile.parse(
                "agent.yaml", yaml(line), Map.of("NODE_NAME", "node-1", "KEY", "hush"));
    }

    private static List<String> problems(String line) {
        return Given.problemsOfAll(yaml(line));
    }

    private static String yaml(String line) {
        return "kubernetes: {api: off}\nelasticsearch:\n  hosts: [\"http://localhost:9200\"]\n  "
                + line
                + "\n";
    }
}
