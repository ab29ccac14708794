package io.sluice.app.config;

import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Collects what is wrong with one file. Told the same thing twice, it keeps it once. */
final class Problems {
    private static final int LONGEST_TEXT = 400;

    private final String file;
    private final Set<Problem> found = new LinkedHashSet<>();

    Problems(String file) {
        this.file = file;
    }

    /** A value that has to be another one. */
    void wrong(int line, String setting, String value, String remedy) {
        if (value.isEmpty()) {
            about(line, setting, "is empty; " + remedy);
        } else {
            found.add(new Problem(file, line, oneLine(setting), oneLine(value), oneLine(remedy)));
        }
    }

    /** Something about a setting that no value can show. */
    void about(int line, String setting, String remedy) {
        found.add(new Problem(file, line, oneLine(setting), "", oneLine(remedy)));
    }

    /** Something about the file. */
    void about(int line, String remedy) {
        found.add(new Problem(file, line, "", "", remedy));
    }

    boolean isEmpty() {
        return found.isEmpty();
    }

    /** In the order of lines; on one line in the order they were found. */
    List<Problem> all() {
        return found.stream().sorted(Comparator.comparingInt(Problem::line)).toList();
    }

    private static String oneLine(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= LONGEST_TEXT ? line : line.substring(0, LONGEST_TEXT) + "…";
    }
}
