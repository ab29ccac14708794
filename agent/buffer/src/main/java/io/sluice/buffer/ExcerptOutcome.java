package io.sluice.buffer;

import java.util.Arrays;
import java.util.BitSet;
import java.util.function.ObjIntConsumer;

/**
 * What became of one excerpt's documents, for the ledger. A document that nothing is said of was
 * delivered. Filled by {@code deliver} while answers come in, and given to {@link
 * Outbox#acknowledge}.
 *
 * <p>A document's number is its place in the excerpt, from 0; it keeps it when the excerpt is sent
 * in parts.
 */
public final class ExcerptOutcome {
    private final long index;
    private final BitSet alreadyThere = new BitSet();
    private final BitSet repaired = new BitSet();
    private final Numbered deadLettered = new Numbered();
    private final Numbered lettersDropped = new Numbered();

    /** Documents by number, with the sizes their ids tell. */
    static final class Numbered {
        private int[] documents = new int[4];
        private int[] idBytes = new int[4];
        private int count;

        void add(int document, int bytes) {
            if (count == documents.length) {
                documents = Arrays.copyOf(documents, 2 * count);
                idBytes = Arrays.copyOf(idBytes, 2 * count);
            }
            documents[count] = document;
            idBytes[count] = bytes;
            count++;
        }

        /**
         * Says of each document its run, and its amount.
         *
         * @param done documents that are passed over, and those that were not
         */
        void forEach(ExcerptRuns runs, BitSet done, ObjIntConsumer<Amount> action) {
            for (int i = 0; i < count; i++) {
                int document = documents[i];
                if (document >= 0 && document < runs.documents() && !done.get(document)) {
                    done.set(document);
                    action.accept(
                            new Amount(runs.rawBytes(document, idBytes[i]), 1), runs.run(document));
                }
            }
        }
    }

    /**
     * @param index the excerpt's
     */
    public ExcerptOutcome(long index) {
        this.index = index;
    }

    /** The excerpt's index. */
    public long index() {
        return index;
    }

    /** Delivered: it was there already under its own id. May be said twice, and with repaired. */
    public void alreadyThere(int document) {
        alreadyThere.set(document);
    }

    /** Delivered, if nothing else is said of it, in a changed form. May be said twice. */
    public void repaired(int document) {
        repaired.set(document);
    }

    /**
     * Given up, and kept as a dead letter. Once for a document.
     *
     * @param idBytes the low 24 bits of the document's id ({@link
     *     io.sluice.pipeline.DocumentId#extent}); -1 where the id is not ours
     */
    public void deadLettered(int document, int idBytes) {
        deadLettered.add(document, idBytes);
    }

    /**
     * Given up, and too large to be kept as a dead letter: lost. Once for a document.
     *
     * @param idBytes as for {@link #deadLettered}
     */
    public void letterDropped(int document, int idBytes) {
        lettersDropped.add(document, idBytes);
    }

    BitSet alreadyThere() {
        return alreadyThere;
    }

    BitSet repaired() {
        return repaired;
    }

    Numbered deadLettered() {
        return deadLettered;
    }

    Numbered lettersDropped() {
        return lettersDropped;
    }
}
