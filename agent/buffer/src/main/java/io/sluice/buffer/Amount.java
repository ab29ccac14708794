package io.sluice.buffer;

/**
 * Records, and the bytes they had in their files.
 *
 * @param bytes raw, uncompressed, newlines included
 */
public record Amount(long bytes, long records) {
    public static final Amount NONE = new Amount(0, 0);

    public Amount plus(Amount more) {
        return new Amount(bytes + more.bytes, records + more.records);
    }

    public Amount minus(Amount less) {
        return new Amount(bytes - less.bytes, records - less.records);
    }

    public boolean isNone() {
        return bytes == 0 && records == 0;
    }
}
