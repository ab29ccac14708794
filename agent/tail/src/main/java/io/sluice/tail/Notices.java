package io.sluice.tail;

import java.nio.file.Path;

/**
 * What tells that something has happened in a directory, sooner than the next look at it would.
 * Only a hint: whoever uses it looks as well.
 *
 * <p>All methods but {@link #wake} are for the tail thread.
 */
sealed interface Notices extends AutoCloseable permits Inotify, NoNotices {

    /** What became of a request for a watch. */
    sealed interface Watch {
        /**
         * @param descriptor what events of this directory carry
         */
        record Added(int descriptor) implements Watch {}

        /** No more watches or instances for this user: the scan has to do. */
        record Exhausted(String reason) implements Watch {}

        /** The directory cannot be watched: gone, unreadable, or nothing is watched at all. */
        record Refused(String reason) implements Watch {}
    }

    /** Takes the events of one {@link #poll}. */
    @FunctionalInterface
    interface Events {
        /**
         * @param descriptor of the watched directory; -1 with {@link Inotify#IN_Q_OVERFLOW}
         * @param mask the {@code IN_…} bits
         */
        void event(int descriptor, int mask);
    }

    /**
     * Asks for what makes notices possible, where there is none.
     *
     * @return false where it cannot be had; {@link #unavailable} says why
     */
    boolean open();

    boolean isAvailable();

    /** Why there are no notices at all, or empty when there are. */
    String unavailable();

    /** Watches a directory for what happens to the files in it. */
    Watch add(Path directory, int mask);

    void remove(int watch);

    /**
     * Waits for events, a {@link #wake}, or the time to pass; then hands on what there is.
     *
     * @param timeoutMillis 0 looks only, below 0 waits without end
     */
    void poll(int timeoutMillis, Events into);

    /** Ends a running {@link #poll}, or the next one. Any thread, until {@link #close}. */
    void wake();

    @Override
    void close();
}
