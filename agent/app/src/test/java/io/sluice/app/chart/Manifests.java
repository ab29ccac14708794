package io.sluice.app.chart;

import io.sluice.app.Json;

import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

import java.util.ArrayList;
import java.util.List;

/** The objects that a chart makes, as maps and lists. */
final class Manifests {
    private final List<Object> objects;

    private Manifests(List<Object> objects) {
        this.objects = objects;
    }

    /** A key that is there twice is an error, as it is to the API server's strict validation. */
    static Manifests parse(String yaml) {
        List<Object> objects = new ArrayList<>();
        load().loadAllFromString(yaml).forEach(objects::add);
        objects.removeIf(object -> object == null);
        return new Manifests(objects);
    }

    static Object yaml(String text) {
        return load().loadFromString(text);
    }

    private static Load load() {
        return new Load(LoadSettings.builder().setAllowDuplicateKeys(false).build());
    }

    /** Of every object, in the order of the output. */
    List<Object> kinds() {
        return objects.stream().map(object -> at(object, "kind")).toList();
    }

    /** Everything there is. */
    List<Object> all() {
        return List.copyOf(objects);
    }

    /**
     * A value of the only object of a kind.
     *
     * @param path keys, and positions in lists
     * @return null if it is not there
     */
    Object of(String kind, Object... path) {
        List<Object> some =
                objects.stream().filter(object -> kind.equals(at(object, "kind"))).toList();
        if (some.size() != 1) {
            throw new AssertionError(some.size() + " objects of kind " + kind + " in " + kinds());
        }
        return at(some.getFirst(), path);
    }

    /** A value of the pod's specification. */
    Object pod(Object... path) {
        return at(of("DaemonSet", "spec", "template", "spec"), path);
    }

    /** A value of the agent's container. */
    Object container(Object... path) {
        return at(pod("containers", 0), path);
    }

    /** What the agent finds as {@code /etc/sluice/agent.yaml}. */
    String agentYaml() {
        return (String) of("ConfigMap", "data", "agent.yaml");
    }

    /** The same, parsed. */
    Object agent(Object... path) {
        return at(yaml(agentYaml()), path);
    }

    /** The one with that name in a list of named things; null if there is none. */
    static Object named(Object list, String name) {
        return ((List<?>) list)
                .stream().filter(one -> name.equals(at(one, "name"))).findAny().orElse(null);
    }

    static Object at(Object root, Object... path) {
        return Json.at(root, path);
    }
}
