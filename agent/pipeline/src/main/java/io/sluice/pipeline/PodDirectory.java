package io.sluice.pipeline;

import io.sluice.tail.SourceOrigin;

import java.util.Optional;

/** Which pod wrote this? Answered from memory, by any thread, without blocking. */
@FunctionalInterface
public interface PodDirectory {
    /** Knows no pod: there is no API to ask. */
    PodDirectory NONE = origin -> Optional.empty();

    /**
     * The pod of a container, if it is known by now. The same object as long as nothing changed:
     * callers compare by identity.
     */
    Optional<Pod> find(SourceOrigin.Container origin);

    /**
     * The container that writes a plain file, where somebody has said so: its path does not tell.
     * Always the same answer for a file; its container may have no name, and its pod no UID.
     */
    default Optional<SourceOrigin.Container> writer(SourceOrigin.File file) {
        return Optional.empty();
    }
}
