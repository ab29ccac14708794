package io.sluice.sidecar;

import java.io.IOException;

/**
 * Where lines come from: one loop, on a thread of its own, that reads and hands over to a {@link
 * LineShaper}.
 */
interface Source extends AutoCloseable {

    /** What stands for it in messages and thread names. */
    String name();

    /**
     * Takes what it needs, before anything runs: a port, a path, a library.
     *
     * @throws UnusableException if it cannot be had; the message says what, and the remedy
     */
    void open() throws UnusableException;

    /**
     * Copies until {@link #finish}, and then until all that had come by then is written.
     *
     * @throws IOException if an outlet takes no more, or the source itself fails
     */
    void run() throws IOException;

    /** Ends {@link #run} when what is there is read. Any thread; returns at once. */
    void finish();

    /** Looks after what only time ends, four times a second; may block as an outlet does. */
    default void tend() throws IOException {}

    /** Frees what it has taken, after {@link #run} or instead of it. */
    @Override
    void close();

    /** A source that cannot be used, said so that a person can mend it. */
    final class UnusableException extends Exception {
        private static final long serialVersionUID = 1;

        UnusableException(String message) {
            super(message);
        }

        UnusableException(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
