package io.sluice.tail;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * What identifies a file across renames, compression and inode reuse.
 *
 * <p>For a container's file: the first 64 bits of SHA-256 over pod UID, container, restart number
 * and the bytes of the first line, at most {@link #PREFIX_BYTES} of them. A CRI line begins with
 * its time in nanoseconds, so two generations of one container differ. Docker's lines end with it:
 * two generations whose first line is longer than the prefix and the same up to there would be
 * taken for one.
 *
 * <p>A plain file has no such identity: two files of one path may well begin with the same line.
 * Its fingerprint is 32 bits of the first line's hash, by which it is recognised after a restart,
 * and 32 random bits for each generation.
 *
 * <p>A file that was shortened in place keeps its first line while its offsets begin to mean other
 * bytes. It goes on under its fingerprint mixed with an epoch.
 */
final class Fingerprint {
    /** Longest part of the first line that counts. */
    static final int PREFIX_BYTES = 32 * 1024;

    /** A file can be recognised after being shortened so often. */
    static final int MAX_EPOCH = 16;

    private Fingerprint() {}

    static long ofContainer(
            SourceOrigin.Container origin, int restart, byte[] firstLine, int length) {
        MessageDigest digest = sha256();
        String identity = origin.podUid() + '/' + origin.container() + '/' + restart + '\n';
        digest.update(identity.getBytes(StandardCharsets.UTF_8));
        digest.update(firstLine, 0, length);
        return firstLong(digest.digest());
    }

    /** The upper half is {@link #recognisable}; the lower is the random number's. */
    static long ofFile(byte[] firstLine, int length, long random) {
        return (recognisable(firstLine, length) << 32) | (random & 0xffff_ffffL);
    }

    /** The half of a plain file's fingerprint that comes from its content. */
    static long recognisable(byte[] firstLine, int length) {
        MessageDigest digest = sha256();
        digest.update(firstLine, 0, length);
        return firstLong(digest.digest()) >>> 32;
    }

    /** What a shortened file goes on under; epoch 0 is the fingerprint itself. */
    static long atEpoch(long fingerprint, int epoch) {
        if (epoch == 0) {
            return fingerprint;
        }
        // The finaliser of SplitMix64: neighbouring inputs give unrelated outputs.
        long mixed = fingerprint + epoch * 0x9e3779b97f4a7c15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }

    private static long firstLong(byte[] hash) {
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            value = (value << 8) | (hash[i] & 0xff);
        }
        return value;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
