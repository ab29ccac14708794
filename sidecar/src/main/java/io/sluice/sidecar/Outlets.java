package io.sluice.sidecar;

import java.io.FileDescriptor;
import java.util.Optional;

/** Where lines go: both streams of the process. */
record Outlets(Outlet out, Outlet err) {

    /** Which of the two. */
    enum Target {
        STDOUT,
        STDERR
    }

    static Outlets ofProcess() {
        return new Outlets(
                new Outlet("stdout", FileDescriptor.out), new Outlet("stderr", FileDescriptor.err));
    }

    Outlet of(Target target) {
        return switch (target) {
            case STDOUT -> out;
            case STDERR -> err;
        };
    }

    /** One that takes no more, if there is one. */
    Optional<Outlet> broken() {
        return out.isBroken()
                ? Optional.of(out)
                : err.isBroken() ? Optional.of(err) : Optional.empty();
    }

    /** The longest that one of them waits for its reader; nanoseconds. */
    long blockedNanos() {
        return Math.max(out.blockedNanos(), err.blockedNanos());
    }
}
