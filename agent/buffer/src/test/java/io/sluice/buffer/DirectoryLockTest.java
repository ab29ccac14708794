package io.sluice.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One agent per state directory. */
class DirectoryLockTest {
    @TempDir Path directory;

    @Test
    void whoFindsItInUseIsToldByWhomAndWhatToDo() {
        try (DirectoryLock _ = DirectoryLock.acquire(directory, Duration.ZERO)) {
            assertThatThrownBy(() -> DirectoryLock.acquire(directory, Duration.ofMillis(150)))
                    .isInstanceOf(BufferException.class)
                    .hasMessage(
                            "buffer.path "
                                    + directory
                                    + " is in use by another agent (pid "
                                    + ProcessHandle.current().pid()
                                    + ") after waiting 0 s; stop that one, or set another path");
        }
        DirectoryLock.acquire(directory, Duration.ZERO).close();
    }

    @Test
    void whoWaitsGetsItWhenTheOtherLeaves() throws Exception {
        DirectoryLock first = DirectoryLock.acquire(directory, Duration.ZERO);
        CountDownLatch waiting = new CountDownLatch(1);
        CompletableFuture<DirectoryLock> second =
                CompletableFuture.supplyAsync(
                        () -> {
                            waiting.countDown();
                            return DirectoryLock.acquire(directory, Duration.ofSeconds(60));
                        });
        assertThat(waiting.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(second).isNotDone();

        first.close();

        second.get(60, TimeUnit.SECONDS).close();
    }

    @Test
    void aPathThatIsNoDirectoryIsNamedWithTheRemedy() throws Exception {
        Path file = Files.createFile(directory.resolve("file"));

        assertThatThrownBy(() -> DirectoryLock.acquire(file, Duration.ZERO))
                .isInstanceOf(BufferException.class)
                .hasMessageStartingWith("buffer.path " + file + " cannot be written")
                .hasMessageContaining("make it a directory that this user may write");
        assertThatThrownBy(() -> Buffer.open(Batches.config(file)))
                .isInstanceOf(BufferException.class)
                .hasMessageStartingWith("buffer.path " + file + " cannot be made");
    }
}
