package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.pipeline.AppendedBatches.Document;
import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.LogSource;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Any bytes in a container's file, in any chunks: what comes out is NDJSON that a strict parser
 * reads, every byte is in exactly one document's extent, and how the bytes were cut into chunks
 * changes neither ids nor documents.
 *
 * <p>{@code -Dsluice.seed=} repeats one file, {@code -Dsluice.files=} tries so many.
 */
class BadBytesTest {
    private static final int FILES =
            Integer.getInteger("sluice.files", Boolean.getBoolean("sluice.soak") ? 200_000 : 3_000);
    private static final int MOST_CHUNK_BYTES = 64 * 1024;
    private static final String TIME = "2026-11-23T10:34:26.906140354Z";

    /** What lines are made of, besides plain text. */
    private static final List<String> PIECES =
            List.of(
                    TIME + " stdout F ",
                    TIME + " stderr F ",
                    TIME + " stdout P ",
                    TIME + " stderr P ",
                    TIME + " stdout F:P ",
                    TIME + " stdin F ",
                    TIME + "  F ",
                    "{\"log\":\"",
                    "\",\"stream\":\"stdout\",\"time\":\"" + TIME + "\"}",
                    "\\n\",\"stream\":\"stderr\",\"time\":\"" + TIME + "\"}",
                    "{\"message\":\"a\",\"level\":\"warn\"}",
                    "{\"@timestamp\":1,\"kubernetes\":{}}",
                    "\\u0000",
                    "\\ud83d",
                    "\\",
                    "\"",
                    "{",
                    "}",
                    "[",
                    ",",
                    "\r",
                    "\t",
                    " ",
                    "\0",
                    "\u001b[31m",
                    "ü€😀",
                    "",
                    "P",
                    "F");

    private final PipelineConfig config = FedEncoder.config(64 * 1024, 16 * 1024, 256 * 1024);
    private final Generation generation = FedEncoder.generation(7, 0, Start.FIRST);
    private long bytes;
    private long documents;

    /** What one way of cutting made of a file. */
    private record Read(Set<Document> documents, long readBytes) {}

    @Test
    void everyByteIsInOneDocumentHoweverItCame() {
        Long repeated = Long.getLong("sluice.seed");
        long first = repeated == null ? ThreadLocalRandom.current().nextInt(1 << 30) : repeated;
        int files = repeated == null ? FILES : 1;
        for (long seed = first; seed < first + files; seed++) {
            try {
                check(seed);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("repeat with -Dsluice.seed=" + seed, e);
            }
        }
        System.out.printf(
                "bad bytes: seeds from %d: %d files, %d bytes, %d documents%n",
                first, files, bytes, documents);
    }

    private void check(long seed) {
        Random random = new Random(seed);
        // Neighbouring seeds give alike first numbers.
        random.nextLong();
        byte[] file = file(random);
        Read whole = read(file, List.of());
        Read cut = read(file, cuts(file, random));

        assertThat(whole.readBytes).as("bytes in documents").isEqualTo(file.length);
        assertThat(cut.readBytes).as("bytes in documents, in chunks").isEqualTo(file.length);
        assertThat(cut.documents).isEqualTo(whole.documents);
        bytes += file.length;
        documents += whole.documents.size();
    }

    private static byte[] file(Random random) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        int lines = random.nextInt(20);
        for (int i = 0; i < lines; i++) {
            file.writeBytes(line(random));
            if (i < lines - 1 || random.nextInt(4) > 0) {
                file.write('\n');
            }
        }
        return file.toByteArray();
    }

    private static byte[] line(Random random) {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int pieces = random.nextInt(5);
        for (int i = 0; i < pieces; i++) {
            switch (random.nextInt(8)) {
                case 0 -> {
                    byte[] any = new byte[random.nextInt(40)];
                    random.nextBytes(any);
                    line.writeBytes(any);
                }
                case 1 -> line.writeBytes(utf8("x".repeat(random.nextInt(30))));
                case 2 -> {
                    // Beyond what a record may have.
                    int most = random.nextInt(50) == 0 ? 40_000 : 300;
                    line.writeBytes(utf8("y".repeat(random.nextInt(most))));
                }
                default -> line.writeBytes(utf8(PIECES.get(random.nextInt(PIECES.size()))));
            }
        }
        byte[] made = line.toByteArray();
        if (random.nextInt(3) == 0 && made.length > 0) {
            made[random.nextInt(made.length)] = (byte) random.nextInt(256);
        }
        return made;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<Integer> cuts(byte[] file, Random random) {
        List<Integer> cuts = new ArrayList<>();
        int most = 1 + random.nextInt(200);
        for (int at = 0; at < file.length; at += 1 + random.nextInt(most)) {
            cuts.add(at);
        }
        return cuts;
    }

    private Read read(byte[] file, List<Integer> cuts) {
        FedEncoder fed = new FedEncoder(config);
        LogSource source = FedEncoder.container("shop_cart_uid/app");
        int from = 0;
        for (int cut : cuts) {
            from = feed(fed, source, file, from, cut);
        }
        int rest = feed(fed, source, file, from, file.length);
        fed.feed(source, generation, rest, new byte[0], End.SOURCE, false);
        fed.shutDown();
        Set<Document> documents = new HashSet<>(fed.appended.documents());
        // AppendedBatches has parsed them, and found their extents and the batches' counts equal.
        assertThat(documents).hasSize(fed.appended.documents().size());
        assertThat(documents.stream().map(Document::id).distinct()).hasSize(documents.size());
        long readBytes =
                fed.appended.batches.stream()
                        .flatMap(batch -> batch.progress().stream())
                        .mapToLong(progress -> progress.counts().readBytes())
                        .sum();
        return new Read(documents, readBytes);
    }

    private int feed(FedEncoder fed, LogSource source, byte[] file, int from, int to) {
        for (int at = from; at < to; at += MOST_CHUNK_BYTES) {
            int end = Math.min(to, at + MOST_CHUNK_BYTES);
            byte[] chunk = Arrays.copyOfRange(file, at, end);
            fed.feed(source, generation, at, chunk, End.OPEN, false);
        }
        return to;
    }
}
