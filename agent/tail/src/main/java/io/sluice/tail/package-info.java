/**
 * From a growing file to chunks of bytes. JDK only: the sidecar stands on this package.
 *
 * <p>Thread: {@code tail}, one loop, {@link Tailer#run}. Doors: {@link Tailer} and {@link
 * ChunkSink}; the carriers {@link Chunk}, {@link LogSource}, {@link Generation} and the positions
 * {@link SourcePosition} travel on to the other rooms. The tail never parses: it hands over bytes
 * and says where they stood.
 */
package io.sluice.tail;
