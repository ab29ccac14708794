package io.sluice.app.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class DemoFolderTest {
    @TempDir private Path root;

    @Test
    void theNextDemoFindsItEmpty() throws IOException {
        Path folder = root.resolve("demo");
        Path outside = Files.createDirectory(root.resolve("outside"));
        Files.writeString(outside.resolve("kept"), "");
        try (DemoFolder first = DemoFolder.open(folder)) {
            Files.createDirectories(first.path().resolve("pods/a"));
            Files.writeString(first.path().resolve("pods/a/0.log"), "");
            Files.createSymbolicLink(first.path().resolve("link"), outside);
        }

        try (DemoFolder second = DemoFolder.open(folder)) {
            assertThat(second.path())
                    .isDirectoryNotContaining(
                            file -> !file.getFileName().toString().equals(".sluice-demo"));
            assertThat(outside.resolve("kept")).exists();
        }
    }

    @Test
    void aFolderOfSomebodyElseIsLeftAlone() throws IOException {
        Path photo = Files.writeString(root.resolve("photo"), "");

        assertThatThrownBy(() -> DemoFolder.open(root))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not a demo's");
        assertThat(photo).exists();
        assertThat(root.resolve(".sluice-demo")).doesNotExist();
    }

    @Test
    void twoDemosDoNotShareIt() throws IOException {
        try (DemoFolder first = DemoFolder.open(root.resolve("demo"))) {
            Path kept = Files.writeString(first.path().resolve("agent.log"), "");

            assertThatThrownBy(() -> DemoFolder.open(first.path()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("in use");
            assertThat(kept).exists();
        }
    }
}
