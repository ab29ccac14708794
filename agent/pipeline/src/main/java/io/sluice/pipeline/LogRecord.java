package io.sluice.pipeline;

import io.sluice.tail.Stream;

/**
 * One log event after joining, on its way to the {@link DocumentWriter}: a mutable carrier that its
 * encoder fills again for each record. It points into arrays it does not own.
 */
final class LogRecord {
    /** Its end was cut: it was longer than {@code maxRecordBytes}, or memory was short. */
    static final int TRUNCATED = 1;

    /** It ended without the piece that completes it: a restart, a gap, the container's end. */
    static final int PARTIAL = 1 << 1;

    /** Its line is in no format of a container runtime; the body is the line as it was. */
    static final int NOT_CRI = 1 << 2;

    /** Its body looked like a JSON object but could not be used as one; kept as text. */
    static final int UNPARSED = 1 << 3;

    /** Its body had what is no Unicode text, bad UTF-8 mostly; replaced by U+FFFD. */
    static final int INVALID_UTF8 = 1 << 4;

    /** What {@code log.flags} shows for each bit, the lowest first. */
    private static final String[] FLAG_NAMES = {
        "truncated", "partial", "not_cri", "unparsed", "invalid_utf8"
    };

    private static final byte[][] FLAG_ARRAYS = flagArrays();

    /** Holds the body: {@code [bodyFrom, bodyTo)}. */
    byte[] bytes;

    int bodyFrom;
    int bodyTo;

    /**
     * Holds the time: {@code [timeFrom, timeTo)}, RFC 3339 as the runtime wrote it, so with its
     * nanoseconds. Must not be empty, and is not checked again.
     */
    byte[] time;

    int timeFrom;
    int timeTo;

    Stream stream = Stream.STDOUT;

    /** Where the record's first byte stands in its generation; uncompressed bytes. */
    long offset;

    /** From its first byte to behind its last one, in bytes of the file. */
    long extent;

    /** Bit set of what happened to it; shown as {@code log.flags}. */
    int flags;

    /** {@code ["truncated","partial"]} for a bit set that is not empty. */
    static byte[] flagArray(int flags) {
        return FLAG_ARRAYS[flags];
    }

    private static byte[][] flagArrays() {
        byte[][] arrays = new byte[1 << FLAG_NAMES.length][];
        for (int flags = 1; flags < arrays.length; flags++) {
            DocumentBuffer array = new DocumentBuffer(64);
            for (int bit = 0; bit < FLAG_NAMES.length; bit++) {
                if ((flags & (1 << bit)) != 0) {
                    array.append((byte) (array.length == 0 ? '[' : ','));
                    array.appendJsonString(FLAG_NAMES[bit]);
                }
            }
            array.append((byte) ']');
            arrays[flags] = array.toByteArray();
        }
        return arrays;
    }
}
