package io.sluice.app.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.buffer.Amount;
import io.sluice.buffer.Buffer;
import io.sluice.buffer.BufferConfig;
import io.sluice.buffer.Excerpt;
import io.sluice.pipeline.Pipeline;
import io.sluice.pipeline.PipelineConfig;
import io.sluice.pipeline.PodDirectory;
import io.sluice.tail.ReadGate;
import io.sluice.tail.TailConfig;
import io.sluice.tail.Tailer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Real files, read into a real buffer; the test delivers. */
class BooksTest {
    @TempDir Path folder;

    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    /** From the file to the buffer, all that the books are about. */
    private final class Rooms implements AutoCloseable {
        final Buffer buffer =
                Buffer.open(BufferConfig.of(folder.resolve("state"), List.of("default")));
        final Pipeline pipeline =
                new Pipeline(
                        PipelineConfig.defaults(1, 4 << 20),
                        PodDirectory.NONE,
                        buffer,
                        failure::set);
        final Tailer tailer;
        final Thread tail;

        Rooms() {
            TailConfig containers = TailConfig.ofContainers(folder.resolve("containers"));
            tailer =
                    new Tailer(
                            containers,
                            buffer.positions(),
                            ReadGate.OPEN,
                            pipeline,
                            System::nanoTime);
            tail = new Thread(tailer, "tail");
            pipeline.start();
            tail.start();
        }

        Books books() {
            return Books.look(() -> buffer.ledger().snapshot(0), tailer::logSources);
        }

        int deliver() {
            int delivered = 0;
            for (Optional<Excerpt> next = buffer.outbox(0).next();
                    next.isPresent();
                    next = buffer.outbox(0).next()) {
                delivered += next.get().documents();
                buffer.outbox(0).acknowledge(next.get().index(), List.of());
            }
            return delivered;
        }

        @Override
        public void close() {
            tailer.stop();
            try {
                tail.join();
                pipeline.close(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
            tailer.close();
            buffer.close();
        }
    }

    @Test
    void everyByteOfEveryFileIsInTheBooksAtEveryLook() throws Exception {
        List<Path> logs = List.of(log("cart", "1"), log("cart", "2"), log("bank", "3"));
        long lines = 0;
        try (Rooms rooms = new Rooms()) {
            for (int round = 0; round < 200; round++) {
                for (Path log : logs) {
                    lines += write(log, round);
                }
                Books books = rooms.books();
                assertThat(books.total().writtenBytes()).isLessThanOrEqualTo(bytes(logs));
                assertThat(books.total().entry().inFlight().records()).isNotNegative();
                if (round % 20 == 0) {
                    rooms.deliver();
                }
            }
            assertAllIsThere(rooms, logs, lines);
        }
        for (Path log : logs) {
            lines += write(log, 1_000);
        }
        try (Rooms rooms = new Rooms()) {
            assertAllIsThere(rooms, logs, lines);
            assertThat(rooms.books().byNamespace(name -> name).keySet())
                    .containsExactly("bank", "cart");
        }
        assertThat(failure).hasValue(null);
    }

    private static void assertAllIsThere(Rooms rooms, List<Path> logs, long lines)
            throws IOException {
        long bytes = bytes(logs);
        await().atMost(Duration.ofSeconds(60))
                .until(
                        () -> {
                            rooms.deliver();
                            Books books = rooms.books();
                            // On its way from the file to the buffer nothing is missing or double.
                            assertThat(books.total().writtenBytes()).isLessThanOrEqualTo(bytes);
                            return books.total()
                                    .entry()
                                    .delivered()
                                    .equals(new Amount(bytes, lines));
                        });
        SourceBooks total = rooms.books().total();
        assertThat(total.writtenBytes()).isEqualTo(bytes);
        assertThat(total.backlogBytes()).isZero();
        assertThat(total.secondsToLoss()).isInfinite();
        assertThat(rooms.books().sources())
                .hasSize(logs.size())
                .allSatisfy(
                        source ->
                                assertThat(source.entry().read())
                                        .isEqualTo(source.entry().delivered()));
    }

    /** As the kubelet links it. */
    private Path log(String namespace, String number) throws IOException {
        Path pod =
                Files.createDirectories(
                        folder.resolve(
                                "pods/" + namespace + "_pod-" + number + "_uid-" + number
                                        + "/app"));
        Path log = Files.createFile(pod.resolve("0.log"));
        Path links = Files.createDirectories(folder.resolve("containers"));
        String id = number.repeat(64).substring(0, 64);
        Files.createSymbolicLink(
                links.resolve("pod-" + number + "_" + namespace + "_app-" + id + ".log"), log);
        return log;
    }

    private static long write(Path log, int round) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            lines.add("2026-11-26T10:00:00.123456789Z stdout F line " + round + " " + i);
        }
        Files.write(log, lines, StandardCharsets.UTF_8, StandardOpenOption.APPEND);
        return lines.size();
    }

    private static long bytes(List<Path> logs) throws IOException {
        long bytes = 0;
        for (Path log : logs) {
            bytes += Files.size(log);
        }
        return bytes;
    }
}
