package io.sluice.app.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** What somebody meant who wrote a name that does not exist. */
final class Spelling {

    private Spelling() {}

    /** The nearest of the known names; empty if none is near. */
    static Optional<String> nearest(String written, Collection<String> known) {
        String plain = plain(written);
        int furthest = Math.max(1, plain.length() / 3);
        return known.stream()
                .filter(name -> distance(plain, plain(name)) <= furthest)
                .min(Comparator.comparingInt(name -> distance(plain, plain(name))));
    }

    /** max_size, max-size and maxSize are the same name in three habits. */
    static String plain(String name) {
        return name.replaceAll("[-_ ]", "").toLowerCase(Locale.ROOT);
    }

    /** Levenshtein: characters to insert, remove or replace. */
    private static int distance(String from, String to) {
        int[] previous = new int[to.length() + 1];
        for (int column = 0; column <= to.length(); column++) {
            previous[column] = column;
        }
        for (int row = 1; row <= from.length(); row++) {
            int[] current = new int[to.length() + 1];
            current[0] = row;
            for (int column = 1; column <= to.length(); column++) {
                int replaced =
                        previous[column - 1]
                                + (from.charAt(row - 1) == to.charAt(column - 1) ? 0 : 1);
                current[column] =
                        Math.min(replaced, 1 + Math.min(previous[column], current[column - 1]));
            }
            previous = current;
        }
        return previous[to.length()];
    }
}
