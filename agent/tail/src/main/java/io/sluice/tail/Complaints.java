package io.sluice.tail;

import static java.lang.System.Logger.Level.WARNING;

import java.nio.file.AccessDeniedException;
import java.nio.file.Path;

/** Says what of a source cannot be read: once, until it can be or is another thing. */
final class Complaints {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    private final TailStats stats;
    private final Descriptors descriptors;
    private String last = "";

    Complaints(TailStats stats, Descriptors descriptors) {
        this.stats = stats;
        this.descriptors = descriptors;
    }

    /** Says it, unless all files are like that for want of descriptors. */
    void about(Path path, Exception e) {
        if (!isForWantOfDescriptors(e)) {
            say(path, e);
        }
    }

    /** Whether it failed because nothing can be opened any more. */
    boolean isForWantOfDescriptors(Exception e) {
        return descriptors.areExhausted(e);
    }

    private void say(Path path, Exception e) {
        stats.unreadable.increment();
        String problem =
                e instanceof AccessDeniedException
                        ? path
                                + " cannot be read: permission denied; run the agent as root or"
                                + " with CAP_DAC_READ_SEARCH"
                        : path + " cannot be read: " + e;
        if (!problem.equals(last)) {
            last = problem;
            LOG.log(WARNING, problem);
        }
    }

    /** It can be read again. */
    void withdraw() {
        last = "";
    }
}
