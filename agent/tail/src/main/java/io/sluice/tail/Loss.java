package io.sluice.tail;

import java.util.Objects;

/**
 * Bytes of a source that are gone before they could be read. Travels on the {@link Chunk} at which
 * the source's position passes over them, so that it is durable with the position behind it: a kill
 * neither forgets nor doubles it.
 *
 * @param bytes how many, uncompressed; 0 where nothing is known
 * @param atLeast there may have been more
 */
public record Loss(Cause cause, long bytes, boolean atLeast) {

    /**
     * Why bytes are gone.
     *
     * <p>The {@link #code} is part of the buffer's file format: never change one.
     */
    public enum Cause {
        /** Their file was rotated away and removed before it was read to its end. */
        ROTATED_UNREAD(0),
        /**
         * Their file was deleted: with its pod while the agent was down, or given up because
         * deleted files pinned too much of the disk.
         */
        DELETED_UNREAD(1),
        /** Their file was shortened or written over before it was read to its end. */
        TRUNCATED(2);

        private static final Cause[] BY_CODE = values();

        private final int code;

        Cause(int code) {
            this.code = code;
        }

        /** What stands for this cause in the buffer's file format. */
        public int code() {
            return code;
        }

        /**
         * The cause of a code.
         *
         * @throws IllegalArgumentException if no cause has this code
         */
        public static Cause ofCode(int code) {
            if (code < 0 || code >= BY_CODE.length) {
                throw new IllegalArgumentException("no cause of a loss has the code " + code);
            }
            return BY_CODE[code];
        }
    }

    public Loss {
        Objects.requireNonNull(cause, "cause");
        if (bytes < 0) {
            throw new IllegalArgumentException("a loss is of " + bytes + " bytes; count from 0");
        }
    }
}
