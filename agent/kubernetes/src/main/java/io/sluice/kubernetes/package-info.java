/**
 * Which pod wrote this? Namespace, pod and container come from the path; this room adds what the
 * API server knows.
 *
 * <p>Thread: {@code kubernetes}, list and watch of this node's pods. Doors: {@link PodWatch}.
 */
package io.sluice.kubernetes;
