package io.sluice.buffer;

/**
 * The buffer cannot do what it must: its directory cannot be used, or the disk has no place. The
 * message names the thing, the value and the remedy.
 */
public final class BufferException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BufferException(String message) {
        super(message);
    }

    public BufferException(String message, Throwable cause) {
        super(message, cause);
    }
}
