package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.app.SavedObjects.Search;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Whether the saved objects can be imported, and whether they speak of fields that the index
 * template has. What they find is in {@link SavedSearchesIT}.
 */
class SavedObjectsTest {
    private static final String INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index";

    /** Clauses of the query DSL whose only key is a field. */
    private static final Set<String> FIELD_CLAUSES =
            Set.of("match_phrase", "match", "term", "terms", "range");

    /** A field's name in a request: with a dot in it, or one of few. */
    private static final Pattern NAME =
            Pattern.compile("\"(@timestamp|message|stream|\\w+\\.[\\w.]+)\"");

    static Stream<Search> searches() throws IOException {
        return SavedObjects.searches().stream();
    }

    @Test
    void thereAreADataViewAndFiveSearchesUnderIdsOfTheirOwn() throws Exception {
        List<Object> all = SavedObjects.all();

        assertThat(all)
                .extracting(object -> Json.at(object, "id"))
                .doesNotHaveDuplicates()
                .containsExactly(
                        "sluice-container-logs",
                        "sluice-errors-by-workload",
                        "sluice-pod-in-order",
                        "sluice-trace",
                        "sluice-last-words",
                        "sluice-dead-letters");
        assertThat(all)
                .extracting(object -> Json.at(object, "type"))
                .containsExactly("index-pattern", "search", "search", "search", "search", "search");
        assertThat(all)
                .extracting(object -> Json.at(object, "attributes", "title"))
                .doesNotContain("")
                .doesNotHaveDuplicates();
        // Kibana migrates from these on; later ones would be refused by an earlier Kibana.
        assertThat(all)
                .allSatisfy(
                        object -> {
                            assertThat(Json.at(object, "coreMigrationVersion")).isEqualTo("8.8.0");
                            assertThat(Json.at(object, "typeMigrationVersion")).isEqualTo("8.0.0");
                        });
    }

    @Test
    void theDataViewIsOfTheTemplatesDataStreams() throws Exception {
        Object view = SavedObjects.dataView();

        assertThat(Json.list(template(), "index_patterns"))
                .singleElement()
                .isEqualTo(Json.at(view, "attributes", "title"));
        assertThat(Json.at(properties(), Json.string(view, "attributes", "timeFieldName"), "type"))
                .isEqualTo("date_nanos");
    }

    @ParameterizedTest
    @MethodSource("searches")
    void everyReferenceIsUsedAndLeadsToTheDataView(Search search) throws Exception {
        List<String> used = new ArrayList<>();
        used.add(Json.string(search.source(), "indexRefName"));
        for (Object filter : search.filters()) {
            used.add(Json.string(filter, "meta", "indexRefName"));
        }

        assertThat(used).startsWith(INDEX).doesNotHaveDuplicates();
        assertThat(Json.list(search.object(), "references"))
                .extracting(reference -> Json.at(reference, "name"))
                .containsExactlyElementsOf(List.<Object>copyOf(used));
        assertThat(Json.list(search.object(), "references"))
                .allSatisfy(
                        reference -> {
                            assertThat(Json.at(reference, "type")).isEqualTo("index-pattern");
                            assertThat(Json.at(reference, "id"))
                                    .isEqualTo(Json.at(SavedObjects.dataView(), "id"));
                        });
    }

    @ParameterizedTest
    @MethodSource("searches")
    void allThatIsAskedForIsInFiltersThatAreOn(Search search) {
        assertThat(Json.at(search.source(), "query", "query")).isEqualTo("");
        assertThat(search.filters())
                .isNotEmpty()
                .allSatisfy(
                        filter -> {
                            assertThat(Json.at(filter, "meta", "disabled")).isEqualTo(false);
                            assertThat(Json.at(filter, "meta", "negate")).isEqualTo(false);
                        });
    }

    /** Discover shows {@code meta}, and sends {@code query}. */
    @ParameterizedTest
    @MethodSource("searches")
    void whatAFilterShowsIsWhatItAsksFor(Search search) {
        for (Object filter : search.filters()) {
            Object meta = Json.at(filter, "meta");
            String key = Json.string(meta, "key");
            Object params = Json.at(meta, "params");
            Object shown =
                    switch (Json.string(meta, "type")) {
                        case "phrase" -> phrase(key, Json.at(params, "query"));
                        case "phrases" -> anyOf(key, (List<?>) params);
                        case "range" -> Map.of("range", Map.of(key, params));
                        case "custom" -> Json.parse(Json.string(meta, "value"));
                        default -> throw new AssertionError("a filter of another type: " + meta);
                    };
            assertThat(Json.at(filter, "query")).isEqualTo(shown);
        }
    }

    private static Object phrase(String field, Object value) {
        return Map.of("match_phrase", Map.of(field, value));
    }

    private static Object anyOf(String field, List<?> values) {
        List<Object> should = values.stream().map(value -> phrase(field, value)).toList();
        return Map.of("bool", Map.of("minimum_should_match", 1, "should", should));
    }

    @ParameterizedTest
    @MethodSource("searches")
    void everyFieldIsInTheTemplateOrWhereApplicationsWriteTheirs(Search search) throws Exception {
        assertThat(fields(search))
                .isNotEmpty()
                .allSatisfy(field -> assertThat(isMapped(field)).as(field).isTrue());
        assertThat(search.sort())
                .allSatisfy(pair -> assertThat(pair.get(1)).isIn("asc", "desc"))
                .extracting(List::getFirst)
                .allSatisfy(field -> assertThat(type(field)).isIn("date_nanos", "keyword", "long"));
    }

    @Test
    void theRequestForLastWordsAsksForFieldsOfTheTemplate() throws Exception {
        String request = Files.readString(SavedObjects.config("elasticsearch/last-words.json"));

        assertThat(NAME.matcher(request).results().map(name -> name.group(1)))
                .contains("kubernetes.pod.uid", "kubernetes.container.restart_count", "@timestamp")
                .allSatisfy(field -> assertThat(type(field)).as(field).isNotEmpty());
    }

    /** All that a search shows, sorts by and asks for. */
    static Set<String> fields(Search search) {
        Set<String> fields = new TreeSet<>(search.columns());
        search.sort().forEach(pair -> fields.add(pair.getFirst()));
        if (search.attribute("breakdownField") instanceof String field) {
            fields.add(field);
        }
        for (Object filter : search.filters()) {
            collectAsked(Json.at(filter, "query"), fields);
        }
        return fields;
    }

    private static void collectAsked(Object query, Set<String> fields) {
        switch (query) {
            case Map<?, ?> clauses ->
                    clauses.forEach(
                            (name, clause) -> {
                                if (FIELD_CLAUSES.contains(name)) {
                                    ((Map<?, ?>) clause)
                                            .keySet()
                                            .forEach(field -> fields.add((String) field));
                                } else if ("multi_match".equals(name)) {
                                    Json.list(clause, "fields")
                                            .forEach(field -> fields.add((String) field));
                                } else {
                                    collectAsked(clause, fields);
                                }
                            });
            case List<?> clauses -> clauses.forEach(clause -> collectAsked(clause, fields));
            case null, default -> {}
        }
    }

    /** By name, or below an object whose names are the application's. */
    private static boolean isMapped(String field) throws IOException {
        return field.startsWith("app.") ? type("app").equals("object") : !type(field).isEmpty();
    }

    /** As the template maps it; empty where it does not. */
    private static String type(String field) throws IOException {
        Object at = Map.of("properties", properties());
        for (String part : field.split("\\.", -1)) {
            at = Json.at(at, "properties", part);
        }
        return Json.string(at, "type");
    }

    private static Object properties() throws IOException {
        return Json.at(template(), "template", "mappings", "properties");
    }

    private static Object template() throws IOException {
        return Json.parse(
                Files.readString(SavedObjects.config("elasticsearch/index-template.json")));
    }
}
