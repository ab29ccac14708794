package io.sluice.elasticsearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.testing.FaultyElasticsearch;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What becomes of documents whose template is not taken. */
class TemplateSetupTest {
    @TempDir Path folder;

    private final Logger logger = Logger.getLogger("io.sluice.elasticsearch");
    private final List<String> said = new CopyOnWriteArrayList<>();
    private final Handler ear =
            new Handler() {
                @Override
                public void publish(LogRecord logged) {
                    said.add(MessageFormat.format(logged.getMessage(), logged.getParameters()));
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    private final FaultyElasticsearch server = new FaultyElasticsearch();

    @BeforeEach
    void listen() {
        logger.addHandler(ear);
    }

    @AfterEach
    void stop() {
        logger.removeHandler(ear);
        server.close();
    }

    private Sending sending() {
        return new Sending(folder, Sending.config(server.url(), "setup"));
    }

    private static String error(String type) {
        return "{\"error\":{\"type\":\"" + type + "\",\"reason\":\"so\"},\"status\":0}";
    }

    @ParameterizedTest
    @CsvSource({"403,security_exception", "400,illegal_argument_exception"})
    void oneThatIsRefusedForGoodIsSaidWithItsRemedyAndDocumentsGoOn(int status, String type) {
        server.answerTemplates(status, error(type));
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 10));
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(10);
            assertThat(said)
                    .filteredOn(line -> line.contains("refuses the index template"))
                    .singleElement()
                    .asString()
                    .contains("sluice-logs-setup", "" + status, type)
                    .contains("manage_index_templates", "elasticsearch.setupTemplate");
            assertThat(sending.sender.troubles()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "503,master_not_discovered_exception",
        "429,es_rejected_execution_exception",
        "401,security_exception"
    })
    void oneThatCannotBePutNowHoldsDocumentsBackLoudly(int status, String type) {
        server.answerTemplates(status, error(type));
        try (Sending sending = sending().start()) {
            sending.append(Sending.documents("d", 0, 10));
            await().until(() -> !sending.sender.troubles().isEmpty());
            assertThat(sending.sender.troubles().getFirst()).contains("" + status, type);
            assertThat(server.bulks()).isZero();
            server.answerTemplates(200, "{\"acknowledged\":true}");
            sending.awaitDelivered();
            assertThat(server.taken()).hasSize(10);
            assertThat(server.alreadyThere()).isZero();
            assertThat(sending.sender.troubles()).isEmpty();
        }
    }

    @Test
    void noneIsPutTwice() {
        try (Sending sending = sending().start()) {
            for (int i = 0; i < 5; i++) {
                sending.append(Sending.documents("d", i, i + 1));
                sending.awaitDelivered();
            }
            assertThat(said).filteredOn(line -> line.contains("put the index template")).hasSize(1);
        }
    }
}
