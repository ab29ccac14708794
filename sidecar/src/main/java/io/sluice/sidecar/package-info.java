/**
 * Files, sockets and the journal to stdout and stderr, for applications that cannot write there:
 * where the container runtime picks the lines up, and the node's agent after it. Stands on {@code
 * tail} alone, and so on the JDK alone.
 *
 * <p>Each {@link io.sluice.sidecar.Source} has a thread: {@code tail} for all files, {@code
 * sockets} for stream sockets and UDP, one for each pipe, unix datagram socket and journal. What
 * they read goes through a {@link io.sluice.sidecar.LineShaper} into an {@link
 * io.sluice.sidecar.Outlet}, which one thread has at a time and which blocks while nobody reads:
 * that is the back-pressure, and nothing is held but begun lines ({@link
 * io.sluice.sidecar.HeldBytes} bounds their sum). {@code tend} ends records that nothing comes to
 * any more; the main thread keeps positions, looks whether it is time to end, and waits for nobody.
 *
 * <p>Door: {@link io.sluice.sidecar.Sidecar#main}. Leave alone: a position is what was written, so
 * it moves behind the write, and the order in which an end goes: listen, read to the end, keep
 * positions.
 */
package io.sluice.sidecar;
