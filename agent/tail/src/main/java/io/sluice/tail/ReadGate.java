package io.sluice.tail;

/**
 * Says whether a container's file may be read now. Its descriptor is opened at discovery all the
 * same.
 *
 * <p>Asked by the tail thread, again and again until it answers true for the source; must be cheap
 * and must not block. The one who answers owns the patience ({@code metadata.wait}).
 */
@FunctionalInterface
public interface ReadGate {
    /** Opens for everybody. */
    ReadGate OPEN = (origin, waitedNanos) -> true;

    /**
     * Whether this container may be read by now.
     *
     * @param waitedNanos how long ago the container was discovered
     */
    boolean mayRead(SourceOrigin.Container origin, long waitedNanos);
}
