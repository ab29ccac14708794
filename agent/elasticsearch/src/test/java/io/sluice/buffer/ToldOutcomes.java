package io.sluice.buffer;

import io.sluice.buffer.ExcerptOutcome.Numbered;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;

/** What delivery tells the ledger of an excerpt, for its tests to see. */
public final class ToldOutcomes {
    private static final int MOST_DOCUMENTS = 1_000;

    /** Each document is a run of its own, so that a run's number is the document's. */
    private static final ExcerptRuns SINGLE =
            new ExcerptRuns(
                    List.of("source"),
                    new int[MOST_DOCUMENTS],
                    filled(1),
                    Arrays.stream(filled(100)).asLongStream().toArray());

    private ToldOutcomes() {}

    private static int[] filled(int value) {
        int[] filled = new int[MOST_DOCUMENTS];
        Arrays.fill(filled, value);
        return filled;
    }

    /** Numbers of the documents that were there already. */
    public static List<Integer> alreadyThere(ExcerptOutcome outcome) {
        return outcome.alreadyThere().stream().boxed().toList();
    }

    /** Numbers of the documents that are there in a changed form, unless more is said of them. */
    public static List<Integer> repaired(ExcerptOutcome outcome) {
        return outcome.repaired().stream().boxed().toList();
    }

    /** Numbers of the documents that were given up, in their order. */
    public static List<Integer> deadLettered(ExcerptOutcome outcome) {
        return documents(outcome.deadLettered());
    }

    /** Likewise, of those that were too large to be kept. */
    public static List<Integer> lettersDropped(ExcerptOutcome outcome) {
        return documents(outcome.lettersDropped());
    }

    private static List<Integer> documents(Numbered numbered) {
        List<Integer> documents = new ArrayList<>();
        numbered.forEach(SINGLE, new BitSet(), (_, document) -> documents.add(document));
        Collections.sort(documents);
        return documents;
    }
}
