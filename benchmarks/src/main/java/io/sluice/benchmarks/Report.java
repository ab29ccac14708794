package io.sluice.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** What was measured in one mode: as JSON with every run, as Markdown with medians, as a chart. */
final class Report {
    private final Mode mode;
    private final Instant at;
    private final String command;
    private final Host host;
    private final Map<String, String> shippers;
    private final List<Table> tables = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();

    /**
     * Runs that can be compared.
     *
     * @param name for instance the workload
     * @param columns each with its runs
     */
    record Table(String name, Map<String, List<Figures>> columns) {
        Table(String name) {
            this(name, new LinkedHashMap<>());
        }

        void add(String column, Figures run) {
            columns.computeIfAbsent(column, _ -> new ArrayList<>()).add(run);
        }

        Optional<Double> median(String column, Figure figure) {
            return Figures.median(columns.getOrDefault(column, List.of())).value(figure);
        }
    }

    /**
     * @param command as it was typed
     * @param shippers what is behind each name
     */
    Report(Mode mode, Instant at, String command, Host host, Map<String, String> shippers) {
        this.mode = mode;
        this.at = at.truncatedTo(ChronoUnit.SECONDS);
        this.command = command;
        this.host = host;
        this.shippers = shippers;
    }

    Table table(String name) {
        Table table = new Table(name);
        tables.add(table);
        return table;
    }

    List<Table> tables() {
        return tables;
    }

    void note(String note) {
        notes.add(note);
    }

    /** A run that came to nothing. */
    void failure(String what) {
        failures.add(what);
    }

    List<String> failures() {
        return failures;
    }

    /** Writes {@code <date>-<mode>} with {@code .json}, {@code .md}, {@code .svg}. */
    void write(Path folder) throws IOException {
        String name = at.toString().substring(0, 10) + "-" + mode.label();
        Files.createDirectories(folder);
        Files.writeString(folder.resolve(name + ".json"), json());
        Files.writeString(folder.resolve(name + ".md"), markdown());
        Optional<String> chart = Charts.of(mode, tables);
        if (chart.isPresent()) {
            Files.writeString(folder.resolve(name + ".svg"), chart.get());
        }
    }

    String markdown() {
        StringBuilder text = new StringBuilder();
        text.append("# ").append(mode.label()).append(", ").append(at).append("\n\n");
        text.append("Medians; every run is in the JSON file beside this one.\n");
        for (Table table : tables) {
            text.append("\n## ").append(table.name()).append("\n\n");
            append(text, table);
        }
        for (String note : notes) {
            text.append('\n').append(note).append('\n');
        }
        for (String failure : failures) {
            text.append("\n**Failed:** ").append(failure).append('\n');
        }
        text.append('\n');
        shippers.forEach(
                (name, about) ->
                        text.append("* ").append(name).append(": ").append(about).append('\n'));
        text.append("\nHost: ").append(host.text()).append(".\n");
        text.append("\nCommit: ").append(host.commit()).append(". Command:\n\n```\n");
        return text.append(command).append("\n```\n").toString();
    }

    private static void append(StringBuilder text, Table table) {
        Map<String, Figures> medians = new LinkedHashMap<>();
        TreeSet<Figure> measured = new TreeSet<>();
        table.columns()
                .forEach(
                        (column, runs) -> {
                            Figures median = Figures.median(runs);
                            medians.put(column, median);
                            measured.addAll(median.measured());
                        });
        text.append("| |");
        medians.keySet().forEach(column -> text.append(' ').append(column).append(" |"));
        text.append("\n| --- |").append(" ---: |".repeat(medians.size())).append('\n');
        for (Figure figure : measured) {
            text.append("| ").append(figure.label()).append(" |");
            for (Figures median : medians.values()) {
                String cell =
                        median.value(figure)
                                .map(value -> rounded(value, figure.decimals()))
                                .orElse("");
                text.append(' ').append(cell).append(" |");
            }
            text.append('\n');
        }
    }

    static String rounded(double value, int decimals) {
        return String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }

    String json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("mode", mode.label());
        json.put("date", at.toString());
        json.put("commit", host.commit());
        json.put("command", command);
        json.put("host", host.json());
        json.put("agents", shippers);
        List<Object> list = new ArrayList<>();
        for (Table table : tables) {
            Map<String, Object> columns = new LinkedHashMap<>();
            table.columns()
                    .forEach(
                            (column, runs) -> {
                                Map<String, Object> one = new LinkedHashMap<>();
                                one.put("median", json(Figures.median(runs)));
                                one.put("runs", runs.stream().map(Report::json).toList());
                                columns.put(column, one);
                            });
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", table.name());
            one.put("columns", columns);
            list.add(one);
        }
        json.put("tables", list);
        json.put("notes", notes);
        json.put("failures", failures);
        return Json.of(json);
    }

    private static Map<String, Object> json(Figures figures) {
        Map<String, Object> json = new LinkedHashMap<>();
        for (Figure figure : figures.measured()) {
            double value = figures.value(figure).orElseThrow();
            json.put(figure.key(), Math.round(value * 1e4) / 1e4);
        }
        return json;
    }
}
