package io.sluice.tail;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.zip.CRC32C;

/**
 * What a source's files are known by when neither descriptor nor inode tells: a container's by
 * their first lines, plain ones, which may begin alike, by more of their beginning and their size.
 */
final class Contents {
    private static final int KEPT = 64;
    private static final int BEGINNING_BYTES = 4096;

    private final SourceOrigin origin;

    /** Of files that are done with, the oldest first. */
    private final List<Print> finished = new ArrayList<>();

    /** What remains of a file's content when it is done with. */
    sealed interface Print {
        /** Of a container's file. */
        record FirstLine(long fingerprint) implements Print {}

        /**
         * Of a plain file.
         *
         * @param length of what the sum is of: as much as counts, or the whole file
         */
        record Beginning(int length, long sum, long sizeBytes) implements Print {}
    }

    Contents(SourceOrigin origin) {
        this.origin = origin;
    }

    /** Two files of it may begin with the same line. */
    boolean isPlain() {
        return origin instanceof SourceOrigin.File;
    }

    /**
     * Looks for a file's identity.
     *
     * @param complete the file will not grow: half a first line is one
     * @return whether it has one by now
     */
    boolean identify(LogFile file, boolean complete) throws IOException {
        if (file.contentFingerprint == 0) {
            byte[] firstLine = file.firstLine(complete);
            if (firstLine.length > 0) {
                file.contentFingerprint = fingerprint(file, firstLine);
            }
        }
        return file.contentFingerprint != 0;
    }

    /** As far as it is known or can be; 0 for none. Not kept: half a first line may grow. */
    long fingerprintNow(LogFile file, boolean complete) throws IOException {
        if (file.contentFingerprint != 0) {
            return file.contentFingerprint;
        }
        byte[] firstLine = file.firstLine(complete);
        return firstLine.length == 0 ? 0 : fingerprint(file, firstLine);
    }

    private long fingerprint(LogFile file, byte[] firstLine) {
        return switch (origin) {
            case SourceOrigin.Container container ->
                    Fingerprint.ofContainer(
                            container, file.name.restart(), firstLine, firstLine.length);
            case SourceOrigin.File(Path _) ->
                    Fingerprint.ofFile(
                            firstLine, firstLine.length, ThreadLocalRandom.current().nextLong());
        };
    }

    /** Whether a container's file begins with the line it began with before. */
    boolean beginsAsBefore(LogFile file) throws IOException {
        if (isPlain() || file.contentFingerprint == 0) {
            return false;
        }
        byte[] firstLine = file.firstLine(false);
        return firstLine.length > 0 && fingerprint(file, firstLine) == file.contentFingerprint;
    }

    /**
     * A file is done with.
     *
     * @return what it is known by from here on; empty for a file without content
     */
    Optional<Print> finished(LogFile file) throws IOException {
        Optional<Print> print = print(file);
        if (print.isPresent()) {
            if (finished.size() == KEPT) {
                finished.removeFirst();
            }
            finished.add(print.get());
        }
        return print;
    }

    private Optional<Print> print(LogFile file) throws IOException {
        if (!isPlain()) {
            return file.contentFingerprint == 0
                    ? Optional.empty()
                    : Optional.of(new Print.FirstLine(file.contentFingerprint));
        }
        byte[] bytes = file.contentAt(0, BEGINNING_BYTES);
        OptionalLong size = file.contentBytes();
        return bytes.length == 0 || size.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Print.Beginning(
                                bytes.length, sum(bytes, bytes.length), size.getAsLong()));
    }

    /** Whether a container's file was done with that began with the same line. */
    boolean isFinished(long fingerprint) {
        return finished.contains(new Print.FirstLine(fingerprint));
    }

    /** Whether it is a copy, often the compressed one, of a file that is done with. */
    boolean isFinished(LogFile file) throws IOException {
        if (!isPlain()) {
            return identify(file, file.isCompressed()) && isFinished(file.contentFingerprint);
        }
        if (finished.isEmpty()) {
            return false;
        }
        byte[] bytes = file.contentAt(0, BEGINNING_BYTES);
        long size = file.contentBytes().orElse(Long.MAX_VALUE);
        for (Print print : finished) {
            if (print instanceof Print.Beginning beginning && isOf(beginning, bytes, size)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a file has the content this is left of, and maybe more behind it. */
    boolean isOf(Print print, LogFile file) throws IOException {
        return switch (print) {
            case Print.FirstLine(long fingerprint) ->
                    identify(file, true) && file.contentFingerprint == fingerprint;
            case Print.Beginning(int length, long sum, long _) -> {
                byte[] bytes = file.contentAt(0, length);
                yield bytes.length == length && sum(bytes, length) == sum;
            }
        };
    }

    private static boolean isOf(Print.Beginning beginning, byte[] bytes, long size) {
        // Of a small file all is compared, and small files may well be alike so far.
        boolean large = beginning.length == BEGINNING_BYTES;
        return (large ? size >= beginning.sizeBytes : size == beginning.sizeBytes)
                && bytes.length >= beginning.length
                && sum(bytes, beginning.length) == beginning.sum;
    }

    /** Whether it is a copy of a file that is held. */
    boolean isCopy(LogFile file, LogFile held) throws IOException {
        if (isPlain()) {
            // The held one was read up to somewhere, and may have been truncated since.
            return held.offset > 0 ? held.isContinuedIn(file) : isBeginning(file, held);
        }
        // What has a compressed copy is whole, even if it ends within its first line.
        boolean complete = held.isCompressed() || file.isCompressed();
        return identify(file, file.isCompressed())
                && fingerprintNow(held, complete) == file.contentFingerprint;
    }

    /**
     * Whether a container's file might be a copy that is being made, of which not even the first
     * line is there. No more than a guess: many lines begin alike.
     */
    boolean mayBecomeCopy(LogFile file, LogFile held) throws IOException {
        return !isPlain() && !identify(file, file.isCompressed()) && isBeginning(file, held);
    }

    private static boolean isBeginning(LogFile file, LogFile held) throws IOException {
        byte[] beginning = file.contentAt(0, BEGINNING_BYTES);
        byte[] there = held.contentAt(0, beginning.length);
        return beginning.length > 0 && Arrays.equals(beginning, there);
    }

    private static long sum(byte[] bytes, int length) {
        CRC32C sum = new CRC32C();
        sum.update(bytes, 0, length);
        return sum.getValue();
    }
}
