package io.sluice.buffer;

import io.sluice.buffer.ExcerptFormat.BodyEntry;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;

/** What one output gets of an excerpt, as it was found. */
public final class SavedBody {
    private final String output;
    private final BodyEntry entry;
    private final boolean delivered;
    private final SegmentReader reader;

    /**
     * @param reader is at the body's excerpt
     */
    SavedBody(String output, BodyEntry entry, boolean delivered, SegmentReader reader) {
        this.output = output;
        this.entry = entry;
        this.delivered = delivered;
        this.reader = reader;
    }

    /** Told of each document. */
    @FunctionalInterface
    public interface Documents {
        void document(SavedDocument document) throws IOException;
    }

    /** Name of the output. */
    public String output() {
        return output;
    }

    /** Data stream or index that its documents are for. */
    public String target() {
        return entry.target();
    }

    public int documents() {
        return entry.documents();
    }

    /** Size of its NDJSON. */
    public int uncompressedBytes() {
        return entry.uncompressedBytes();
    }

    public int compressedBytes() {
        return entry.compressedBytes();
    }

    /** Whether the output is done with it, or gets its documents out of another excerpt. */
    public boolean isDelivered() {
        return delivered;
    }

    /** Whose its documents are. */
    public Map<String, Amount> sources() {
        Map<String, Amount> sources = new TreeMap<>();
        ExcerptRuns runs = entry.runs();
        for (int run = 0; run < runs.count(); run++) {
            sources.merge(runs.sourceOf(run), runs.amount(run), Amount::plus);
        }
        return sources;
    }

    /** Reads it and checks its checksum. */
    public boolean isWhole() {
        return gzip().isPresent();
    }

    private Optional<byte[]> gzip() {
        try {
            return reader.body(entry);
        } catch (IOException _) {
            // What the disk does not give is as good as damaged.
            return Optional.empty();
        }
    }

    /**
     * Reads its documents, in order.
     *
     * @return false, with none handed over, when it is damaged
     * @throws IOException of {@code each}
     */
    public boolean read(Documents each) throws IOException {
        Optional<byte[]> gzip = gzip();
        if (gzip.isEmpty()) {
            return false;
        }
        try (InputStream in =
                new BufferedInputStream(
                        new GZIPInputStream(new ByteArrayInputStream(gzip.get())), 1 << 14)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream(4096);
            for (int number = 0; readLine(in, line); number++) {
                byte[] action = line.toByteArray();
                if (!readLine(in, line)) {
                    throw new IOException("an action of a body has no document");
                }
                each.document(
                        new SavedDocument(
                                entry.target(), source(number), action, line.toByteArray()));
            }
        }
        return true;
    }

    private String source(int document) {
        return document < entry.runs().documents() ? entry.runs().source(document) : "";
    }

    private static boolean readLine(InputStream in, ByteArrayOutputStream line) throws IOException {
        line.reset();
        int b;
        while ((b = in.read()) >= 0 && b != '\n') {
            line.write(b);
        }
        return b == '\n' || line.size() > 0;
    }
}
