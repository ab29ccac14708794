package io.sluice.buffer;

import io.sluice.pipeline.Runs;

import java.util.List;

/**
 * Whose the documents of an excerpt are, in their order: for each run of documents of one source,
 * which source, how many documents, how many raw bytes. Read back from the excerpt; never changed.
 *
 * @see Runs
 */
public final class ExcerptRuns {
    static final ExcerptRuns NONE = new ExcerptRuns(List.of(), new int[0], new int[0], new long[0]);

    private final List<String> sources;
    private final int[] source;

    /** Number of the first document behind each run. */
    private final int[] end;

    private final long[] rawBytes;

    /**
     * @param sources keys; kept as it is, for all that is read of one excerpt
     * @param source for each run, its place in {@code sources}
     * @param documents for each run, how many
     * @param rawBytes for each run
     */
    ExcerptRuns(List<String> sources, int[] source, int[] documents, long[] rawBytes) {
        this.sources = sources;
        this.source = source;
        this.end = documents.clone();
        this.rawBytes = rawBytes;
        for (int i = 1; i < end.length; i++) {
            end[i] += end[i - 1];
        }
    }

    /** How many documents the runs have, all together. */
    public int documents() {
        return end.length == 0 ? 0 : end[end.length - 1];
    }

    /**
     * {@link io.sluice.tail.LogSource#key} of the source a document came from.
     *
     * @param document its number in the excerpt, from 0
     */
    public String source(int document) {
        return sourceOf(run(document));
    }

    /**
     * Bytes in the file of a document's record.
     *
     * @param document its number in the excerpt, from 0
     * @param idBytes the low 24 bits of its id ({@link io.sluice.pipeline.DocumentId#extent}); -1
     *     where the id is not ours: then it is its share of its run
     */
    public long rawBytes(int document, int idBytes) {
        int run = run(document);
        // Alone in its run it may be too large for its id.
        return idBytes < 0 || idBytes > rawBytes[run] || documents(run) == 1
                ? rawBytes[run] / documents(run)
                : idBytes;
    }

    int count() {
        return end.length;
    }

    /** Key of a run's source. */
    String sourceOf(int run) {
        return sources.get(source[run]);
    }

    int documents(int run) {
        return run == 0 ? end[0] : end[run] - end[run - 1];
    }

    /** All records of a run. */
    Amount amount(int run) {
        return new Amount(rawBytes[run], documents(run));
    }

    /** The run that a document is in. */
    int run(int document) {
        if (document < 0 || document >= documents()) {
            throw new IndexOutOfBoundsException(
                    "document " + document + " of an excerpt with " + documents());
        }
        int low = 0;
        int high = end.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (end[middle] <= document) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
