package io.sluice.pipeline;

import io.sluice.tail.SourceOrigin;

import java.util.Optional;

/** Which pod wrote this? Answered from memory, by any thread, without blocking. */
@FunctionalInterface
public interface PodDirectory {
    /** Knows no pod: there is no API to ask. */
    PodDirectory NONE = origin -> Optional.empty();

    /**
     * The pod of a container's path, if it is known by now. The same object as long as nothing
     * changed: callers compare by identity.
     */
    Optional<Pod> find(SourceOrigin.Container origin);
}
