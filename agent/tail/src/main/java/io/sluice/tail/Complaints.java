package io.sluice.tail;

import static java.lang.System.Logger.Level.WARNING;

import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Says what of a source cannot be read: once, until it can be or is another thing. */
final class Complaints {
    private static final System.Logger LOG = System.getLogger("io.sluice.tail");

    private static final int KEPT = 64;

    private final TailStats stats;
    private final Descriptors descriptors;

    /** The last problem of each path: the files of one source, and what was there for a while. */
    private final Map<Path, String> said =
            new LinkedHashMap<>() {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Path, String> eldest) {
                    return size() > KEPT;
                }
            };

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
                                + " cannot be read: permission denied; run as root or"
                                + " with CAP_DAC_READ_SEARCH"
                        : path + " cannot be read: " + e;
        if (!problem.equals(said.put(path, problem))) {
            LOG.log(WARNING, problem);
        }
    }

    /** It can be read again. */
    void withdraw(Path path) {
        said.remove(path);
    }
}
