/**
 * Files to stdout, for applications that cannot write there: where the container runtime picks the
 * lines up, and the node's agent after it. Stands on {@code tail} alone, and so on the JDK alone.
 *
 * <p>Threads: {@code tail} reads and writes ({@link io.sluice.sidecar.LineWriter} is its sink); the
 * JVM's shutdown hook waits for the last lines. Door: {@link io.sluice.sidecar.Sidecar#main}.
 */
package io.sluice.sidecar;
