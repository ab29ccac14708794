package io.sluice.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Real named pipes. */
class PipesTest {
    @TempDir private Path folder;
    private Path pipe;

    @BeforeEach
    void make() throws Exception {
        pipe = folder.resolve("pipe");
        make(pipe);
    }

    private static void make(Path path) throws Exception {
        assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
    }

    private static void write(OutputStream to, String text) throws IOException {
        to.write(text.getBytes(StandardCharsets.UTF_8));
        to.flush();
    }

    @Test
    void writersComeAndGo() throws Exception {
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--pipe", pipe + "")) {
            for (int i = 0; i < 5; i++) {
                try (OutputStream writer = Files.newOutputStream(pipe)) {
                    write(writer, "writer " + i + "\nno newline " + i);
                }
                sidecar.awaitLines(2 * i + 2);
            }
            // The shortest life: it opens, writes and is gone.
            for (int i = 0; i < 20; i++) {
                Files.writeString(pipe, "short " + i + "\n");
            }
            sidecar.awaitLines(30);
            assertThat(sidecar.terminate()).isZero();
            assertThat(sidecar.lines())
                    .hasSize(30)
                    .startsWith("writer 0", "no newline 0", "writer 1", "no newline 1")
                    .endsWith("short 18", "short 19");
        }
    }

    @Test
    void anOpenWriterDoesNotHinderTheEndAndWhatItHasWrittenIsCopied() throws Exception {
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--pipe", pipe + "");
                OutputStream writer = Files.newOutputStream(pipe)) {
            write(writer, "one\n");
            sidecar.awaitLines(1);
            write(writer, "two\nthree");
            assertThat(sidecar.terminate()).isZero();
            assertThat(sidecar.lines()).containsExactly("one", "two", "three");
        }
    }

    @Test
    void aPipeThatComesLaterOrInPlaceOfAnotherIsRead() throws Exception {
        Path late = folder.resolve("late");
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--pipe", late + "")) {
            sidecar.awaitSaid("--pipe " + late + " is not there after 10 s");
            make(late);
            Files.writeString(late, "first\n");
            sidecar.awaitLines(1);
            Path other = folder.resolve("other");
            make(other);
            Files.move(other, late, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            Files.writeString(late, "second\n");
            sidecar.awaitLines(2);
            assertThat(sidecar.terminate()).isZero();
            assertThat(sidecar.lines()).containsExactly("first", "second");
        }
    }

    @Test
    void aRegularFileIsNoPipe() throws Exception {
        Path file = folder.resolve("file");
        Files.writeString(file, "text\n");
        try (RunningSidecar sidecar = RunningSidecar.start(folder, "--pipe", file + "")) {
            assertThat(sidecar.awaitExit()).isEqualTo(Sidecar.UNUSABLE);
            sidecar.awaitSaid("is no named pipe; make one with mkfifo, or use --file");
        }
    }
}
