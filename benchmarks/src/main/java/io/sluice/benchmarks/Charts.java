package io.sluice.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Charts as SVG, for documents: bars for what was measured beside each other, curves for what was
 * measured by the number of files. Colours are for light and for dark pages; the page shows
 * through.
 */
final class Charts {
    private static final int WIDTH = 760;
    private static final int LABEL_WIDTH = 170;
    private static final int ROW = 24;
    private static final int BAR = 15;
    private static final int TITLE = 34;
    private static final int GROUP = 26;
    private static final int CURVE_HEIGHT = 200;

    private static final String STYLE =
            """
            <style>
            text { font: 13px system-ui, sans-serif; fill: #1f2328 }
            .title { font-weight: 600; font-size: 14px }
            .quiet { fill: #59636e }
            .ours { fill: #0969da } .theirs { fill: #8c959f }
            .axis { stroke: #d1d9e0; stroke-width: 1; fill: none }
            .line { stroke-width: 2; fill: none }
            .line.ours { stroke: #0969da; fill: none } .line.theirs { stroke: #8c959f; fill: none }
            @media (prefers-color-scheme: dark) {
            text { fill: #f0f6fc } .quiet { fill: #9198a1 }
            .ours { fill: #4493f8 } .theirs { fill: #6e7681 } .axis { stroke: #3d444d }
            .line.ours { stroke: #4493f8 } .line.theirs { stroke: #6e7681 }
            }
            </style>
            """;

    private Charts() {}

    /** Empty where nothing was measured that a chart would show. */
    static Optional<String> of(Mode mode, List<Report.Table> tables) {
        return switch (mode) {
            case THROUGHPUT -> bars(tables, Figure.STEADY_CPU, Figure.PEAK_RSS);
            case IDLE -> bars(tables, Figure.CORE_PERCENT, Figure.RSS);
            case LATENCY -> bars(tables, Figure.LONE_P99, Figure.STEADY_P99);
            case CATCH_UP -> bars(tables, Figure.CATCH_UP_SPEED, Figure.CATCH_UP_CPU);
            case SCALE -> curves(tables, Figure.CORE_PERCENT, Figure.RSS);
            case SIDECAR -> bars(tables, Figure.COLD_CPU, Figure.RSS);
        };
    }

    /** A block of bars for each figure; in it a group for each table, a bar for each column. */
    private static Optional<String> bars(List<Report.Table> tables, Figure... figures) {
        StringBuilder body = new StringBuilder();
        int y = 0;
        for (Figure figure : figures) {
            double largest = largest(tables, figure);
            if (largest <= 0) {
                continue;
            }
            y += TITLE;
            text(body, 0, y - 12, "title", figure.label());
            for (Report.Table table : tables) {
                if (tables.size() > 1) {
                    y += GROUP;
                    text(body, 0, y - 8, "quiet", table.name());
                }
                for (String column : table.columns().keySet()) {
                    Optional<Double> value = table.median(column, figure);
                    if (value.isPresent()) {
                        bar(body, y, column, value.get(), largest, figure.decimals());
                        y += ROW;
                    }
                }
            }
        }
        return y == 0 ? Optional.empty() : Optional.of(svg(y + 6, body));
    }

    private static void bar(
            StringBuilder body, int y, String name, double value, double largest, int decimals) {
        double room = WIDTH - LABEL_WIDTH - 80.0;
        double length = Math.max(1, room * value / largest);
        text(body, 12, y + BAR - 2, "", name);
        body.append(
                String.format(
                        Locale.ROOT,
                        "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\""
                                + " rx=\"2\"/>%n",
                        kind(name),
                        LABEL_WIDTH,
                        y,
                        length,
                        BAR));
        text(
                body,
                (int) (LABEL_WIDTH + length + 6),
                y + BAR - 2,
                "quiet",
                Report.rounded(value, decimals));
    }

    /** One plot for each figure: files along the axis, a line for each table. */
    private static Optional<String> curves(List<Report.Table> tables, Figure... figures) {
        StringBuilder body = new StringBuilder();
        int y = 0;
        for (Figure figure : figures) {
            double largest = largest(tables, figure);
            Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
            for (Report.Table table : tables) {
                Map<Integer, Double> points = new LinkedHashMap<>();
                for (String column : table.columns().keySet()) {
                    table.median(column, figure)
                            .ifPresent(value -> points.put(files(column), value));
                }
                lines.put(table.name(), points);
            }
            if (largest <= 0) {
                continue;
            }
            y += TITLE;
            text(body, 0, y - 12, "title", figure.label() + ", by the number of files");
            plot(body, y, lines, largest, figure.decimals());
            y += CURVE_HEIGHT + 30;
        }
        return y == 0 ? Optional.empty() : Optional.of(svg(y + 6, body));
    }

    /** "100 files" is 100. */
    private static int files(String column) {
        return Integer.parseInt(column.replaceAll("\\D", ""));
    }

    private static void plot(
            StringBuilder body,
            int top,
            Map<String, Map<Integer, Double>> lines,
            double largest,
            int decimals) {
        List<Integer> counts =
                lines.values().stream()
                        .flatMap(points -> points.keySet().stream())
                        .distinct()
                        .sorted()
                        .toList();
        int left = 60;
        int right = WIDTH - LABEL_WIDTH;
        body.append(
                String.format(
                        Locale.ROOT,
                        "<path class=\"axis\" d=\"M%d %d V%d H%d\"/>%n",
                        left,
                        top,
                        top + CURVE_HEIGHT,
                        right));
        text(body, 0, top + 5, "quiet", Report.rounded(largest, decimals));
        text(body, 0, top + CURVE_HEIGHT + 4, "quiet", "0");
        double first = Math.log(counts.getFirst());
        double span = Math.max(Math.log(counts.getLast()) - first, 1e-9);
        for (int count : counts) {
            int x = x(count, first, span, left, right);
            text(body, x - 10, top + CURVE_HEIGHT + 18, "quiet", Integer.toString(count));
        }
        lines.forEach(
                (name, points) -> {
                    List<String> path = new ArrayList<>();
                    int lastX = left;
                    int lastY = top;
                    for (Map.Entry<Integer, Double> point : points.entrySet()) {
                        lastX = x(point.getKey(), first, span, left, right);
                        lastY =
                                (int)
                                        (top
                                                + CURVE_HEIGHT
                                                - CURVE_HEIGHT * point.getValue() / largest);
                        path.add(lastX + " " + lastY);
                        body.append(
                                String.format(
                                        Locale.ROOT,
                                        "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"3\"/>%n",
                                        kind(name),
                                        lastX,
                                        lastY));
                    }
                    body.append(
                            String.format(
                                    Locale.ROOT,
                                    "<path class=\"line %s\" d=\"M%s\"/>%n",
                                    kind(name),
                                    String.join(" L", path)));
                    text(body, lastX + 8, lastY + 4, "", name);
                });
    }

    private static int x(int count, double first, double span, int left, int right) {
        return (int) (left + (right - left) * (Math.log(count) - first) / span);
    }

    private static double largest(List<Report.Table> tables, Figure figure) {
        double largest = 0;
        for (Report.Table table : tables) {
            for (String column : table.columns().keySet()) {
                largest = Math.max(largest, table.median(column, figure).orElse(0.0));
            }
        }
        return largest;
    }

    private static String kind(String name) {
        return name.startsWith(SluiceShipper.NAME) ? "ours" : "theirs";
    }

    private static void text(StringBuilder body, int x, int y, String kind, String text) {
        String escaped = text.replace("&", "&amp;").replace("<", "&lt;");
        body.append(
                String.format(
                        Locale.ROOT,
                        "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>%n",
                        kind,
                        x,
                        y,
                        escaped));
    }

    private static String svg(int height, StringBuilder body) {
        return String.format(
                        Locale.ROOT,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
                                + " width=\"%d\" height=\"%d\" role=\"img\">%n",
                        WIDTH,
                        height,
                        WIDTH,
                        height)
                + STYLE
                + body
                + "</svg>\n";
    }
}
