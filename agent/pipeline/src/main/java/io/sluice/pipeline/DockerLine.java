package io.sluice.pipeline;

import io.sluice.tail.Stream;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One line of Docker's {@code json-file} driver: {@code
 * {"log":"text\n","stream":"stdout","time":"2026-11-23T10:50:44.541378534Z"}}, with {@code attrs}
 * where the driver has the options {@code labels} or {@code env}.
 *
 * <p>A text without a newline at its end is a partial: Docker splits at 16 KiB, and marks it in no
 * other way. Format: {@code daemon/logger/jsonfilelog/jsonlog} of Moby.
 *
 * <p>Checked strictly, as {@link CriLine} is: an object with other members, with one twice or
 * without one of the three is an application's. One object per encoder, its fields are overwritten
 * by each {@link #parse}.
 */
final class DockerLine {
    /** Far more than Docker writes. */
    private static final int MAX_FIELDS = 1_000;

    private static final byte[] STDOUT = "stdout".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] STDERR = "stderr".getBytes(StandardCharsets.US_ASCII);

    /** The time, in the line's bytes. */
    int timeFrom;

    int timeTo;

    Stream stream = Stream.STDOUT;

    /** More of this line follows in another one. */
    boolean partial;

    /** The text without its newline. */
    DocumentBuffer text = new DocumentBuffer(0);

    private final JsonWalker walker = new JsonWalker(MAX_FIELDS);

    /**
     * Reads the line in {@code [from, to)}, which has no newline.
     *
     * @param cri checks the time
     * @return whether it is one of Docker's; the fields are meant only if so
     */
    boolean parse(byte[] bytes, int from, int to, CriLine cri) {
        if (from == to
                || bytes[from] != '{'
                || !walker.walk(bytes, from, to)
                || walker.hasReplacedMembers()) {
            return false;
        }
        int log = -1;
        boolean hasStream = false;
        boolean hasTime = false;
        for (int member = 0; member < walker.members(); member++) {
            FieldName name = walker.name(member);
            if (name == FieldName.ATTRS) {
                continue;
            }
            if (walker.kind(member) != '"') {
                return false;
            }
            // Within the quotes.
            int valueFrom = walker.valueFrom(member) + 1;
            int valueTo = walker.valueTo(member) - 1;
            switch (name) {
                case LOG -> log = member;
                case STREAM -> hasStream = stream(bytes, valueFrom, valueTo);
                case TIME -> {
                    timeFrom = valueFrom;
                    timeTo = valueTo;
                    hasTime = cri.isTime(bytes, valueFrom, valueTo);
                }
                default -> {
                    return false;
                }
            }
        }
        if (log < 0 || !hasStream || !hasTime) {
            return false;
        }
        readText(bytes, walker.valueFrom(log) + 1, walker.valueTo(log) - 1);
        return true;
    }

    private boolean stream(byte[] bytes, int from, int to) {
        if (Arrays.equals(bytes, from, to, STDOUT, 0, STDOUT.length)) {
            stream = Stream.STDOUT;
            return true;
        }
        stream = Stream.STDERR;
        return Arrays.equals(bytes, from, to, STDERR, 0, STDERR.length);
    }

    private void readText(byte[] bytes, int from, int to) {
        text = text.cleared();
        JsonText.appendUnescaped(bytes, from, to, text);
        partial = text.length == 0 || text.bytes[text.length - 1] != '\n';
        if (!partial) {
            text.length--;
        }
    }
}
