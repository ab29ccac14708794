package io.sluice.app;

/** Text that came from outside, as a terminal may have it: nothing of it steers the terminal. */
final class Plain {
    private Plain() {}

    /** On one line. */
    static String line(String text) {
        return text(text).replace('\n', ' ').replace('\t', ' ');
    }

    /** On one line, of at most so many characters. */
    static String line(String text, int characters) {
        String line = line(text);
        return line.codePointCount(0, line.length()) <= characters
                ? line
                : line.substring(0, line.offsetByCodePoints(0, characters - 1)) + "…";
    }

    static String text(String text) {
        StringBuilder plain = new StringBuilder(text);
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            if (Character.isISOControl(c) && c != '\n' && c != '\t') {
                plain.setCharAt(i, '\uFFFD');
            }
        }
        return plain.toString();
    }
}
