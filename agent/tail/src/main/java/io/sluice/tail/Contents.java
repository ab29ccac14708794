package io.sluice.tail;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;

/** What a source's files are known by: their first lines. */
final class Contents {
    private final SourceOrigin origin;

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

    long fingerprint(LogFile file, byte[] firstLine) {
        return switch (origin) {
            case SourceOrigin.Container container ->
                    Fingerprint.ofContainer(
                            container, file.name.restart(), firstLine, firstLine.length);
            case SourceOrigin.File(Path _) ->
                    Fingerprint.ofFile(
                            firstLine, firstLine.length, ThreadLocalRandom.current().nextLong());
        };
    }
}
