package io.sluice.buffer;

import io.sluice.tail.SourcePosition;

import java.util.List;
import java.util.Map;

/**
 * One excerpt, as it was found. Its bodies can be read while {@link SavedBuffer#walk} is at it.
 *
 * @param sequence its index: 1 more than that of the excerpt before
 * @param kind {@code batch}, {@code positions}, {@code snapshot} or {@code again}
 * @param epochMillis when it was appended
 * @param bytes in the segment, header and bodies
 * @param bodies one for each output that gets something
 * @param positions how far each source has come with it, by {@link io.sluice.tail.LogSource#key}
 * @param forgotten sources that have ended with it
 */
public record SavedExcerpt(
        long sequence,
        String kind,
        long epochMillis,
        long bytes,
        List<SavedBody> bodies,
        Map<String, SourcePosition> positions,
        List<String> forgotten) {}
