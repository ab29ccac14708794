package io.sluice.pipeline;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * Whose a body's documents are: for each run of documents of one source, in the order of the
 * documents, which source, how many documents, and how many raw bytes their records had.
 *
 * <p>A record of {@value #OWN_RUN_BYTES} bytes or more has a run of its own: of the others the low
 * 24 bits of the document's id tell the size (see {@link DocumentId}).
 *
 * <p>Filled by the one who makes a batch, who may fill it again for the next: who gets it reads it
 * during the call only. Nothing is allocated per document once the arrays have grown.
 */
public final class Runs {
    /** From this size on a record's run has no other document. */
    public static final long OWN_RUN_BYTES = 1L << 24;

    /** At most what a run takes in an excerpt's header. */
    public static final int MOST_RUN_BYTES = 20;

    /** At most what a source takes in an excerpt's header, besides its key. */
    private static final int MOST_SOURCE_BYTES = 256;

    private int[] sources = new int[16];
    private int[] documents = new int[16];
    private long[] rawBytes = new long[16];
    private int count;

    /** No document yet. */
    public Runs() {}

    /** All documents are of the batch's first source. */
    public static Runs ofOne(int documents, long rawBytes) {
        Runs runs = new Runs();
        if (documents > 0) {
            runs.addRun(0, documents, rawBytes);
        }
        return runs;
    }

    /**
     * At most what a source takes in an excerpt's header. A batch must leave room for all sources
     * that have documents in it; see {@link Batch}.
     */
    public static int mostSourceBytes(String key) {
        return 3 * key.length() + MOST_SOURCE_BYTES;
    }

    /**
     * Adds the next document.
     *
     * @param source its place among the batch's sources
     * @param extent its record's bytes in the file
     * @return whether it began a run
     */
    public boolean add(int source, long extent) {
        int last = count - 1;
        if (last >= 0
                && sources[last] == source
                && extent < OWN_RUN_BYTES
                && (documents[last] > 1 || rawBytes[last] < OWN_RUN_BYTES)) {
            documents[last]++;
            rawBytes[last] += extent;
            return false;
        }
        addRun(source, 1, extent);
        return true;
    }

    private void addRun(int source, int runDocuments, long runBytes) {
        if (count == sources.length) {
            sources = Arrays.copyOf(sources, 2 * count);
            documents = Arrays.copyOf(documents, 2 * count);
            rawBytes = Arrays.copyOf(rawBytes, 2 * count);
        }
        sources[count] = source;
        documents[count] = runDocuments;
        rawBytes[count] = runBytes;
        count++;
    }

    /** Gives each source another place. */
    void renumber(IntUnaryOperator place) {
        for (int i = 0; i < count; i++) {
            sources[i] = place.applyAsInt(sources[i]);
        }
    }

    void clear() {
        count = 0;
    }

    /** How many runs. */
    public int count() {
        return count;
    }

    /** The place in {@link Batch#progress} of the source of a run. */
    public int source(int run) {
        return sources[run];
    }

    /** Documents of a run; never 0. */
    public int documents(int run) {
        return documents[run];
    }

    /** Bytes in the file of the records of a run. */
    public long rawBytes(int run) {
        return rawBytes[run];
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(documents[i])
                    .append(" of ")
                    .append(sources[i])
                    .append(": ")
                    .append(rawBytes[i])
                    .append(" B");
        }
        return text.append(']').toString();
    }
}
