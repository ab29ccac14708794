package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** In a process of its own: what a run-time remembers of names is settled by its first look-up. */
class NamesTest {
    private static final long PATIENCE_SECONDS = 60;

    @TempDir Path folder;

    /** Changes a name's address and looks it up until that is seen; prints after how long. */
    static final class LooksUp {
        private LooksUp() {}

        public static void main(String[] arguments) throws IOException {
            Sluice.forgetNamesSoon();
            String before = address();
            Files.writeString(Path.of(arguments[0]), "127.0.0.3 es.test\n");
            long start = System.nanoTime();
            await().atMost(Duration.ofSeconds(PATIENCE_SECONDS))
                    .until(() -> !address().equals(before));
            System.out.println(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start));
        }

        private static String address() throws UnknownHostException {
            return InetAddress.getAllByName("es.test")[0].getHostAddress();
        }
    }

    @Test
    void aNameThatMovedIsForgottenWithinSeconds() throws InterruptedException {
        assertThat(secondsUntilForgotten()).isLessThan(20);
    }

    private long secondsUntilForgotten() throws InterruptedException {
        try {
            Path hosts = Files.writeString(folder.resolve("hosts"), "127.0.0.2 es.test\n");
            Process process =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                    "-Djdk.net.hosts.file=" + hosts,
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    LooksUp.class.getName(),
                                    hosts.toString())
                            .redirectErrorStream(true)
                            .start();
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return Long.parseLong(said.strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
