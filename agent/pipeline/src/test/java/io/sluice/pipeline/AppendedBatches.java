package io.sluice.pipeline;

import io.sluice.tail.SourcePosition;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;

/** A buffer in memory that reads back what was appended: real gzip, real JSON. */
final class AppendedBatches implements BatchSink {

    /** One batch, unpacked. */
    record Appended(
            List<Document> documents,
            List<Batch.SourceProgress> progress,
            int uncompressedBytes,
            int compressedBytes) {}

    /** One document, its leaves by dotted path. */
    record Document(String id, Map<String, String> fields) {
        String message() {
            return fields.get("message");
        }

        String flags() {
            return fields.getOrDefault("log.flags", "");
        }

        String stream() {
            return fields.get("stream");
        }

        long offset() {
            return Long.parseLong(fields.get("log.offset"));
        }
    }

    /** As strict as Elasticsearch. */
    private static final JsonFactory JSON =
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    final List<Appended> batches = new CopyOnWriteArrayList<>();

    @Override
    public void append(Batch batch) throws InterruptedException {
        List<Document> documents = new ArrayList<>();
        int uncompressedBytes = 0;
        int compressedBytes = 0;
        for (Batch.Body body : batch.bodies()) {
            byte[] ndjson = gunzip(body.gzip());
            compressedBytes += body.gzip().remaining();
            uncompressedBytes += ndjson.length;
            List<Document> read = documents(new String(ndjson, StandardCharsets.UTF_8));
            if (read.size() != body.documents() || ndjson.length != body.uncompressedBytes()) {
                throw new AssertionError("body says " + body + " but holds " + read.size());
            }
            checkRuns(batch, body, read);
            documents.addAll(read);
        }
        batches.add(new Appended(documents, batch.progress(), uncompressedBytes, compressedBytes));
    }

    /** A batch's own books: its runs, its counts and the ids of its documents say the same. */
    private static void checkRuns(Batch batch, Batch.Body body, List<Document> documents) {
        long[] left = new long[2 * batch.progress().size()];
        for (int i = 0; i < batch.progress().size(); i++) {
            Batch.Counts counts = batch.progress().get(i).counts();
            left[2 * i] = counts.readRecords() - counts.filteredRecords();
            left[2 * i + 1] = counts.readBytes() - counts.filteredBytes();
        }
        Runs runs = body.runs();
        int document = 0;
        for (int run = 0; run < runs.count(); run++) {
            left[2 * runs.source(run)] -= runs.documents(run);
            left[2 * runs.source(run) + 1] -= runs.rawBytes(run);
            long extents = 0;
            for (int i = 0; i < runs.documents(run); i++) {
                extents += DocumentId.extent(documents.get(document++).id()).orElseThrow();
            }
            boolean ownRun = runs.rawBytes(run) >= Runs.OWN_RUN_BYTES && runs.documents(run) == 1;
            if (extents != runs.rawBytes(run) && !ownRun) {
                throw new AssertionError("run " + run + " of " + runs + " has " + extents + " B");
            }
        }
        if (document != documents.size() || Arrays.stream(left).anyMatch(rest -> rest != 0)) {
            throw new AssertionError(
                    documents.size() + " documents, runs " + runs + ", " + batch.progress());
        }
    }

    List<Document> documents() {
        return batches.stream().flatMap(batch -> batch.documents().stream()).toList();
    }

    List<String> messages() {
        return documents().stream().map(Document::message).toList();
    }

    /** Where each source stands after all batches; sources that ended are absent. */
    Map<String, SourcePosition> positions() {
        Map<String, SourcePosition> positions = new LinkedHashMap<>();
        for (Appended batch : batches) {
            for (Batch.SourceProgress progress : batch.progress()) {
                progress.position()
                        .ifPresentOrElse(
                                position -> positions.put(progress.source(), position),
                                () -> positions.remove(progress.source()));
            }
        }
        return positions;
    }

    Optional<SourcePosition> position(String source) {
        return Optional.ofNullable(positions().get(source));
    }

    private static byte[] gunzip(ByteBuffer body) {
        byte[] bytes = new byte[body.remaining()];
        body.duplicate().get(bytes);
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Document> documents(String ndjson) {
        List<Document> documents = new ArrayList<>();
        String[] lines = ndjson.split("\n", -1);
        for (int i = 0; i + 1 < lines.length; i += 2) {
            String id = leaves(lines[i]).get("create._id");
            documents.add(new Document(id, leaves(lines[i + 1])));
        }
        return documents;
    }

    private static Map<String, String> leaves(String json) {
        Map<String, String> leaves = new LinkedHashMap<>();
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
            while (parser.nextToken() != null) {
                JsonToken token = parser.currentToken();
                if (token.isScalarValue()) {
                    leaves.merge(
                            path(parser), parser.getString(), (first, next) -> first + "," + next);
                }
            }
        }
        return leaves;
    }

    /** Interned: documents are many and all are kept, names are few. */
    private static String path(JsonParser parser) {
        return parser.streamReadContext()
                .pathAsPointer()
                .toString()
                .substring(1)
                .replaceAll("/[0-9]+$", "")
                .replace('/', '.')
                .intern();
    }
}
