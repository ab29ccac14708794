package io.sluice.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.testing.ElasticsearchFixture.Options;
import io.sluice.testing.ElasticsearchFixture.Security;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** Which server tests get; the servers themselves are what the other rooms' tests run against. */
class ElasticsearchFixtureTest {
    private static final String NOWHERE = "";

    @TempDir Path folder;

    @Test
    void aUrlComesFirstAndDockerIsNotEvenAsked() {
        ElasticsearchServer server =
                ElasticsearchFixture.choose(
                        Options.DEFAULT,
                        "http://me:secret@127.0.0.1:9200",
                        () -> {
                            throw new AssertionError("asked for Docker");
                        },
                        folder.toString());

        assertThat(server.url()).hasToString("http://127.0.0.1:9200");
        assertThat(server.username()).isEqualTo("me");
        assertThat(server.password()).isEqualTo("secret");
        assertThat(server.description()).doesNotContain("secret");
    }

    @Test
    void aRunningServerDoesNotStandInForOneOfAnotherKind() {
        assertThatThrownBy(
                        () ->
                                ElasticsearchFixture.choose(
                                        Options.with(Security.TLS),
                                        "http://127.0.0.1:9200",
                                        () -> false,
                                        NOWHERE))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("needs a server of its own")
                .hasMessageContaining(ElasticsearchFixture.URL_PROPERTY);
    }

    @Test
    void noServerAtAllIsAFailureThatSaysWhatToDo() {
        assertThatThrownBy(
                        () ->
                                ElasticsearchFixture.choose(
                                        Options.DEFAULT, NOWHERE, () -> false, NOWHERE))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("start Docker")
                .hasMessageContaining(ElasticsearchFixture.HOME_PROPERTY)
                .hasMessageContaining(ElasticsearchFixture.URL_PROPERTY);
    }

    @Test
    void aFolderWithoutAServerIsAFailureToo() {
        assertThatThrownBy(
                        () ->
                                ElasticsearchFixture.choose(
                                        Options.DEFAULT, NOWHERE, () -> false, folder.toString()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no Elasticsearch at " + folder);
    }
}
