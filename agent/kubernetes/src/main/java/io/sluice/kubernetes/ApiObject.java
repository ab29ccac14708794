package io.sluice.kubernetes;

import java.util.Optional;

/**
 * What an answer or event of the API server is about: a pod, a bookmark (only a resource version),
 * or a status (why something did not work).
 *
 * @param resourceVersion where a watch can go on after this; empty if it does not say
 * @param code HTTP status of a {@code Status}; 0 for anything else
 * @param message of a {@code Status}; may be empty
 */
record ApiObject(Optional<KnownPod> pod, String resourceVersion, int code, String message) {}
