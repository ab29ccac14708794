package io.sluice.pipeline;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A record's body that is a JSON object, and where each of its members goes in the document.
 *
 * <ul>
 *   <li>{@code message} is the first of {@link #MESSAGES} that is a string. A body without one
 *       makes a document without {@code message}: an invented one would be found by searches for
 *       text nobody wrote.
 *   <li>{@code log.level} is the first of {@link #LEVELS} that {@link LogLevel} takes. What it was
 *       taken from goes, so that pino's numbers and others' names do not meet in one field.
 *   <li>The rest goes under the target as it is.
 *   <li>In a body in the shape of ECS, which has {@code @timestamp} and {@code log.level} (as one
 *       name, or {@code level} inside of {@code log}), the rest goes to the document's root, except
 *       what a document has there itself: that goes under the target, so that nothing is lost and
 *       nobody can forge who wrote it, by whatever spelling. {@code log} is merged member by member
 *       if none of them is ours.
 *   <li>Of members with the same name the last one counts: Elasticsearch refuses duplicates, and
 *       most readers of JSON do the same.
 * </ul>
 *
 * <p>One per encoder, its fields are overwritten by each {@link #read}; nothing is allocated.
 */
final class JsonBody {
    /** Marks of members: under the target, at the root, or used up. */
    static final byte TARGET = 0;

    static final byte ROOT = 1;
    static final byte USED = 2;

    private static final FieldName[] MESSAGES = {FieldName.MESSAGE, FieldName.MSG, FieldName.LOG};

    private static final FieldName[] LEVELS = {
        FieldName.LEVEL,
        FieldName.SEVERITY,
        FieldName.LVL,
        FieldName.LOG_LEVEL,
        FieldName.LOGLEVEL,
        FieldName.LEVELNAME
    };

    private static final int ABSENT = -1;

    private final byte[] target;

    /** The members, marked. */
    final JsonWalker members;

    /** The members of {@code log}, marked {@link #ROOT} if {@link #mergesLog}. */
    final JsonWalker log;

    /** {@link #log} has members that go into the document's own {@code log}. */
    boolean mergesLog;

    /** Empty where the body has none. */
    final LogLevel level = new LogLevel();

    /** What {@link #members} points into: the body, or {@link #repaired}. */
    byte[] bytes;

    /** {@link LogRecord#INVALID_UTF8} if something was replaced. */
    int flags;

    private int message;
    private DocumentBuffer repaired = new DocumentBuffer(0);

    /** Which member has a name, by its ordinal. */
    private final int[] found = new int[FieldName.values().length];

    JsonBody(PipelineConfig config) {
        target = config.target().getBytes(StandardCharsets.UTF_8);
        members = new JsonWalker(config.maxFields());
        log = new JsonWalker(config.maxFields());
    }

    /**
     * @return false if the body cannot be used as an object; nothing else is meant then
     */
    boolean read(byte[] body, int from, int to) {
        bytes = body;
        flags = 0;
        if (!members.walk(body, from, to)) {
            return false;
        }
        if (members.hasBrokenText() || members.hasLineBreaks()) {
            flags = members.hasBrokenText() ? LogRecord.INVALID_UTF8 : 0;
            repaired = repaired.cleared();
            JsonText.appendRepaired(body, from, to, repaired);
            bytes = repaired.bytes;
            if (!members.walk(bytes, 0, repaired.length)) {
                return false;
            }
        }
        if (members.hasRefusedNames()) {
            return false;
        }
        findNames();
        message = takeMessage();
        mergesLog = false;
        if (isEcs()) {
            spread();
        } else {
            takeLevel();
        }
        return true;
    }

    boolean hasMessage() {
        return message != ABSENT;
    }

    /** The message with its quotes, as it is written. */
    void appendMessage(DocumentBuffer out) {
        out.append(bytes, members.valueFrom(message), members.valueTo(message));
    }

    @SuppressWarnings("EnumOrdinal") // an EnumMap would box each index
    private void findNames() {
        Arrays.fill(found, ABSENT);
        for (int member = 0; member < members.members(); member++) {
            if (members.mark(member) != JsonWalker.REPLACED) {
                found[members.name(member).ordinal()] = member;
            }
        }
    }

    @SuppressWarnings("EnumOrdinal")
    private int find(FieldName name) {
        return found[name.ordinal()];
    }

    private int takeMessage() {
        for (FieldName name : MESSAGES) {
            int member = find(name);
            if (member != ABSENT && members.kind(member) == '"') {
                members.mark(member, USED);
                return member;
            }
        }
        return ABSENT;
    }

    private void takeLevel() {
        for (FieldName name : LEVELS) {
            int member = find(name);
            if (member != ABSENT && readLevel(members, member)) {
                members.mark(member, USED);
                return;
            }
        }
    }

    private boolean readLevel(JsonWalker walker, int member) {
        return level.read(bytes, walker.valueFrom(member), walker.valueTo(member));
    }

    /** Whether it has the shape of ECS; its level is read and used then. */
    private boolean isEcs() {
        level.clear();
        if (find(FieldName.TIMESTAMP) == ABSENT) {
            return false;
        }
        int dotted = find(FieldName.LOG_LEVEL);
        if (dotted != ABSENT && members.kind(dotted) == '"' && readLevel(members, dotted)) {
            members.mark(dotted, USED);
        }
        int nested = find(FieldName.LOG);
        if (nested != ABSENT && members.kind(nested) == '{') {
            // Cannot fail: it has been walked as a part of the whole.
            log.walk(bytes, members.valueFrom(nested), members.valueTo(nested));
            markLog();
        }
        return level.isKnown();
    }

    /** Marks what is in {@code log}, and takes the level from there if it is not known yet. */
    private void markLog() {
        boolean hasOurs = false;
        for (int member = 0; member < log.members(); member++) {
            boolean isLevel =
                    !level.isKnown()
                            && log.name(member) == FieldName.LEVEL
                            && log.kind(member) == '"'
                            && readLevel(log, member);
            log.mark(member, isLevel ? USED : ROOT);
            hasOurs |=
                    !isLevel
                            && FieldName.OURS_IN_LOG.contains(
                                    part(log, member, log.nameFrom(member)));
        }
        mergesLog = level.isKnown() && !hasOurs;
    }

    /** Marks what goes to the root. */
    private void spread() {
        for (int member = 0; member < members.members(); member++) {
            if (members.mark(member) == TARGET) {
                members.mark(member, place(member));
            }
        }
    }

    private byte place(int member) {
        byte[] name = members.nameBytes(member);
        int from = members.nameFrom(member);
        int to = members.nameTo(member);
        int partTo = partTo(name, from, to);
        FieldName first = FieldName.of(name, from, partTo);
        if (first == FieldName.LOG) {
            if (partTo == to) {
                return mergesLog && members.kind(member) == '{' ? USED : TARGET;
            }
            return FieldName.OURS_IN_LOG.contains(part(members, member, partTo + 1))
                    ? TARGET
                    : ROOT;
        }
        // Elasticsearch keeps names at the root that begin with an underscore for itself.
        boolean isOurs =
                FieldName.OURS.contains(first)
                        || name[from] == '_'
                        || Arrays.equals(name, from, partTo, target, 0, target.length);
        return isOurs ? TARGET : ROOT;
    }

    /** The part of a dotted name that begins at {@code from}. */
    private static FieldName part(JsonWalker walker, int member, int from) {
        byte[] name = walker.nameBytes(member);
        return FieldName.of(name, from, partTo(name, from, walker.nameTo(member)));
    }

    private static int partTo(byte[] name, int from, int to) {
        int at = from;
        while (at < to && name[at] != '.') {
            at++;
        }
        return at;
    }
}
