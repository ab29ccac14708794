package io.sluice.benchmarks;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What one run, or the median of some, came to. */
final class Figures {
    private final Map<Figure, Double> values = new EnumMap<>(Figure.class);

    Figures put(Figure figure, double value) {
        if (!Double.isNaN(value)) {
            values.put(figure, value);
        }
        return this;
    }

    Figures put(Figure figure, long count) {
        return put(figure, (double) count);
    }

    Figures put(LineCheck.Outcome outcome) {
        return put(Figure.LOST, outcome.lost())
                .put(Figure.DOUBLED, outcome.doubled())
                .put(Figure.TORN, outcome.torn());
    }

    Figures putAll(Figures others) {
        values.putAll(others.values);
        return this;
    }

    /** Empty for what was not measured. */
    Optional<Double> value(Figure figure) {
        return Optional.ofNullable(values.get(figure));
    }

    Set<Figure> measured() {
        return values.keySet();
    }

    /** The median of each figure; of an even number the mean of the two in the middle. */
    static Figures median(List<Figures> runs) {
        Figures median = new Figures();
        for (Figure figure : Figure.values()) {
            double[] sorted =
                    runs.stream()
                            .flatMap(run -> run.value(figure).stream())
                            .mapToDouble(Double::doubleValue)
                            .sorted()
                            .toArray();
            if (sorted.length > 0) {
                median.put(
                        figure, (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2);
            }
        }
        return median;
    }
}
