package io.sluice.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What {@code config/kibana/sluice.ndjson} holds, one object in each line. */
final class SavedObjects {
    private SavedObjects() {}

    static List<Object> all() throws IOException {
        return Files.readAllLines(config("kibana/sluice.ndjson")).stream()
                .map(Json::parse)
                .toList();
    }

    /** The only data view. */
    static Object dataView() throws IOException {
        return all().stream()
                .filter(object -> "index-pattern".equals(Json.at(object, "type")))
                .reduce(
                        (_, _) -> {
                            throw new AssertionError("more than one data view");
                        })
                .orElseThrow();
    }

    static List<Search> searches() throws IOException {
        return all().stream()
                .filter(object -> "search".equals(Json.at(object, "type")))
                .map(Search::new)
                .toList();
    }

    static Search search(String id) throws IOException {
        return searches().stream()
                .filter(search -> search.id().equals(id))
                .findAny()
                .orElseThrow(() -> new AssertionError("no saved search " + id));
    }

    /** A file below {@code config/}, wherever the test was started. */
    static Path config(String name) throws IOException {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path file = at.resolve("config").resolve(name);
            if (Files.exists(file)) {
                return file;
            }
        }
        throw new IOException("no config/" + name + " above " + Path.of("").toAbsolutePath());
    }

    /** One saved search. */
    record Search(Object object) {
        String id() {
            return Json.string(object, "id");
        }

        Object attribute(String name) {
            return Json.at(object, "attributes", name);
        }

        List<String> columns() {
            return strings(Json.list(object, "attributes", "columns"));
        }

        /** Pairs of a field and {@code asc} or {@code desc}. */
        List<List<String>> sort() {
            return Json.list(object, "attributes", "sort").stream()
                    .map(pair -> strings((List<?>) pair))
                    .toList();
        }

        /** Query, filters and data view, which Kibana keeps as text. */
        Object source() {
            return Json.parse(
                    Json.string(object, "attributes", "kibanaSavedObjectMeta", "searchSourceJSON"));
        }

        List<?> filters() {
            return Json.list(source(), "filter");
        }

        /** The query that Discover sends: what the filters say, as they stand. */
        String query() {
            List<String> queries = new ArrayList<>();
            for (Object filter : filters()) {
                queries.add(Json.text(Json.at(filter, "query")));
            }
            return "{\"bool\":{\"filter\":[" + String.join(",", queries) + "]}}";
        }

        /** The same, with a word replaced that is there for whoever uses the search. */
        String query(String word, String by) {
            String query = query();
            if (!query.contains(word)) {
                throw new AssertionError("no " + word + " in " + query);
            }
            return query.replace(word, by);
        }

        /** The order that Discover asks for, as part of a request. */
        String sortText() {
            List<Object> sort = new ArrayList<>();
            for (List<String> pair : sort()) {
                sort.add(
                        Map.of(
                                pair.get(0),
                                Map.of("order", pair.get(1), "unmapped_type", "boolean")));
            }
            return Json.text(sort);
        }

        private static List<String> strings(List<?> list) {
            return list.stream().map(String.class::cast).toList();
        }
    }
}
