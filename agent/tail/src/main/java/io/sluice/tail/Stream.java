package io.sluice.tail;

/**
 * Which of a container's two output streams wrote a record. Plain files, sockets and the like use
 * {@link #STDOUT}.
 *
 * <p>The {@link #code} is part of the buffer's file format: never change one.
 */
public enum Stream {
    STDOUT(1, "stdout"),
    STDERR(2, "stderr");

    private static final Stream[] BY_CODE = {null, STDOUT, STDERR};

    private final int code;
    private final String text;

    Stream(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** What stands for this stream in the buffer's file format. */
    public int code() {
        return code;
    }

    /** As CRI writes it: {@code stdout} or {@code stderr}. */
    public String text() {
        return text;
    }

    /**
     * The stream of a code.
     *
     * @throws IllegalArgumentException if no stream has this code
     */
    public static Stream ofCode(int code) {
        if (code < 1 || code >= BY_CODE.length) {
            throw new IllegalArgumentException("no stream has the code " + code);
        }
        return BY_CODE[code];
    }
}
