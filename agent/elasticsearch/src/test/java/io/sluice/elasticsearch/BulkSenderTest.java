package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.elasticsearch.ElasticsearchConfig.SetupTemplate;
import io.sluice.testing.ElasticsearchFixture;
import io.sluice.testing.ElasticsearchFixture.Options;
import io.sluice.testing.ElasticsearchFixture.Security;
import io.sluice.testing.TestCertificates;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Against a real Elasticsearch. Every test has data streams or indexes of its own. */
class BulkSenderTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir Path folder;

    private static ElasticsearchFixture server() {
        return ElasticsearchFixture.shared(Security.OFF);
    }

    private static ElasticsearchConfig config(String dataset) {
        return Sending.config(server().url(), dataset);
    }

    @Test
    void documentsAreInTheDataStreamUnderOurTemplateAndOnlyOnce() {
        try (Sending sending = new Sending(folder, config("once")).start()) {
            for (int i = 0; i < 20; i++) {
                sending.append(Sending.documents("d", i * 100, i * 100 + 100));
            }
            sending.append(Sending.documents("d", 0, 100));
            sending.awaitDelivered();
            assertThat(server().count("logs-once-default")).isEqualTo(2_000);
            assertThat(sending.sender.stats().alreadyThereDocuments()).isEqualTo(100);
            assertThat(sending.sender.stats().deliveredDocuments()).isEqualTo(2_100);
            assertThat(sending.buffer.outbox(0).isEmpty()).isTrue();
        }
        String mapping = server().requestOk("GET", "/logs-once-default/_mapping", "");
        assertThat(mapping).contains("date_nanos").contains(".ds-logs-once-default");
    }

    @Test
    void theTemplateIsPutOnceAndALaterOneIsLeftAlone() {
        try (Sending sending = new Sending(folder.resolve("1"), config("template")).start()) {
            sending.append(Sending.documents("d", 0, 1));
            sending.awaitDelivered();
        }
        String path = new IndexTemplate("template").path();
        assertThat(server().requestOk("GET", path, "")).contains("\"priority\":250");
        server().requestOk(
                        "PUT",
                        path,
                        "{\"index_patterns\":[\"logs-template-*\"],\"data_stream\":{},"
                                + "\"priority\":250,\"version\":99}");
        try (Sending sending = new Sending(folder.resolve("2"), config("template")).start()) {
            sending.append(Sending.documents("d", 1, 2));
            sending.awaitDelivered();
        }
        assertThat(server().requestOk("GET", path, "")).contains("\"version\":99");
    }

    @Test
    void noTemplateIsPutWhereSomebodyElseSeesToThem() {
        ElasticsearchConfig config =
                new ElasticsearchConfig(
                        List.of(server().url()),
                        new Auth.None(),
                        Tls.PLATFORM,
                        Map.of(),
                        "",
                        "left_alone",
                        "default",
                        SetupTemplate.LEAVE);
        try (Sending sending = new Sending(folder, config).start()) {
            sending.append(Sending.documents("d", 0, 1));
            sending.awaitDelivered();
        }
        assertThat(server().request("GET", new IndexTemplate("left_alone").path(), "").status())
                .isEqualTo(404);
    }

    @Test
    void anApplicationThatChangesItsTypesHurtsNobody() {
        try (Sending sending = new Sending(folder, config("types")).start()) {
            String begin = "{\"@timestamp\":\"2026-11-24T10:00:00Z\",\"message\":\"m\",\"app\":";
            sending.append(
                    List.of(
                            Sending.item("1", begin + "{\"n\":1,\"user\":\"a\"}}"),
                            Sending.item("2", begin + "{\"n\":\"one\",\"user\":{\"id\":2}}}"),
                            Sending.item(
                                    "3", begin + "{\"n\":true,\"deep\":[{\"x\":1},{\"x\":2}]}}")));
            sending.awaitDelivered();
            assertThat(server().count("logs-types-default")).isEqualTo(3);
            assertThat(sending.letters.letters).isEmpty();
        }
    }

    @Test
    void aDocumentThatTheMappingRefusesIsRepairedAndWhatCannotBeIsADeadLetter() {
        server().requestOk(
                        "PUT",
                        "/strict-index",
                        """
                        {"mappings":{"dynamic":"strict","properties":{
                          "@timestamp":{"type":"date"},"message":{"type":"text"},
                          "seq":{"type":"long"},
                          "log":{"properties":{"offset":{"type":"long"},
                            "flags":{"type":"keyword"}}},
                          "event":{"properties":{"dataset":{"type":"keyword"},
                            "original":{"type":"keyword","index":false,"doc_values":false}}},
                          "error":{"properties":{"type":{"type":"keyword"},
                            "message":{"type":"text"}}}}}}
                        """);
        try (Sending sending =
                new Sending(folder, config("strict"), "strict-index", 60_000).start()) {
            sending.append(Sending.documents("d", 0, 3));
            sending.append(
                    List.of(
                            Sending.item("bad", "{\"message\":\"kept\",\"other\":{\"a\":1}}"),
                            Sending.item(
                                    "hopeless", "{\"@timestamp\":\"never\",\"message\":\"m\"}")));
            sending.awaitDelivered();
            assertThat(server().count("strict-index")).isEqualTo(4);
            assertThat(server().requestOk("GET", "/strict-index/_doc/bad", ""))
                    .contains("\"message\":\"kept\"")
                    .contains("\"original\":\"{\\\"other\\\":{\\\"a\\\":1}}\"")
                    .contains("strict_dynamic_mapping_exception");
            assertThat(sending.letters.letters)
                    .singleElement()
                    .satisfies(letter -> assertThat(letter.id()).isEqualTo("hopeless"))
                    .satisfies(letter -> assertThat(letter.document()).contains("never"));
            assertThat(sending.sender.stats().repairedDocuments()).isEqualTo(2);
        }
    }

    @Test
    void aClosedIndexIsWaitedForLoudly() {
        server().requestOk("PUT", "/closed-index", "");
        server().requestOk("POST", "/closed-index/_close", "");
        try (Sending sending =
                new Sending(folder, config("closed"), "closed-index", 60_000).start()) {
            sending.append(Sending.documents("d", 0, 5));
            await().atMost(LONG).until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.troubles().getFirst())
                    .contains("closed-index")
                    .contains("index_closed_exception");
            server().requestOk("POST", "/closed-index/_open", "");
            sending.awaitDelivered();
            assertThat(server().count("closed-index")).isEqualTo(5);
            assertThat(sending.letters.letters).isEmpty();
            assertThat(sending.sender.troubles()).isEmpty();
        }
    }

    @Test
    void aBlockedIndexDoesNotHoldUpAnother() {
        server().requestOk("PUT", "/blocked-index", "");
        server().requestOk("PUT", "/blocked-index/_block/write", "");
        try (Sending blocked =
                new Sending(folder, config("blocked"), "blocked-index", 60_000).start()) {
            List<BulkBody.Item> both =
                    List.of(
                            Sending.documents("b", 0, 1).getFirst(),
                            new BulkBody.Item(
                                    "{\"create\":{\"_index\":\"open-index\",\"_id\":\"o-0\"}}"
                                            .getBytes(StandardCharsets.UTF_8),
                                    Sending.documents("o", 0, 1).getFirst().document()));
            blocked.append(both);
            // An index that is just made has no shard for a moment.
            await().atMost(LONG)
                    .ignoreException(IllegalStateException.class)
                    .until(() -> server().count("open-index") == 1);
            assertThat(server().count("blocked-index")).isZero();
            assertThat(String.join(" ", blocked.sender.troubles()))
                    .contains("cluster_block_exception");
            server().requestOk("PUT", "/blocked-index/_settings", "{\"index.blocks.write\":false}");
            blocked.awaitDelivered();
            assertThat(server().count("blocked-index")).isEqualTo(1);
        }
    }

    @Test
    void aServerThatIsAwayGetsEverythingWhenItIsBack() {
        try (ElasticsearchFixture own = ElasticsearchFixture.start(Options.DEFAULT)) {
            own.stopServer();
            try (Sending sending = new Sending(folder, Sending.config(own.url(), "away")).start()) {
                sending.append(Sending.documents("d", 0, 10));
                await().atMost(LONG).until(() -> !sending.sender.troubles().isEmpty());
                assertThat(sending.sender.troubles().getFirst())
                        .contains("cannot be reached")
                        .contains(own.url().toString());
                own.startServer();
                sending.awaitDelivered();
                assertThat(own.count("logs-away-default")).isEqualTo(10);
                own.restart();
                sending.append(Sending.documents("d", 10, 20));
                sending.awaitDelivered();
                assertThat(own.count("logs-away-default")).isEqualTo(20);
                assertThat(sending.sender.troubles()).isEmpty();
            }
        }
    }

    @Test
    void certificatesAndPasswordsAreBelievedWhenTheyAreRight() throws IOException {
        try (ElasticsearchFixture own =
                ElasticsearchFixture.start(Options.with(Security.MUTUAL_TLS))) {
            TestCertificates certificates = own.certificates().orElseThrow();
            Path password = Files.writeString(folder.resolve("password"), "wrong");
            Path ca = folder.resolve("ca.pem");
            Files.copy(certificates.clientCertificateFile(), ca);
            ElasticsearchConfig config =
                    new ElasticsearchConfig(
                            List.of(own.url()),
                            new Auth.Basic(own.username(), new Secret.InFile(password)),
                            new Tls(
                                    Optional.of(ca),
                                    Optional.of(certificates.clientCertificateFile()),
                                    Optional.of(certificates.clientKeyFile())),
                            Map.of(),
                            "",
                            "secure",
                            "default",
                            SetupTemplate.PUT);
            try (Sending sending = new Sending(folder.resolve("state"), config).start()) {
                sending.append(Sending.documents("d", 0, 10));
                await().atMost(LONG)
                        .until(
                                () ->
                                        String.join(" ", sending.sender.troubles())
                                                .contains("certification path"));
                Files.copy(certificates.caFile(), ca, StandardCopyOption.REPLACE_EXISTING);
                await().atMost(LONG)
                        .until(() -> String.join(" ", sending.sender.troubles()).contains("401"));
                assertThat(String.join(" ", sending.sender.troubles())).doesNotContain("wrong");
                Files.writeString(password, own.password() + "\n");
                sending.awaitDelivered();
                assertThat(own.count("logs-secure-default")).isEqualTo(10);
                assertThat(sending.sender.troubles()).isEmpty();
            }
        }
    }

    @Test
    void aNameNobodyKnowsIsSaidByName() {
        ElasticsearchConfig config =
                ElasticsearchConfig.of(List.of(URI.create("http://no-such-host.invalid:9200")));
        try (Sending sending = new Sending(folder, config).start()) {
            sending.append(Sending.documents("d", 0, 1));
            await().atMost(LONG).until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.troubles().getFirst()).contains("no-such-host.invalid");
        }
    }
}
