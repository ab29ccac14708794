package io.sluice.buffer;

/**
 * Where rejected documents are kept: a size-bounded store in the state directory. Called by {@code
 * deliver}.
 */
public interface DeadLetters {

    /**
     * Keeps a letter; one with the same id and target is kept once. When the store is full the
     * oldest go, counted as dropped.
     *
     * @return false if it is too large to be kept at all: it is lost
     */
    boolean write(DeadLetter letter);

    /**
     * Forces what was written to disk. Must have returned before the excerpt of these documents is
     * acknowledged.
     *
     * @throws java.io.UncheckedIOException if the disk refuses: do not acknowledge; later write the
     *     same letters again, and force
     */
    void force();
}
