package io.sluice.pipeline;

import java.nio.charset.StandardCharsets;

/**
 * What precedes each document in a bulk body: {@code {"create":{"_id":"..."}}} and a newline.
 *
 * <p>{@code create}, never {@code index}: an id that is already there is the same record.
 */
final class ActionLine {
    private static final byte[] BEFORE =
            "{\"create\":{\"_id\":\"".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] BEHIND = "\"}}\n".getBytes(StandardCharsets.US_ASCII);

    private ActionLine() {}

    /** Appends the line of the document with this {@link DocumentId}. */
    static void append(DocumentBuffer out, long fingerprint, long offset, long extent) {
        out.append(BEFORE);
        DocumentId.append(out, fingerprint, offset, extent);
        out.append(BEHIND);
    }
}
