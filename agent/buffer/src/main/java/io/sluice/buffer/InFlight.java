package io.sluice.buffer;

import io.sluice.buffer.ExcerptFormat.BodyEntry;
import io.sluice.buffer.ExcerptFormat.Header;
import io.sluice.buffer.ExcerptFormat.Kind;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What the excerpts on the disk still hold for one output, by source. It is what the ledger has in
 * flight, unless something was lost.
 */
final class InFlight {
    private final Acknowledged acknowledged;
    private final Ranges unbelieved;
    private final Map<String, Amount> sources = new HashMap<>();

    /**
     * @param unbelieved excerpts whose positions are not believed
     */
    InFlight(Acknowledged acknowledged, Ranges unbelieved) {
        this.acknowledged = acknowledged;
        this.unbelieved = unbelieved;
    }

    /**
     * Whether the ledger takes notice of an excerpt's documents. Of one that is not believed the
     * lines are read, and counted, once more.
     */
    static boolean isCounted(Header header, Ranges unbelieved) {
        return header.counted() && !unbelieved.contains(header.rootSequence());
    }

    /** Adds what an excerpt holds that the ledger counts. */
    void see(Header header) {
        Optional<BodyEntry> body = header.body(acknowledged.outputId);
        if (body.isEmpty()
                || header.sequence() <= acknowledged.index
                || acknowledged.settled.contains(header.sequence())
                || !isCounted(header, unbelieved)) {
            return;
        }
        // What was appended again is in flight in the first excerpt until that is acknowledged.
        if (header.kind() != Kind.AGAIN
                || header.origin() <= acknowledged.index
                || acknowledged.orphans.contains(header.sequence())) {
            see(body.get().runs());
        }
    }

    void see(ExcerptRuns runs) {
        for (int run = 0; run < runs.count(); run++) {
            sources.merge(runs.sourceOf(run), runs.amount(run), Amount::plus);
        }
    }

    Map<String, Amount> sources() {
        return sources;
    }
}
