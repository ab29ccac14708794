package io.sluice.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.pipeline.AppendedBatches.Document;
import io.sluice.tail.Chunk.End;
import io.sluice.tail.Generation;
import io.sluice.tail.Generation.Start;
import io.sluice.tail.LogSource;
import io.sluice.tail.SourcePosition;
import io.sluice.tail.Stream;
import io.sluice.tail.StreamPosition;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Crashes at any place: what was appended before and what is made of the rest afterwards is every
 * record, once, with the identity and the text it has without a crash; and after each batch the
 * bytes counted as read are those the positions have passed.
 */
class PositionsTest {
    /** One file of a source as it stands on the disk. */
    private record Written(long fingerprint, int restart, Start start, String text) {}

    /** One record as the model has it. */
    private record Expected(String id, Stream stream, String message) {}

    /** One source's files and the records they hold. */
    private record Model(String key, List<Written> files, List<Expected> records) {

        /** Bytes of all files before a position. */
        long before(StreamPosition position) {
            long before = position.offset();
            for (Written file : files) {
                if (file.fingerprint() == position.fingerprint()) {
                    return before;
                }
                before += file.text().length();
            }
            throw new AssertionError("no file has the fingerprint of " + position);
        }
    }

    /** What is known of one source's bytes after the batches so far. */
    private static final class Books {
        long readBytes;

        /** In excerpts, and yet behind the older position; as of the last batch. */
        long aheadBytes;

        /** Of those, what this life has not passed over yet. */
        long toSkipBytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void everyRecordIsAppendedOnceOverCrashes(int group) {
        long base = System.nanoTime();
        for (int run = 0; run < 150; run++) {
            long seed = base + 1_000L * group + run;
            crashAndResume(seed);
        }
    }

    private static void crashAndResume(long seed) {
        Random random = new Random(seed);
        List<Model> models =
                IntStream.range(0, 1 + random.nextInt(3))
                        .mapToObj(i -> model(random, "source-" + i, 100L * (i + 1)))
                        .toList();
        Map<String, SourcePosition> positions = new HashMap<>();
        Map<String, Books> books = new HashMap<>();
        models.forEach(model -> books.put(model.key(), new Books()));
        List<Document> documents = new ArrayList<>();
        int crashes = random.nextInt(4);
        for (int life = 0; life <= crashes; life++) {
            boolean last = life == crashes;
            AppendedBatches appended = live(random, models, positions, last);
            documents.addAll(appended.documents());
            positions.putAll(appended.positions());
            models.forEach(model -> balance(model, books.get(model.key()), appended, seed));
        }

        List<Expected> expected =
                models.stream().flatMap(model -> model.records().stream()).toList();
        assertThat(documents)
                .as("ids, seed %d", seed)
                .extracting(Document::id)
                .containsExactlyInAnyOrderElementsOf(expected.stream().map(Expected::id).toList());
        Map<String, String> messages = new HashMap<>();
        documents.forEach(
                document ->
                        messages.put(document.id(), document.stream() + " " + document.message()));
        assertThat(expected)
                .as("texts, seed %d", seed)
                .allSatisfy(
                        record ->
                                assertThat(messages)
                                        .containsEntry(
                                                record.id(),
                                                record.stream().text() + " " + record.message()));
    }

    private static void balance(Model model, Books books, AppendedBatches appended, long seed) {
        books.toSkipBytes = books.aheadBytes;
        for (AppendedBatches.Appended batch : appended.batches) {
            for (Batch.SourceProgress progress : batch.progress()) {
                if (!progress.source().equals(model.key())) {
                    continue;
                }
                Batch.Counts counts = progress.counts();
                books.readBytes += counts.readBytes();
                books.toSkipBytes -= counts.skippedBytes();
                books.aheadBytes = books.toSkipBytes + counts.aheadBytes();
                SourcePosition position = progress.position().orElseThrow();
                long passed =
                        Math.min(model.before(position.stdout()), model.before(position.stderr()));
                assertThat(books.readBytes)
                        .as("bytes read, seed %d, %s", seed, progress)
                        .isEqualTo(passed + books.aheadBytes);
            }
        }
    }

    /**
     * One life of the agent: reads from the positions; ends in the middle unless it is the last.
     */
    private static AppendedBatches live(
            Random random,
            List<Model> models,
            Map<String, SourcePosition> positions,
            boolean last) {
        PipelineConfig config =
                FedEncoder.config(1_024 + random.nextInt(8_000), 1024 * 1024, 16 * 1024 * 1024);
        FedEncoder fed = new FedEncoder(config);
        List<Reader> readers = new ArrayList<>();
        for (Model model : models) {
            readers.add(new Reader(model, Optional.ofNullable(positions.get(model.key()))));
        }
        int chunks = last ? Integer.MAX_VALUE : random.nextInt(60);
        for (int i = 0; i < chunks && !readers.isEmpty(); i++) {
            Reader reader = readers.get(random.nextInt(readers.size()));
            if (!reader.next(random, fed)) {
                readers.remove(reader);
            }
            fed.nanos.addAndGet(random.nextLong(100_000_000L));
            if (random.nextInt(5) == 0) {
                fed.timeout();
            }
        }
        if (last || random.nextBoolean()) {
            fed.shutDown();
        }
        return fed.appended;
    }

    /** Cuts a source's files into chunks as the tail does. */
    private static final class Reader {
        private final LogSource source;
        private final List<Generation> generations = new ArrayList<>();
        private final List<byte[]> contents = new ArrayList<>();
        private int file;
        private int offset;

        Reader(Model model, Optional<SourcePosition> position) {
            source = new LogSource(model.key(), FedEncoder.CONTAINER, position);
            int stdoutFile = fileOf(model, position, Stream.STDOUT);
            int stderrFile = fileOf(model, position, Stream.STDERR);
            int firstFile = Math.min(stdoutFile, stderrFile);
            for (int i = firstFile; i < model.files().size(); i++) {
                Written written = model.files().get(i);
                generations.add(
                        new Generation(
                                written.fingerprint(),
                                written.restart(),
                                "",
                                "/0.log",
                                i == firstFile ? Start.FIRST : written.start(),
                                from(i, stdoutFile, position, Stream.STDOUT),
                                from(i, stderrFile, position, Stream.STDERR)));
                contents.add(written.text().getBytes(StandardCharsets.US_ASCII));
            }
            Generation first = generations.getFirst();
            offset = (int) Math.min(first.stdoutFrom(), first.stderrFrom());
        }

        private static int fileOf(Model model, Optional<SourcePosition> position, Stream stream) {
            if (position.isEmpty()) {
                return 0;
            }
            long fingerprint = position.get().of(stream).fingerprint();
            return IntStream.range(0, model.files().size())
                    .filter(i -> model.files().get(i).fingerprint() == fingerprint)
                    .findFirst()
                    .orElseThrow();
        }

        private static long from(
                int file, int startFile, Optional<SourcePosition> position, Stream stream) {
            if (file < startFile) {
                return Long.MAX_VALUE;
            }
            return file > startFile
                    ? 0
                    : position.map(found -> found.of(stream))
                            .map(StreamPosition::offset)
                            .orElse(0L);
        }

        /** Feeds one chunk; false when nothing is left. */
        boolean next(Random random, FedEncoder fed) {
            byte[] content = contents.get(file);
            int left = content.length - offset;
            int length = Math.min(left, 20 + random.nextInt(random.nextInt(4) == 0 ? 30 : 1_500));
            int newline = offset + length - 1;
            while (newline >= offset && content[newline] != '\n') {
                newline--;
            }
            if (newline >= offset && length < left) {
                length = newline + 1 - offset;
            }
            boolean atEnd = length == left;
            byte[] bytes = new byte[length];
            System.arraycopy(content, offset, bytes, 0, length);
            boolean lastFile = file == generations.size() - 1;
            fed.feed(
                    source,
                    generations.get(file),
                    offset,
                    bytes,
                    atEnd && !lastFile ? End.GENERATION : End.OPEN,
                    random.nextInt(3) == 0);
            offset += length;
            if (atEnd && !lastFile) {
                file++;
                offset = 0;
                return true;
            }
            return !atEnd;
        }
    }

    /** What one stream has open in the model. */
    private static final class Open {
        long fingerprint;
        long offset;
        long extent;
        final StringBuilder text = new StringBuilder();
        boolean isOpen;
    }

    private static Model model(Random random, String key, long fingerprintBase) {
        List<Written> files = new ArrayList<>();
        List<Expected> records = new ArrayList<>();
        Map<Stream, Open> open = Map.of(Stream.STDOUT, new Open(), Stream.STDERR, new Open());
        int restart = 0;
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            boolean breaks = i > 0 && random.nextInt(3) == 0;
            if (breaks) {
                restart++;
                open.values().stream()
                        .sorted(Comparator.comparingLong(one -> one.offset))
                        .forEach(one -> close(one, open, records));
            }
            long fingerprint = fingerprintBase + i;
            boolean last = i == count - 1;
            String text = file(random, fingerprint, open, records, last);
            Start start = i == 0 ? Start.FIRST : breaks ? Start.BREAKS : Start.CONTINUES;
            files.add(new Written(fingerprint, restart, start, text));
        }
        return new Model(key, files, records);
    }

    private static String file(
            Random random,
            long fingerprint,
            Map<Stream, Open> open,
            List<Expected> records,
            boolean last) {
        StringBuilder file = new StringBuilder();
        int lines = random.nextInt(40);
        for (int i = 0; i < lines; i++) {
            Stream stream = random.nextInt(3) == 0 ? Stream.STDERR : Stream.STDOUT;
            line(file, random, fingerprint, stream, random.nextInt(3) == 0, open, records);
        }
        if (last) {
            // The model ends with nothing open, so that every record has an end to be found.
            line(file, random, fingerprint, Stream.STDOUT, false, open, records);
            line(file, random, fingerprint, Stream.STDERR, false, open, records);
        }
        return file.toString();
    }

    private static void line(
            StringBuilder file,
            Random random,
            long fingerprint,
            Stream stream,
            boolean partial,
            Map<Stream, Open> open,
            List<Expected> records) {
        int offset = file.length();
        if (random.nextInt(25) == 0) {
            String text = "not cri " + random.nextInt(1_000_000);
            file.append(text).append('\n');
            close(open.get(Stream.STDOUT), open, records);
            records.add(
                    new Expected(id(fingerprint, offset, text.length() + 1L), Stream.STDOUT, text));
            return;
        }
        String text =
                "x".repeat(random.nextInt(8) == 0 ? random.nextInt(3_000) : random.nextInt(40));
        file.append("2026-11-23T10:34:26.9Z ")
                .append(stream.text())
                .append(partial ? " P " : " F ")
                .append(text)
                .append('\n');
        Open one = open.get(stream);
        if (!one.isOpen) {
            one.isOpen = true;
            one.fingerprint = fingerprint;
            one.offset = offset;
        }
        one.text.append(text);
        one.extent += file.length() - offset;
        if (!partial) {
            close(one, open, records);
        }
    }

    private static void close(Open one, Map<Stream, Open> open, List<Expected> records) {
        if (!one.isOpen) {
            return;
        }
        Stream stream = one.equals(open.get(Stream.STDOUT)) ? Stream.STDOUT : Stream.STDERR;
        records.add(
                new Expected(
                        id(one.fingerprint, one.offset, one.extent), stream, one.text.toString()));
        one.isOpen = false;
        one.extent = 0;
        one.text.setLength(0);
    }

    private static String id(long fingerprint, long offset, long extent) {
        DocumentBuffer id = new DocumentBuffer(32);
        DocumentId.append(id, fingerprint, offset, extent);
        return new String(id.toByteArray(), StandardCharsets.US_ASCII);
    }
}
