package io.sluice.pipeline;

import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Reads one JSON object strictly, RFC 8259, and remembers where its members are. What is not inside
 * of them is left as bytes.
 *
 * <p>It says three things: whether the text is one JSON object within the limits ({@link #walk});
 * whether it can be copied as it is ({@link #hasLineBreaks}, {@link #hasBrokenText}); and whether
 * Elasticsearch would take its names ({@link #hasRefusedNames}). Names are compared as they read,
 * not as they are written: {@code "\\u0061"} is {@code "a"}.
 *
 * <p>Eight bytes at a time inside of strings. The arrays are used again for each object, so that
 * nothing is allocated once they are large enough; {@code maxFields} bounds them. One thread only.
 */
final class JsonWalker {
    /** Objects and arrays inside of each other; the object itself is the first. */
    static final int DEPTH_LIMIT = 64;

    /** Longer ones are refused: a field's name is not that long. */
    static final int LONGEST_NAME_BYTES = 1_024;

    /** Jackson, and so Elasticsearch, reads no longer ones. */
    static final int LONGEST_NUMBER_BYTES = 1_000;

    /** A {@link #mark} of a member that a later one of the same name replaces. */
    static final byte REPLACED = -1;

    private static final VarHandle LONGS = JsonText.LONGS;
    private static final int BROKEN = -1;
    private static final int FIRST_CAPACITY = 64;
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;
    private static final long DOTS = '.' * ONES;

    private final int maxFields;

    /** What is walked. */
    private byte[] bytes = {};

    private int end;

    /** Members of the object, replaced ones included. */
    private int members;

    private int[] memberFrom = new int[FIRST_CAPACITY];
    private int[] valueFrom = new int[FIRST_CAPACITY];
    private int[] valueTo = new int[FIRST_CAPACITY];
    private int[] memberName = new int[FIRST_CAPACITY];
    private byte[] marks = new byte[FIRST_CAPACITY];

    /** Names at all depths, in the order they are met. */
    private int names;

    private int[] nameFrom = new int[FIRST_CAPACITY];
    private int[] nameTo = new int[FIRST_CAPACITY];

    /** The name stands in {@link #decoded}: it was written with escapes. */
    private boolean[] nameIsDecoded = new boolean[FIRST_CAPACITY];

    private long[] nameHash = new long[FIRST_CAPACITY];

    /** Which object the name is of, 0 for the outermost. */
    private int[] nameObject = new int[FIRST_CAPACITY];

    /** Which member the name is of, if it is one of the outermost object. */
    private int[] nameMember = new int[FIRST_CAPACITY];

    private final DocumentBuffer decoded = new DocumentBuffer(LONGEST_NAME_BYTES);

    /**
     * Names of this walk by hash and object: {@link #walk} number above, index below. What has
     * another number is free, so that the table need not be cleared.
     */
    private long[] table = new long[2 * FIRST_CAPACITY];

    private int walk;
    private int objects;
    private boolean escaped;
    private boolean lineBreaks;
    private boolean brokenText;
    private boolean refusedNames;
    private boolean replacedMembers;

    /**
     * @param maxFields objects with more members are not walked, those at all depths counted
     */
    JsonWalker(int maxFields) {
        this.maxFields = maxFields;
    }

    /**
     * Reads one object, white space before and behind it allowed. Everything else here is about the
     * last text walked, and points into it.
     *
     * @return false if the text is no JSON object or exceeds a limit; nothing else is meant then
     */
    boolean walk(byte[] text, int from, int to) {
        bytes = text;
        end = to;
        members = 0;
        names = 0;
        objects = 0;
        decoded.length = 0;
        lineBreaks = false;
        brokenText = false;
        refusedNames = false;
        replacedMembers = false;
        if (++walk == Integer.MAX_VALUE) {
            Arrays.fill(table, 0);
            walk = 1;
        }
        int at = blank(from);
        // What is around the object is not copied.
        lineBreaks = false;
        if (at >= to || text[at] != '{') {
            return false;
        }
        at = object(at, 1);
        if (at < 0) {
            return false;
        }
        while (at < to && isBlank(text[at])) {
            at++;
        }
        return at == to;
    }

    /** Line breaks between its tokens. */
    boolean hasLineBreaks() {
        return lineBreaks;
    }

    /** Something in its strings is no Unicode text: bad UTF-8, or half of a surrogate pair. */
    boolean hasBrokenText() {
        return brokenText;
    }

    /**
     * Elasticsearch would refuse it: an empty name, one with an empty or blank part between dots,
     * or a name that an object <em>inside</em> has twice.
     */
    boolean hasRefusedNames() {
        return refusedNames;
    }

    /** Some names of the object itself come more than once; see {@link #REPLACED}. */
    boolean hasReplacedMembers() {
        return replacedMembers;
    }

    int members() {
        return members;
    }

    /** First byte of a value, which says of what kind it is. */
    byte kind(int member) {
        return bytes[valueFrom[member]];
    }

    int valueFrom(int member) {
        return valueFrom[member];
    }

    int valueTo(int member) {
        return valueTo[member];
    }

    /** Holds the name, {@code [nameFrom, nameTo)}, without escapes. */
    byte[] nameBytes(int member) {
        return nameIsDecoded[memberName[member]] ? decoded.bytes : bytes;
    }

    int nameFrom(int member) {
        return nameFrom[memberName[member]];
    }

    int nameTo(int member) {
        return nameTo[memberName[member]];
    }

    FieldName name(int member) {
        return FieldName.of(
                nameBytes(member), nameFrom(member), nameTo(member), nameHash[memberName[member]]);
    }

    /** 0 at first, for its user to set, or {@link #REPLACED}, to be left. */
    byte mark(int member) {
        return marks[member];
    }

    void mark(int member, byte mark) {
        marks[member] = mark;
    }

    /**
     * Appends the members that have a mark as they are written, with commas between them.
     *
     * @param before comes before the first of them
     * @return whether there was one
     */
    boolean append(byte mark, byte[] before, DocumentBuffer out) {
        boolean found = false;
        int member = 0;
        while (member < members) {
            if (marks[member] != mark) {
                member++;
                continue;
            }
            int first = member;
            while (member + 1 < members && marks[member + 1] == mark) {
                member++;
            }
            if (found) {
                out.append((byte) ',');
            } else {
                out.append(before);
                found = true;
            }
            out.append(bytes, memberFrom[first], valueTo[member]);
            member++;
        }
        return found;
    }

    /** Reads what begins with a brace. All readers return where they end, or {@link #BROKEN}. */
    private int object(int brace, int depth) {
        if (depth > DEPTH_LIMIT) {
            return BROKEN;
        }
        byte[] text = bytes;
        int object = objects++;
        int at = blank(brace + 1);
        if (at < end && text[at] == '}') {
            return at + 1;
        }
        while (true) {
            int quote = at;
            if (at >= end || text[at] != '"') {
                return BROKEN;
            }
            escaped = false;
            at = string(at);
            if (at < 0 || !name(quote + 1, at - 1, object)) {
                return BROKEN;
            }
            int name = names - 1;
            at = blank(at);
            if (at >= end || text[at] != ':') {
                return BROKEN;
            }
            int value = blank(at + 1);
            at = value(value, depth);
            if (at < 0) {
                return BROKEN;
            }
            if (object == 0) {
                member(name, quote, value, at);
            }
            at = blank(at);
            if (at >= end || text[at] != ',') {
                return at < end && text[at] == '}' ? at + 1 : BROKEN;
            }
            at = blank(at + 1);
        }
    }

    private int array(int bracket, int depth) {
        if (depth > DEPTH_LIMIT) {
            return BROKEN;
        }
        int at = blank(bracket + 1);
        if (at < end && bytes[at] == ']') {
            return at + 1;
        }
        while (true) {
            at = value(at, depth);
            if (at < 0) {
                return BROKEN;
            }
            at = blank(at);
            if (at >= end || bytes[at] != ',') {
                return at < end && bytes[at] == ']' ? at + 1 : BROKEN;
            }
            at = blank(at + 1);
        }
    }

    private int value(int at, int depth) {
        if (at >= end) {
            return BROKEN;
        }
        return switch (bytes[at]) {
            case '"' -> string(at);
            case '{' -> object(at, depth + 1);
            case '[' -> array(at, depth + 1);
            case 't' -> word(at, "true");
            case 'f' -> word(at, "false");
            case 'n' -> word(at, "null");
            default -> number(at);
        };
    }

    private int word(int at, String word) {
        int to = at + word.length();
        if (to > end) {
            return BROKEN;
        }
        for (int i = 1; i < word.length(); i++) {
            if (bytes[at + i] != word.charAt(i)) {
                return BROKEN;
            }
        }
        return to;
    }

    private int number(int from) {
        int at = from;
        if (bytes[at] == '-') {
            at++;
        }
        int integer = at;
        at = digits(at);
        if (at < 0 || (bytes[integer] == '0' && at > integer + 1)) {
            return BROKEN;
        }
        if (at < end && bytes[at] == '.') {
            at = digits(at + 1);
        }
        if (at >= 0 && at < end && (bytes[at] | 0x20) == 'e') {
            at++;
            boolean signed = at < end && (bytes[at] == '+' || bytes[at] == '-');
            at = digits(signed ? at + 1 : at);
        }
        return at - from > LONGEST_NUMBER_BYTES ? BROKEN : at;
    }

    /** One digit or more. */
    private int digits(int from) {
        int at = from;
        while (at < end && bytes[at] >= '0' && bytes[at] <= '9') {
            at++;
        }
        return at == from ? BROKEN : at;
    }

    private int string(int quote) {
        byte[] text = bytes;
        int to = end;
        int at = quote + 1;
        while (true) {
            while (at <= to - Long.BYTES) {
                long special = JsonText.special((long) LONGS.get(text, at));
                if (special != 0) {
                    at += Long.numberOfTrailingZeros(special) >>> 3;
                    break;
                }
                at += Long.BYTES;
            }
            if (at >= to) {
                return BROKEN;
            }
            byte character = text[at];
            if (character == '"') {
                return at + 1;
            }
            if (character == '\\') {
                at = escape(at);
                if (at < 0) {
                    return BROKEN;
                }
            } else if (character < 0) {
                at = beyondAscii(at);
            } else if (character < ' ') {
                return BROKEN;
            } else {
                at++;
            }
        }
    }

    private int escape(int backslash) {
        escaped = true;
        if (backslash + 1 >= end) {
            return BROKEN;
        }
        return switch (bytes[backslash + 1]) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> backslash + 2;
            case 'u' -> unit(backslash);
            default -> BROKEN;
        };
    }

    /** A UTF-16 unit in four hexadecimal digits, or two of them that make one character. */
    private int unit(int backslash) {
        int unit = JsonText.escapedUnit(bytes, backslash, end);
        if (unit < 0) {
            return BROKEN;
        }
        int behind = backslash + JsonText.UNIT_BYTES;
        if (!Character.isSurrogate((char) unit)) {
            return behind;
        }
        if (JsonText.isPair(unit, JsonText.escapedUnit(bytes, behind, end))) {
            return behind + JsonText.UNIT_BYTES;
        }
        brokenText = true;
        return behind;
    }

    /** Text that is no ASCII comes in runs. */
    private int beyondAscii(int from) {
        int at = from;
        while (at < end && bytes[at] < 0) {
            int sequence = Utf8.sequence(bytes, at, end);
            if (sequence < 0) {
                brokenText = true;
                at -= sequence;
            } else {
                at += sequence;
            }
        }
        return at;
    }

    private int blank(int from) {
        byte[] text = bytes;
        int at = from;
        while (at < end && isBlank(text[at])) {
            if (text[at] == '\n' || text[at] == '\r') {
                lineBreaks = true;
            }
            at++;
        }
        return at;
    }

    private static boolean isBlank(byte character) {
        return character == ' ' || character == '\n' || character == '\r' || character == '\t';
    }

    private void member(int name, int from, int value, int to) {
        if (members == memberFrom.length) {
            int capacity = 2 * members;
            memberFrom = Arrays.copyOf(memberFrom, capacity);
            valueFrom = Arrays.copyOf(valueFrom, capacity);
            valueTo = Arrays.copyOf(valueTo, capacity);
            memberName = Arrays.copyOf(memberName, capacity);
            marks = Arrays.copyOf(marks, capacity);
        }
        memberFrom[members] = from;
        valueFrom[members] = value;
        valueTo[members] = to;
        memberName[members] = name;
        marks[members] = 0;
        members++;
    }

    /** Takes a name, without its quotes; false where there are too many. */
    private boolean name(int from, int to, int object) {
        if (names == maxFields) {
            return false;
        }
        if (names == nameFrom.length) {
            growNames();
        }
        byte[] text = bytes;
        nameFrom[names] = from;
        nameTo[names] = to;
        nameIsDecoded[names] = escaped;
        if (escaped) {
            nameFrom[names] = decoded.length;
            JsonText.appendUnescaped(bytes, from, to, decoded);
            nameTo[names] = decoded.length;
            text = decoded.bytes;
        }
        nameHash[names] = NameTable.hash(text, nameFrom[names], nameTo[names]);
        nameObject[names] = object;
        nameMember[names] = members;
        if (!isTaken(text, nameFrom[names], nameTo[names])) {
            refusedNames = true;
        }
        enter(names);
        names++;
        return true;
    }

    /** Puts a name into the table; where its object has it already, the later one counts. */
    private void enter(int name) {
        int mask = table.length - 1;
        int slot = slot(name, mask);
        while ((table[slot] >>> Integer.SIZE) == walk) {
            int other = (int) table[slot];
            if (nameHash[other] == nameHash[name]
                    && nameObject[other] == nameObject[name]
                    && equal(other, name)) {
                if (nameObject[name] == 0) {
                    marks[nameMember[other]] = REPLACED;
                    replacedMembers = true;
                } else {
                    refusedNames = true;
                }
                break;
            }
            slot = (slot + 1) & mask;
        }
        table[slot] = ((long) walk << Integer.SIZE) | name;
    }

    private int slot(int name, int mask) {
        return (int) (nameHash[name] + nameObject[name] * 0x9E37_79B9L) & mask;
    }

    private boolean equal(int one, int other) {
        return Arrays.equals(
                nameIsDecoded[one] ? decoded.bytes : bytes,
                nameFrom[one],
                nameTo[one],
                nameIsDecoded[other] ? decoded.bytes : bytes,
                nameFrom[other],
                nameTo[other]);
    }

    private void growNames() {
        int capacity = 2 * names;
        nameFrom = Arrays.copyOf(nameFrom, capacity);
        nameTo = Arrays.copyOf(nameTo, capacity);
        nameIsDecoded = Arrays.copyOf(nameIsDecoded, capacity);
        nameHash = Arrays.copyOf(nameHash, capacity);
        nameObject = Arrays.copyOf(nameObject, capacity);
        nameMember = Arrays.copyOf(nameMember, capacity);
        table = new long[2 * capacity];
        for (int name = 0; name < names; name++) {
            enter(name);
        }
    }

    /** Whether Elasticsearch takes a name: see {@code DotExpandingXContentParser} there. */
    private boolean isTaken(byte[] text, int from, int to) {
        if (from == to || to - from > LONGEST_NAME_BYTES) {
            return false;
        }
        return (text[from] > ' ' && !escaped && !hasDot(text, from, to))
                || hasFullParts(text, from, to);
    }

    private static boolean hasDot(byte[] text, int from, int to) {
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            long dots = (long) LONGS.get(text, at) ^ DOTS;
            if (((dots - ONES) & ~dots & HIGH_BITS) != 0) {
                return true;
            }
        }
        while (at < to) {
            if (text[at++] == '.') {
                return true;
            }
        }
        return false;
    }

    private static boolean hasFullParts(byte[] text, int from, int to) {
        boolean blank = true;
        int at = from;
        while (at < to) {
            byte character = text[at];
            if (character == 0) {
                // A flattened field cannot have it in its keys.
                return false;
            }
            if (character == '.') {
                if (blank) {
                    return false;
                }
                blank = true;
                at++;
            } else if (character >= 0) {
                blank &= Character.isWhitespace(character);
                at++;
            } else {
                int sequence = Math.abs(Utf8.sequence(text, at, to));
                blank &= sequence == 3 && at + 2 < to && isWhitespace(text, at);
                at += sequence;
            }
        }
        return !blank;
    }

    /** All white space beyond ASCII takes three bytes. */
    private static boolean isWhitespace(byte[] text, int at) {
        return Character.isWhitespace(
                ((text[at] & 0x0F) << 12) | ((text[at + 1] & 0x3F) << 6) | (text[at + 2] & 0x3F));
    }
}
